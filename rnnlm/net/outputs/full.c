// A softmax over all words: parameters and scoring.
//
// The words pass by in tiles, so that memory does not grow with the vocabulary: of each state only
// the largest logit and the sum stay. A word that is asked for has its logit computed once more.
#include "net/outputs/full.h"

#include <math.h>
#include <stdlib.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/outputs/kinds.h"
#include "net/outputs/softmax.h"

enum { TILE_WORDS = 1024 };

// ---- parameters -------------------------------------------------------------------------------

size_t full_list_parameters(const struct network *network, struct output_parameter *list)
{
    const struct network_shape *shape = &network->shape;
    size_t count = 0;
    list[count++] =
        (struct output_parameter){"words", PARAMETER_BY_OUTPUT, shape->words, network->width};
    if (shape->biases)
        list[count++] = (struct output_parameter){"bias", PARAMETER_BIAS, 1, shape->words};
    return count;
}

struct full_parameters full_parameters(const struct network *network)
{
    return (struct full_parameters){.words = network_output_parameter(network, "words"),
                                    .bias = network_output_parameter(network, "bias")};
}

// Uniform within 0.1, as is common (Zaremba et al. 2014), tied or not.
void full_initialise(const struct network *network, struct random *random)
{
    layer_draw_uniform(full_parameters(network).words, 0.1f, random);
}

static void initialise_biases(const struct network *network, const uint64_t *count)
{
    struct parameter *bias = full_parameters(network).bias;
    for (size_t w = 0; w < network->shape.words; w++)
        bias_from_count(bias, w, count[w]);
}

static void normalise_biases(const struct network *network)
{
    bias_normalise(full_parameters(network).bias, 0, network->shape.words);
}

bool full_softmax(const struct network *network, size_t i, struct output_softmax *softmax)
{
    size_t words = (size_t)(full_parameters(network).words - network->parameter);
    *softmax = (struct output_softmax){words, 0, network->shape.words};
    return i == 0 && !network->shape.tied;
}

// ---- scoring ----------------------------------------------------------------------------------

struct scoring {
    const struct network *network;
    struct full_parameters own;
    struct output_inputs inputs;
    float *logit;            // [most][TILE_WORDS]
    struct softmax_sum *sum; // [most]
};

static void end(void *data)
{
    struct scoring *scoring = data;
    free(scoring->logit);
    free(scoring->sum);
    free(scoring);
}

static void *begin(const struct network *network, const struct columns *columns, size_t most,
                   struct error *error)
{
    struct scoring *scoring = memory_new(1, sizeof *scoring, error);
    (void)columns;
    if (scoring == NULL)
        return NULL;
    scoring->network = network;
    scoring->own = full_parameters(network);
    scoring->logit = memory_new(most, TILE_WORDS * sizeof(float), error);
    scoring->sum = memory_new(most, sizeof *scoring->sum, error);
    if (scoring->logit != NULL && scoring->sum != NULL)
        return scoring;
    end(scoring);
    return NULL;
}

// logit[i * TILE_WORDS + j] of word first + j in state number `state` + i, for i < n, j < count.
static void compute(struct scoring *scoring, size_t state, size_t n, size_t first, size_t count)
{
    bias_logits(&scoring->inputs, state, n, scoring->own.words, scoring->own.bias, first, count,
                scoring->logit, TILE_WORDS);
}

static size_t tile_at(const struct scoring *scoring, size_t first)
{
    size_t left = scoring->network->shape.words - first;
    return left < TILE_WORDS ? left : TILE_WORDS;
}

static void load_inputs(void *data, const struct output_inputs *inputs)
{
    struct scoring *scoring = data;
    scoring->inputs = *inputs;
}

static void load(void *data, const struct output_inputs *inputs)
{
    struct scoring *scoring = data;
    load_inputs(scoring, inputs);
    for (size_t i = 0; i < inputs->n; i++)
        scoring->sum[i] = SOFTMAX_NOTHING;
    for (size_t first = 0; first < scoring->network->shape.words; first += TILE_WORDS) {
        size_t count = tile_at(scoring, first);
        compute(scoring, 0, inputs->n, first, count);
        for (size_t i = 0; i < inputs->n; i++)
            softmax_add(&scoring->sum[i], scoring->logit + i * TILE_WORDS, count);
    }
}

static double first_factor(void *data, size_t state, int32_t word)
{
    struct scoring *scoring = data;
    compute(scoring, state, 1, (size_t)word, 1);
    return (double)softmax_element(&scoring->sum[state], scoring->logit[0]);
}

// Rows of a large vocabulary are in no cache: they are fetched some words ahead.
static void scores(void *data, size_t pairs, const size_t *state, const int32_t *word,
                   double *score)
{
    enum { AHEAD = 4 };
    struct scoring *scoring = data;
    for (size_t i = 0; i < pairs; i++) {
        if (i + AHEAD < pairs && word[i + AHEAD] >= 0)
            linear_fetch_rows(scoring->own.words, (size_t)word[i + AHEAD], 1);
        score[i] = 0;
        if (word[i] < 0)
            continue;
        compute(scoring, state[i], 1, (size_t)word[i], 1);
        score[i] = exp((double)scoring->logit[0]);
    }
}

// Where rounding leaves nothing to draw, the last word.
static int32_t draw(void *data, size_t state, struct random *random)
{
    struct scoring *scoring = data;
    const struct softmax_sum *sum = &scoring->sum[state];
    size_t words = scoring->network->shape.words;
    double left = random_uniform(random, 0, 1);
    for (size_t first = 0; first < words; first += TILE_WORDS) {
        size_t count = tile_at(scoring, first);
        compute(scoring, state, 1, first, count);
        kernels->softmax_part(scoring->logit, count, sum->largest, 1 / sum->sum);
        for (size_t i = 0; i < count; i++) {
            if (left < (double)scoring->logit[i])
                return (int32_t)(first + i);
            left -= (double)scoring->logit[i];
        }
    }
    return (int32_t)words - 1;
}

const struct output_scoring full_scoring = {
    .begin = begin,
    .end = end,
    .load = load,
    .load_inputs = load_inputs,
    .first_factor = first_factor,
    .scores = scores,
    .draw = draw,
};

const struct output_type output_full = {
    .name = "full",
    .about = "a softmax over all words",
    .tied = true,
    .resizes = true,
    .word_bias = "bias",
    .parameters = full_list_parameters,
    .initialise = full_initialise,
    .initialise_biases = initialise_biases,
    .normalise_biases = normalise_biases,
    .softmax = full_softmax,
    .scoring = &full_scoring,
    .online = &full_online,
    .blocks = &full_blocks,
};
