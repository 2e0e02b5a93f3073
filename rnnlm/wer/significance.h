// Is one of two systems better on the same test set? Two tests of the hypothesis that they are
// alike:
//
// Matched pairs sentence-segment word error test (Gillick and Cox, "Some statistical issues in the
// comparison of speech recognition algorithms", ICASSP 1989): utterances are cut where both systems
// have two words right in a row, and the differences in errors of the segments between, in which at
// least one system errs, have mean 0.
//
// Sign test: of the utterances in which the numbers of errors differ, each system is better in
// half.
#ifndef WER_SIGNIFICANCE_H
#define WER_SIGNIFICANCE_H

#include "wer/alignment.h"

struct comparison {
    uint64_t segments;
    double sum, squares; // of errors of the first system - errors of the second, over segments
    uint64_t first_better, second_better, equal; // utterances
    int64_t *errors;                             // work space: of both systems along the reference
    size_t capacity;
};

// Takes in one utterance: both alignments have the same reference. Where they go through different
// alternatives of it, the utterance is one segment.
bool comparison_add(struct comparison *comparison, const struct alignment *first,
                    const struct alignment *second, struct error *error);
void comparison_free(struct comparison *comparison);

// Two-sided probabilities of a difference as large as this, or larger, between systems that are
// alike. The first is no number with fewer than two segments.
double comparison_matched_pairs(const struct comparison *comparison, double *statistic);
double comparison_sign(const struct comparison *comparison);

#endif
