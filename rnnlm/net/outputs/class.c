// The output that is factorised by classes: parameters and scoring.
#include "net/outputs/class.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/layers/reference_weights.h"
#include "net/outputs/kinds.h"
#include "net/outputs/softmax.h"

enum { WORD_FLOATS = 1 << 18 }; // of word_logit: larger classes are computed in several goes

// ---- parameters -------------------------------------------------------------------------------

static size_t parameters(const struct network *network, struct output_parameter *list)
{
    const struct network_shape *shape = &network->shape;
    size_t count = 0;
    list[count++] =
        (struct output_parameter){"words", PARAMETER_BY_OUTPUT, shape->words, network->width};
    list[count++] =
        (struct output_parameter){"classes", PARAMETER_EACH_WORD, shape->classes, network->width};
    if (shape->biases) {
        list[count++] = (struct output_parameter){"bias", PARAMETER_BIAS, 1, shape->words};
        list[count++] = (struct output_parameter){"class_bias", PARAMETER_BIAS, 1, shape->classes};
    }
    if (shape->maxent > 0)
        list[count++] = (struct output_parameter){"hash", PARAMETER_HASH, 1, shape->maxent};
    return count;
}

struct class_parameters class_parameters(const struct network *network)
{
    return (struct class_parameters){.words = network_output_parameter(network, "words"),
                                     .classes = network_output_parameter(network, "classes"),
                                     .bias = network_output_parameter(network, "bias"),
                                     .class_bias = network_output_parameter(network, "class_bias"),
                                     .hash = network_output_parameter(network, "hash")};
}

// As the reference has it, whatever the layers below; biases and the hash stay 0. Tied rows are not the
// reference's: uniform within 0.1, as is common (Zaremba et al. 2014).
static void initialise(const struct network *network, struct random *random)
{
    struct class_parameters own = class_parameters(network);
    if (network->shape.tied)
        layer_draw_uniform(own.words, 0.1f, random);
    for (size_t i = 0; i < own.words->rows && !network->shape.tied; i++)
        reference_draw_row(parameter_row(own.words, i), own.words->width, random);
    for (size_t i = 0; i < own.classes->rows; i++)
        reference_draw_row(parameter_row(own.classes, i), own.classes->width, random);
}

static void initialise_biases(const struct network *network, const uint64_t *count)
{
    struct class_parameters own = class_parameters(network);
    for (size_t k = 0; k < network->shape.classes; k++) {
        uint64_t of_class = 0;
        for (size_t w = class_first(network, k); w < class_first(network, k + 1); w++) {
            bias_from_count(own.bias, w, count[w]);
            of_class += count[w];
        }
        bias_from_count(own.class_bias, k, of_class);
    }
}

static void normalise_biases(const struct network *network)
{
    struct class_parameters own = class_parameters(network);
    bias_normalise(own.class_bias, 0, network->shape.classes);
    for (size_t k = 0; k < network->shape.classes; k++)
        bias_normalise(own.bias, class_first(network, k), class_words(network, k));
}

static bool softmax(const struct network *network, size_t i, struct output_softmax *softmax)
{
    struct class_parameters own = class_parameters(network);
    size_t classes = network->shape.classes, words = (size_t)(own.words - network->parameter);
    i += network->shape.tied ? classes : 0;
    if (i > classes)
        return false;
    if (i < classes)
        *softmax = (struct output_softmax){words, class_first(network, i), class_words(network, i)};
    else
        *softmax = (struct output_softmax){(size_t)(own.classes - network->parameter), 0, classes};
    return true;
}

// ---- scoring ----------------------------------------------------------------------------------

struct scoring {
    const struct network *network;
    struct class_parameters own;
    const struct columns *columns; // of the class rows
    size_t most;
    struct output_inputs inputs;
    float *class_logit;            // [most][columns->row]
    struct softmax_sum *class_sum; // [most] of the logits
    float *gathered;               // [most][row] rows of the states that one class is wanted for,
    uint16_t *half_gathered;       // [most][half row] or these with halves
    float *word_logit;             // [word_rows][largest class]
    size_t word_rows;
    size_t *distinct;    // [word_rows] states that one class is wanted for
    size_t *class_begin; // [C + 2] pairs of class k: order[class_begin[k]] and on
    size_t *order;       // [pairs] known words by class
    size_t order_capacity;
};

static void end(void *data)
{
    struct scoring *scoring = data;
    free(scoring->class_logit);
    free(scoring->class_sum);
    free(scoring->gathered);
    free(scoring->half_gathered);
    free(scoring->word_logit);
    free(scoring->distinct);
    free(scoring->class_begin);
    free(scoring->order);
    free(scoring);
}

