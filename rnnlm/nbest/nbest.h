// Scores of n-best lists in the reference's form: each line is a hypothesis, "ID word word ...",
// and lines with the same ID that follow each other are one list. Moses' lines, "ID ||| word word
// ... ||| ...", are read as well.
#ifndef NBEST_NBEST_H
#define NBEST_NBEST_H

#include "base/file.h"
#include "score/blend.h"
#include "score/totals.h"

// Writes the log10 probability of each hypothesis, its </s> included, one a line. Networks begin
// each hypothesis of a list in the state after the first hypothesis of the list before (the best so
// far); where sentences are independent, in the reset state. A word unknown to the networks costs
// the other model's probability, or log10 = -5 where that is 0. *totals is over all hypotheses.
// Error: a line without words, with its number.
bool nbest_score(struct blend *blend, struct reader *lists, struct output *output,
                 struct totals *totals, struct error *error);

#endif
