// Direct connections. The hash is the reference's, prime by prime: models are interchangeable.
#include "net/outputs/maxent.h"

#include "base/bfloat16.h"
#include "base/kernels.h"

enum { PRIMES = 36 };

static const uint32_t prime[PRIMES] = {
    108641969, 116049371, 125925907, 133333309, 145678979, 175308587, 197530793, 234567803,
    251851741, 264197411, 330864029, 399999781, 407407183, 459258997, 479012069, 545678687,
    560493491, 607407037, 629629243, 656789717, 716048933, 718518067, 725925469, 733332871,
    753085943, 755555077, 782715551, 790122953, 812345159, 814814293, 893826581, 923456189,
    940740127, 953085797, 985184539, 990122807,
};

// Starts of the runs: for order a, x = seed + sum over b = 1..a of prime[(a prime[b] + b) mod 36]
// (history[b-1] + 1), and the run begins at base + x mod (D/2). A start of 0 ends the orders, as
// does an OOV.
static void find_features(const struct network *network, const int32_t *history, uint64_t seed,
                          size_t base, struct maxent_features *features)
{
    uint64_t half = network->shape.maxent / 2;
    size_t most = network->shape.maxent;
    features->count = 0;
    if (half == 0)
        return;
    for (uint32_t a = 0; a < (uint32_t)network->shape.maxent_order; a++) {
        if (a > 0 && history[a - 1] < 0)
            return;
        uint64_t x = seed;
        for (uint32_t b = 1; b <= a; b++)
            x += (uint64_t)prime[(a * prime[b] + b) % PRIMES] * (uint64_t)(history[b - 1] + 1);
        size_t start = base + (size_t)(x % half);
        if (start == 0)
            return;
        if (network->shape.maxent - start < most)
            most = network->shape.maxent - start;
        features->start[features->count] = start;
        features->most[features->count++] = most;
    }
}

void maxent_class_features(const struct network *network, const int32_t *history,
                           struct maxent_features *features)
{
    find_features(network, history, prime[0] * prime[1], 0, features);
}

void maxent_word_features(const struct network *network, const int32_t *history, size_t k,
                          struct maxent_features *features)
{
    uint64_t seed = (uint64_t)(prime[0] * prime[1]) * (uint64_t)(k + 1);
    find_features(network, history, seed, network->shape.maxent / 2, features);
}

void maxent_add(const struct parameter *table, const struct maxent_features *features, float *logit,
                size_t n)
{
    for (int i = 0; i < features->count; i++) {
        size_t start = features->start[i], length = maxent_run(features, i, n);
        if (table->type == PARAMETER_BFLOAT16)
            kernels->add_halves(logit, parameter_half_row(table, 0) + start, length);
        else
            kernels->scale_add(logit, parameter_row(table, 0) + start, length, 1, 1);
    }
}

float maxent_element(const struct parameter *table, const struct maxent_features *features,
                     size_t i)
{
    float sum = 0;
    for (int order = 0; order < features->count; order++) {
        size_t at = features->start[order] + i;
        if (i >= features->most[order])
            continue;
        sum += table->type == PARAMETER_BFLOAT16 ? bfloat16_to(parameter_half_row(table, 0)[at])
                                                 : parameter_row(table, 0)[at];
    }
    return sum;
}

void maxent_learn(struct parameter *table, const struct maxent_features *features, const float *e,
                  size_t n, float step, float keep)
{
    for (int i = 0; i < features->count; i++)
        kernels->scale_add(parameter_row(table, 0) + features->start[i], e,
                           maxent_run(features, i, n), step, keep);
}
