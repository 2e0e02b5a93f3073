// Dynamic evaluation: a network that goes on learning from the words that it has predicted, by one of two
// rules: sgd, word by word as in training online (learn/learner.h), or rms, in blocks, by statistics of its
// gradients over the training text (learn/adapter.h). The probability of a word depends on those before it
// alone.
#ifndef LEARN_DYNAMIC_H
#define LEARN_DYNAMIC_H

#include "learn/adapter.h"
#include "learn/learner.h"

struct dynamic_rule {
    bool rms;
    double rate;
    bool independent; // sentences are
    // Of sgd, as in struct learning_rule.
    double beta, gradient_cutoff;
    int64_t bptt, bptt_block;
    bool restores; // dynamic_restore() will be called: a copy of all weights is kept
    // Of rms, as in struct adapter_rule.
    double decay;
    size_t words;
};

// What the programs take where nothing is given.
#define DYNAMIC_DECAY 0.008
enum { DYNAMIC_WORDS = 20, DYNAMIC_MOST_WORDS = 1000 };

struct dynamic {
    struct network *network; // not owned
    bool rms;
    struct learner learner;      // of sgd
    struct adapter adapter;      // of rms, with
    struct gradient_roots roots; // of its own
    float **trained;             // [parameters] weights as they were; NULL where rms has them
    int32_t previous;            // the word before, of sgd
    uint64_t steps;              // of the weights so far
};

// For a network that nobody else writes; it stands before no text yet. `roots` are those of rms, and are taken
// over, also on failure; NULL for sgd. Error: no memory, a rule that makes no sense, a network that it is not
// for. dynamic_free() in any case, which leaves the weights as they are then.
bool dynamic_init(struct dynamic *dynamic, struct network *network, const struct dynamic_rule *rule,
                  struct gradient_roots *roots, struct error *error);
void dynamic_free(struct dynamic *dynamic);

// Other ones from now on; the decay is of rms alone. Both make sense.
void dynamic_set_rate(struct dynamic *dynamic, double rate, double decay);

// The weights as they were when it was made, bit by bit.
void dynamic_restore(struct dynamic *dynamic);

// Stands before a text that begins as `start` says (`stored` as in state_values()); what has been learnt stays.
// Error: no memory.
bool dynamic_start(struct dynamic *dynamic, enum state_start start, const float *stored,
                   struct error *error);

// P(word) here, 0 for WORD_OOV; then goes on behind it, and learns. A probability that is not a number, or 0,
// tells that the weights have blown up. Error: no memory.
bool dynamic_next(struct dynamic *dynamic, int32_t word, double *prob, struct error *error);

// The topmost layer's output, out of which that word was predicted: [network.width], until the next one.
const float *dynamic_top(const struct dynamic *dynamic);

#endif
