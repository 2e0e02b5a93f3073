// The forward pass at many places at once.
#include "net/forward.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/maxent.h"

enum { WORD_FLOATS = 1 << 18 }; // of word_logit: larger classes are computed in several goes

// ---- weights ----------------------------------------------------------------------------------

static bool columns_init(struct columns *columns, size_t rows, size_t width, bool halves,
                         struct error *error)
{
    size_t count, lines = halves ? (width + 1) / 2 : width;
    *columns = (struct columns){.rows = rows, .width = width, .row = memory_row(rows)};
    if (rows == 0)
        return true;
    if (__builtin_mul_overflow(lines, columns->row, &count))
        return error_set(error, "not enough memory");
    if (halves)
        columns->pairs = memory_new(count, sizeof *columns->pairs, error);
    else
        columns->floats = memory_new(count, sizeof *columns->floats, error);
    return columns->pairs != NULL || columns->floats != NULL;
}

static void columns_free(struct columns *columns)
{
    free(columns->floats);
    free(columns->pairs);
}

static void columns_fill(struct columns *columns, const float *rows)
{
    size_t stride = memory_row(columns->width);
    if (columns->pairs != NULL)
        kernels_pair_columns(columns->pairs, columns->row, rows, stride, columns->rows,
                             columns->width);
    else if (columns->floats != NULL)
        kernels_transpose(columns->floats, columns->row, rows, stride, columns->rows,
                          columns->width);
}

void forward_weights_refresh(struct forward_weights *weights)
{
    const struct network *network = weights->network;
    size_t words = network->shape.words;
    columns_fill(&weights->recurrent, network->recurrent);
    columns_fill(&weights->compression, network->compression);
    if (weights->halves)
        kernels_pair_half_columns(weights->classes.pairs, weights->classes.row,
                                  network->half_output + words * network->half_output_row,
                                  network->half_output_row, weights->classes.rows,
                                  weights->classes.width);
    else
        columns_fill(&weights->classes, network->output + words * network->output_row);
}

bool forward_weights_init(struct forward_weights *weights, const struct network *network,
                          struct error *error)
{
    const struct network_shape *shape = &network->shape;
    memset(weights, 0, sizeof *weights);
    weights->network = network;
    weights->halves = network->half_output != NULL;
    if (!columns_init(&weights->recurrent, shape->hidden, shape->hidden, weights->halves, error) ||
        !columns_init(&weights->compression, shape->compression, shape->hidden, weights->halves,
                      error) ||
        !columns_init(&weights->classes, shape->classes, network->output_width, weights->halves,
                      error))
        return false;
    forward_weights_refresh(weights);
    return true;
}

void forward_weights_free(struct forward_weights *weights)
{
    columns_free(&weights->recurrent);
    columns_free(&weights->compression);
    columns_free(&weights->classes);
    memset(weights, 0, sizeof *weights);
}

// ---- scratch ----------------------------------------------------------------------------------

static bool init_halves(struct forward *forward, struct error *error)
{
    const struct network *network = forward->weights->network;
    size_t most = forward->most;
    if (!forward->weights->halves)
        return true;
    forward->half_input = memory_new(most, network->half_output_row * sizeof(uint16_t), error);
    forward->half_gathered = memory_new(most, network->half_output_row * sizeof(uint16_t), error);
    forward->half_in = memory_new(most, network->half_hidden_row * sizeof(uint16_t), error);
    return forward->half_input != NULL && forward->half_gathered != NULL &&
           forward->half_in != NULL;
}

