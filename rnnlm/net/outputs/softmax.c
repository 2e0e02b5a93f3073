// What outputs that are softmaxes share.
#include "net/outputs/softmax.h"

#include <math.h>

#include "base/kernels.h"

void softmax_add(struct softmax_sum *all, const float *logit, size_t n)
{
    float largest, sum = kernels->softmax_sum(logit, n, &largest);
    if (largest > all->largest) {
        all->sum = all->sum * expf(all->largest - largest) + sum;
        all->largest = largest;
    } else {
        all->sum += sum * expf(largest - all->largest);
    }
}

float softmax_element(const struct softmax_sum *all, float logit)
{
    float below = logit - all->largest;
    return expf(below < -87 ? -87 : below) / all->sum;
}

float softmax_self_normalise(const struct softmax_sum *all, float weight)
{
    return 1 + 2 * weight * (all->largest + logf(all->sum));
}

size_t softmax_draw(struct random *random, const float *share, size_t n)
{
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += (double)share[i];
    double left = random_uniform(random, 0, total);
    size_t last = 0;
    for (size_t i = 0; i < n; i++) {
        if (share[i] <= 0)
            continue;
        if (left < (double)share[i])
            return i;
        left -= (double)share[i];
        last = i;
    }
    return last;
}
