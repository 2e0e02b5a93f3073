// Scores of n-best lists in the reference's form: each line is a hypothesis, "ID word word ...",
// and lines with the same ID that follow each other are one list.
#ifndef SCORE_NBEST_H
#define SCORE_NBEST_H

#include "base/file.h"
#include "score/other.h"
#include "score/scorer.h"
#include "score/totals.h"

struct nbest {
    double lambda; // weight of the network in the mixture with the other model, word by word
    struct other_model *other; // NULL: the network alone
    struct totals totals;      // the result, over all hypotheses, </s> included
};

// Writes the log10 probability of each hypothesis, its </s> included, one a line. Each hypothesis
// of a list starts from the state after the first hypothesis of the list before (the best so far);
// where sentences are independent, from the reset state. A word unknown to the network costs the
// other model's probability, or log10 = -5 where that is 0. Error: a line without words, with its
// number.
bool nbest_score(struct nbest *nbest, struct scorer *scorer, struct reader *lists,
                 struct output *output, struct error *error);

#endif
