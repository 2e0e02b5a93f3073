// The forward pass at many places at once.
#include "net/forward.h"

#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/maxent.h"

enum {
    FEW = 24,             // vectors for which BLAS is slower than products of our own
    WORD_FLOATS = 1 << 18 // of word_prob: larger classes are computed in several goes
};

// A pair in the order of work: by class, then by state.
struct forward_pair {
    size_t k, state, index;
};

bool forward_init(struct forward *forward, const struct network *network, size_t most,
                  struct error *error)
{
    size_t largest = network->classes.largest > 0 ? network->classes.largest : 1;
    memset(forward, 0, sizeof *forward);
    forward->network = network;
    forward->most = most;
    forward->class_row = memory_row(network->shape.classes);
    forward->word_rows = WORD_FLOATS / largest > most ? most
                         : WORD_FLOATS / largest > 0  ? WORD_FLOATS / largest
                                                      : 1;
    forward->before = memory_new(most, network->hidden_row * sizeof(float), error);
    forward->hidden = memory_new(most, network->hidden_row * sizeof(float), error);
    forward->class_prob = memory_new(most, forward->class_row * sizeof(float), error);
    forward->gathered = memory_new(most, network->output_row * sizeof(float), error);
    forward->word_prob = memory_new(forward->word_rows, largest * sizeof(float), error);
    forward->distinct = memory_new(forward->word_rows, sizeof *forward->distinct, error);
    forward->history = memory_new(most, sizeof *forward->history, error);
    if (network->shape.compression > 0) {
        forward->compressed = memory_new(most, network->output_row * sizeof(float), error);
        if (forward->compressed == NULL)
            return false;
    }
    return forward->before != NULL && forward->hidden != NULL && forward->class_prob != NULL &&
           forward->gathered != NULL && forward->word_prob != NULL && forward->distinct != NULL &&
           forward->history != NULL;
}

void forward_free(struct forward *forward)
{
    free(forward->before);
    free(forward->hidden);
    free(forward->compressed);
    free(forward->class_prob);
    free(forward->gathered);
    free(forward->word_prob);
    free(forward->history);
    free(forward->pair);
    free(forward->distinct);
    memset(forward, 0, sizeof *forward);
}

// out[i] = rows . in[i], for n vectors at once. A few are faster without BLAS, which packs its
// operands first.
static void product(float *out, size_t out_row, const float *in, size_t n, const float *rows,
                    size_t row, size_t count, size_t width, bool add)
{
    if (!add)
        for (size_t i = 0; i < n; i++)
            memset(out + i * out_row, 0, count * sizeof *out);
    if (n < FEW)
        kernels->rows_times_many(out, out_row, rows, row, count, in, row, n, width);
    else
        kernels_product(false, true, n, count, width, 1, in, row, rows, row, 1, out, out_row);
}

void forward_advance(struct forward *forward, size_t n, const struct state *const *before,
                     const int32_t *word, struct state *const *after)
{
    const struct network *network = forward->network;
    size_t row = network->hidden_row, hidden = network->shape.hidden, bytes = row * sizeof(float);
    for (size_t i = 0; i < n; i++) {
        memcpy(forward->before + i * row, before[i]->hidden, bytes);
        if (word[i] >= 0)
            memcpy(forward->hidden + i * row, network->embedding + (size_t)word[i] * row, bytes);
        else
            memset(forward->hidden + i * row, 0, bytes);
    }
    product(forward->hidden, row, forward->before, n, network->recurrent, row, hidden, hidden,
            true);
    for (size_t i = 0; i < n; i++) {
        kernels->sigmoid(forward->hidden + i * row, hidden);
        memcpy(after[i]->history, before[i]->history, sizeof after[i]->history);
        history_push(after[i]->history, word[i]);
        memcpy(after[i]->hidden, forward->hidden + i * row, bytes);
    }
    forward->states = 0; // their hidden layers are overwritten
}

// What the output rows are multiplied with.
static const float *output_input(const struct forward *forward)
{
    return forward->compressed != NULL ? forward->compressed : forward->hidden;
}

static void compress(struct forward *forward)
{
    const struct network *network = forward->network;
    size_t compression = network->shape.compression, row = network->output_row;
    if (compression == 0)
        return;
    for (size_t i = 0; i < forward->states; i++)
        memset(forward->compressed + i * row, 0, row * sizeof(float));
    product(forward->compressed, row, forward->hidden, forward->states, network->compression,
            network->hidden_row, compression, network->shape.hidden, true);
    for (size_t i = 0; i < forward->states; i++)
        kernels->sigmoid(forward->compressed + i * row, compression);
}

