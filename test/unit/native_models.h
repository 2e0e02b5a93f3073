// Small models for the tests of model files, and how two are compared.
#ifndef NATIVE_MODELS_H
#define NATIVE_MODELS_H

#include "testing.h"

#include "base/bfloat16.h"
#include "model/model_file.h"
#include "net/forward.h"
#include "scratch.h"

typedef bool reader_of_models(struct model *, const char *, struct error *);

#define FILE_NAME "model"

// ---- models -----------------------------------------------------------------------------------

// What a network is made of.
struct recipe {
    size_t words;
    const char *layers;
    size_t classes, maxent;
    int maxent_order;
    double range; // of the weights, 0 for 2
};

static const struct recipe plain = {13, "elman:5", 3, 0, 0, 0},
                           compressed = {40, "elman:17,compression:33", 4, 5003, 3, 0},
                           least = {1, "elman:1", 1, 0, 0, 0},
                           stacked = {13, "elman:5:tanh,elman:4,compression:3", 3, 17, 2, 0},
                           deep = {20, "elman:18:tanh,elman:33", 5, 0, 0, 0.5},
                           unfactored = {40, "lstm:18,elman:33 full", 1, 0, 0, 0.5},
                           clustered = {40, "lstm:5,elman:33 adaptive:5,9/3/2,20/6", 1, 0, 0, 0.5},
                           branched = {40, "elman:33 tree", 1, 0, 0, 0.5},
                           tied = {40, "lstm:5,elman:20 class tied", 4, 0, 0, 0.5},
                           tied_full = {40, "elman:33:tanh full tied", 1, 0, 0, 0.5};

static inline void make_vocabulary(struct vocabulary *vocabulary, size_t words)
{
    struct error error;
    assert_true(vocabulary_init(vocabulary, &error));
    for (size_t i = 1; i < words; i++) {
        char word[16];
        int length = snprintf(word, sizeof word, "w%zu", i * i);
        assert_int_equal(vocabulary_add(vocabulary, word, (size_t)length, &error), i);
        vocabulary->count[i] = 1000 / i;
    }
}

static inline void make_model(struct model *model, const struct recipe *recipe,
                              enum model_format format)
{
    struct error error;
    struct network_shape shape = new_shape(recipe->words, recipe->layers, recipe->classes,
                                           recipe->maxent, recipe->maxent_order);
    memset(model, 0, sizeof *model);
    make_vocabulary(&model->vocabulary, recipe->words);
    make_network(&model->network, &shape, 3, recipe->range > 0 ? recipe->range : 2);
    assert_true(model_attach(model, &error));
    for (size_t i = 0; i < model->network.layer[0].units; i++)
        model->state[i] = (float)i / 7;
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

static inline void save_model(const struct model *model, const char *path)
{
    struct error error = {""};
    if (!model_save(model, path, &error))
        fail_msg("%s", error.text);
}

static inline void save(const struct recipe *recipe, enum model_format format, const char *path)
{
    struct model model;
    make_model(&model, recipe, format);
    save_model(&model, path);
    model_free(&model);
}

static inline void read_with(reader_of_models *reader, struct model *model, const char *path)
{
    struct error error = {""};
    if (!reader(model, path, &error))
        fail_msg("%s", error.text);
}

// A float of a parameter.
static inline float *weight(const struct model *model, const char *name, size_t row, size_t column)
{
    const struct parameter *parameter = network_parameter(&model->network, name);
    if (parameter == NULL || row >= parameter->rows || column >= parameter->width)
        fail_msg("no %s[%zu][%zu]", name, row, column);
    return parameter_row(parameter, row) + column;
}

// ---- comparisons ------------------------------------------------------------------------------

// Whether files may hold a parameter in bfloat16.
static inline bool may_be_half(const struct network *network, size_t parameter)
{
    enum parameter_use use = network->parameter[parameter].use;
    return use == PARAMETER_BY_INPUT || use == PARAMETER_BY_OUTPUT || use == PARAMETER_BY_BOTH ||
           use == PARAMETER_HASH || (use == PARAMETER_EACH_WORD && parameter >= network->output_at);
}

static inline double element(const struct parameter *parameter, size_t row, size_t column)
{
    if (parameter->type == PARAMETER_FLOAT)
        return (double)parameter_row(parameter, row)[column];
    return (double)bfloat16_to(parameter_half_row(parameter, row)[column]);
}

// What `found` holds may be off by `tolerance` of itself, and a little; its padding is 0.
static inline void assert_same_parameter(const struct parameter *found,
                                         const struct parameter *wanted, double tolerance)
{
    assert_string_equal(found->name, wanted->name);
    assert_true(found->rows == wanted->rows && found->width == wanted->width);
    for (size_t row = 0; row < found->rows; row++)
        for (size_t j = 0; j < found->stride; j++) {
            double x = element(found, row, j), y = j < found->width ? element(wanted, row, j) : 0;
            if (!(fabs(x - y) <= (j < found->width ? tolerance * (fabs(y) + 1e-4) : 0)))
                fail_msg("%s, row %zu, column %zu: found %.9g, wanted %.9g", found->name, row, j, x,
                         y);
        }
}

// Only those that may be in bfloat16 may be off.
static inline void assert_same_weights(const struct model *found, const struct model *wanted,
                                       double tolerance)
{
    const struct network *a = &found->network, *b = &wanted->network;
    assert_int_equal(a->parameters, b->parameters);
    for (size_t i = 0; i < b->parameters; i++)
        assert_same_parameter(&a->parameter[i], &b->parameter[i],
                              may_be_half(b, i) ? tolerance : 0);
    assert_int_equal(a->state, b->state);
    assert_memory_equal(found->state, wanted->state, b->state * sizeof *found->state);
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
    char a_layers[SHAPE_TEXT], b_layers[SHAPE_TEXT];
    char a_output[SHAPE_OUTPUT_TEXT], b_output[SHAPE_OUTPUT_TEXT];
    shape_print_layers(a, a_layers);
    shape_print_layers(b, b_layers);
    assert_string_equal(a_layers, b_layers);
    shape_print_output(a, a_output);
    shape_print_output(b, b_output);
    assert_string_equal(a_output, b_output);
    assert_true(a->words == b->words && a->output == b->output && a->classes == b->classes &&
                a->maxent == b->maxent && a->maxent_order == b->maxent_order &&
                a->biases == b->biases && a->tied == b->tied);
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
    struct state *now = state_at_start(network, STATE_STORED, model->state, NULL);
    struct state *next = state_new(network, NULL);
    double sum = 0;
    assert_true(now != NULL && next != NULL &&
                forward_weights_init(&weights, network, false, NULL) &&
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
