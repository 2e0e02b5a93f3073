// Kernels that go through a vector element by element, in the compiler's vector types.
#ifndef BASE_KERNELS_ELEMENTS_H
#define BASE_KERNELS_ELEMENTS_H

#include <math.h>

#include "base/kernels_lanes.h"

INLINE vector clamp_vector(vector x, float limit)
{
    return most(all(-limit), least(all(limit), x));
}

// exp(x) = 2^n exp(r), r = x - n ln 2 in two parts, for -87 <= x <= 88; Taylor's series to r^7 is
// below one unit in the last place for |r| <= ln(2)/2.
INLINE vector exp_vector(vector x)
{
    const vector magic = all(12582912.0f); // 1.5 * 2^23: adding it rounds to whole numbers
    vector shifted = x * all(1.44269504f) + magic;
    vector n = shifted - magic;
    vector r = x - n * all(0.693359375f) + n * all(2.12194440e-4f);
    vector p = all(1.0f / 5040);
    p = p * r + all(1.0f / 720);
    p = p * r + all(1.0f / 120);
    p = p * r + all(1.0f / 24);
    p = p * r + all(1.0f / 6);
    p = p * r + all(0.5f);
    p = p * r + all(1.0f);
    p = p * r + all(1.0f);
    const int32_t bias = 127;
    return p * (vector)(((integers)shifted - (integers)magic + bias) << 23);
}

// exp(x) for x <= 0, as if none were below -87.
INLINE vector exp_below(vector x)
{
    return exp_vector(most(all(-87.0f), x));
}

INLINE vector sigmoid_vector(vector x)
{
    return inverse(all(1.0f) + exp_vector(-clamp_vector(x, 50)));
}

// 2 / (1 + exp(-2 x)) - 1
INLINE vector tanh_vector(vector x)
{
    return all(2.0f) * inverse(all(1.0f) + exp_vector(all(-2.0f) * clamp_vector(x, 25))) -
           all(1.0f);
}

INLINE vector elu_vector(vector x)
{
    vector below = exp_vector(most(all(-87.0f), least(all(0.0f), x))) - all(1.0f);
    return most(all(0.0f), x) + below;
}

// The floats at `from`, of which `there` are to be read; zeros behind them.
INLINE vector load_part(const float *from, size_t there)
{
    return there >= LANES ? load(from) : first_of(from, there, all(0));
}

// Runs `statement` with `v` bound to LANES floats of x at a time, fewer at the end. Declares i.
#define FOR_EACH(x, n, statement)                                                                  \
    do {                                                                                           \
        size_t i = 0;                                                                              \
        for (; i + LANES <= (n); i += LANES) {                                                     \
            vector v = load((x) + i);                                                              \
            statement;                                                                             \
            store((x) + i, v);                                                                     \
        }                                                                                          \
        if (i < (n)) {                                                                             \
            vector v = first_of((x) + i, (n)-i, all(0));                                           \
            statement;                                                                             \
            first_to((x) + i, v, (n)-i);                                                           \
        }                                                                                          \
    } while (0)

static void clamp(float *x, size_t n, float limit)
{
    FOR_EACH(x, n, v = clamp_vector(v, limit));
}

static void sigmoid(float *x, size_t n)
{
    FOR_EACH(x, n, v = sigmoid_vector(v));
}

static void hyperbolic_tangent(float *x, size_t n)
{
    FOR_EACH(x, n, v = tanh_vector(v));
}

static void elu(float *x, size_t n)
{
    FOR_EACH(x, n, v = elu_vector(v));
}

static void sigmoid_error(float *e, const float *s, size_t n)
{
    FOR_EACH(e, n, vector a = load_part(s + i, n - i); v = v * (a * (all(1.0f) - a)));
}

static void scale_add(float *y, const float *x, size_t n, float step, float keep)
{
    FOR_EACH(y, n, v = v * all(keep) + load_part(x + i, n - i) * all(step));
}

static void add_squares(float *y, const float *x, size_t n, float step)
{
    FOR_EACH(y, n, vector a = load_part(x + i, n - i); v = v + a * a * all(step));
}

static float largest_of(const float *x, size_t n)
{
    vector largest = all(-INFINITY);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        largest = most(load(x + i), largest);
    if (i < n)
        largest = most(first_of(x + i, n - i, largest), largest);
    return largest_lane(largest);
}

// Lanes behind the end count as exp(-87), which is nothing beside the largest's exp(0).
static float softmax_sum(const float *x, size_t n, float *largest)
{
    *largest = largest_of(x, n);
    vector sum = all(0);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        sum += exp_below(load(x + i) - all(*largest));
    if (i < n)
        sum += exp_below(first_of(x + i, n - i, all(-INFINITY)) - all(*largest));
    return sum_lanes(sum);
}

static void softmax_part(float *x, size_t n, float largest, float scale)
{
    FOR_EACH(x, n, v = all(scale) * exp_below(v - all(largest)));
}

INLINE void scale_all(float *x, size_t n, vector factor)
{
    FOR_EACH(x, n, v = v * factor);
}

static void softmax(float *x, size_t n)
{
    vector largest = all(largest_of(x, n)), sum = all(0);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vector v = exp_below(load(x + i) - largest);
        sum += v;
        store(x + i, v);
    }
    if (i < n) {
        vector v = exp_below(first_of(x + i, n - i, all(-INFINITY)) - largest);
        sum += v;
        first_to(x + i, v, n - i);
    }
    scale_all(x, n, all(1 / sum_lanes(sum)));
}

#endif