bool forward_init(struct forward *forward, const struct forward_weights *weights, size_t most,
                  struct error *error)
{
    const struct network *network = weights->network;
    size_t largest = network->classes.largest > 0 ? network->classes.largest : 1;
    memset(forward, 0, sizeof *forward);
    forward->weights = weights;
    forward->most = most;
    forward->word_rows = WORD_FLOATS / largest > most ? most
                         : WORD_FLOATS / largest > 0  ? WORD_FLOATS / largest
                                                      : 1;
    forward->before = memory_new(most, network->hidden_row * sizeof(float), error);
    forward->carried = memory_new(most, network->hidden_row * sizeof(float), error);
    forward->hidden = memory_new(most, network->hidden_row * sizeof(float), error);
    forward->class_logit = memory_new(most, weights->classes.row * sizeof(float), error);
    forward->class_most = memory_new(most, sizeof(float), error);
    forward->class_sum = memory_new(most, sizeof(float), error);
    forward->gathered = memory_new(most, network->output_row * sizeof(float), error);
    forward->word_logit = memory_new(forward->word_rows, largest * sizeof(float), error);
    forward->distinct = memory_new(forward->word_rows, sizeof *forward->distinct, error);
    forward->history = memory_new(most, sizeof *forward->history, error);
    forward->class_begin = memory_new(network->shape.classes + 2, sizeof(size_t), error);
    if (network->shape.compression > 0) {
        forward->compressed = memory_new(most, network->output_row * sizeof(float), error);
        if (forward->compressed == NULL)
            return false;
    }
    return forward->before != NULL && forward->carried != NULL && forward->hidden != NULL &&
           forward->class_logit != NULL && forward->class_most != NULL &&
           forward->class_sum != NULL && forward->gathered != NULL && forward->word_logit != NULL &&
           forward->distinct != NULL && forward->history != NULL && forward->class_begin != NULL &&
           memory_grow(&forward->order, &forward->order_capacity, most, sizeof *forward->order,
                       error) &&
           init_halves(forward, error);
}

void forward_free(struct forward *forward)
{
    free(forward->before);
    free(forward->carried);
    free(forward->hidden);
    free(forward->compressed);
    free(forward->class_logit);
    free(forward->class_most);
    free(forward->class_sum);
    free(forward->gathered);
    free(forward->half_input);
    free(forward->half_gathered);
    free(forward->half_in);
    free(forward->word_logit);
    free(forward->distinct);
    free(forward->history);
    free(forward->class_begin);
    free(forward->order);
    memset(forward, 0, sizeof *forward);
}

bool forward_crew_init(struct forward_crew *crew, const struct network *network, struct pool *pool,
                       struct error *error)
{
    size_t threads = pool_threads(pool);
    memset(crew, 0, sizeof *crew);
    crew->pool = pool;
    crew->forward = memory_new(threads, sizeof *crew->forward, error);
    bool ok = crew->forward != NULL && forward_weights_init(&crew->weights, network, error);
    for (size_t i = 0; ok && i < threads; i++)
        ok = forward_init(&crew->forward[i], &crew->weights, FORWARD_STATES, error);
    return ok;
}

void forward_crew_free(struct forward_crew *crew)
{
    for (size_t i = 0; crew->forward != NULL && i < pool_threads(crew->pool); i++)
        forward_free(&crew->forward[i]);
    free(crew->forward);
    forward_weights_free(&crew->weights);
    memset(crew, 0, sizeof *crew);
}

// ---- products ---------------------------------------------------------------------------------

// n rows of floats to halves.
static void round_rows(uint16_t *to, size_t half_row, const float *from, size_t row, size_t n,
                       size_t width)
{
    for (size_t i = 0; i < n; i++)
        kernels->to_halves(to + i * half_row, from + i * row, width);
}

// out[i] = the matrix times in[i], for i < n.
static void multiply(float *out, const struct columns *columns, const float *in,
                     const uint16_t *half_in, size_t n)
{
    memset(out, 0, n * columns->row * sizeof *out);
    if (columns->pairs != NULL)
        kernels->half_products(out, columns->row, n, half_in, memory_half_row(columns->width),
                               columns->pairs, columns->row, columns->width, columns->rows);
    else
        kernels->products(out, columns->row, n, in, memory_row(columns->width), 1, columns->floats,
                          columns->row, columns->width, columns->rows);
}

// The same from rows of the hidden layer.
static void multiply_hidden(struct forward *forward, float *out, const struct columns *columns,
                            const float *hidden, size_t n)
{
    const struct network *network = forward->weights->network;
    if (forward->weights->halves)
        round_rows(forward->half_in, network->half_hidden_row, hidden, network->hidden_row, n,
                   network->shape.hidden);
    multiply(out, columns, hidden, forward->half_in, n);
}

// ---- hidden layer -----------------------------------------------------------------------------

