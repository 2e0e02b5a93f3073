// New words in a trained model.
//
// A new word w has sources s with weights a(s), which sum to 1: similar words that are given, a(s) equal;
// or those that share most n-grams of letters with it (text/likeness.h), a(s) in proportion to the
// likeness; or the rarest words of the model, equal. With E the input rows, W the output's, C those of
// the classes, M their words' mean rows, weighted by counts, c(s) the class of s, and k that of w:
//
//   E(w) = sum of a(s) E(s)
//   G(w) = sum of a(s) (W(s) - M(c(s)) + C(c(s)))
//   W(w) = G(w) - C(k) + M(k)        (tied: W(w) = E(w); without classes C and M are 0)
//
// G(w) . x is the mean of log P(s) = W(s) . x - log sum over v in c(s) of exp(W(v) . x) + C(c(s)) . x - ...
// with the logarithm of the sum to first order, but for what is the same for all words of the model.
// Then the new words' shares of the probability are moved to count / (all counts), as model/shares.h has
// it.
//
// New words are numbered behind all others, by falling count, so that the numbers by which direct
// connections are found stay. Where the output has classes, they are one of their own, the last, with
// C(k) the mean of G(w) weighted by counts, and M(k) 0: all other probabilities are then divided by the
// same number in a context, and their order stays. The reference's formats make classes anew of counts:
// there new words join the last class, with the count 0 where another would move the others between
// classes; words of that class give them more than others do. A single class they join without harm.
#ifndef MODEL_ADD_WORDS_H
#define MODEL_ADD_WORDS_H

#include "model/model.h"
#include "text/changed_words.h"

enum adding_from {
    ADDING_FROM_LETTERS, // words without given similar words have rows from letters, and those that
                         // share none from rare words
    ADDING_FROM_SIMILAR, // similar words must be given
    ADDING_FROM_RARE     // words without given similar words have rows from rare words
};

struct adding {
    enum adding_from from;
    uint64_t count;    // of words whose count is not given; 0: the mean of the rarest words'
    bool from_unknown; // what they get is taken from the word for unknown words alone, on average
};

struct added_report {
    size_t similar, letters, rare; // words by where their rows are from
    double share;                  // that all new words have together
    double off;                    // largest |log(wanted share / share)|
    bool joined;                   // another class than their own, and
    bool uncounted;                // with the count 0
};

// Adds words. Error: a kind of output that does not take any; similar words that are not given; a share
// that the word for unknown words does not have; no memory. The model is then only to be freed.
bool model_add_words(struct model *model, const struct added_words *added,
                     const struct adding *adding, struct added_report *report, struct error *error);

#endif
