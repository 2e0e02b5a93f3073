// Probabilities of many word sequences that share beginnings: every distinct (history, word) is
// computed once, and all sequences' words at one place in one batch.
#ifndef SCORE_PREFIX_TREE_H
#define SCORE_PREFIX_TREE_H

#include "base/threads.h"
#include "net/forward.h"
#include "net/state.h"

struct sequence {
    const struct state *begin; // sequences with the same pointer begin in the same state
    const int32_t *word;       // [length], WORD_OOV possible
    size_t length;
    double *prob;        // [length], filled: P(word[i] | the words before); 0 for WORD_OOV
    struct state *after; // filled with the state behind the last word, unless NULL
};

// Threads, and a forward pass for each of them.
struct forward_crew {
    struct pool *pool;
    struct forward *forward; // [pool_threads(pool)]
};

// Error: no memory. The results do not depend on the number of threads.
bool prefix_tree_score(const struct forward_crew *crew, const struct sequence *sequence,
                       size_t count, struct error *error);

#endif