void forward_advance(struct forward *forward, size_t n, const struct state *const *before,
                     const int32_t *word, struct state *const *after)
{
    const struct forward_weights *weights = forward->weights;
    const struct network *network = weights->network;
    size_t row = network->hidden_row, hidden = network->shape.hidden, states = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || before[i] != before[i - 1])
            memcpy(forward->before + states++ * row, before[i]->hidden, row * sizeof(float));
    multiply_hidden(forward, forward->carried, &weights->recurrent, forward->before, states);
    for (size_t i = 0; i < n; i++) {
        at += i > 0 && before[i] != before[i - 1];
        float *to = after[i]->hidden;
        memcpy(to, forward->carried + at * row, row * sizeof(float));
        network_add_embedding(network, word[i], to);
        kernels->sigmoid(to, hidden);
        memcpy(after[i]->history, before[i]->history, sizeof after[i]->history);
        history_push(after[i]->history, word[i]);
    }
}

// ---- classes ----------------------------------------------------------------------------------

// What the output rows are multiplied with.
static const float *output_input(const struct forward *forward)
{
    return forward->compressed != NULL ? forward->compressed : forward->hidden;
}

// Fills what the output rows are multiplied with.
static void make_input(struct forward *forward)
{
    const struct network *network = forward->weights->network;
    size_t compression = network->shape.compression, row = network->output_row;
    if (compression > 0) {
        multiply_hidden(forward, forward->compressed, &forward->weights->compression,
                        forward->hidden, forward->states);
        for (size_t i = 0; i < forward->states; i++)
            kernels->sigmoid(forward->compressed + i * row, compression);
    }
    if (forward->weights->halves)
        round_rows(forward->half_input, network->half_output_row, output_input(forward), row,
                   forward->states, network->output_width);
}

void forward_load_inputs(struct forward *forward, size_t n, const struct state *const *state)
{
    size_t row = forward->weights->network->hidden_row;
    forward->states = n;
    for (size_t i = 0; i < n; i++) {
        memcpy(forward->hidden + i * row, state[i]->hidden, row * sizeof(float));
        forward->history[i] = state[i]->history;
    }
    make_input(forward);
}

void forward_load(struct forward *forward, size_t n, const struct state *const *state)
{
    const struct forward_weights *weights = forward->weights;
    const struct network *network = weights->network;
    size_t classes = network->shape.classes, row = weights->classes.row;
    struct maxent_features features;
    forward_load_inputs(forward, n, state);
    multiply(forward->class_logit, &weights->classes, output_input(forward), forward->half_input,
             n);
    for (size_t i = 0; i < n; i++) {
        float *logit = forward->class_logit + i * row;
        maxent_class_features(network, forward->history[i], &features);
        maxent_add(network, &features, logit, classes);
        forward->class_sum[i] = kernels->softmax_sum(logit, classes, &forward->class_most[i]);
    }
}

// An element of a softmax; not 0.
static float share_of(float logit, float most, float sum)
{
    float below = logit - most;
    return expf(below < -87 ? -87 : below) / sum;
}

double forward_class_prob(const struct forward *forward, size_t state, int32_t word)
{
    size_t k = (size_t)forward->weights->network->classes.of_word[word];
    return (double)share_of(forward->class_logit[state * forward->weights->classes.row + k],
                            forward->class_most[state], forward->class_sum[state]);
}

// ---- words ------------------------------------------------------------------------------------

// Logits of the words of class k in the first n of the `distinct` states, into word_logit.
static void multiply_words(struct forward *forward, size_t n, size_t k, size_t words)
{
    const struct network *network = forward->weights->network;
    size_t row = network->output_row, first = (size_t)network->classes.begin[k];
    const float *input = output_input(forward);
    for (size_t i = 0; i < n; i++)
        memcpy(forward->gathered + i * row, input + forward->distinct[i] * row,
               row * sizeof(float));
    kernels->rows_times_many(forward->word_logit, words, network->output + first * row, row, words,
                             forward->gathered, row, n, network->output_width);
}

