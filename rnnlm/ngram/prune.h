// Relative-entropy pruning (Stolcke 1998), as SRILM's `ngram -prune` does it: an n-gram is dropped
// if the perplexity of the model without it, by the model's own account, is higher by less than
// `threshold` (a share, such as 1e-8).
#ifndef NGRAM_PRUNE_H
#define NGRAM_PRUNE_H

#include "ngram/backoff.h"

struct prune_options {
    double threshold;
    int least; // n-grams of fewer words stay; 2 at least
    // How frequent contexts are is asked of this model, as SRILM's -prune-history-lm does; NULL: of
    // the model itself. The short n-grams of Kneser-Ney models are no frequencies (Chelba et al.
    // 2010).
    const struct ngram_model *history;
};

// Prunes a model and sets its back-off weights anew. pruned[2..order] (may be NULL): n-grams that have
// gone. Error: memory.
bool ngram_prune(struct ngram_model *model, const struct prune_options *options, uint64_t *pruned,
                 struct error *error);

#endif
