// Discounting: how much of an n-gram's count is taken away, for words that have not been seen. The
// share of a word behind a context, seen `count` times of `total`, with `types` different words behind
// it, is
//
//   (count - less(count)) / (total + more)
//
//                            less                                 more
//   modified Kneser-Ney      D1, D2, D3+ by the count             0        Chen & Goodman 1998
//   Kneser-Ney               D = n1 / (n1 + 2 n2)                 0        Kneser & Ney 1995
//   absolute                 D, given or the same                 0        Ney & Essen 1991
//   Witten-Bell              0                                    types    Witten & Bell 1991
//   Good-Turing              c - c d(c), for small counts         0        Katz 1987
//   additive                 -D                                   D times the words there are
//
// where n1, n2... are the n-grams of an order that occur once, twice...
#ifndef NGRAM_DISCOUNT_H
#define NGRAM_DISCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum discount_method {
    DISCOUNT_MODIFIED_KNESER_NEY,
    DISCOUNT_KNESER_NEY,
    DISCOUNT_WITTEN_BELL,
    DISCOUNT_GOOD_TURING,
    DISCOUNT_ABSOLUTE,
    DISCOUNT_ADDITIVE,
};

enum {
    DISCOUNTS = 3,         // D1, D2, D3+ of modified Kneser-Ney smoothing
    DISCOUNT_LARGEST = 31, // largest count with a discount of its own
    COUNTS_OF_COUNTS = DISCOUNT_LARGEST + 1,
};

struct discount {
    enum discount_method method;
    double constant;  // absolute: D, 0 for n1 / (n1 + 2 n2); additive: D
    uint64_t largest; // Good-Turing: largest count that is discounted, at most DISCOUNT_LARGEST
    uint64_t occurring[COUNTS_OF_COUNTS]; // n1, n2, ...
    double value[DISCOUNT_LARGEST];       // less(1), less(2), ..., and of larger counts
    bool fallback;                        // could not be computed
};

// Names as on the command line: modified-kneser-ney, kneser-ney, witten-bell, good-turing, absolute,
// additive, and those of SRILM's options. Error: the names there are.
bool discount_parse(const char *name, enum discount_method *method, struct error *error);
const char *discount_name(enum discount_method method);

// Whether shorter n-grams count the different words before them instead of their occurrences.
static inline bool discount_counts_kinds(enum discount_method method)
{
    return method == DISCOUNT_MODIFIED_KNESER_NEY || method == DISCOUNT_KNESER_NEY;
}

// Whether the method may be interpolated with lower orders, as SRILM has it.
static inline bool discount_interpolates(enum discount_method method)
{
    return method != DISCOUNT_GOOD_TURING && method != DISCOUNT_ADDITIVE;
}

// Computes value[] from occurring[]. Where a count of counts that is wanted is zero or a discount is not
// within 0..its count, it is an error that names the order; with `fallback`, 0.5, 1 and 1.5 are taken
// then. Good-Turing discounts that make no sense are left out instead, as SRILM does.
bool discount_compute(struct discount *discount, size_t order, bool fallback, struct error *error);

// less(count)
static inline double discount_of(const struct discount *discount, uint64_t count)
{
    return count == 0
               ? 0
               : discount->value[count < DISCOUNT_LARGEST ? count - 1 : DISCOUNT_LARGEST - 1];
}

// more; `words` is how many words there are.
static inline double discount_more(const struct discount *discount, double types, double words)
{
    return discount->method == DISCOUNT_WITTEN_BELL ? types
           : discount->method == DISCOUNT_ADDITIVE  ? discount->constant * words
                                                    : 0;
}

#endif
