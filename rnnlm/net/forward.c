// The forward pass at many places at once.
#include "net/forward.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "text/vocabulary.h"

// ---- weights ----------------------------------------------------------------------------------

static bool find_reset(struct forward_weights *weights, struct error *error)
{
    struct state *reset = state_at_start(weights->network, STATE_SENTENCE, NULL, error);
    if (reset == NULL)
        return false;
    free(weights->reset);
    weights->reset = reset;
    return true;
}

static size_t index_of(const struct network *network, const struct parameter *parameter)
{
    return (size_t)(parameter - network->parameter);
}

bool forward_weights_init(struct forward_weights *weights, const struct network *network,
                          bool independent, struct error *error)
{
    memset(weights, 0, sizeof *weights);
    weights->network = network;
    weights->columns = memory_new(network->parameters, sizeof *weights->columns, error);
    bool ok = weights->columns != NULL && (!independent || find_reset(weights, error));
    for (size_t i = 0; ok && i < network->parameters; i++)
        if (network->parameter[i].use == PARAMETER_EACH_WORD)
            ok = columns_init(&weights->columns[i], &network->parameter[i],
                              network->halves ? COLUMNS_PAIRS : COLUMNS_FLOATS, error);
    return ok;
}

void forward_weights_free(struct forward_weights *weights)
{
    for (size_t i = 0; weights->columns != NULL && i < weights->network->parameters; i++)
        columns_free(&weights->columns[i]);
    free(weights->columns);
    free(weights->reset);
    memset(weights, 0, sizeof *weights);
}

bool forward_weights_refresh(struct forward_weights *weights, struct error *error)
{
    for (size_t i = 0; i < weights->network->parameters; i++)
        if (weights->columns[i].rows > 0)
            columns_fill(&weights->columns[i], &weights->network->parameter[i]);
    return weights->reset == NULL || find_reset(weights, error);
}

// ---- scratch ----------------------------------------------------------------------------------

static float *rows_of(size_t most, size_t row, bool *ok, struct error *error)
{
    float *rows = *ok ? memory_new(most, row * sizeof *rows, error) : NULL;
    *ok = rows != NULL;
    return rows;
}

static void find_widths(struct forward *forward)
{
    const struct network *network = forward->weights->network;
    for (size_t i = 0; i < network->shape.layers; i++) {
        const struct layer *layer = &network->layer[i];
        forward->row = layer->row > forward->row ? layer->row : forward->row;
        forward->sums_row =
            layer->sums_row > forward->sums_row ? layer->sums_row : forward->sums_row;
    }
}

bool forward_init(struct forward *forward, const struct forward_weights *weights, size_t most,
                  struct error *error)
{
    const struct network *network = weights->network;
    bool ok = true;
    memset(forward, 0, sizeof *forward);
    forward->weights = weights;
    forward->most = most;
    find_widths(forward);
    forward->before = rows_of(most, forward->row, &ok, error);
    forward->carried = rows_of(most, forward->sums_row, &ok, error);
    forward->sums = rows_of(most, forward->sums_row, &ok, error);
    forward->below = rows_of(most, forward->row, &ok, error);
    forward->above = rows_of(most, forward->row, &ok, error);
    if (network->halves)
        forward->half =
            ok ? memory_new(most, memory_half_row(forward->row) * sizeof(uint16_t), error) : NULL;
    forward->distinct = ok ? memory_new(most, sizeof *forward->distinct, error) : NULL;
    forward->history = ok ? memory_new(most, sizeof *forward->history, error) : NULL;
    if (!ok || forward->distinct == NULL || forward->history == NULL ||
        (network->halves && forward->half == NULL))
        return false;
    forward->output = network->shape.output->scoring->begin(network, weights->columns, most, error);
    return forward->output != NULL;
}

void forward_free(struct forward *forward)
{
    if (forward->output != NULL)
        forward->weights->network->shape.output->scoring->end(forward->output);
    free(forward->before);
    free(forward->carried);
    free(forward->sums);
    free(forward->below);
    free(forward->above);
    free(forward->half);
    free(forward->distinct);
    free(forward->history);
    memset(forward, 0, sizeof *forward);
}

bool forward_crew_init(struct forward_crew *crew, const struct network *network, bool independent,
                       struct pool *pool, struct error *error)
{
    size_t threads = pool_threads(pool);
    memset(crew, 0, sizeof *crew);
    crew->pool = pool;
    crew->forward = memory_new(threads, sizeof *crew->forward, error);
    bool ok =
        crew->forward != NULL && forward_weights_init(&crew->weights, network, independent, error);
    for (size_t i = 0; ok && i < threads; i++)
        ok = forward_init(&crew->forward[i], &crew->weights, FORWARD_STATES, error);
    return ok;
}

