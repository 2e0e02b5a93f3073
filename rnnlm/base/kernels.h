// Dense arithmetic on float vectors and blocks of rows: everything that is worth an instruction set
// of its own.
//
// The portable versions in kernels.c are the specification; the others are tested against them.
// `kernels` points to the fastest set that the processor has, or to the one named by the
// environment variable RNNLM_KERNELS.
//
// Rows and vectors of `width` floats lie in memory up to the next multiple of 16 (memory_row()),
// and what is behind `width` holds zeros: kernels may read and write it, and leave zeros there.
// Vectors of `n` floats have no such padding. Nothing may overlap unless said. Nothing fails; all
// are safe from any thread.
#ifndef BASE_KERNELS_H
#define BASE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

// A step of Adam (learn/optimisers/adam.c), in this order:
//   w = w + owed m / (sqrt(second v) + epsilon),  m = m_left m,  v = v_left v      unless m_left is 1
//   m = m_keep m + m_step g,  v = v_keep v + v_step g g
//   w = keep w + step m / (sqrt(second v) + epsilon)
struct adam_step {
    float owed, m_left, v_left;
    float m_step, m_keep, v_step, v_keep;
    float step, second, epsilon, keep;
};

struct kernels {
    const char *name;

    // out[i] += rows[i] . x                                   for i < n
    void (*rows_times)(float *out, const float *rows, size_t stride, size_t n, const float *x,
                       size_t width);

    // out += sum over i < n of e[i] rows[i]
    void (*times_rows)(float *out, const float *e, const float *rows, size_t stride, size_t n,
                       size_t width);

    // The same, and at once each row moves: rows[i] = keep rows[i] + step e[i] x. `out` takes the
    // rows as they were.
    void (*times_rows_update)(float *out, const float *e, float *rows, size_t stride, size_t n,
                              size_t width, const float *x, float step, float keep);

    // rows[i] = keep rows[i] + step (sum over k < terms of left[k][i] right[k])   for i < n
    void (*rank_update)(float *rows, size_t stride, size_t n, size_t width, const float *left,
                        size_t left_stride, const float *right, size_t right_stride, size_t terms,
                        float step, float keep);

    // out[r][i] += rows[i] . x[r]                              for r < m, i < n
    void (*rows_times_many)(float *out, size_t out_stride, const float *rows, size_t stride,
                            size_t n, const float *x, size_t x_stride, size_t m, size_t width);

    // out[r] += sum over i < n of left[r left_row + i left_term] rows[i]   for r < m
    // Small products of matrices, `left` as it lies or transposed. What becomes of a row does not
    // depend on how many others there are, so that work can be divided by rows of `out` and gives
    // the same numbers however it is divided.
    void (*products)(float *out, size_t out_stride, size_t m, const float *left, size_t left_row,
                     size_t left_term, const float *rows, size_t stride, size_t n, size_t width);

    // y = keep y + step x
    void (*scale_add)(float *y, const float *x, size_t n, float step, float keep);

    // y += step x x
    void (*add_squares)(float *y, const float *x, size_t n, float step);

    // x = min(max(x, -limit), limit); NaN stays NaN, here and below
    void (*clamp)(float *x, size_t n, float limit);

    // x = 1 / (1 + exp(-x)), x first clamped to +-50
    void (*sigmoid)(float *x, size_t n);

    // x = tanh(x), to an absolute error of some 1e-7
    void (*tanh)(float *x, size_t n);

    // x = x above 0, exp(x) - 1 below
    void (*elu)(float *x, size_t n);

    // e = e s (1 - s): the error of a sigmoid layer carried to its argument
    void (*sigmoid_error)(float *e, const float *s, size_t n);

    // x = exp(x) / sum(exp(x)), computed relative to the largest, and as if none were more than 87
    // below it: no probability is 0
    void (*softmax)(float *x, size_t n);

    // The same for those who want some elements only: returns the sum, and the largest in
    // *largest, so that element i is exp(max(x[i] - largest, -87)) / sum. x stays as it is.
    float (*softmax_sum)(const float *x, size_t n, float *largest);

