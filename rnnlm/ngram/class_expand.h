// Class n-gram models as word n-gram models, as SRILM's `ngram -classes FILE -expand-classes K`
// makes them: the words of every n-gram of classes in place of the classes.
//
//   N(w1..wm) = sum over the model's class n-grams c1..cn, and expansions of each, of
//               P(c1..cn) p(expansion of c1 | c1) ... p(expansion of cn | cn)
//   p(wm | w1..wm-1) = N(w1..wm) / N(w1..wm-1)
//
// where w1..wm begins within the expansion of c1 and ends within that of cn. Where a word is in one
// class and expansions are single words this is the class model's probability; else it comes near.
// Behind words that every word follows, where nothing is left for backing off to, probabilities are
// divided by their sum.
#ifndef NGRAM_CLASS_EXPAND_H
#define NGRAM_CLASS_EXPAND_H

#include "ngram/backoff.h"
#include "ngram/class_definitions.h"

// N-grams of up to `order` words. Words of the model that are no classes stand for themselves.
// *left_out (may be NULL): expansions of class n-grams that would be longer. Error: memory.
struct ngram_model *class_expand(const struct ngram_model *model,
                                 const struct class_definitions *definitions, int order,
                                 uint64_t *left_out, struct error *error);

#endif
