// Kernels on bfloat16, in the compiler's vector types.
#ifndef BASE_KERNELS_HALVES_H
#define BASE_KERNELS_HALVES_H

#include <string.h>

#include "base/bfloat16.h"
#include "base/kernels_lanes.h"
#include "base/memory.h"

static void to_halves(uint16_t *y, const float *x, size_t n)
{
    size_t i = 0;
#if defined(__AVX512BF16__)
    for (; i + LANES <= n; i += LANES) {
        __m256bh halves = _mm512_cvtneps_pbh((__m512)load(x + i));
        memcpy(y + i, &halves, sizeof halves);
    }
#endif
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

INLINE void half_products_tile(const int height, const int count, float *out, size_t out_stride,
                               const uint16_t *left, size_t left_row, const uint32_t *columns,
                               size_t stride, size_t n)
{
    vector sum[TILE_HEIGHT][TILE_WIDTH];
#pragma GCC unroll 8
    for (int r = 0; r < height; r++)
#pragma GCC unroll 8
        for (int j = 0; j < count; j++)
            sum[r][j] = load(out + (size_t)r * out_stride + j * LANES);
    for (size_t i = 0; i < n; i += 2) {
        pairs v[TILE_WIDTH];
#pragma GCC unroll 8
        for (int j = 0; j < count; j++)
            v[j] = load_pairs(columns + i / 2 * stride + (size_t)j * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < height; r++) {
            uint32_t pair;
            memcpy(&pair, left + (size_t)r * left_row + i, sizeof pair);
            pairs weight = pair - (pairs){0};
#pragma GCC unroll 8
            for (int j = 0; j < count; j++)
                sum[r][j] = pair_products(sum[r][j], v[j], weight);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < height; r++)
#pragma GCC unroll 8
        for (int j = 0; j < count; j++)
            store(out + (size_t)r * out_stride + j * LANES, sum[r][j]);
}

// Rows of `out` that are too few for a tile go one by one.
INLINE void half_products_strip(const int count, float *out, size_t out_stride, size_t m,
                                const uint16_t *left, size_t left_row, const uint32_t *columns,
                                size_t stride, size_t n)
{
    size_t r = 0;
    for (; r + TILE_HEIGHT <= m; r += TILE_HEIGHT)
        half_products_tile(TILE_HEIGHT, count, out + r * out_stride, out_stride,
                           left + r * left_row, left_row, columns, stride, n);
    for (; r < m; r++)
        half_products_tile(1, count, out + r * out_stride, out_stride, left + r * left_row,
                           left_row, columns, stride, n);
}

static void half_products(float *out, size_t out_stride, size_t m, const uint16_t *left,
                          size_t left_row, const uint32_t *columns, size_t stride, size_t n,
                          size_t width)
{
    size_t vectors = memory_row(width) / LANES, at = 0;
    for (; at + TILE_WIDTH <= vectors; at += TILE_WIDTH)
        half_products_strip(TILE_WIDTH, out + at * LANES, out_stride, m, left, left_row,
                            columns + at * LANES, stride, n);
    if (TILE_WIDTH > 2 && vectors - at == 3)
        half_products_strip(TILE_WIDTH > 2 ? 3 : 1, out + at * LANES, out_stride, m, left, left_row,
                            columns + at * LANES, stride, n);
    else
        for (; at < vectors; at++)
            half_products_strip(1, out + at * LANES, out_stride, m, left, left_row,
                                columns + at * LANES, stride, n);
}

#endif