    // Elements of a softmax whose largest is known: x = scale exp(max(x - largest, -87)).
    void (*softmax_part)(float *x, size_t n, float largest, float scale);

    // The cells of net/layers/lstm.c and gru.c, n units. Their sums lie gate by gate, in the order
    // given there, and become what the gates make of them (of gru's fourth nothing); `error` finds
    // those and leaves the errors of the sums. What a state before hands on by itself is added to
    // d_c_before or d_before, NULL if nobody wants it.
    void (*lstm)(float *sums, const float *c_before, float *c, float *h, size_t n);
    void (*lstm_error)(float *sums, const float *c_before, const float *c, const float *d_h,
                       const float *d_c, float *d_c_before, size_t n);
    void (*gru)(float *sums, const float *before, float *after, size_t n);
    void (*gru_error)(float *sums, const float *before, const float *d_after, float *d_before,
                      size_t n);

    // y = keep y + step x x, and y = keep y + step x / (sqrt(scale square) + epsilon): what optimisers
    // do that divide by a mean of squares.
    void (*scale_add_squares)(float *y, const float *x, size_t n, float step, float keep);
    void (*scale_add_divided)(float *y, const float *x, const float *square, size_t n, float step,
                              float scale, float epsilon, float keep);
    void (*adam)(float *w, float *m, float *v, const float *g, size_t n,
                 const struct adam_step *by);

    // Numbers in bfloat16 ("halves", base/bfloat16.h): products of halves, sums of floats. Rows of
    // halves lie in memory up to the next multiple of 32, zeros behind `width`.

    // y = x, rounded to the nearest; what is smaller than a normal number may become 0
    void (*to_halves)(uint16_t *y, const float *x, size_t n);

    // y += x
    void (*add_halves)(float *y, const uint16_t *x, size_t n);

    // rows_times_many
    void (*half_rows_times)(float *out, size_t out_stride, const uint16_t *rows, size_t stride,
                            size_t n, const uint16_t *x, size_t x_stride, size_t m, size_t width);

    // products, with the terms 2i and 2i+1 of both sides together: halves r left_row + i left_term
    // and the next of `left` (both steps even), and row i of the other side, `stride` pairs, up to
    // the next multiple of 16 behind `width`. Of an odd number of terms the last pairs have 0 for
    // the one that is not there.
    void (*half_products)(float *out, size_t out_stride, size_t m, const uint16_t *left,
                          size_t left_row, size_t left_term, const uint32_t *rows, size_t stride,
                          size_t n, size_t width);

    // Copies of matrices as products want them.

    // columns[j][i] = rows[i][j] for i < n, j < width: also for a group of rows, with `columns` at
    // the place of its first.
    void (*transpose)(float *columns, size_t columns_stride, const float *rows, size_t stride,
                      size_t n, size_t width);

    // The same as pairs of halves: of columns j and j + 1, pair i is pairs[j / 2][i], with that of
    // column j in its lower half. `width` may be odd; the last upper halves are then 0.
    void (*pair_columns)(uint32_t *pairs, size_t pairs_stride, const float *rows, size_t stride,
                         size_t n, size_t width);

    // Two rows as pairs of halves: of rows i and i + 1, pair j is pairs[i / 2][j], with that of row
    // i in its lower half; of an odd number the last upper halves are 0. `rows` need no padding, and
    // `pairs` have zeros behind `width` or what was there.
    void (*pair_rows)(uint32_t *pairs, size_t pairs_stride, const float *rows, size_t stride,
                      size_t n, size_t width);
};

extern const struct kernels *kernels;

// Chooses a set: "portable", "avx2", "avx512", "avx512bf16"; NULL for the environment's choice or
// else the best. Error: a name that is unknown or that this processor lacks; the choice then stays.
// Not to be called while others compute.
bool kernels_choose(const char *name, struct error *error);

// The sets this processor can run, best first, NULL at the end.
const struct kernels *const *kernels_available(void);

// kernels->pair_columns of rows that are halves.
void kernels_pair_half_columns(uint32_t *pairs, size_t pairs_stride, const uint16_t *rows,
                               size_t stride, size_t n, size_t width);

#endif
