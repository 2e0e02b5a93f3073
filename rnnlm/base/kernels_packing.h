// Copies of matrices in the order in which products want them, in the compiler's vector types.
#ifndef BASE_KERNELS_PACKING_H
#define BASE_KERNELS_PACKING_H

#include <stdbool.h>

#include "base/kernels_elements.h"
#include "base/memory.h"

// ---- transposition ----------------------------------------------------------------------------
//
// Rows and columns of LANES x LANES cells change places in rounds: in that of `step`, of each two
// rows so far apart the one takes over the other's lanes without that bit in their number, and the
// other the one's with it.

#if defined(KERNELS_AVX512)
#define WITHOUT_1 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define WITH_1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define WITHOUT_2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define WITH_2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define WITHOUT_4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define WITH_4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define WITHOUT_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define WITH_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#else
#define WITHOUT_1 0, 8, 2, 10, 4, 12, 6, 14
#define WITH_1 1, 9, 3, 11, 5, 13, 7, 15
#define WITHOUT_2 0, 1, 8, 9, 4, 5, 12, 13
#define WITH_2 2, 3, 10, 11, 6, 7, 14, 15
#define WITHOUT_4 0, 1, 2, 3, 8, 9, 10, 11
#define WITH_4 4, 5, 6, 7, 12, 13, 14, 15
#endif

#define EXCHANGE(step)                                                                             \
    _Pragma("GCC unroll 16") for (int i = 0; i < LANES / 2; i++)                                   \
    {                                                                                              \
        int one = i / (step)*2 * (step) + i % (step);                                              \
        pairs a = v[one], b = v[one + (step)];                                                     \
        v[one] = __builtin_shufflevector(a, b, WITHOUT_##step);                                    \
        v[one + (step)] = __builtin_shufflevector(a, b, WITH_##step);                              \
    }

INLINE void turn(pairs v[LANES])
{
    EXCHANGE(1)
    EXCHANGE(2)
    EXCHANGE(4)
#if defined(KERNELS_AVX512)
    EXCHANGE(8)
#endif
}

#undef EXCHANGE

// The columns of which v has the rows: `count` of them, as far as they go below `n`.
INLINE void store_columns(float *to, size_t stride, pairs v[LANES], size_t count, size_t n)
{
    turn(v);
    if (count >= LANES && n >= LANES) {
#pragma GCC unroll 16
        for (size_t k = 0; k < LANES; k++)
            store(to + k * stride, (vector)v[k]);
        return;
    }
    for (size_t k = 0; k < LANES && k < count; k++)
        if (n >= LANES)
            store(to + k * stride, (vector)v[k]);
        else
            first_to(to + k * stride, (vector)v[k], n);
}

static void transpose(float *columns, size_t columns_stride, const float *rows, size_t stride,
                      size_t n, size_t width)
{
    for (size_t i = 0; i < n; i += LANES)
        for (size_t j = 0; j < width; j += LANES) {
            pairs v[LANES];
#pragma GCC unroll 16
            for (size_t k = 0; k < LANES; k++)
                v[k] = i + k < n ? (pairs)load(rows + (i + k) * stride + j) : (pairs){0};
            store_columns(columns + j * columns_stride + i, columns_stride, v, width - j, n - i);
        }
}

// ---- pairs ------------------------------------------------------------------------------------

static void pair_rows(uint32_t *to, size_t to_stride, const float *rows, size_t stride, size_t n,
                      size_t width)
{
    for (size_t i = 0; i < n; i += 2) {
        const float *low = rows + i * stride, *high = low + stride;
        uint32_t *out = to + i / 2 * to_stride;
        for (size_t j = 0; j < width; j += LANES) {
            pairs v = round_lanes(load_part(low + j, width - j));
            if (i + 1 < n)
                v |= round_lanes(load_part(high + j, width - j)) << 16;
            store((float *)(out + j), (vector)v);
        }
    }
}

// Elements 2k and 2k + 1 of two vectors side by side, as pair k.
INLINE pairs pair_lanes(vector x, vector y)
{
#if defined(KERNELS_AVX512BF16)
    return (pairs)_mm512_cvtne2ps_pbh((__m512)y, (__m512)x);
#elif defined(KERNELS_AVX512)
    return round_lanes(__builtin_shufflevector(x, y, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24,
                                               26, 28, 30)) |
           round_lanes(__builtin_shufflevector(x, y, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25,
                                               27, 29, 31))
               << 16;
#else
    return round_lanes(__builtin_shufflevector(x, y, 0, 2, 4, 6, 8, 10, 12, 14)) |
           round_lanes(__builtin_shufflevector(x, y, 1, 3, 5, 7, 9, 11, 13, 15)) << 16;
#endif
}

static void pair_columns(uint32_t *to, size_t to_stride, const float *rows, size_t stride, size_t n,
                         size_t width)
{
    for (size_t i = 0; i < n; i += LANES)
        for (size_t j = 0; j < width; j += 2 * LANES) {
            bool both = j + LANES < memory_row(width);
            pairs v[LANES];
#pragma GCC unroll 16
            for (size_t k = 0; k < LANES; k++) {
                const float *row = rows + (i + k) * stride + j;
                v[k] = i + k < n ? pair_lanes(load(row), both ? load(row + LANES) : all(0))
                                 : (pairs){0};
            }
            store_columns((float *)(to + j / 2 * to_stride + i), to_stride, v, (width - j + 1) / 2,
                          n - i);
        }
}

#endif
