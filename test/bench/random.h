// Random numbers of the generators here: xorshift (Marsaglia 2003), the same on every machine.
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdint.h>

static uint64_t random_state; // not 0

// From 0 to below 1.
static double random_uniform(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

#endif
