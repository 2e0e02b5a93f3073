// Counts of n-grams as files in SRILM's form (ngram/count_file.h) or in Google's.
#ifndef NGRAM_COUNTS_WRITE_H
#define NGRAM_COUNTS_WRITE_H

#include "ngram/counts.h"

// Writes the counts of all orders, in the order of their words' bytes, each n-gram before those that begin
// with it: the order of `ngram-count -sort`, which ngram-merge wants. `counts` are those of occurrences
// (`kinds` false); its n-grams and single words' counts are taken out. *written (may be NULL): n-grams.
bool counts_write(struct counts *counts, const char *path, struct allowance *allowance,
                  const char *temporary, uint64_t *written, struct error *error);

// Writes the counts as a folder in Google's form (ngram/count_folder.h), compressed, with at most `each`
// n-grams in a file. The folder is made; one that is there must be empty, or left by a writing that was
// cut off.
bool counts_write_folder(struct counts *counts, const char *path, uint64_t each,
                         struct allowance *allowance, const char *temporary, uint64_t *written,
                         struct error *error);

// Whether it may be: tried before the counting.
bool counts_try_folder(const char *path, size_t order, struct error *error);

#endif
