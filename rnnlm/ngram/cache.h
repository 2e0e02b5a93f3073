// Unigram cache with exponential decay (Kuhn & De Mori 1990; Clarkson & Robinson 1997): the words
// seen lately are likely again.
//
//   p(w) = sum of decay^(age of i) over the earlier tokens i that are w
//          / the same sum over all earlier tokens
#ifndef NGRAM_CACHE_H
#define NGRAM_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cache_options {
    double decay;     // above 0, at most 1
    size_t window;    // earlier tokens that count; 0: all
    bool independent; // forget everything at the end of a sentence
};

#define CACHE_DECAY 0.998 // the default

struct cache;

// NULL and `error` if an option is out of range or memory runs out.
struct cache *cache_new(const struct cache_options *options, struct error *error);
void cache_free(struct cache *cache);

// The probability of a word given the tokens added so far: 0 if it is not among them. `word` is an
// id of 0 or more.
double cache_probability(const struct cache *cache, int32_t word);
bool cache_add(struct cache *cache, int32_t word, struct error *error);
void cache_clear(struct cache *cache);

// Writes a line with the probability of each token of a text, </s> included.
bool cache_stream(const char *text, const char *output, const struct cache_options *options,
                  struct error *error);

#endif
