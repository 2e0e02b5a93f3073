// Discounts of modified Kneser-Ney smoothing (Chen & Goodman 1998) from counts of counts.
#ifndef NGRAM_DISCOUNT_H
#define NGRAM_DISCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { DISCOUNTS = 3, COUNTS_OF_COUNTS = 4 };

struct discount {
    uint64_t occurring[COUNTS_OF_COUNTS]; // n1..n4: n-grams that occur 1, 2, 3, 4 times
    double value[DISCOUNTS];              // D1, D2, D3+
    bool fallback;                        // could not be computed
};

// Computes value[] from occurring[]. Where a count of counts is zero or a discount is not within
// 0..its count, it is an error that names the order; with `fallback`, 0.5, 1 and 1.5 are taken
// then.
bool discount_compute(struct discount *discount, size_t order, bool fallback, struct error *error);

// The discount of an n-gram seen `count` times.
static inline double discount_of(const struct discount *discount, uint64_t count)
{
    return count == 0 ? 0 : discount->value[count < DISCOUNTS ? count - 1 : DISCOUNTS - 1];
}

#endif
