// Counts of n-grams as files in SRILM's form (ngram/count_file.h).
#ifndef NGRAM_COUNTS_WRITE_H
#define NGRAM_COUNTS_WRITE_H

#include "ngram/counts.h"

// Writes the counts of all orders, in the order of their words' bytes, each n-gram before those that begin
// with it: the order of `ngram-count -sort`, which ngram-merge wants. `counts` are those of occurrences
// (`kinds` false); its n-grams are taken out. *written (may be NULL): n-grams.
bool counts_write(struct counts *counts, const char *path, struct allowance *allowance,
                  const char *temporary, uint64_t *written, struct error *error);

#endif
