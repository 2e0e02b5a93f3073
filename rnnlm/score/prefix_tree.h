// Probabilities of many word sequences that share beginnings: every distinct (history, word) is
// computed once, and the words of many sequences at one place in one batch.
#ifndef SCORE_PREFIX_TREE_H
#define SCORE_PREFIX_TREE_H

#include "net/forward.h"
#include "net/state.h"

struct sequence {
    const struct state *begin; // sequences with the same pointer begin in the same state
    const int32_t *word;       // [length], WORD_OOV possible
    size_t length;
    double *prob; // [length], filled: P(word[i] | the words before); 0 for WORD_OOV
};

// Sequences that share beginnings should stand together. Error: no memory. The results do not
// depend on the number of threads.
bool prefix_tree_score(const struct forward_crew *crew, const struct sequence *sequence,
                       size_t count, struct error *error);

#endif
