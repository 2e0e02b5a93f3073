// How the probability of a word for unknown words is shared among them.
#include "score/unknown_shares.h"

double unknown_share(const struct unknown_shares *shares, const char *word, size_t length,
                     bool *listed)
{
    double share = 1;
    bool found = shares != NULL && shares->table != NULL &&
                 number_table_find(shares->table, word, length, &share) && share > 0;
    if (listed != NULL)
        *listed = found;
    if (shares == NULL || found)
        return share;
    return shares->table != NULL ? shares->other : 1 / shares->count;
}

bool unknown_shares_want(int32_t word, const char *model, const char *named, bool by_table,
                         struct error *error)
{
    return word != WORD_OOV ||
           error_set(error,
                     "%s: has no word %s, which %s wants for rare words: -unk-word names another",
                     model, named != NULL ? named : "RNN_UNK, <unk> or the like",
                     by_table ? "-unk-probs" : "-unk-count");
}
