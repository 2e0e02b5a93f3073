// The forward pass at many places at once, as products of matrices: for scoring, where nothing is
// learnt.
//
// The results do not depend on which places are computed together but for the last digits
// (base/matrix.h), so that callers cut their work the same whatever the number of threads. One
// `forward` is for one thread; any number of them share the weights.
#ifndef NET_FORWARD_H
#define NET_FORWARD_H

#include "base/threads.h"
#include "net/output.h"
#include "net/state.h"

// Copies of the matrices that take part in every word. The rest of the network is used where it
// lies. Networks in bfloat16 are computed with in bfloat16, activations included: twice as fast
// where the processor has an instruction for it, and nearly as exact (a hundredth of a per cent of
// perplexity or less, measured).
struct forward_weights {
    const struct network *network; // not owned
    struct columns *columns;       // [parameters] empty for what is used where it lies
    struct state *reset;           // where sentences are independent: the state behind </s>; else
                                   // NULL
    bool unnormalised; // scores stand for probabilities, which are quicker without their sums: set
        // before anything is loaded, of outputs that have scores (model_has_scores())
};

// `independent`: whether sentences are. Error: no memory. forward_weights_free() in any case.
bool forward_weights_init(struct forward_weights *weights, const struct network *network,
                          bool independent, struct error *error);
void forward_weights_free(struct forward_weights *weights);

// To be called when the network has learnt. Error: no memory.
bool forward_weights_refresh(struct forward_weights *weights, struct error *error);

struct forward {
    const struct forward_weights *weights;
    size_t most;      // states at a time
    size_t row;       // floats of the widest layer's rows: of these arrays
    size_t sums_row;  // of the widest layer's sums
    float *before;    // [most][row] outputs one word before,
    float *carried;   // [most][sums_row] what they add to the sums of those behind them
    float *sums;      // [most][sums_row]
    float *below;     // [most][row] outputs of the layer below
    float *above;     // [most][row] those of a layer that carries nothing on
    uint16_t *half;   // [most][memory_half_row(row)] rows that are multiplied, in bfloat16
    size_t *distinct; // [most] the place of a word's state among the different ones
    struct output_inputs inputs;
    const int32_t **history; // [most] of the loaded states
    void *output;            // its own
};

// Error: no memory. forward_free() in any case.
bool forward_init(struct forward *forward, const struct forward_weights *weights, size_t most,
                  struct error *error);
void forward_free(struct forward *forward);

// after[i] = the state after word[i] in before[i], for i < n <= most; WORD_OOV adds no input, and
// behind </s> independent sentences begin. No `after` is one of `before`. Words behind the same
// state (the same pointer) should stand together: what they have in common is computed once.
void forward_advance(struct forward *forward, size_t n, const struct state *const *before,
                     const int32_t *word, struct state *const *after);

// This word will be taken in soon: its row begins to come into the caches.
void forward_fetch(const struct forward *forward, int32_t word);

// Computes what is common to the words of n <= most states. The histories stay the caller's until
// the next call.
void forward_load(struct forward *forward, size_t n, const struct state *const *state);

// prob[i] = P(word[i]) in the loaded state number state[i]; 0 for WORD_OOV. Words of the same state
// should stand together. Error: no memory; never for at most `most` pairs.
bool forward_predict(struct forward *forward, size_t pairs, const size_t *state,
                     const int32_t *word, double *prob, struct error *error);

// The two steps of forward_predict(), for those who take them in different orders (net/output.h):
// the first factor of P(word), for word >= 0, or of many, 0 for WORD_OOV; and prob[i] *= the others,
// for which forward_load_inputs() is enough. Errors as there.
double forward_first_factor(const struct forward *forward, size_t state, int32_t word);
void forward_first_factors(const struct forward *forward, size_t pairs, const size_t *state,
                           const int32_t *word, double *prob);
void forward_load_inputs(struct forward *forward, size_t n, const struct state *const *state);
bool forward_other_factors(struct forward *forward, size_t pairs, const size_t *state,
                           const int32_t *word, double *prob, struct error *error);

// Whether this can be the probability of a known word; or a score, where these stand for them.
bool forward_may_be(const struct forward_weights *weights, double prob);

// A word drawn from the distribution in a loaded state; not where scores stand for probabilities.
int32_t forward_draw(struct forward *forward, size_t state, struct random *random);

// Threads, and a forward pass for each of them with room for FORWARD_STATES.
enum { FORWARD_STATES = 128 };

struct forward_crew {
    struct pool *pool; // not owned
    struct forward_weights weights;
    struct forward *forward; // [pool_threads(pool)]
};

// Error: no memory. forward_crew_free() in any case; the crew must not be copied or moved.
bool forward_crew_init(struct forward_crew *crew, const struct network *network, bool independent,
                       struct pool *pool, struct error *error);
void forward_crew_free(struct forward_crew *crew);

#endif
