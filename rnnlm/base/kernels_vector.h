// The kernels in the compiler's vector types: one text for all instruction sets. The including file
// says how many floats a register holds (LANES) and how many registers of a row are worked on at
// once (CHUNK; twice as many and a few must fit), how many vectors go down the rows together
// (GROUP, 8 times as many must fit) and what block of a product stays in registers (TILE_HEIGHT x
// TILE_WIDTH, with TILE_HEIGHT a multiple of 3). It also says which instructions there are beyond
// AVX2 (KERNELS_AVX512, KERNELS_AVX512BF16): the compiler's own macros may speak of more, if it is
// told to build for this very machine.
//
// Work on rows goes by chunks: the part of a row that fits into the registers is a constant number
// of vectors, so that the compiler unrolls the loops over it and keeps x and the sums in registers
// while it walks down the rows.
#include "base/kernels_sets.h"

#include "base/kernels_cells.h"
#include "base/kernels_elements.h"
#include "base/kernels_halves.h"
#include "base/kernels_packing.h"
#include "base/kernels_products.h"
#include "base/memory.h"

// ---- rows -------------------------------------------------------------------------------------

// Parts of nearly equal size: 14 vectors are 7 + 7, not 13 + 1.
INLINE size_t part_of(size_t vectors)
{
    size_t parts = (vectors + CHUNK - 1) / CHUNK;
    return (vectors + parts - 1) / parts;
}

enum { TOGETHER = 8 }; // rows whose products with x are computed side by side

static void rows_times(float *out, const float *rows, size_t stride, size_t n, const float *x,
                       size_t width)
{
    width = memory_row(width);
    size_t i = 0;
    for (; i + TOGETHER <= n; i += TOGETHER) {
        vector sum[TOGETHER];
        const float *row = rows + i * stride;
#pragma GCC unroll 8
        for (int r = 0; r < TOGETHER; r++)
            sum[r] = all(0);
        for (size_t j = 0; j < width; j += LANES) {
            vector v = load(x + j);
#pragma GCC unroll 8
            for (int r = 0; r < TOGETHER; r++)
                sum[r] += load(row + (size_t)r * stride + j) * v;
        }
        *(eight *)(out + i) += sum_lanes_of_eight(sum);
    }
    for (; i < n; i++) {
        vector even = all(0), odd = all(0);
        size_t j = 0;
        for (; j + 2 * LANES <= width; j += 2 * LANES) {
            even += load(rows + i * stride + j) * load(x + j);
            odd += load(rows + i * stride + j + LANES) * load(x + j + LANES);
        }
        for (; j < width; j += LANES)
            even += load(rows + i * stride + j) * load(x + j);
        out[i] += sum_lanes(even + odd);
    }
}

INLINE void times_rows_part(const int count, float *out, const float *e, const float *rows,
                            size_t stride, size_t n)
{
    vector sum[CHUNK];
#pragma GCC unroll 16
    for (int j = 0; j < count; j++)
        sum[j] = load(out + j * LANES);
    for (size_t i = 0; i < n; i++) {
        vector weight = all(e[i]);
#pragma GCC unroll 16
        for (int j = 0; j < count; j++)
            sum[j] += load(rows + i * stride + (size_t)j * LANES) * weight;
    }
#pragma GCC unroll 16
    for (int j = 0; j < count; j++)
        store(out + j * LANES, sum[j]);
}

static void times_rows(float *out, const float *e, const float *rows, size_t stride, size_t n,
                       size_t width)
{
    size_t vectors = memory_row(width) / LANES, part;
    for (size_t at = 0; at < vectors; at += part) {
        part = vectors - at < part_of(vectors) ? vectors - at : part_of(vectors);
#define CALL(count)                                                                                \
    times_rows_part(count < CHUNK ? count : CHUNK, out + at * LANES, e, rows + at * LANES, stride, \
                    n)
        SWITCH(part, CALL)
#undef CALL
    }
}

