// Additive feedback generator r[i] = r[i-3] + r[i-31], as glibc's rand() runs it (its TYPE_3).
#include "base/random.h"

enum { LAG = 31, SHORT_LAG = 3, DISCARDED = 310 };

void random_seed(struct random *random, uint32_t seed)
{
    int64_t value = seed == 0 ? 1 : (int32_t)seed;
    random->table[0] = (int32_t)value;
    for (int i = 1; i < LAG; i++) {
        // Lehmer's generator 16807 x mod 2^31-1; a negative seed keeps its sign through the
        // division, as in C.
        value = value % 127773 * 16807 - value / 127773 * 2836;
        if (value < 0)
            value += RANDOM_MAX;
        random->table[i] = (int32_t)value;
    }
    random->place = SHORT_LAG; // glibc counts the first three seeds as the newest
    for (int i = 0; i < DISCARDED; i++)
        random_next(random);
}

int32_t random_next(struct random *random)
{
    int place = random->place;
    int other = place + LAG - SHORT_LAG;
    if (other >= LAG)
        other -= LAG;
    uint32_t sum = (uint32_t)random->table[place] + (uint32_t)random->table[other];
    random->table[place] = (int32_t)sum;
    random->place = place + 1 == LAG ? 0 : place + 1;
    return (int32_t)(sum >> 1);
}

double random_uniform(struct random *random, double low, double high)
{
    return low + (high - low) * random_next(random) / RANDOM_MAX;
}
