// The forward pass at many places at once, as products of matrices: for scoring, where nothing is
// learnt.
//
// The results do not depend on which places are computed together but for the last digits. One
// `forward` is for one thread; any number of them share a network.
#ifndef NET_FORWARD_H
#define NET_FORWARD_H

#include "net/network.h"
#include "net/state.h"

struct forward {
    const struct network *network;
    size_t most;       // states at a time
    size_t states;     // loaded
    size_t class_row;  // stride of class_prob
    float *before;     // [most][hidden_row]
    float *hidden;     // [most][hidden_row]
    float *compressed; // [most][output_row], NULL without compression layer
    float *class_prob; // [most][class_row]
    float *gathered;   // [most][output_row] rows of the states that one class is wanted for
    float *word_prob;  // [word_rows][largest class]
    size_t word_rows;
    const int32_t **history; // [most]
    struct forward_pair *pair;
    const struct forward_pair **distinct; // [word_rows] pairs with different states
    size_t pair_capacity;
};

// Error: no memory. forward_free() in any case.
bool forward_init(struct forward *forward, const struct network *network, size_t most,
                  struct error *error);
void forward_free(struct forward *forward);

// after[i] = the state after word[i] in before[i], for i < n <= most; WORD_OOV adds no input. No
// `after` is one of `before`.
void forward_advance(struct forward *forward, size_t n, const struct state *const *before,
                     const int32_t *word, struct state *const *after);

// Computes the class distributions of n <= most states. The histories stay the caller's until the
// next call.
void forward_load(struct forward *forward, size_t n, const struct state *const *state);

// prob[i] = P(word[i]) in the loaded state number state[i]; 0 for WORD_OOV. What pairs have in
// common is computed once. Error: no memory.
bool forward_predict(struct forward *forward, size_t pairs, const size_t *state,
                     const int32_t *word, double *prob, struct error *error);

#endif
