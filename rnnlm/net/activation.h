// Functions that units apply to their sums, and what they make of errors.
#ifndef NET_ACTIVATION_H
#define NET_ACTIVATION_H

#include <stddef.h>

struct activation {
    const char *name;                                  // as options and files have it
    void (*apply)(float *x, size_t n);                 // x = f(x)
    void (*error)(float *e, const float *y, size_t n); // e = e f'(x), where y = f(x)
};

// logistic  1 / (1 + exp(-x)), x first clamped to +-50
// tanh      (exp(x) - exp(-x)) / (exp(x) + exp(-x))
// relu      max(x, 0)                                       (Nair & Hinton 2010)
// elu       x above 0, exp(x) - 1 below                     (Clevert et al. 2016)
extern const struct activation activation_logistic;
extern const struct activation *const activation_table[]; // NULL at the end

// NULL if there is none of that name.
const struct activation *activation_named(const char *name, size_t length);

#endif
