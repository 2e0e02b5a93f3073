// The distribution of a mixture over all words that may come next: those of all its sources.
#ifndef SCORE_DISTRIBUTION_H
#define SCORE_DISTRIBUTION_H

#include "score/blend.h"
#include "text/vocabulary.h"

struct distribution {
    const struct blend *blend;
    struct vocabulary words; // of all sources; counts are 0
    int32_t **id;            // [sources][words of the source] ids in `words`
    double *prob;            // [words.size] P(w) = sum of weights times P_i(w); sums to 1
    double *part;            // [words.size] scratch, of one source
    size_t sources;
};

// True if each source of the blend can tell; files of probabilities cannot.
bool distribution_known(const struct blend *blend);

// For a blend of which it is known. distribution_free() in any case; starts as {0}. Error: no memory.
bool distribution_init(struct distribution *distribution, const struct blend *blend,
                       struct error *error);
void distribution_free(struct distribution *distribution);

// Fills `prob` for the place where the sources stand; they stay there. Error: no memory.
bool distribution_fill(struct distribution *distribution, struct error *error);

// - sum over w of P(w) log2 P(w), of what has been filled in.
double distribution_entropy(const struct distribution *distribution);

#endif
