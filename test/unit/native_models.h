// Small models for the tests of native files, and how two are compared. Include after cmocka.h.
#ifndef NATIVE_MODELS_H
#define NATIVE_MODELS_H

#include "base/bfloat16.h"
#include "model/model_file.h"
#include "net/forward.h"
#include "scratch.h"
#include "testing.h"

typedef bool reader_of_models(struct model *, const char *, struct error *);

#define FILE_NAME "model"

// ---- models -----------------------------------------------------------------------------------

static const struct network_shape plain = {.words = 13, .hidden = 5, .classes = 3},
                                  compressed = {.words = 40,
                                                .hidden = 17,
                                                .classes = 4,
                                                .compression = 33,
                                                .maxent = 5003,
                                                .maxent_order = 3},
                                  least = {.words = 1, .hidden = 1, .classes = 1};

static inline void make_model(struct model *model, const struct network_shape *shape,
                              enum model_format format)
{
    struct error error;
    memset(model, 0, sizeof *model);
    assert_true(vocabulary_init(&model->vocabulary, &error));
    for (size_t i = 1; i < shape->words; i++) {
        char word[16];
        int length = snprintf(word, sizeof word, "w%zu", i * i);
        assert_int_equal(vocabulary_add(&model->vocabulary, word, (size_t)length, &error), i);
        model->vocabulary.count[i] = 1000 / i;
    }
    make_network(&model->network, shape, 3, 2);
    assert_true(model_attach(model, &error));
    for (size_t i = 0; i < shape->hidden; i++)
        model->hidden[i] = (float)i / 7;
    model->format = format;
    model->record = (struct training_record){.train_file = memory_text("train text", 10, &error),
                                             .valid_log10_prob = -1234.5678901234,
                                             .train_log10_prob = -17.25,
                                             .epochs = 4,
                                             .position = 20000,
                                             .save_every = 10000,
                                             .train_words = 123456789012,
                                             .bptt = 5,
                                             .bptt_block = 10,
                                             .independent = true,
                                             .starting_alpha = 0.1,
                                             .alpha = 0.05,
                                             .halving = true};
}

static inline void save(const struct network_shape *shape, enum model_format format,
                        const char *path)
{
    struct model model;
    struct error error;
    make_model(&model, shape, format);
    assert_true(model_save(&model, path, &error));
    model_free(&model);
}

// Floats, or halves where there are no floats.
struct array {
    const float *data;
    const uint16_t *half;
    size_t rows, width, stride, half_stride;
};

static inline void list_arrays(const struct model *model, struct array list[6])
{
    const struct network *network = &model->network;
    const struct network_shape *shape = &network->shape;
    list[0] = (struct array){network->embedding, network->half_embedding, shape->words,
                             shape->hidden,      network->hidden_row,     network->half_hidden_row};
    list[1] =
        (struct array){network->output,       network->half_output, shape->words + shape->classes,
                       network->output_width, network->output_row,  network->half_output_row};
    list[2] = (struct array){network->maxent, network->half_maxent, shape->maxent, 1, 1, 1};
    list[3] = (struct array){network->recurrent,  NULL, shape->hidden, shape->hidden,
                             network->hidden_row, 0};
    list[4] = (struct array){network->compression, NULL, shape->compression, shape->hidden,
                             network->hidden_row,  0};
    list[5] = (struct array){model->hidden, NULL, 1, shape->hidden, shape->hidden, 0};
}

static inline double element(const struct array *array, size_t row, size_t column)
{
    if (array->data != NULL)
        return (double)array->data[row * array->stride + column];
    return (double)bfloat16_to(array->half[row * array->half_stride + column]);
}

// The first three, which are the large ones, may be off by `tolerance` of themselves, and a little.
static inline void assert_same_weights(const struct model *found, const struct model *wanted,
                                       double tolerance)
{
    struct array a[6], b[6];
    list_arrays(found, a);
    list_arrays(wanted, b);
    for (int i = 0; i < 6; i++)
        for (size_t row = 0; row < b[i].rows; row++)
            for (size_t j = 0; j < b[i].stride; j++) {
                double x = element(&a[i], row, j), y = element(&b[i], row, j);
                if (!(fabs(x - y) <= (i < 3 ? tolerance * (fabs(y) + 1e-4) : 0)))
                    fail_msg("array %d, row %zu, column %zu: found %.9g, wanted %.9g", i, row, j, x,
                             y);
            }
}