static void multiply_half_words(struct forward *forward, size_t n, size_t k, size_t words)
{
    const struct network *network = forward->weights->network;
    size_t row = network->half_output_row, first = (size_t)network->classes.begin[k];
    for (size_t i = 0; i < n; i++)
        memcpy(forward->half_gathered + i * row, forward->half_input + forward->distinct[i] * row,
               row * sizeof(uint16_t));
    kernels->half_rows_times(forward->word_logit, words, network->half_output + first * row, row,
                             words, forward->half_gathered, row, n, network->output_width);
}

static void compute_class(struct forward *forward, size_t n, size_t k, size_t words)
{
    struct maxent_features features;
    memset(forward->word_logit, 0, n * words * sizeof(float));
    if (forward->weights->halves)
        multiply_half_words(forward, n, k, words);
    else
        multiply_words(forward, n, k, words);
    for (size_t i = 0; i < n; i++) {
        maxent_word_features(forward->weights->network, forward->history[forward->distinct[i]], k,
                             &features);
        maxent_add(forward->weights->network, &features, forward->word_logit + i * words, words);
    }
}

// The pairs order[begin..end-1], which are of class k and in at most word_rows states.
static void predict_go(struct forward *forward, size_t begin, size_t end, size_t k,
                       const size_t *state, const int32_t *word, double *prob)
{
    const struct network *network = forward->weights->network;
    size_t first = (size_t)network->classes.begin[k], n = 0;
    size_t words = (size_t)network->classes.begin[k + 1] - first;
    for (size_t i = begin; i < end; i++)
        if (n == 0 || forward->distinct[n - 1] != state[forward->order[i]])
            forward->distinct[n++] = state[forward->order[i]];
    compute_class(forward, n, k, words);
    for (size_t i = begin, at = 0; at < n; at++) {
        float *logit = forward->word_logit + at * words, largest;
        size_t place = forward->distinct[at];
        float sum = kernels->softmax_sum(logit, words, &largest);
        for (; i < end && state[forward->order[i]] == place; i++) {
            size_t pair = forward->order[i], which = (size_t)word[pair] - first;
            prob[pair] *= (double)share_of(logit[which], largest, sum);
        }
    }
}

// The end of the pairs from `begin` on that word_rows can take.
static size_t end_of_go(const struct forward *forward, size_t begin, size_t end,
                        const size_t *state)
{
    size_t states = 0;
    for (size_t i = begin; i < end; i++) {
        states += i == begin || state[forward->order[i]] != state[forward->order[i - 1]];
        if (states > forward->word_rows)
            return i;
    }
    return end;
}

bool forward_times_words(struct forward *forward, size_t pairs, const size_t *state,
                         const int32_t *word, double *prob, struct error *error)
{
    const struct network *network = forward->weights->network;
    if (!memory_grow(&forward->order, &forward->order_capacity, pairs, sizeof *forward->order,
                     error))
        return false;
    classes_sort(&network->classes, word, pairs, forward->class_begin, forward->order);
    for (size_t k = 0; k < network->shape.classes; k++) {
        size_t at = forward->class_begin[k], last = forward->class_begin[k + 1], end;
        if (network->classes.begin[k + 1] - network->classes.begin[k] == 1)
            continue; // the only word has all of its class
        for (; at < last; at = end) {
            end = end_of_go(forward, at, last, state);
            predict_go(forward, at, end, k, state, word, prob);
        }
    }
    return true;
}

bool forward_predict(struct forward *forward, size_t pairs, const size_t *state,
                     const int32_t *word, double *prob, struct error *error)
{
    for (size_t i = 0; i < pairs; i++)
        prob[i] = word[i] >= 0 ? forward_class_prob(forward, state[i], word[i]) : 0;
    return forward_times_words(forward, pairs, state, word, prob, error);
}

// ---- whole distributions ----------------------------------------------------------------------

float *forward_classes(struct forward *forward, size_t state)
{
    float *logit = forward->class_logit + state * forward->weights->classes.row;
    kernels->softmax(logit, forward->weights->network->shape.classes);
    return logit;
}

float *forward_words(struct forward *forward, size_t state, size_t k)
{
    const struct classes *classes = &forward->weights->network->classes;
    size_t words = (size_t)(classes->begin[k + 1] - classes->begin[k]);
    forward->distinct[0] = state;
    compute_class(forward, 1, k, words);
    kernels->softmax(forward->word_logit, words);
    return forward->word_logit;
}
