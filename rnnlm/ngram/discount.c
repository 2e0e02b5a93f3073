// Discounts of modified Kneser-Ney smoothing.
//
//   Y = n1 / (n1 + 2 n2)    D1 = 1 - 2 Y n2/n1    D2 = 2 - 3 Y n3/n2    D3+ = 3 - 4 Y n4/n3
#include "ngram/discount.h"

static bool compute(struct discount *discount, size_t order, struct error *error)
{
    const uint64_t *n = discount->occurring;
    for (int i = 0; i < COUNTS_OF_COUNTS; i++)
        if (n[i] == 0)
            return error_set(
                error,
                "order %zu: cannot compute the discounts: no %zu-gram has count %d (n%d = 0); "
                "a larger text or -discount-fallback is wanted",
                order, order, i + 1, i + 1);
    double y = (double)n[0] / ((double)n[0] + 2 * (double)n[1]);
    for (int i = 0; i < DISCOUNTS; i++) {
        double d = i + 1 - (i + 2) * y * (double)n[i + 1] / (double)n[i];
        if (d < 0)
            return error_set(
                error,
                "order %zu: discount D%d is %g (n%d = %llu, n%d = %llu), 0 to %d is wanted: a more "
                "natural text or -discount-fallback",
                order, i + 1, d, i + 1, (unsigned long long)n[i], i + 2,
                (unsigned long long)n[i + 1], i + 1);
        discount->value[i] = d;
    }
    return true;
}

bool discount_compute(struct discount *discount, size_t order, bool fallback, struct error *error)
{
    discount->fallback = !compute(discount, order, error);
    if (!discount->fallback)
        return true;
    for (int i = 0; i < DISCOUNTS; i++)
        discount->value[i] = 0.5 * (i + 1);
    return fallback;
}