static inline void assert_same_names(const char *found, const char *wanted)
{
    assert_int_equal(found == NULL, wanted == NULL);
    if (wanted != NULL)
        assert_string_equal(found, wanted);
}

static inline void assert_same_record(const struct training_record *a,
                                      const struct training_record *b)
{
    struct training_record x = *a, y = *b;
    assert_same_names(x.train_file, y.train_file);
    assert_same_names(x.valid_file, y.valid_file);
    assert_true(x.valid_log10_prob == y.valid_log10_prob);
    assert_true(x.train_log10_prob == y.train_log10_prob);
    assert_true(x.starting_alpha == y.starting_alpha && x.alpha == y.alpha);
    assert_true(x.epochs == y.epochs && x.position == y.position && x.save_every == y.save_every);
    assert_true(x.train_words == y.train_words && x.bptt == y.bptt);
    assert_true(x.bptt_block == y.bptt_block && x.old_classes == y.old_classes);
    assert_true(x.independent == y.independent && x.halving == y.halving);
}

static inline void assert_same_shape(const struct network_shape *a, const struct network_shape *b)
{
    assert_true(a->words == b->words && a->hidden == b->hidden && a->classes == b->classes);
    assert_true(a->compression == b->compression && a->maxent == b->maxent);
    assert_int_equal(a->maxent_order, b->maxent_order);
}

static inline void assert_same_model(const struct model *found, const struct model *wanted,
                                     double tolerance)
{
    const struct vocabulary *vocabulary = &wanted->vocabulary;
    assert_int_equal(found->vocabulary.size, vocabulary->size);
    for (size_t i = 0; i < vocabulary->size; i++) {
        const char *word = vocabulary_word(vocabulary, (int32_t)i);
        assert_string_equal(vocabulary_word(&found->vocabulary, (int32_t)i), word);
        assert_int_equal(vocabulary_find(&found->vocabulary, word, strlen(word)), i);
        assert_int_equal(found->vocabulary.count[i], vocabulary->count[i]);
        assert_int_equal(found->network.classes.of_word[i], wanted->network.classes.of_word[i]);
    }
    assert_int_equal(vocabulary_find(&found->vocabulary, "unknown", 7), WORD_OOV);
    assert_same_shape(&found->network.shape, &wanted->network.shape);
    assert_int_equal(found->network.classes.largest, wanted->network.classes.largest);
    assert_int_equal(found->format, wanted->format);
    assert_same_weights(found, wanted, tolerance);
    assert_same_record(&found->record, &wanted->record);
}

// Reads everything that scoring reads, and adds up the log probabilities; in a build with
// sanitizers, a step outside shows.
static inline double score_all(const struct model *model)
{
    const struct network *network = &model->network;
    struct forward_weights weights;
    struct forward forward;
    struct state *now = state_at_start(network, 0, model->hidden, NULL);
    struct state *next = state_new(network, NULL);
    double sum = 0;
    assert_true(now != NULL && next != NULL && forward_weights_init(&weights, network, NULL) &&
                forward_init(&forward, &weights, 1, NULL));
    for (size_t i = 0; i < model->vocabulary.size; i++) {
        const char *word = vocabulary_word(&model->vocabulary, (int32_t)i);
        const struct state *before = now;
        const size_t first = 0;
        int32_t id = vocabulary_find(&model->vocabulary, word, strlen(word));
        double prob;
        forward_load(&forward, 1, &before);
        assert_true(forward_predict(&forward, 1, &first, &id, &prob, NULL));
        forward_advance(&forward, 1, &before, &id, &next);
        sum += log10(prob);
        now = next;
        next = (struct state *)before;
    }
    forward_free(&forward);
    forward_weights_free(&weights);
    free(now);
    free(next);
    return sum;
}

#endif
