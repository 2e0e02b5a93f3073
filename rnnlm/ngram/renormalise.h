// Back-off weights that make the probabilities behind every context sum to 1:
//
//   b(h) = (1 - sum p(w | h)) / (1 - sum p(w | h'))
//
// over the words w that the model has behind h, with h' = h without its first word.
#ifndef NGRAM_RENORMALISE_H
#define NGRAM_RENORMALISE_H

#include "ngram/backoff.h"

struct renormalised {
    uint64_t contexts;   // with n-grams behind them
    uint64_t impossible; // of these, those whose n-grams have more than all probability: weight 0
    uint64_t scaled; // those behind which are all words there are, with less than all probability
};

// Which contexts: all, or those whose state has NGRAM_STALE and those below which something may have
// changed because some p(w | h') is one of backing off itself.
enum { NGRAM_STALE = 2 };

// Probabilities stay, but for 1-grams that leave something, and for the n-grams of `scaled` contexts,
// which are made to sum to 1: as SRILM does it. `state` [order][node], NULL: all contexts. *done may be
// NULL. Error: memory.
bool ngram_renormalise(struct ngram_model *model, unsigned char *const *state,
                       struct renormalised *done, struct error *error);

#endif