static bool allocate(struct scoring *scoring, struct error *error)
{
    const struct network *network = scoring->network;
    size_t most = scoring->most;
    size_t largest = network->classes.largest > 0 ? network->classes.largest : 1;
    size_t fit = WORD_FLOATS / largest;
    scoring->word_rows = fit > most ? most : fit > 0 ? fit : 1;
    scoring->class_logit = memory_new(most, scoring->columns->row * sizeof(float), error);
    scoring->class_sum = memory_new(most, sizeof *scoring->class_sum, error);
    if (network->halves)
        scoring->half_gathered =
            memory_new(most, memory_half_row(network->width) * sizeof(uint16_t), error);
    else
        scoring->gathered = memory_new(most, memory_row(network->width) * sizeof(float), error);
    scoring->word_logit = memory_new(scoring->word_rows, largest * sizeof(float), error);
    scoring->distinct = memory_new(scoring->word_rows, sizeof *scoring->distinct, error);
    scoring->class_begin = memory_new(network->shape.classes + 2, sizeof(size_t), error);
    return scoring->class_logit != NULL && scoring->class_sum != NULL &&
           (scoring->gathered != NULL || scoring->half_gathered != NULL) &&
           scoring->word_logit != NULL && scoring->distinct != NULL &&
           scoring->class_begin != NULL &&
           memory_grow(&scoring->order, &scoring->order_capacity, most, sizeof *scoring->order,
                       error);
}

static void *begin(const struct network *network, const struct columns *columns, size_t most,
                   struct error *error)
{
    struct scoring *scoring = memory_new(1, sizeof *scoring, error);
    if (scoring == NULL)
        return NULL;
    scoring->network = network;
    scoring->own = class_parameters(network);
    scoring->columns = &columns[scoring->own.classes - network->parameter];
    scoring->most = most;
    if (allocate(scoring, error))
        return scoring;
    end(scoring);
    return NULL;
}

// ---- classes ----------------------------------------------------------------------------------

static void load_inputs(void *data, const struct output_inputs *inputs)
{
    struct scoring *scoring = data;
    scoring->inputs = *inputs;
}

static void load(void *data, const struct output_inputs *inputs)
{
    struct scoring *scoring = data;
    size_t classes = scoring->network->shape.classes, row = scoring->columns->row;
    struct maxent_features features;
    scoring->inputs = *inputs;
    for (size_t i = 0; i < inputs->n; i++)
        bias_begin(scoring->own.class_bias, 0, classes, scoring->class_logit + i * row);
    columns_multiply(scoring->class_logit, row, scoring->columns, inputs->input, inputs->half,
                     inputs->n);
    for (size_t i = 0; i < inputs->n; i++) {
        float *logit = scoring->class_logit + i * row;
        maxent_class_features(scoring->network, inputs->history[i], &features);
        maxent_add(scoring->own.hash, &features, logit, classes);
        scoring->class_sum[i] = SOFTMAX_NOTHING;
        softmax_add(&scoring->class_sum[i], logit, classes);
    }
}

static double first_factor(void *data, size_t state, int32_t word)
{
    struct scoring *scoring = data;
    size_t k = (size_t)scoring->network->classes.of_word[word];
    return (double)softmax_element(&scoring->class_sum[state],
                                   scoring->class_logit[state * scoring->columns->row + k]);
}

// ---- words ------------------------------------------------------------------------------------

// Inputs of the first n of the `distinct` states side by side.
static void gather(struct scoring *scoring, size_t n)
{
    const struct output_inputs *inputs = &scoring->inputs;
    for (size_t i = 0; i < n; i++) {
        size_t state = scoring->distinct[i];
        if (scoring->half_gathered != NULL)
            memcpy(scoring->half_gathered + i * inputs->half_row,
                   inputs->half + state * inputs->half_row, inputs->half_row * sizeof(uint16_t));
        else
            memcpy(scoring->gathered + i * inputs->row, inputs->input + state * inputs->row,
                   inputs->row * sizeof(float));
    }
}

// Logits of the words of class k in the first n of the `distinct` states, into word_logit.
static void compute_class(struct scoring *scoring, size_t n, size_t k, size_t words)
{
    const struct network *network = scoring->network;
    struct maxent_features features;
    gather(scoring, n);
    linear_rows_times(scoring->word_logit, words, scoring->own.words, class_first(network, k),
                      words, scoring->gathered, scoring->inputs.row, scoring->half_gathered,
                      scoring->inputs.half_row, n, 0);
    for (size_t i = 0; i < n; i++) {
        float *logit = scoring->word_logit + i * words;
        bias_add(scoring->own.bias, class_first(network, k), words, logit);
        maxent_word_features(network, scoring->inputs.history[scoring->distinct[i]], k, &features);
        maxent_add(scoring->own.hash, &features, logit, words);
    }
}