INLINE void times_rows_update_part(const int count, float *out, const float *e, float *rows,
                                   size_t stride, size_t n, const float *x, float step, float keep)
{
    vector sum[CHUNK], input[CHUNK];
    vector kept = all(keep);
#pragma GCC unroll 16
    for (int j = 0; j < count; j++) {
        sum[j] = load(out + j * LANES);
        input[j] = load(x + j * LANES);
    }
    for (size_t i = 0; i < n; i++) {
        float *row = rows + i * stride;
        vector weight = all(e[i]), move = all(step * e[i]);
#pragma GCC unroll 16
        for (int j = 0; j < count; j++) {
            vector old = load(row + j * LANES);
            sum[j] += old * weight;
            store(row + j * LANES, old * kept + input[j] * move);
        }
    }
#pragma GCC unroll 16
    for (int j = 0; j < count; j++)
        store(out + j * LANES, sum[j]);
}

static void times_rows_update(float *out, const float *e, float *rows, size_t stride, size_t n,
                              size_t width, const float *x, float step, float keep)
{
    size_t vectors = memory_row(width) / LANES, part;
    for (size_t at = 0; at < vectors; at += part) {
        part = vectors - at < part_of(vectors) ? vectors - at : part_of(vectors);
#define CALL(count)                                                                                \
    times_rows_update_part(count < CHUNK ? count : CHUNK, out + at * LANES, e, rows + at * LANES,  \
                           stride, n, x + at * LANES, step, keep)
        SWITCH(part, CALL)
#undef CALL
    }
}

// Two rows at a time, so that each vector of `right` is read once for both; the last row of an odd
// number is done twice.
INLINE void rank_update_part(const int count, float *rows, size_t stride, size_t n,
                             const float *left, size_t left_stride, const float *right,
                             size_t right_stride, size_t terms, float step, float keep)
{
    for (size_t i = 0; i < n; i += 2) {
        size_t other = i + 1 < n ? i + 1 : i;
        vector sum[CHUNK], sum_other[CHUNK];
#pragma GCC unroll 16
        for (int j = 0; j < count; j++)
            sum[j] = sum_other[j] = all(0);
        for (size_t k = 0; k < terms; k++) {
            vector a = all(left[k * left_stride + i]), b = all(left[k * left_stride + other]);
#pragma GCC unroll 16
            for (int j = 0; j < count; j++) {
                vector v = load(right + k * right_stride + (size_t)j * LANES);
                sum[j] += v * a;
                sum_other[j] += v * b;
            }
        }
#pragma GCC unroll 16
        for (int j = 0; j < count; j++) {
            float *to = rows + i * stride + (size_t)j * LANES,
                  *to_other = rows + other * stride + (size_t)j * LANES;
            vector moved = load(to) * all(keep) + sum[j] * all(step);
            vector moved_other = load(to_other) * all(keep) + sum_other[j] * all(step);
            store(to, moved);
            store(to_other, moved_other);
        }
    }
}

static void rank_update(float *rows, size_t stride, size_t n, size_t width, const float *left,
                        size_t left_stride, const float *right, size_t right_stride, size_t terms,
                        float step, float keep)
{
    size_t vectors = memory_row(width) / LANES, part;
    for (size_t at = 0; at < vectors; at += part) {
        part = vectors - at < part_of(vectors) ? vectors - at : part_of(vectors);
#define CALL(count)                                                                                \
    rank_update_part(count < CHUNK ? count : CHUNK, rows + at * LANES, stride, n, left,            \
                     left_stride, right + at * LANES, right_stride, terms, step, keep)
        SWITCH(part, CALL)
#undef CALL
    }
}

// ---- many vectors at once ---------------------------------------------------------------------

