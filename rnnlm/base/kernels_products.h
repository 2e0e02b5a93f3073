// Products of matrices, of floats and of pairs of halves, in the compiler's vector types. One text
// for both: four bytes are a number of the one or a pair of the other.
//
// A tile of `out`, tall and narrow, stays in registers while it walks down the rows of a strip of
// the right side; the tiles below it find the strip in the near caches. Where the right side comes
// from further away, nothing but the first tile would wait for it: so while the tiles of a strip
// are computed, each has a line or two of every row of the next strip fetched.
#ifndef BASE_KERNELS_PRODUCTS_H
#define BASE_KERNELS_PRODUCTS_H

#include <stdbool.h>

#include "base/kernels_lanes.h"
#include "base/memory.h"

typedef uint32_t cell __attribute__((may_alias));

enum { LINE = 16 }; // cells of a line of the caches

// sum + a b, number by number or pair by pair
INLINE vector add_product(const bool paired, vector sum, pairs a, pairs b)
{
    if (paired)
        return pair_products(sum, a, b);
    return sum + (vector)a * (vector)b;
}

// `height` rows and `count` vectors of `out`. On its way down it has the lines fetched that are
// `ahead` and `beyond` from the beginning of each row. Rows of `left` are found in threes, because
// the processor adds once and twice a number to an address, and has too few registers for an
// address of each.
INLINE void products_tile(const bool paired, const int height, const int count, float *out,
                          size_t out_stride, const cell *left, size_t left_row, size_t left_term,
                          const cell *rows, size_t stride, size_t n, size_t ahead, size_t beyond)
{
    vector sum[TILE_HEIGHT][4 * TILE_WIDTH];
    const cell *three[TILE_HEIGHT / 3];
#pragma GCC unroll 16
    for (int r = 0; r < height; r++)
#pragma GCC unroll 8
        for (int j = 0; j < count; j++)
            sum[r][j] = load(out + (size_t)r * out_stride + j * LANES);
#pragma GCC unroll 8
    for (int r = 0; r < height; r += 3)
        three[r / 3] = left + (size_t)r * left_row;
    for (size_t i = 0; i < n; i++) {
        pairs v[4 * TILE_WIDTH];
        __builtin_prefetch(rows + ahead);
        __builtin_prefetch(rows + beyond);
#pragma GCC unroll 8
        for (int j = 0; j < count; j++)
            v[j] = load_pairs(rows + j * LANES);
        rows += stride;
#pragma GCC unroll 16
        for (int r = 0; r < height; r++) {
            pairs weight = three[r / 3][(size_t)(r % 3) * left_row] - (pairs){0};
#pragma GCC unroll 8
            for (int j = 0; j < count; j++)
                sum[r][j] = add_product(paired, sum[r][j], v[j], weight);
        }
#pragma GCC unroll 8
        for (int r = 0; r < height; r += 3)
            three[r / 3] += left_term;
    }
#pragma GCC unroll 16
    for (int r = 0; r < height; r++)
#pragma GCC unroll 8
        for (int j = 0; j < count; j++)
            store(out + (size_t)r * out_stride + j * LANES, sum[r][j]);
}

// Tiles of about the same height, `most` at most. The next strip is `lines` wide.
INLINE void products_strip(const bool paired, const int most, const int count, float *out,
                           size_t out_stride, size_t m, const cell *left, size_t left_row,
                           size_t left_term, const cell *rows, size_t stride, size_t n,
                           size_t lines)
{
    const size_t tiles = (m + (size_t)most - 1) / (size_t)most, next = (size_t)count * LANES;
    size_t height;
    for (size_t r = 0, t = 0; r < m; r += height, t++) {
        height = (m - r + tiles - t - 1) / (tiles - t);
        size_t ahead = t < lines ? next + t * LINE : 0;
        size_t beyond = t + tiles < lines ? next + (t + tiles) * LINE : 0;
#define CALL(height)                                                                               \
    if (height <= most)                                                                            \
    products_tile(paired, height < TILE_HEIGHT ? height : TILE_HEIGHT, count,                      \
                  out + r * out_stride, out_stride, left + r * left_row, left_row, left_term,      \
                  rows, stride, n, ahead, beyond)
        SWITCH(height, CALL)
#undef CALL
    }
}

// Strips as wide as the tiles, and single vectors for what is left. Very few rows have wide tiles,
// for as many sums as registers hold.
INLINE void multiply(const bool paired, float *out, size_t out_stride, size_t m, const cell *left,
                     size_t left_row, size_t left_term, const cell *rows, size_t stride, size_t n,
                     size_t width)
{
    const size_t vectors = memory_row(width) / LANES;
    size_t at = 0;
#define STRIPS(most, count)                                                                        \
    for (; at + (count) <= vectors; at += (count))                                                 \
    products_strip(paired, most, count, out + at * LANES, out_stride, m, left, left_row,           \
                   left_term, rows + at * LANES, stride, n,                                        \
                   at + 2 * (count) <= vectors ? (count)*LANES / LINE : 0)
    if (m <= TILE_HEIGHT / 4)
        STRIPS(TILE_HEIGHT / 4, 4 * TILE_WIDTH);
    STRIPS(TILE_HEIGHT, TILE_WIDTH);
    STRIPS(TILE_HEIGHT, 1);
#undef STRIPS
}

static void products(float *out, size_t out_stride, size_t m, const float *left, size_t left_row,
                     size_t left_term, const float *rows, size_t stride, size_t n, size_t width)
{
    multiply(false, out, out_stride, m, (const cell *)left, left_row, left_term, (const cell *)rows,
             stride, n, width);
}

static void half_products(float *out, size_t out_stride, size_t m, const uint16_t *left,
                          size_t left_row, size_t left_term, const uint32_t *rows, size_t stride,
                          size_t n, size_t width)
{
    multiply(true, out, out_stride, m, (const cell *)left, left_row / 2, left_term / 2, rows,
             stride, (n + 1) / 2, width);
}

#endif