// The pairs order[begin..end-1], which are of class k and in at most word_rows states.
static void predict_go(struct scoring *scoring, size_t begin, size_t end, size_t k,
                       const size_t *state, const int32_t *word, double *prob)
{
    size_t first = class_first(scoring->network, k), words = class_words(scoring->network, k);
    const size_t *order = scoring->order;
    size_t n = 0;
    for (size_t i = begin; i < end; i++)
        if (n == 0 || scoring->distinct[n - 1] != state[order[i]])
            scoring->distinct[n++] = state[order[i]];
    compute_class(scoring, n, k, words);
    for (size_t i = begin, at = 0; at < n; at++) {
        const float *logit = scoring->word_logit + at * words;
        struct softmax_sum sum = SOFTMAX_NOTHING;
        softmax_add(&sum, logit, words);
        for (; i < end && state[order[i]] == scoring->distinct[at]; i++)
            prob[order[i]] *= (double)softmax_element(&sum, logit[(size_t)word[order[i]] - first]);
    }
}

// The end of the pairs from `begin` on that word_rows can take.
static size_t end_of_go(const struct scoring *scoring, size_t begin, size_t end,
                        const size_t *state)
{
    size_t states = 0;
    for (size_t i = begin; i < end; i++) {
        states += i == begin || state[scoring->order[i]] != state[scoring->order[i - 1]];
        if (states > scoring->word_rows)
            return i;
    }
    return end;
}

static bool other_factors(void *data, size_t pairs, const size_t *state, const int32_t *word,
                          double *prob, struct error *error)
{
    struct scoring *scoring = data;
    const struct network *network = scoring->network;
    if (!memory_grow(&scoring->order, &scoring->order_capacity, pairs, sizeof *scoring->order,
                     error))
        return false;
    classes_sort(&network->classes, word, pairs, scoring->class_begin, scoring->order);
    for (size_t k = 0; k < network->shape.classes; k++) {
        size_t at = scoring->class_begin[k], last = scoring->class_begin[k + 1], end;
        if (class_words(network, k) == 1)
            continue; // the only word has all of its class
        for (; at < last; at = end) {
            end = end_of_go(scoring, at, last, state);
            predict_go(scoring, at, end, k, state, word, prob);
        }
    }
    return true;
}

// As if both softmaxes, of classes and of the words of one, summed to 1.
static double score_of(const struct scoring *scoring, size_t state, int32_t word)
{
    const struct network *network = scoring->network;
    const int32_t *history = scoring->inputs.history[state];
    size_t k = (size_t)network->classes.of_word[word], i = (size_t)word - class_first(network, k);
    struct maxent_features features;
    float logit =
        bias_logit(&scoring->inputs, state, scoring->own.classes, scoring->own.class_bias, k);
    maxent_class_features(network, history, &features);
    logit += maxent_element(scoring->own.hash, &features, k);
    logit +=
        bias_logit(&scoring->inputs, state, scoring->own.words, scoring->own.bias, (size_t)word);
    maxent_word_features(network, history, k, &features);
    return exp((double)(logit + maxent_element(scoring->own.hash, &features, i)));
}

static void scores(void *data, size_t pairs, const size_t *state, const int32_t *word,
                   double *score)
{
    for (size_t i = 0; i < pairs; i++)
        score[i] = word[i] >= 0 ? score_of(data, state[i], word[i]) : 0;
}

static size_t sort_scratch(const struct network *network)
{
    return network->shape.classes + 2;
}

static size_t sort(const struct network *network, const int32_t *word, size_t n, size_t *scratch,
                   size_t *order)
{
    return classes_sort(&network->classes, word, n, scratch, order);
}

// ---- drawing ----------------------------------------------------------------------------------

// An empty class takes part in the softmax but has no words to draw.
static int32_t draw(void *data, size_t state, struct random *random)
{
    struct scoring *scoring = data;
    const struct network *network = scoring->network;
    size_t classes = network->shape.classes;
    float *prob = scoring->class_logit + state * scoring->columns->row;
    kernels->softmax(prob, classes);
    for (size_t k = 0; k < classes; k++)
        if (class_words(network, k) == 0)
            prob[k] = 0;
    size_t k = softmax_draw(random, prob, classes), words = class_words(network, k);
    scoring->distinct[0] = state;
    compute_class(scoring, 1, k, words);
    kernels->softmax(scoring->word_logit, words);
    return (int32_t)(class_first(network, k) + softmax_draw(random, scoring->word_logit, words));
}

static const struct output_scoring class_scoring = {
    .begin = begin,
    .end = end,
    .load = load,
    .load_inputs = load_inputs,
    .first_factor = first_factor,
    .scores = scores,
    .other_factors = other_factors,
    .draw = draw,
    .sort_scratch = sort_scratch,
    .sort = sort,
};

const struct output_type output_class = {
    .name = "class",
    .about = "a softmax over classes, then one over the words of a class",
    .classes = true,
    .direct = true,
    .tied = true,
    .taught = true,
    .resizes = true,
    .word_bias = "bias",
    .class_rows = "classes",
    .class_bias = "class_bias",
    .parameters = parameters,
    .initialise = initialise,
    .initialise_biases = initialise_biases,
    .normalise_biases = normalise_biases,
    .softmax = softmax,
    .scoring = &class_scoring,
    .online = &class_online,
    .blocks = &class_blocks,
};
