// Means of models.
#include "model/average_models.h"

#include <string.h>

static bool same_words(const struct vocabulary *a, const struct vocabulary *b, struct error *error)
{
    if (a->size != b->size)
        return error_set(error, "found %zu words, wanted %zu", b->size, a->size);
    for (size_t i = 0; i < a->size; i++) {
        const char *word = vocabulary_word(a, (int32_t)i), *other = vocabulary_word(b, (int32_t)i);
        if (strcmp(word, other) != 0)
            return error_set(error, "found word %zu \"%.60s\", wanted \"%.60s\"", i, other, word);
    }
    return true;
}

static bool same_shape(const struct network_shape *a, const struct network_shape *b,
                       struct error *error)
{
    char wanted[SHAPE_TEXT], found[SHAPE_TEXT], output[2][SHAPE_OUTPUT_TEXT];
    shape_print_layers(a, wanted);
    shape_print_layers(b, found);
    if (strcmp(wanted, found) != 0)
        return error_set(error, "found layers %.200s, wanted %.200s", found, wanted);
    shape_print_output(a, output[0]);
    shape_print_output(b, output[1]);
    if (strcmp(output[0], output[1]) != 0 || a->tied != b->tied || a->classes != b->classes ||
        a->maxent != b->maxent || a->maxent_order != b->maxent_order)
        return error_set(error,
                         "found output %s%s, %zu classes, %zu direct connections; wanted %s%s, "
                         "%zu, %zu",
                         output[1], b->tied ? ", tied" : "", b->classes, b->maxent, output[0],
                         a->tied ? ", tied" : "", a->classes, a->maxent);
    return true;
}

static bool same_classes(const struct classes *a, const struct classes *b, struct error *error)
{
    for (size_t i = 0; i < a->words && i < b->words; i++)
        if (a->of_word[i] != b->of_word[i])
            return error_set(error, "found word %zu in class %d, wanted class %d", i, b->of_word[i],
                             a->of_word[i]);
    return true;
}

static void add(float *to, const float *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] += from[i];
}

bool model_add(struct model *model, const struct model *other, struct error *error)
{
    struct network *network = &model->network;
    if (!same_shape(&network->shape, &other->network.shape, error) ||
        !same_words(&model->vocabulary, &other->vocabulary, error) ||
        !same_classes(&network->classes, &other->network.classes, error))
        return false;
    for (size_t p = 0; p < network->parameters; p++)
        add(network->parameter[p].data, other->network.parameter[p].data,
            parameter_count(&network->parameter[p]));
    add(model->state, other->state, network->state);
    return true;
}

static void divide(float *numbers, size_t count, float by)
{
    for (size_t i = 0; i < count; i++)
        numbers[i] /= by;
}

void model_divide(struct model *model, size_t models)
{
    struct network *network = &model->network;
    for (size_t p = 0; p < network->parameters; p++)
        divide(network->parameter[p].data, parameter_count(&network->parameter[p]), (float)models);
    divide(model->state, network->state, (float)models);
    model->record.valid_log10_prob = NO_VALIDATION; // of other weights
    model->record.train_log10_prob = 0;
    model->record.position = 0;
}
