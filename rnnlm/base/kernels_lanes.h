// Vectors of LANES floats, and where instruction sets differ by more than their number.
//
// Nothing here hides a NaN.
#ifndef BASE_KERNELS_LANES_H
#define BASE_KERNELS_LANES_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

typedef float vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t integers __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint32_t pairs __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint16_t halves __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));

INLINE vector load(const float *from)
{
    return *(const vector *)from;
}

INLINE void store(float *to, vector value)
{
    *(vector *)to = value;
}

INLINE vector all(float value)
{
    return value - (vector){0};
}

// ---- bfloat16 ---------------------------------------------------------------------------------
//
// A vector of pairs holds 2 LANES halves: of each pair the lower one comes first.

INLINE pairs load_pairs(const void *from)
{
    return *(const pairs *)from;
}

INLINE vector lower_halves(pairs v)
{
    return (vector)(v << 16);
}

INLINE vector upper_halves(pairs v)
{
    return (vector)(v & 0xffff0000u);
}

// Each lane rounded to the nearest, as in base/bfloat16.h, in the lower half of the lane.
INLINE pairs round_lanes(vector x)
{
#if defined(KERNELS_AVX512BF16)
    return (pairs)_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)x));
#else
    pairs bits = (pairs)x, sign = bits & 0x80000000u, size = bits & 0x7fffffffu;
    pairs nan = (pairs)(size > 0x7f800000u), finite = (pairs)(size < 0x7f800000u);
    pairs rounded = size + 0x7fff + (size >> 16 & 1);
    pairs beyond = (pairs)(rounded >= 0x7f800000u); // what was finite stays so
    rounded = (~beyond & rounded) | (beyond & 0x7f7f0000u);
    size = (finite & rounded) | (~finite & (size | (nan & 0x400000u)));
    return (sign | size) >> 16;
#endif
}

// sum + a . b, pair by pair
INLINE vector pair_products(vector sum, pairs a, pairs b)
{
#if defined(KERNELS_AVX512BF16)
    return (vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
    return sum + lower_halves(a) * lower_halves(b) + upper_halves(a) * upper_halves(b);
#endif
}

// ---- what differs -----------------------------------------------------------------------------
//
//   least(bound, v), most(bound, v)   lane by lane; v where v is NaN
//   first_of(from, n, rest)   the n < LANES floats at `from`, and then lanes of `rest`
//   first_to(to, v, n)   the first n < LANES lanes
//   square_root(v)
//   inverse(v)   1 / v for 1 <= v < 1e30, to the last bit or two
//   fold_to_eight(v), largest_of_halves(v)   sums and largest of the lanes that are 8 apart

#if defined(KERNELS_AVX512)

INLINE vector least(vector bound, vector v)
{
    return (vector)_mm512_min_ps((__m512)bound, (__m512)v);
}

INLINE vector most(vector bound, vector v)
{
    return (vector)_mm512_max_ps((__m512)bound, (__m512)v);
}

INLINE vector first_of(const float *from, size_t n, vector rest)
{
    return (vector)_mm512_mask_loadu_ps((__m512)rest, (__mmask16)((1u << n) - 1), from);
}

INLINE void first_to(float *to, vector v, size_t n)
{
    _mm512_mask_storeu_ps(to, (__mmask16)((1u << n) - 1), (__m512)v);
}

INLINE vector square_root(vector v)
{
    return (vector)_mm512_sqrt_ps((__m512)v);
}

// The estimate has 14 bits, which a step of Newton's method doubles.
INLINE vector inverse(vector v)
{
    vector estimate = (vector)_mm512_rcp14_ps((__m512)v);
    return estimate + estimate * (all(1.0f) - v * estimate);
}

INLINE eight lower_half(vector v)
{
    return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
}

INLINE eight upper_half(vector v)
{
    return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
}

INLINE eight fold_to_eight(vector v)
{
    return lower_half(v) + upper_half(v);
}

INLINE eight largest_of_halves(vector v)
{
    return (eight)_mm256_max_ps((__m256)lower_half(v), (__m256)upper_half(v));
}

#else

INLINE vector least(vector bound, vector v)
{
    return (vector)_mm256_min_ps((__m256)bound, (__m256)v);
}

INLINE vector most(vector bound, vector v)
{
    return (vector)_mm256_max_ps((__m256)bound, (__m256)v);
}

INLINE __m256i first_lanes(size_t n)
{
    const integers lane = {0, 1, 2, 3, 4, 5, 6, 7};
    return (__m256i)(lane < (int32_t)n - (integers){0});
}

INLINE vector first_of(const float *from, size_t n, vector rest)
{
    __m256i mask = first_lanes(n);
    return (vector)_mm256_blendv_ps((__m256)rest, _mm256_maskload_ps(from, mask), (__m256)mask);
}

INLINE void first_to(float *to, vector v, size_t n)
{
    _mm256_maskstore_ps(to, first_lanes(n), (__m256)v);
}

INLINE vector square_root(vector v)
{
    return (vector)_mm256_sqrt_ps((__m256)v);
}

INLINE vector inverse(vector v)
{
    return all(1.0f) / v;
}

INLINE eight fold_to_eight(vector v)
{
    return v;
}

INLINE eight largest_of_halves(vector v)
{
    return v;
}

#endif

// ---- sums and extremes of lanes ---------------------------------------------------------------

INLINE float sum_lanes(vector value)
{
    eight v = fold_to_eight(value);
    v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
    v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5);
    v += __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6);
    return v[0];
}

// The sums of eight vectors at once: each round adds neighbours, and halves the number of vectors.
INLINE eight sum_lanes_of_eight(const vector value[8])
{
    eight v[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
        v[i] = fold_to_eight(value[i]);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        v[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14) +
               __builtin_shufflevector(v[2 * i], v[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++)
        v[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 1, 8, 9, 4, 5, 12, 13) +
               __builtin_shufflevector(v[2 * i], v[2 * i + 1], 2, 3, 10, 11, 6, 7, 14, 15);
    return __builtin_shufflevector(v[0], v[1], 0, 1, 2, 3, 8, 9, 10, 11) +
           __builtin_shufflevector(v[0], v[1], 4, 5, 6, 7, 12, 13, 14, 15);
}

INLINE float largest_lane(vector value)
{
    eight v = largest_of_halves(value);
    v = (eight)_mm256_max_ps((__m256)v,
                             (__m256)__builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3));
    v = (eight)_mm256_max_ps((__m256)v,
                             (__m256)__builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5));
    v = (eight)_mm256_max_ps((__m256)v,
                             (__m256)__builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6));
    return v[0];
}

// ---- counts that are constants ------------------------------------------------------------------
//
// call(count) with `count` a constant 1..13, so that the compiler unrolls loops over it and keeps
// arrays of so many vectors in registers.

#define CASE(count, call)                                                                          \
    case count:                                                                                    \
        call(count);                                                                               \
        break;
#define SWITCH(number, call)                                                                       \
    switch (number) {                                                                              \
        CASE(1, call)                                                                              \
        CASE(2, call)                                                                              \
        CASE(3, call)                                                                              \
        CASE(4, call)                                                                              \
        CASE(5, call)                                                                              \
        CASE(6, call)                                                                              \
        CASE(7, call)                                                                              \
        CASE(8, call)                                                                              \
        CASE(9, call)                                                                              \
        CASE(10, call)                                                                             \
        CASE(11, call)                                                                             \
        CASE(12, call)                                                                             \
        CASE(13, call)                                                                             \
    default:                                                                                       \
        __builtin_unreachable();                                                                   \
    }

#endif
