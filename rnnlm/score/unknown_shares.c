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