void forward_crew_free(struct forward_crew *crew)
{
    for (size_t i = 0; crew->forward != NULL && i < pool_threads(crew->pool); i++)
        forward_free(&crew->forward[i]);
    free(crew->forward);
    if (crew->weights.network != NULL)
        forward_weights_free(&crew->weights);
    memset(crew, 0, sizeof *crew);
}

// ---- layers -----------------------------------------------------------------------------------

// Rows of a layer's sums += its map from a source times in[i], for i < n rows of the map's width.
static void multiply(struct forward *forward, const struct layer *layer, enum map_source from,
                     float *sums, const float *in, size_t n)
{
    const struct network *network = forward->weights->network;
    const struct parameter *map = layer_map(layer, from);
    const struct columns *columns = &forward->weights->columns[index_of(network, map)];
    size_t row = memory_row(map->width), half_row = memory_half_row(map->width);
    for (size_t i = 0; i < n && network->halves; i++)
        kernels->to_halves(forward->half + i * half_row, in + i * row, map->width);
    columns_multiply(sums + layer->sums_at[from], layer->sums_row, columns, in, forward->half, n);
}

// What the states before add to the sums, once for each different state.
static void carry(struct forward *forward, const struct layer *layer, size_t n,
                  const struct state *const *before)
{
    size_t states = 0, vector = layer->at + layer->vector_at[MAP_STATE];
    if (layer_map(layer, MAP_STATE) == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || before[i] != before[i - 1])
            memcpy(forward->before + states++ * layer->row, before[i]->value + vector,
                   layer->row * sizeof(float));
        forward->distinct[i] = states - 1;
    }
    memset(forward->carried, 0, states * layer->sums_row * sizeof(float));
    multiply(forward, layer, MAP_STATE, forward->carried, forward->before, states);
}

// Sums begin with what has been carried on and the bias, and at the bottom with the word. No
// `before` where nothing is carried on.
static void begin_sums(const struct forward *forward, const struct layer *layer, size_t i,
                       const struct state *before, int32_t word, float *sums)
{
    const struct parameter *bias = layer_map(layer, MAP_ONE), *input = layer_map(layer, MAP_INPUT),
                           *diagonals = layer_map(layer, MAP_DIAGONAL);
    size_t row = layer->sums_row;
    if (layer_map(layer, MAP_STATE) != NULL)
        memcpy(sums, forward->carried + forward->distinct[i] * row, row * sizeof *sums);
    else
        memset(sums, 0, row * sizeof *sums);
    if (layer->bottom && word >= 0)
        linear_add_row(input, (size_t)word, sums + layer->sums_at[MAP_INPUT]);
    if (diagonals != NULL)
        linear_add_diagonals(diagonals, before->value + layer->at + layer->vector_at[MAP_DIAGONAL],
                             layer->units, sums + layer->sums_at[MAP_DIAGONAL]);
    if (bias != NULL)
        linear_add_row(bias, 0, sums + layer->sums_at[MAP_ONE]);
}

// From the outputs below to those of a layer, both in rows side by side or in states.
static void run_layer(struct forward *forward, const struct layer *layer, size_t n,
                      const struct state *const *before, const int32_t *word,
                      struct state *const *after)
{
    const struct layer_type *type = layer->type;
    size_t row = layer->sums_row;
    bool in_states = after != NULL && layer->floats > 0;
    bool straight = layer->bottom && type->in_place && in_states; // no need of other sums
    for (size_t i = 0; i < n; i++)
        begin_sums(forward, layer, i, before != NULL ? before[i] : NULL,
                   word != NULL ? word[i] : WORD_OOV,
                   straight ? after[i]->value + layer->at : forward->sums + i * row);
    if (!layer->bottom)
        multiply(forward, layer, MAP_INPUT, forward->sums, forward->below, n);
    for (size_t i = 0; i < n; i++) {
        float *to = in_states ? after[i]->value + layer->at : forward->above + i * layer->row;
        type->forward(layer, straight ? to : forward->sums + i * row,
                      type->state > 0 ? before[i]->value + layer->at : NULL, to);
    }
}

// The outputs of a layer, which it has left in states or in rows, become those below the next.
static void hand_up(struct forward *forward, const struct layer *layer, size_t n,
                    struct state *const *after)
{
    if (after == NULL || layer->floats == 0) {
        float *other = forward->below;
        forward->below = forward->above;
        forward->above = other;
        return;
    }
    for (size_t i = 0; i < n; i++)
        memcpy(forward->below + i * layer->row, after[i]->value + layer->at,
               layer->row * sizeof(float));
}

