// How the probability of a model's word for unknown words is shared among them: by a table, Kaldi's
// unk.probs, or equally.
//
//   P(w | h) = P(<unk> | h) share(w)      for a word w that the model does not know
#ifndef SCORE_UNKNOWN_SHARES_H
#define SCORE_UNKNOWN_SHARES_H

#include "score/number_table.h"

struct unknown_shares {
    const struct number_table *table; // WORD SHARE, each from 0 to 1; NULL: equal shares
    double count;                     // without a table: among how many words; at least 1
    double other;                     // share of a word that the table does not have, or has with 0
};

// The share of an unknown word; *listed (may be NULL) is set to whether the table has it. Without shares
// (NULL) it is 1. Safe from any number of threads.
double unknown_share(const struct unknown_shares *shares, const char *word, size_t length,
                     bool *listed);

// Whether a model has a word for such words: `word`, its id, or WORD_OOV. `model`: its file; `named`: what
// -unk-word says, or NULL; `by_table`: shares are those of -unk-probs, not of -unk-count.
bool unknown_shares_want(int32_t word, const char *model, const char *named, bool by_table,
                         struct error *error);

#endif
