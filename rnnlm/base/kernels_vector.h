// The kernels in the compiler's vector types: one text for all instruction sets. The including file
// says how many floats a register holds (LANES) and how many registers of a row are worked on at
// once (CHUNK; twice as many and a few must fit), how many vectors go down the rows together
// (GROUP, 8 times as many must fit) and what block of a product stays in registers (TILE_HEIGHT x
// TILE_WIDTH).
//
// Work on rows goes by chunks: the part of a row that fits into the registers is a constant number
// of vectors, so that the compiler unrolls the loops over it and keeps x and the sums in registers
// while it walks down the rows.
#include "base/kernels_sets.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"

#define INLINE static inline __attribute__((always_inline))

typedef float vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t integers __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

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

// Lane by lane: mask (all bits or none) ? yes : no.
INLINE vector choose(integers mask, vector yes, vector no)
{
    return (vector)((mask & (integers)yes) | (~mask & (integers)no));
}

typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));

INLINE eight fold_to_eight(vector value)
{
#if defined(__AVX512F__)
    return __builtin_shufflevector(value, value, 0, 1, 2, 3, 4, 5, 6, 7) +
           __builtin_shufflevector(value, value, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    return value;
#endif
}

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

// ---- element by element -----------------------------------------------------------------------

INLINE vector clamp_vector(vector x, float limit)
{
    x = choose(x > all(limit), all(limit), x);
    return choose(x < all(-limit), all(-limit), x);
}

// exp(x) = 2^n exp(r), r = x - n ln 2 in two parts; Taylor's series to r^7 is below one unit in the
// last place for |r| <= ln(2)/2. Arguments below -87 give a normal number near 1e-38, those above
// 88 one near 1e38; NaN stays NaN.
INLINE vector exp_vector(vector argument)
{
    vector x = choose(argument > all(88.0f), all(88.0f), argument);
    x = choose(x < all(-87.0f), all(-87.0f), x);
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
    integers exponent = ((integers)shifted - (integers)magic) << 23;
    return choose(argument == argument, (vector)((integers)p + exponent), argument);
}

INLINE vector sigmoid_vector(vector x)
{
    return all(1.0f) / (all(1.0f) + exp_vector(-clamp_vector(x, 50)));
}

// Runs `statement` with `v` bound to LANES floats of x at a time; the tail is copied out and back.
// Declares i.
#define FOR_EACH(x, n, statement)                                                                  \
    do {                                                                                           \
        size_t i = 0;                                                                              \
        for (; i + LANES <= (n); i += LANES) {                                                     \
            vector v = load((x) + i);                                                              \
            statement;                                                                             \
            store((x) + i, v);                                                                     \
        }                                                                                          \
        if (i < (n)) {                                                                             \
            vector v = all(0);                                                                     \
            memcpy(&v, (x) + i, ((n)-i) * sizeof(float));                                          \
            statement;                                                                             \
            memcpy((x) + i, &v, ((n)-i) * sizeof(float));                                          \
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

// The `there` floats at `from`, zeros behind them.
INLINE vector load_part(const float *from, size_t there)
{
    if (there >= LANES)
        return load(from);
    vector v = all(0);
    memcpy(&v, from, there * sizeof(float));
    return v;
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

INLINE float largest_of(const float *x, size_t n)
{
    vector most = all(-INFINITY);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vector v = load(x + i);
        most = choose(v > most, v, most);
    }
    float largest = -INFINITY, lane[LANES];
    memcpy(lane, &most, sizeof most);
    for (int j = 0; j < LANES; j++)
        largest = lane[j] > largest ? lane[j] : largest;
    for (; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    return largest;
}

static void softmax(float *x, size_t n)
{
    vector largest = all(largest_of(x, n)), sum = all(0);
    size_t done = 0;
    for (; done + LANES <= n; done += LANES) {
        vector v = exp_vector(load(x + done) - largest);
        sum += v;
        store(x + done, v);
    }
    float total = sum_lanes(sum);
    if (done < n) {
        vector v = exp_vector(load_part(x + done, n - done) - largest);
        memcpy(x + done, &v, (n - done) * sizeof(float));
        for (; done < n; done++)
            total += x[done];
    }
    vector scale = all(1 / total);
    FOR_EACH(x, n, v = v * scale);
}

// ---- rows -------------------------------------------------------------------------------------

// Calls kernel(count, ...) with `count` a constant 1..CHUNK, for each part of a row of `vectors`
// vectors.
#define CASE(count, call)                                                                          \
    case count:                                                                                    \
        call(count);                                                                               \
        break;
#define SWITCH(vectors, call)                                                                      \
    switch (vectors) {                                                                             \
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

// For `count` vectors x. The sums over a row are made in the same order whatever the count.
INLINE void rows_times_group(const int count, float *out, size_t out_stride, const float *rows,
                             size_t stride, size_t n, const float *x, size_t x_stride, size_t width)
{
    size_t i = 0;
    for (; i + TOGETHER <= n; i += TOGETHER) {
        vector sum[GROUP][TOGETHER];
        const float *row = rows + i * stride;
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
            for (int k = 0; k < TOGETHER; k++) {
                vector weight = load(row + (size_t)k * stride + j);
#pragma GCC unroll 8
                for (int r = 0; r < count; r++)
                    sum[r][k] += weight * v[r];
            }
        }
#pragma GCC unroll 8
        for (int r = 0; r < count; r++)
            *(eight *)(out + (size_t)r * out_stride + i) += sum_lanes_of_eight(sum[r]);
    }
    if (i < n)
        for (int r = 0; r < count; r++)
            rows_times(out + (size_t)r * out_stride + i, rows + i * stride, stride, n - i,
                       x + (size_t)r * x_stride, width);
}

static void rows_times_many(float *out, size_t out_stride, const float *rows, size_t stride,
                            size_t n, const float *x, size_t x_stride, size_t m, size_t width)
{
    width = memory_row(width);
    size_t r = 0;
    for (; r + GROUP <= m; r += GROUP)
        rows_times_group(GROUP, out + r * out_stride, out_stride, rows, stride, n, x + r * x_stride,
                         x_stride, width);
    for (; r < m; r++)
        rows_times_group(1, out + r * out_stride, out_stride, rows, stride, n, x + r * x_stride,
                         x_stride, width);
}

// A block of `height` rows and `count` vectors of `out` stays in registers while it walks down the
// rows.
INLINE void products_tile(const int height, const int count, float *out, size_t out_stride,
                          const float *left, size_t left_row, size_t left_term, const float *rows,
                          size_t stride, size_t n)
{
    vector sum[TILE_HEIGHT][TILE_WIDTH];
#pragma GCC unroll 8
    for (int r = 0; r < height; r++)
#pragma GCC unroll 8
        for (int j = 0; j < count; j++)
            sum[r][j] = load(out + (size_t)r * out_stride + j * LANES);
    for (size_t i = 0; i < n; i++) {
        vector v[TILE_WIDTH];
#pragma GCC unroll 8
        for (int j = 0; j < count; j++)
            v[j] = load(rows + i * stride + (size_t)j * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < height; r++) {
            vector weight = all(left[(size_t)r * left_row + i * left_term]);
#pragma GCC unroll 8
            for (int j = 0; j < count; j++)
                sum[r][j] += v[j] * weight;
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < height; r++)
#pragma GCC unroll 8
        for (int j = 0; j < count; j++)
            store(out + (size_t)r * out_stride + j * LANES, sum[r][j]);
}

INLINE void products_strip(const int count, float *out, size_t out_stride, size_t m,
                           const float *left, size_t left_row, size_t left_term, const float *rows,
                           size_t stride, size_t n)
{
    size_t r = 0;
    for (; r + TILE_HEIGHT <= m; r += TILE_HEIGHT)
        products_tile(TILE_HEIGHT, count, out + r * out_stride, out_stride, left + r * left_row,
                      left_row, left_term, rows, stride, n);
#define CALL(height)                                                                               \
    products_tile(height < TILE_HEIGHT ? height : TILE_HEIGHT, count, out + r * out_stride,        \
                  out_stride, left + r * left_row, left_row, left_term, rows, stride, n)
    switch (m - r) {
        CASE(1, CALL)
        CASE(2, CALL)
        CASE(3, CALL)
        CASE(4, CALL)
        CASE(5, CALL)
    default:
        break;
    }
#undef CALL
}

static void products(float *out, size_t out_stride, size_t m, const float *left, size_t left_row,
                     size_t left_term, const float *rows, size_t stride, size_t n, size_t width)
{
    size_t vectors = memory_row(width) / LANES, part;
    for (size_t at = 0; at < vectors; at += part) {
        part = vectors - at < TILE_WIDTH ? vectors - at : TILE_WIDTH;
#define CALL(count)                                                                                \
    products_strip(count < TILE_WIDTH ? count : TILE_WIDTH, out + at * LANES, out_stride, m, left, \
                   left_row, left_term, rows + at * LANES, stride, n)
        switch (part) {
            CASE(1, CALL)
            CASE(2, CALL)
            CASE(3, CALL)
            CASE(4, CALL)
        default:
            __builtin_unreachable();
        }
#undef CALL
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
    .sigmoid_error = sigmoid_error,
    .softmax = softmax,
};
