// The forward pass at many places at once, as products of matrices: for scoring, where nothing is
// learnt.
//
// The results do not depend on which places are computed together but for the last digits; hidden
// layers do not depend on it at all. One `forward` is for one thread; any number of them share the
// weights.
#ifndef NET_FORWARD_H
#define NET_FORWARD_H

#include "base/threads.h"
#include "net/network.h"
#include "net/state.h"

// The columns of a matrix side by side, as products want them: floats, or pairs of halves
// (base/kernels.h).
struct columns {
    size_t rows, width; // of the matrix
    size_t row;         // stride
    float *floats;      // [width][row]
    uint32_t *pairs;    // [(width + 1) / 2][row]
};

// Copies of the matrices that take part in every word. The rest of the network is used where it
// lies. Networks in bfloat16 are computed with in bfloat16, activations included: twice as fast
// where the processor has an instruction for it, and nearly as exact (a hundredth of a per cent of
// perplexity or less, measured).
struct forward_weights {
    const struct network *network; // not owned
    bool halves;
    struct columns recurrent;
    struct columns compression; // empty without compression layer
    struct columns classes;     // class rows of the output matrix
};

// Error: no memory. forward_weights_free() in any case.
bool forward_weights_init(struct forward_weights *weights, const struct network *network,
                          struct error *error);
void forward_weights_free(struct forward_weights *weights);

// To be called when the network has learnt.
void forward_weights_refresh(struct forward_weights *weights);

struct forward {
    const struct forward_weights *weights;
    size_t most;             // states at a time
    size_t states;           // loaded
    float *before;           // [most][hidden_row] layers to advance from,
    float *carried;          // [most][hidden_row] and what they hand on to those behind them
    float *hidden;           // [most][hidden_row] loaded
    float *compressed;       // [most][output_row], NULL without compression layer
    float *class_logit;      // [most][classes.row]
    float *class_most;       // [most] largest of the logits,
    float *class_sum;        // [most] and the sum of exp(logit - largest)
    float *gathered;         // [most][output_row] rows of the states that one class is wanted for
    uint16_t *half_input;    // [most][half_output_row] what the output rows are multiplied with,
    uint16_t *half_gathered; // [most][half_output_row] and the gathered rows, with halves
    uint16_t *half_in;       // [most][half_hidden_row] scratch
    float *word_logit;       // [word_rows][largest class]
    size_t word_rows;
    const int32_t **history; // [most]
    size_t *class_begin;     // [C + 2] pairs of class k: order[class_begin[k]] and on
    size_t *order;           // [pairs] known words by class
    size_t order_capacity;
    size_t *distinct; // [word_rows] states that one class is wanted for
};

// Error: no memory. forward_free() in any case.
bool forward_init(struct forward *forward, const struct forward_weights *weights, size_t most,
                  struct error *error);
void forward_free(struct forward *forward);

// after[i] = the state after word[i] in before[i], for i < n <= most; WORD_OOV adds no input. No
// `after` is one of `before`. Words behind the same state (the same pointer) should stand together:
// what they have in common is computed once.
void forward_advance(struct forward *forward, size_t n, const struct state *const *before,
                     const int32_t *word, struct state *const *after);

// Computes the class distributions of n <= most states. The histories stay the caller's until the
// next call.
void forward_load(struct forward *forward, size_t n, const struct state *const *state);

// prob[i] = P(word[i]) in the loaded state number state[i]; 0 for WORD_OOV. Words of the same state
// should stand together. Error: no memory; never for at most `most` pairs.
bool forward_predict(struct forward *forward, size_t pairs, const size_t *state,
                     const int32_t *word, double *prob, struct error *error);

// The two steps of forward_predict(), for those who take them in different orders: P(class of word)
// in a loaded state, for word >= 0; and prob[i] *= P(word[i] | its class) for the words that are
// known. The second is the cheaper, the more words of a class there are, and does without class
// distributions: forward_load_inputs() is enough for it. Errors as there.
double forward_class_prob(const struct forward *forward, size_t state, int32_t word);
void forward_load_inputs(struct forward *forward, size_t n, const struct state *const *state);
bool forward_times_words(struct forward *forward, size_t pairs, const size_t *state,
                         const int32_t *word, double *prob, struct error *error);

// The distribution over classes in a loaded state, and that over the words of class k. They are in
// memory of the `forward`, until its next call.
float *forward_classes(struct forward *forward, size_t state);
float *forward_words(struct forward *forward, size_t state, size_t k);

// Threads, and a forward pass for each of them with room for FORWARD_STATES.
enum { FORWARD_STATES = 128 };

struct forward_crew {
    struct pool *pool; // not owned
    struct forward_weights weights;
    struct forward *forward; // [pool_threads(pool)]
};

// Error: no memory. forward_crew_free() in any case; the crew must not be copied or moved.
bool forward_crew_init(struct forward_crew *crew, const struct network *network, struct pool *pool,
                       struct error *error);
void forward_crew_free(struct forward_crew *crew);

#endif
