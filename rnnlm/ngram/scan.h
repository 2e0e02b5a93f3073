// From n-grams of the highest order to those of all orders.
#ifndef NGRAM_SCAN_H
#define NGRAM_SCAN_H

#include "ngram/counts.h"

// Fills in counts->unigram, ->ngrams (which are still to be finished) and the counts of counts from
// records of n-grams, the last word first, with their counts as payload; shorter ones end in zeros.
// `from` is finished, and its memory is used for the result. `prefixes`: what the n-grams that begin
// with each of those have together, where that is to be checked, and ->tokens and ->sentences are to
// be counted, too; NULL otherwise.
bool scan_ngrams(struct counts *counts, struct sorter *from, struct sorter *prefixes,
                 struct error *error);

#endif
