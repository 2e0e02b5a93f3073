// A part of a back-off model as a model: some of its words, n-grams up to some length.
#ifndef NGRAM_SELECT_H
#define NGRAM_SELECT_H

#include "ngram/backoff.h"

// With `only`, n-grams that hold a word which is not in it are left out, as SRILM's -limit-vocab does;
// <s>, </s> and the word for unknown ones stay. Numbers stay as they are: what the words left out had
// of probability goes nowhere, unless ngram_renormalise() is called. `order` limits the length of
// n-grams, and back-off weights of the longest ones go. Error: memory.
struct ngram_model *ngram_select(const struct ngram_model *model, const struct vocabulary *only,
                                 int order, struct error *error);

#endif
