// Log probabilities added up over a text, and how they are told.
#ifndef SCORE_TOTALS_H
#define SCORE_TOTALS_H

#include <stdbool.h>

#include "base/file.h"
#include "text/coverage.h"
#include "text/unit.h"

struct totals {
    bool unnormalised; // what networks give are scores, which need not sum to 1; set by who writes
    uint64_t words; // that have a probability
    uint64_t oovs;  // that have none
    uint64_t zeros; // of `words`: the other model gives them 0, and its own figures leave them out
    uint64_t text_words; // of `words`, those that begin a word of the text (text/unit.h)
    bool inside;         // a line has begun
    double log10_net, log10_other, log10_mix;
    struct coverage coverage; // of the networks' vocabularies
};

// Log probabilities and perplexities in the lines that scripts parse; those of the other model and
// of the mixture, in which the network weighs `lambda`, only where there is another model. What
// scores make of them has other names: it is no perplexity.
void totals_write(const struct totals *totals, bool has_other, double lambda,
                  struct output *output);

// Of a text of another unit than words: bits a token of it, bits and perplexity a word, of all that has a
// probability. Sentence ends are tokens, and words, too.
void totals_write_units(const struct totals *totals, enum text_unit unit, bool has_other,
                        struct output *output);

#endif