void forward_load(struct forward *forward, size_t n, const struct state *const *state)
{
    const struct network *network = forward->network;
    size_t classes = network->shape.classes;
    struct maxent_features features;
    forward->states = n;
    for (size_t i = 0; i < n; i++) {
        memcpy(forward->hidden + i * network->hidden_row, state[i]->hidden,
               network->hidden_row * sizeof(float));
        forward->history[i] = state[i]->history;
    }
    compress(forward);
    product(forward->class_prob, forward->class_row, output_input(forward), n,
            network->output + network->shape.words * network->output_row, network->output_row,
            classes, network->output_width, false);
    for (size_t i = 0; i < n; i++) {
        float *logit = forward->class_prob + i * forward->class_row;
        maxent_class_features(network, forward->history[i], &features);
        maxent_add(network, &features, logit, classes);
        kernels->softmax(logit, classes);
    }
}

static int compare_pairs(const void *left, const void *right)
{
    const struct forward_pair *a = left, *b = right;
    if (a->k != b->k)
        return a->k < b->k ? -1 : 1;
    return a->state < b->state ? -1 : a->state > b->state;
}

// Word distributions of class k in the states of the `n` pairs, of which no two have the same
// state, into word_prob.
static void predict_class(struct forward *forward, const struct forward_pair *const *pair, size_t n,
                          size_t k)
{
    const struct network *network = forward->network;
    size_t row = network->output_row, first = (size_t)network->classes.begin[k];
    size_t words = (size_t)network->classes.begin[k + 1] - first;
    struct maxent_features features;
    const float *input = output_input(forward);
    for (size_t i = 0; i < n; i++)
        memcpy(forward->gathered + i * row, input + pair[i]->state * row, row * sizeof(float));
    product(forward->word_prob, words, forward->gathered, n, network->output + first * row, row,
            words, network->output_width, false);
    for (size_t i = 0; i < n; i++) {
        float *logit = forward->word_prob + i * words;
        maxent_word_features(network, forward->history[pair[i]->state], k, &features);
        maxent_add(network, &features, logit, words);
        kernels->softmax(logit, words);
    }
}

// The pairs from `begin` on that one go can take: of one class, with at most word_rows states.
// Fills `distinct` with one pair a state, and returns where the next go begins.
static size_t take_go(const struct forward *forward, size_t begin, size_t pairs,
                      const struct forward_pair **distinct, size_t *states)
{
    const struct forward_pair *pair = forward->pair;
    size_t end = begin;
    *states = 0;
    for (; end < pairs && pair[end].k == pair[begin].k; end++) {
        if (*states > 0 && distinct[*states - 1]->state == pair[end].state)
            continue;
        if (*states == forward->word_rows)
            break;
        distinct[(*states)++] = &pair[end];
    }
    return end;
}

bool forward_predict(struct forward *forward, size_t pairs, const size_t *state,
                     const int32_t *word, double *prob, struct error *error)
{
    const struct classes *classes = &forward->network->classes;
    const struct forward_pair **distinct = forward->distinct;
    size_t known = 0;
    if (!memory_grow(&forward->pair, &forward->pair_capacity, pairs, sizeof *forward->pair, error))
        return false;
    for (size_t i = 0; i < pairs; i++) {
        prob[i] = 0;
        if (word[i] >= 0)
            forward->pair[known++] =
                (struct forward_pair){(size_t)classes->of_word[word[i]], state[i], i};
    }
    qsort(forward->pair, known, sizeof *forward->pair, compare_pairs);
    for (size_t begin = 0, end, states; begin < known; begin = end) {
        size_t k = forward->pair[begin].k,
               words = (size_t)(classes->begin[k + 1] - classes->begin[k]);
        end = take_go(forward, begin, known, distinct, &states);
        predict_class(forward, distinct, states, k);
        for (size_t i = begin, at = 0; i < end; i++) {
            const struct forward_pair *pair = &forward->pair[i];
            at += distinct[at]->state != pair->state;
            double in_class =
                (double)forward
                    ->word_prob[at * words + (size_t)(word[pair->index] - classes->begin[k])];
            prob[pair->index] =
                (double)forward->class_prob[pair->state * forward->class_row + k] * in_class;
        }
    }
    return true;
}
