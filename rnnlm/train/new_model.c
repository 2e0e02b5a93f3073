// New models.
#include "train/new_model.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/output.h"
#include "net/state.h"
#include "text/exchange.h"

static bool randomise(struct model *model, const struct new_model *wanted, struct error *error)
{
    const struct network *network = &model->network;
    const struct output_type *output = network->shape.output;
    if (!network_randomise(&model->network, wanted->seed, error))
        return false;
    if (network->shape.biases)
        output->initialise_biases(network, model->vocabulary.count);
    if (network->shape.biases && wanted->self_normalise && output->normalise_biases != NULL)
        output->normalise_biases(network);
    return true;
}

// Classes, and with them words, get new numbers.
static bool exchange(struct model *model, struct classes *classes, struct corpus *text,
                     struct error *error)
{
    struct vocabulary *vocabulary = &model->vocabulary;
    struct classes better;
    size_t words = classes->words, count = classes->count;
    int32_t *order = memory_new(words, sizeof *order, error);
    int32_t *new_id = memory_new(words, sizeof *new_id, error);
    bool ok =
        order != NULL && new_id != NULL &&
        exchange_classes(text, vocabulary, count, &exchange_limits, classes->of_word, error) &&
        exchange_order(vocabulary->count, words, count, classes->of_word, order, error) &&
        vocabulary_reorder(vocabulary, order, new_id, error) &&
        classes_from_words(&better, classes->of_word, words, count, error);
    if (ok) {
        classes_free(classes);
        *classes = better;
    }
    free(order);
    free(new_id);
    return ok;
}

static bool create_network(struct model *model, const struct new_model *wanted, struct corpus *text,
                           struct error *error)
{
    size_t words = model->vocabulary.size;
    struct network_shape shape = wanted->shape;
    struct classes classes = {0};
    enum class_method method = wanted->old_classes ? CLASSES_FREQUENCY : CLASSES_SQRT;
    shape.words = words;
    shape.classes = !shape.output->classes ? 1 : wanted->classes < words ? wanted->classes : words;
    if (shape.clusters > 0 && shape.cluster[shape.clusters - 1].first >= words)
        return error_usage(error,
                           "option -output: found a cluster from word %zu on, wanted less than the "
                           "vocabulary's %zu words",
                           shape.cluster[shape.clusters - 1].first, words);
    bool ok = shape.output->divide == NULL ||
              shape.output->divide(&shape, model->vocabulary.count, &classes, error);
    ok = ok && shape_ok(&shape, error) &&
         (classes.count > 0 ||
          classes_assign(&classes, model->vocabulary.count, words, shape.classes, method, error));
    if (!ok || (wanted->exchange_classes && shape.output->classes && shape.classes > 1 &&
                !exchange(model, &classes, text, error))) {
        classes_free(&classes);
        return false;
    }
    return network_init(&model->network, &shape, &classes, error) &&
           randomise(model, wanted, error) && model_attach(model, error);
}

static bool create(struct model *model, const struct new_model *wanted, struct corpus *text,
                   const char *train_file, struct error *error)
{
    uint64_t words;
    if (!vocabulary_init(&model->vocabulary, error) ||
        !corpus_learn_vocabulary(text, &model->vocabulary, wanted->cut, &words, error) ||
        !create_network(model, wanted, text, error))
        return false;
    state_values(&model->network, STATE_SENTENCE, NULL, model->state);
    model->format = wanted->format;
    model->record =
        (struct training_record){.train_file = memory_text(train_file, strlen(train_file), error),
                                 .valid_log10_prob = NO_VALIDATION,
                                 .train_words = words,
                                 .bptt = wanted->bptt,
                                 .bptt_block = wanted->bptt_block,
                                 .old_classes = wanted->old_classes,
                                 .independent = wanted->independent,
                                 .starting_alpha = wanted->alpha,
                                 .alpha = wanted->alpha};
    return model->record.train_file != NULL;
}

bool model_create(struct model *model, const struct new_model *wanted, struct corpus *text,
                  const char *train_file, struct error *error)
{
    memset(model, 0, sizeof *model);
    bool ok = create(model, wanted, text, train_file, error);
    if (!ok)
        model_free(model);
    return ok;
}