// `height` rows (4 or 8), of which only the first `real` are there, times `count` vectors x. The
// sums over a row are made in the same order whatever the count.
INLINE void rows_times_tile(const int count, const int height, size_t real, float *out,
                            size_t out_stride, const float *rows, size_t stride, const float *x,
                            size_t x_stride, size_t width)
{
    vector sum[GROUP][TOGETHER];
    const float *row[TOGETHER];
#pragma GCC unroll 8
    for (int k = 0; k < height; k++)
        row[k] = rows + ((size_t)k < real ? (size_t)k : real - 1) * stride;
#pragma GCC unroll 8
    for (int r = 0; r < count; r++)
#pragma GCC unroll 8
        for (int k = 0; k < TOGETHER; k++)
            sum[r][k] = all(0);
    for (size_t j = 0; j < width; j += LANES) {
        vector v[GROUP];
#pragma GCC unroll 8
        for (int r = 0; r < count; r++)
            v[r] = load(x + (size_t)r * x_stride + j);
#pragma GCC unroll 8
        for (int k = 0; k < height; k++) {
            vector weight = load(row[k] + j);
#pragma GCC unroll 8
            for (int r = 0; r < count; r++)
                sum[r][k] += weight * v[r];
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < count; r++) {
        float *to = out + (size_t)r * out_stride;
        eight sums = sum_lanes_of_eight(sum[r]);
        if (real == TOGETHER)
            *(eight *)to += sums;
        else
            for (size_t k = 0; k < real; k++)
                to[k] += sums[k];
    }
}

INLINE void rows_times_group(const int count, float *out, size_t out_stride, const float *rows,
                             size_t stride, size_t n, const float *x, size_t x_stride, size_t width)
{
    size_t i = 0;
    for (; i + TOGETHER <= n; i += TOGETHER)
        rows_times_tile(count, TOGETHER, TOGETHER, out + i, out_stride, rows + i * stride, stride,
                        x, x_stride, width);
    if (n - i > TOGETHER / 2)
        rows_times_tile(count, TOGETHER, n - i, out + i, out_stride, rows + i * stride, stride, x,
                        x_stride, width);
    else if (n > i)
        rows_times_tile(count, TOGETHER / 2, n - i, out + i, out_stride, rows + i * stride, stride,
                        x, x_stride, width);
}

// Rows that stay in the first-level cache while all x pass by.
static void rows_times_block(float *out, size_t out_stride, const float *rows, size_t stride,
                             size_t n, const float *x, size_t x_stride, size_t m, size_t width)
{
    size_t r = 0;
    for (; r + GROUP <= m; r += GROUP)
        rows_times_group(GROUP, out + r * out_stride, out_stride, rows, stride, n, x + r * x_stride,
                         x_stride, width);
    if (m - r == 2)
        rows_times_group(GROUP > 2 ? 2 : 1, out + r * out_stride, out_stride, rows, stride, n,
                         x + r * x_stride, x_stride, width);
    else if (m > r)
        rows_times_group(1, out + r * out_stride, out_stride, rows, stride, n, x + r * x_stride,
                         x_stride, width);
}

static void rows_times_many(float *out, size_t out_stride, const float *rows, size_t stride,
                            size_t n, const float *x, size_t x_stride, size_t m, size_t width)
{
    width = memory_row(width);
    const size_t fit = 6144 / width / TOGETHER * TOGETHER, block = fit > 0 ? fit : TOGETHER;
    for (size_t i = 0, rest; i < n; i += rest) {
        rest = n - i < block + TOGETHER ? n - i : block;
        rows_times_block(out + i, out_stride, rows + i * stride, stride, rest, x, x_stride, m,
                         width);
    }
}

const struct kernels KERNELS_SET = {
    .name = KERNELS_NAME,
    .rows_times = rows_times,
    .times_rows = times_rows,
    .times_rows_update = times_rows_update,
    .rank_update = rank_update,
    .rows_times_many = rows_times_many,
    .products = products,
    .scale_add = scale_add,
    .add_squares = add_squares,
    .clamp = clamp,
    .sigmoid = sigmoid,
    .tanh = hyperbolic_tangent,
    .elu = elu,
    .sigmoid_error = sigmoid_error,
    .softmax = softmax,
    .softmax_sum = softmax_sum,
    .softmax_part = softmax_part,
    .lstm = lstm,
    .lstm_error = lstm_error,
    .gru = gru,
    .gru_error = gru_error,
    .scale_add_squares = scale_add_squares,
    .scale_add_divided = scale_add_divided,
    .adam = adam,
    .to_halves = to_halves,
    .add_halves = add_halves,
    .half_rows_times = half_rows_times,
    .half_products = half_products,
    .transpose = transpose,
    .pair_columns = pair_columns,
    .pair_rows = pair_rows,
};
