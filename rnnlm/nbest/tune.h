// The weights under which the best hypotheses of a development set have the fewest word errors:
// minimum error training (Och 2003).
//
// The total of a hypothesis is linear in x = (lm_scale lambda, lm_scale (1 - lambda),
// word_penalty), or in (lm_scale, word_penalty) where the mixture is fixed. Along a line in that
// space the best hypothesis of a list changes where the upper envelope of its totals has a corner,
// so the number of errors is known exactly everywhere on the line. Searches go along the axes
// (scale, lambda, penalty) and along some further directions, from the best points of a coarse
// grid, until no line has a better point. The same input gives the same weights.
#ifndef NBEST_TUNE_H
#define NBEST_TUNE_H

#include "nbest/rerank.h"
#include "wer/transcript_words.h"

enum { TUNE_FEATURES = 3 };

struct tune_candidate {
    double base, feature[TUNE_FEATURES];
    uint64_t errors;
};

struct tuning {
    bool lambda;                      // is looked for too (sentence mixture)
    struct tune_candidate *candidate; // of all lists
    size_t *first;                    // [lists + 1] where each list begins
    size_t lists, candidates, first_capacity, candidate_capacity;
    uint64_t reference_words;
    struct alignment alignment;
    struct transcript_words words;
    struct alignment_text text;
};

// `lambda`: the mixture is one of sentence scores whose weight is looked for too. `words`: of the
// references. tuning_free() in any case.
bool tuning_init(struct tuning *tuning, bool lambda, const struct transcript_rules *rules,
                 struct vocabulary *words, struct error *error);
void tuning_free(struct tuning *tuning);

// A scored list and what was really said. The acoustic scale is fixed.
bool tuning_add(struct tuning *tuning, const struct nbest_list *list, double ac_scale,
                const struct utterance *reference, struct error *error);

// The same without words: for those who have counted errors themselves. Ends a list.
bool tuning_add_candidate(struct tuning *tuning, const struct tune_candidate *candidate,
                          struct error *error);
bool tuning_end_list(struct tuning *tuning, struct error *error);

// Word errors with these weights.
uint64_t tuning_errors(const struct tuning *tuning, const struct rerank_weights *weights);

// Finds weights; those given are one of the points to begin with, and the ac_scale stays.
bool tuning_find(const struct tuning *tuning, size_t restarts, struct rerank_weights *weights,
                 struct error *error);

#endif
