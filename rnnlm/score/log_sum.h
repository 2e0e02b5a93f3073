// Sums of the logarithms of many probabilities: a logarithm is taken only once the product of some
// of them has become small.
#ifndef SCORE_LOG_SUM_H
#define SCORE_LOG_SUM_H

#include <math.h>

// Starts as LOG_SUM_EMPTY.
struct log_sum {
    double log10, product;
};

#define LOG_SUM_EMPTY ((struct log_sum){.product = 1})

// prob >= 0; a 0 makes the sum -INFINITY. NaN stays NaN.
static inline void log_sum_add(struct log_sum *sum, double prob)
{
    const double small = 1e-200, least = 1e-100; // a product stays a normal number
    if (prob < least) {
        sum->log10 += log10(prob);
        return;
    }
    sum->product *= prob;
    if (sum->product < small) {
        sum->log10 += log10(sum->product);
        sum->product = 1;
    }
}

static inline double log_sum_log10(const struct log_sum *sum)
{
    return sum->log10 + log10(sum->product);
}

#endif
