// The sequence of glibc's rand(), on every platform: initial weights made from a seed are the
// reference's.
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

enum { RANDOM_MAX = 2147483647 };

struct random {
    int32_t table[31]; // the last 31 values of the additive feedback generator
                       // x[i] = x[i-3] + x[i-31] mod 2^32
    int place;
};

// The state after srand(seed); seed 0 is taken as 1, as glibc does.
void random_seed(struct random *random, uint32_t seed);

// Next value, 0..RANDOM_MAX.
int32_t random_next(struct random *random);

// Uniform in [low, high], with rand()'s 31 bits.
double random_uniform(struct random *random, double low, double high);

#endif
