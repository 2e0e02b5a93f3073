// The validation text: what a network gives it, from where its state is when a text begins.
#ifndef TRAIN_VALIDATION_H
#define TRAIN_VALIDATION_H

#include <stdatomic.h>

#include "base/threads.h"
#include "net/network.h"
#include "text/corpus.h"

struct validation {
    uint64_t most;          // words to score, set by the caller; 0: the whole text
    bool has_scores;        // log Z is wanted: model_has_scores(); set by the caller
    const atomic_int *stop; // looked at now and then, set by the caller; may be NULL
    bool stopped;           // it was not 0: the rest is not scored
    double log10_prob;   // of the known words
    uint64_t words;      // known ones
    double log_z, log_z_squared; // sums of log Z and its square before these, natural
    uint64_t wrong_line; // not 0: a word there has the probability `wrong_prob`, which is none
    double wrong_prob;
};

// Reads the text once, before training that may take days. Error: that of the text, or no word of
// it is known.
bool validation_check(struct corpus *text, const struct vocabulary *vocabulary,
                      struct error *error);

// Scores the text, and leaves in `value` [network.state], which may be NULL, the values of the state
// behind its last word, unless it was stopped. Error: no memory, or that of the text.
bool validation_run(const struct network *network, bool independent,
                    const struct vocabulary *vocabulary, struct corpus *text, struct pool *pool,
                    float *value, struct validation *validation, struct error *error);

#endif
