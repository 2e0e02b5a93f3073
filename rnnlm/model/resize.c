// Models with other words.
#include "model/resize.h"

#include <string.h>

static struct parameter *named(const struct network *network, const char *name)
{
    return name != NULL ? network_output_parameter(network, name) : NULL;
}

struct word_parameters word_parameters(const struct network *network)
{
    const struct output_type *output = network->shape.output;
    return (struct word_parameters){.input = layer_map(&network->layer[0], MAP_INPUT),
                                    .words = network_output_parameter(network, "words"),
                                    .bias = named(network, output->word_bias),
                                    .classes = named(network, output->class_rows),
                                    .class_bias = named(network, output->class_bias)};
}

bool model_resizes(const struct model *model, struct error *error)
{
    const struct output_type *output = model->network.shape.output;
    return output->resizes ||
           error_set(error, "words can be neither added to nor removed from a model of output %s",
                     output->name);
}

static void carry_rows(struct parameter *to, const struct parameter *from, const int32_t *old)
{
    for (size_t i = 0; i < to->rows; i++)
        if (old[i] >= 0)
            memcpy(parameter_row(to, i), parameter_row(from, (size_t)old[i]),
                   to->width * sizeof(float));
}

static void carry_numbers(struct parameter *to, const struct parameter *from, const int32_t *old)
{
    for (size_t i = 0; i < to->width; i++)
        if (old[i] >= 0)
            parameter_row(to, 0)[i] = parameter_row(from, 0)[old[i]];
}

// What has nothing to do with single words is handed over.
static bool carry(const struct network *network, struct parameter *to, struct parameter *from,
                  const struct resizing *resizing, struct error *error)
{
    struct word_parameters own = word_parameters(network);
    bool of_words = to == own.input || to == own.words, of_class = to == own.classes;
    bool numbers = to == own.bias || to == own.class_bias;
    to->borrowed = false;
    if (!of_words && !of_class && !numbers) {
        to->data = from->data;
        from->data = NULL;
        return true;
    }
    if (!parameter_allocate(to, error))
        return false;
    const int32_t *old = of_words || to == own.bias ? resizing->old_word : resizing->old_class;
    if (numbers)
        carry_numbers(to, from, old);
    else
        carry_rows(to, from, old);
    return true;
}

bool model_resize(struct model *model, const struct resizing *resizing,
                  struct vocabulary *vocabulary, struct classes *classes, struct error *error)
{
    struct network *from = &model->network, to;
    struct network_shape shape = from->shape;
    shape.words = resizing->words;
    shape.classes = resizing->classes;
    vocabulary_free(&model->vocabulary);
    model->vocabulary = *vocabulary;
    memset(vocabulary, 0, sizeof *vocabulary);
    bool ok = network_outline(&to, &shape, classes, error);
    for (size_t i = 0; i < to.parameters; i++)
        to.parameter[i].borrowed = false;
    for (size_t i = 0; ok && i < to.parameters; i++)
        ok = carry(&to, &to.parameter[i], &from->parameter[i], resizing, error);
    network_free(from);
    *from = to;
    return ok;
}

bool classes_follow_counts(const struct model *model, const struct vocabulary *vocabulary,
                           const struct classes *classes, bool *follow, struct error *error)
{
    struct classes made = {0};
    enum class_method method = model->record.old_classes ? CLASSES_FREQUENCY : CLASSES_SQRT;
    if (!classes_assign(&made, vocabulary->count, vocabulary->size, classes->count, method, error))
        return false;
    *follow = vocabulary_is_sorted(vocabulary) &&
              memcmp(made.of_word, classes->of_word, made.words * sizeof *made.of_word) == 0;
    classes_free(&made);
    return true;
}
