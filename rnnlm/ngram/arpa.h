// ARPA files, as SRILM and others write them.
//
// Read: plain, gzip-compressed or from standard input; text before \data\ is skipped, n-grams of an
// order stand in any order, back-off weights may lack, -99 means probability 0, blanks are any
// number of spaces and tabs. What the counts in \data\ do not match, n-grams without their prefix,
// repeated ones, probabilities above 1 and what is no number are errors that name the line.
#ifndef NGRAM_ARPA_H
#define NGRAM_ARPA_H

#include "base/file.h"
#include "ngram/backoff.h"

// Fills the levels, words, `order` and `has_end` of a model, whose words are as vocabulary_init()
// leaves them, from an input that input_open() has opened by `path`. What has been filled is there
// after a failure too.
bool arpa_read(struct ngram_model *model, struct input *input, const char *path,
               struct error *error);

// Writes the n-grams of all orders, with all digits that the numbers have.
bool arpa_write(const struct ngram_model *model, const char *path, struct error *error);

#endif