static void advance(struct forward *forward, size_t n, const struct state *const *before,
                    const int32_t *word, struct state *const *after)
{
    const struct network *network = forward->weights->network;
    for (size_t l = 0; l < network->advanced; l++) {
        carry(forward, &network->layer[l], n, before);
        run_layer(forward, &network->layer[l], n, before, word, after);
        if (l + 1 < network->advanced)
            hand_up(forward, &network->layer[l], n, after);
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(after[i]->history, before[i]->history, sizeof after[i]->history);
        history_push(after[i]->history, word[i]);
    }
}

void forward_advance(struct forward *forward, size_t n, const struct state *const *before,
                     const int32_t *word, struct state *const *after)
{
    const struct state *reset = forward->weights->reset;
    size_t begin = 0;
    for (size_t i = 0; i < n && reset != NULL; i++) {
        if (word[i] != WORD_END)
            continue;
        if (i > begin)
            advance(forward, i - begin, before + begin, word + begin, after + begin);
        state_copy(forward->weights->network, after[i], reset);
        begin = i + 1;
    }
    if (n > begin)
        advance(forward, n - begin, before + begin, word + begin, after + begin);
}

void forward_fetch(const struct forward *forward, int32_t word)
{
    const struct parameter *table = layer_map(&forward->weights->network->layer[0], MAP_INPUT);
    if (table != NULL && word >= 0)
        linear_fetch_rows(table, (size_t)word, 1);
}

// ---- output -----------------------------------------------------------------------------------

static const struct output_scoring *scoring(const struct forward *forward)
{
    return forward->weights->network->shape.output->scoring;
}

// The layers above those that carry something on.
static void load_inputs(struct forward *forward, size_t n, const struct state *const *state)
{
    const struct network *network = forward->weights->network;
    const struct layer *layer = &network->layer[network->advanced - 1];
    for (size_t i = 0; i < n; i++) {
        memcpy(forward->below + i * layer->row, state[i]->value + network->top,
               layer->row * sizeof(float));
        forward->history[i] = state[i]->history;
    }
    for (size_t l = network->advanced; l < network->shape.layers; l++) {
        run_layer(forward, &network->layer[l], n, NULL, NULL, NULL);
        hand_up(forward, &network->layer[l], n, NULL);
    }
    size_t row = memory_row(network->width), half_row = memory_half_row(network->width);
    for (size_t i = 0; i < n && network->halves; i++)
        kernels->to_halves(forward->half + i * half_row, forward->below + i * row, network->width);
    forward->inputs = (struct output_inputs){.n = n,
                                             .input = forward->below,
                                             .row = row,
                                             .half = forward->half,
                                             .half_row = half_row,
                                             .history = forward->history};
}

void forward_load_inputs(struct forward *forward, size_t n, const struct state *const *state)
{
    load_inputs(forward, n, state);
    scoring(forward)->load_inputs(forward->output, &forward->inputs);
}

void forward_load(struct forward *forward, size_t n, const struct state *const *state)
{
    load_inputs(forward, n, state);
    if (forward->weights->unnormalised)
        scoring(forward)->load_inputs(forward->output, &forward->inputs);
    else
        scoring(forward)->load(forward->output, &forward->inputs);
}

double forward_first_factor(const struct forward *forward, size_t state, int32_t word)
{
    double prob;
    forward_first_factors(forward, 1, &state, &word, &prob);
    return prob;
}

void forward_first_factors(const struct forward *forward, size_t pairs, const size_t *state,
                           const int32_t *word, double *prob)
{
    if (forward->weights->unnormalised) {
        scoring(forward)->scores(forward->output, pairs, state, word, prob);
        return;
    }
    for (size_t i = 0; i < pairs; i++)
        prob[i] =
            word[i] >= 0 ? scoring(forward)->first_factor(forward->output, state[i], word[i]) : 0;
}

bool forward_other_factors(struct forward *forward, size_t pairs, const size_t *state,
                           const int32_t *word, double *prob, struct error *error)
{
    const struct output_scoring *output = scoring(forward);
    return forward->weights->unnormalised || output->other_factors == NULL ||
           output->other_factors(forward->output, pairs, state, word, prob, error);
}

bool forward_predict(struct forward *forward, size_t pairs, const size_t *state,
                     const int32_t *word, double *prob, struct error *error)
{
    forward_first_factors(forward, pairs, state, word, prob);
    return forward_other_factors(forward, pairs, state, word, prob, error);
}

bool forward_may_be(const struct forward_weights *weights, double prob)
{
    return prob > 0 && prob <= (weights->unnormalised ? DBL_MAX : 1.001);
}

int32_t forward_draw(struct forward *forward, size_t state, struct random *random)
{
    return scoring(forward)->draw(forward->output, state, random);
}
