// New language model scores for a lattice: each node is expanded into hypotheses, one for each
// history that matters, and each link gets the score of its word behind each of them.
//
// Hypotheses of a node are merged if they agree in their last n-1 words, or in the last word with
// hidden vectors near each other (Liu, Wang, Chen, Gales and Woodland 2014: n-gram and history
// vector based clustering); the best one's history stands for all. Those with the same last words
// stay apart while what one is behind is little beside the distance of the hidden vectors. Without
// merging and beam the result is exact: hypotheses are then one only where their words are the
// same.
#ifndef LATTICE_RESCORE_H
#define LATTICE_RESCORE_H

#include "lattice/bounds.h"
#include "lattice/language.h"
#include "lattice/lattice.h"

struct rescore_options {
    int64_t merge_order;   // n, at least 1; 0: only whole histories are merged
    double merge_margin;   // log10 of a probability, times language_distance(): one that is behind
                           // by less than that is not merged by order; 0: all are
    double merge_distance; // hypotheses nearer than this (language_distance()) are merged
    double beam;           // hypotheses this much worse than their node's best go; INFINITY: none
    size_t most_histories; // kept in a node, the best ones; 0: all
    double oov_penalty;    // log10, the score of a word that no model knows
    double lambda;    // weight of the new scores beside the lattice's own; 1: they replace them
    bool log_linear;  // the logarithms are mixed, not the probabilities
    double old_scale; // of what the old model's scores are subtracted with
    struct search_bounds bounds;
};

// Rescores an arranged lattice in place. A way that does not end with </s> gets its score at the
// end. `language` has the models; what its old model says of a word is subtracted from the link's own
// score, and the rest stays beside the new one. Where a bound is met the search narrows, and
// *narrowing says so: there is always a way to the end. Error: no memory, a probability that is
// none.
bool lattice_rescore(struct lattice *lattice, struct language *language,
                     const struct rescore_options *options, struct narrowing *narrowing,
                     struct error *error);

#endif
