// Relative-entropy pruning (Stolcke 1998), as SRILM's `ngram -prune` does it: an n-gram is dropped
// if the perplexity of the model without it, by the model's own account, is higher by less than
// `threshold` (a share, such as 1e-8).
#ifndef NGRAM_PRUNE_H
#define NGRAM_PRUNE_H

#include "base/error.h"
#include "ngram/interpolate.h"

// Replaces the n-grams of an assembled model. count[2..] is set to what is left, pruned[2..] to
// what has been dropped. All n-grams are held in memory meanwhile.
bool prune(struct interpolated *model, const struct counts *counts, double threshold,
           struct allowance *allowance, const char *temporary, uint64_t *count, uint64_t *pruned,
           struct error *error);

#endif
