// Discounts from counts of counts.
#include "ngram/discount.h"

#include <string.h>

// ---- names -------------------------------------------------------------------------------------

static const struct name {
    const char *name, *short_name, *srilm;
} names[] = {
    [DISCOUNT_MODIFIED_KNESER_NEY] = {"modified-kneser-ney", "mkn", "kndiscount"},
    [DISCOUNT_KNESER_NEY] = {"kneser-ney", "kn", "ukndiscount"},
    [DISCOUNT_WITTEN_BELL] = {"witten-bell", "wb", "wbdiscount"},
    [DISCOUNT_GOOD_TURING] = {"good-turing", "gt", "gt"},
    [DISCOUNT_ABSOLUTE] = {"absolute", "abs", "cdiscount"},
    [DISCOUNT_ADDITIVE] = {"additive", "add", "addsmooth"},
};

enum { METHODS = sizeof names / sizeof *names };

bool discount_parse(const char *name, enum discount_method *method, struct error *error)
{
    for (int i = 0; i < METHODS; i++) {
        if (strcmp(name, names[i].name) == 0 || strcmp(name, names[i].short_name) == 0 ||
            strcmp(name, names[i].srilm) == 0) {
            *method = (enum discount_method)i;
            return true;
        }
    }
    return error_usage(error,
                       "found \"%.60s\", wanted modified-kneser-ney, kneser-ney, witten-bell, "
                       "good-turing, absolute or additive",
                       name);
}

const char *discount_name(enum discount_method method)
{
    return names[method].name;
}

// ---- Kneser-Ney --------------------------------------------------------------------------------

static bool need_counts(const struct discount *discount, size_t order, int largest,
                        struct error *error)
{
    for (int i = 0; i < largest; i++)
        if (discount->occurring[i] == 0)
            return error_set(
                error,
                "order %zu: cannot compute the discounts: no %zu-gram has count %d (n%d = 0); "
                "a larger text or -discount-fallback is wanted",
                order, order, i + 1, i + 1);
    return true;
}

static void take_for_all(struct discount *discount, int from, double value)
{
    for (int i = from; i < DISCOUNT_LARGEST; i++)
        discount->value[i] = value;
}

// Y = n1 / (n1 + 2 n2), and the one discount of the original method
static double ratio(const struct discount *discount)
{
    double n1 = (double)discount->occurring[0], n2 = (double)discount->occurring[1];
    return n1 / (n1 + 2 * n2);
}

//   D1 = 1 - 2 Y n2/n1    D2 = 2 - 3 Y n3/n2    D3+ = 3 - 4 Y n4/n3
static bool compute_modified(struct discount *discount, size_t order, struct error *error)
{
    const uint64_t *n = discount->occurring;
    if (!need_counts(discount, order, DISCOUNTS + 1, error))
        return false;
    for (int i = 0; i < DISCOUNTS; i++) {
        double d = i + 1 - (i + 2) * ratio(discount) * (double)n[i + 1] / (double)n[i];
        if (d < 0)
            return error_set(
                error,
                "order %zu: discount D%d is %g (n%d = %llu, n%d = %llu), 0 to %d is wanted: a more "
                "natural text or -discount-fallback",
                order, i + 1, d, i + 1, (unsigned long long)n[i], i + 2,
                (unsigned long long)n[i + 1], i + 1);
        take_for_all(discount, i, d);
    }
    return true;
}

static bool compute_absolute(struct discount *discount, size_t order, struct error *error)
{
    double d = discount->method == DISCOUNT_ABSOLUTE ? discount->constant : 0;
    if (d == 0) {
        if (!need_counts(discount, order, 2, error))
            return false;
        d = ratio(discount);
    }
    take_for_all(discount, 0, d);
    return true;
}

// ---- Good-Turing -------------------------------------------------------------------------------

// Katz's discounts, so that counts above M, the largest, keep all and those below give what unseen
// n-grams are to have, n1 in all:
//
//   c d(c) = c (c'/c - A) / (1 - A)    c' = (c + 1) n[c+1] / n[c]    A = (M + 1) n[M+1] / n1
//
// M is the largest count below which none is missing.
static void compute_good_turing(struct discount *discount)
{
    const uint64_t *n = discount->occurring;
    uint64_t largest = 0;
    while (largest < discount->largest && n[largest] > 0)
        largest++;
    discount->largest = largest;
    take_for_all(discount, 0, 0);
    if (largest == 0)
        return;
    double a = (double)(largest + 1) * (double)n[largest] / (double)n[0];
    for (uint64_t c = 1; c <= largest; c++) {
        double smoothed = (double)(c + 1) * (double)n[c] / (double)n[c - 1];
        double share = (smoothed / (double)c - a) / (1 - a);
        if (share > 0 && share <= 1)
            discount->value[c - 1] = (double)c * (1 - share);
    }
}

// ---- all ---------------------------------------------------------------------------------------

static bool compute(struct discount *discount, size_t order, struct error *error)
{
    switch (discount->method) {
    case DISCOUNT_MODIFIED_KNESER_NEY:
        return compute_modified(discount, order, error);
    case DISCOUNT_KNESER_NEY:
    case DISCOUNT_ABSOLUTE:
        return compute_absolute(discount, order, error);
    case DISCOUNT_GOOD_TURING:
        compute_good_turing(discount);
        return true;
    case DISCOUNT_WITTEN_BELL:
        take_for_all(discount, 0, 0);
        return true;
    case DISCOUNT_ADDITIVE:
        take_for_all(discount, 0, -discount->constant);
        return true;
    }
    return true;
}

bool discount_compute(struct discount *discount, size_t order, bool fallback, struct error *error)
{
    bool modified = discount->method == DISCOUNT_MODIFIED_KNESER_NEY;
    discount->fallback = !compute(discount, order, error);
    if (!discount->fallback)
        return true;
    for (int i = 0; i < DISCOUNTS; i++)
        take_for_all(discount, i, modified ? 0.5 * (i + 1) : 0.5);
    return fallback;
}
