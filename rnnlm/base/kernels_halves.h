// Kernels on bfloat16, in the compiler's vector types.
#ifndef BASE_KERNELS_HALVES_H
#define BASE_KERNELS_HALVES_H

#include "base/bfloat16.h"
#include "base/kernels_lanes.h"
#include "base/memory.h"

static void to_halves(uint16_t *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        *(halves *)(y + i) = __builtin_convertvector(round_lanes(load(x + i)), halves);
    for (; i < n; i++)
        y[i] = bfloat16_from(x[i]);
}

static void add_halves(float *y, const uint16_t *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += bfloat16_to(x[i]);
}

// `height` rows (4 or 8), of which only the first `real` are there, times `count` vectors x.
INLINE void half_rows_tile(const int count, const int height, size_t real, float *out,
                           size_t out_stride, const uint16_t *rows, size_t stride,
                           const uint16_t *x, size_t x_stride, size_t width)
{
    vector sum[GROUP][8];
    const uint16_t *row[8];
#pragma GCC unroll 8
    for (int k = 0; k < height; k++)
        row[k] = rows + ((size_t)k < real ? (size_t)k : real - 1) * stride;
#pragma GCC unroll 8
    for (int r = 0; r < count; r++)
#pragma GCC unroll 8
        for (int k = 0; k < 8; k++)
            sum[r][k] = all(0);
    for (size_t j = 0; j < width; j += 2 * LANES) {
        pairs v[GROUP];
#pragma GCC unroll 8
        for (int r = 0; r < count; r++)
            v[r] = load_pairs(x + (size_t)r * x_stride + j);
#pragma GCC unroll 8
        for (int k = 0; k < height; k++) {
            pairs weight = load_pairs(row[k] + j);
#pragma GCC unroll 8
            for (int r = 0; r < count; r++)
                sum[r][k] = pair_products(sum[r][k], weight, v[r]);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < count; r++) {
        eight sums = sum_lanes_of_eight(sum[r]);
        for (size_t k = 0; k < real; k++)
            out[(size_t)r * out_stride + k] += sums[k];
    }
}

INLINE void half_rows_group(const int count, float *out, size_t out_stride, const uint16_t *rows,
                            size_t stride, size_t n, const uint16_t *x, size_t x_stride,
                            size_t width)
{
    for (size_t i = 0; i < n; i += 8) {
        size_t real = n - i < 8 ? n - i : 8;
        if (real > 4)
            half_rows_tile(count, 8, real, out + i, out_stride, rows + i * stride, stride, x,
                           x_stride, width);
        else
            half_rows_tile(count, 4, real, out + i, out_stride, rows + i * stride, stride, x,
                           x_stride, width);
    }
}

static void half_rows_times(float *out, size_t out_stride, const uint16_t *rows, size_t stride,
                            size_t n, const uint16_t *x, size_t x_stride, size_t m, size_t width)
{
    size_t r = 0;
    width = memory_half_row(width);
    for (; r + GROUP <= m; r += GROUP)
        half_rows_group(GROUP, out + r * out_stride, out_stride, rows, stride, n, x + r * x_stride,
                        x_stride, width);
    for (; r < m; r++)
        half_rows_group(1, out + r * out_stride, out_stride, rows, stride, n, x + r * x_stride,
                        x_stride, width);
}

#endif
