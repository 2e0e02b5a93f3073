// Random numbers: the sequence of glibc's rand(), on every platform, so that initial weights made from a
// seed are the reference's; and numbers that can be drawn in any order.
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

// The finaliser of SplitMix64 (Steele et al. 2014): of distinct numbers, distinct ones without visible
// order. Of keys that are RANDOM_STEP apart, a sequence of random numbers.
static inline uint64_t random_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static const uint64_t RANDOM_STEP = 0x9e3779b97f4a7c15u; // 2^64 divided by the golden ratio

#endif
