// Products of matrices: the one door to BLAS. Where BLAS is slower (few rows, matrices that stay in
// the caches) the product is left to base/kernels.h.
//
// The last bits of a row of `out` depend on how many rows are computed together, because the number
// of rows decides who multiplies and how. So callers cut their blocks the same whatever the number
// of threads. On one machine, with BLAS set to one number of threads, the same arguments always
// give the same result.
//
// Nothing fails. All but matrix_one_thread() is safe from any thread.
#ifndef BASE_MATRIX_H
#define BASE_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Rows of floats, `stride` floats apart. Transposed: rows in memory are columns of the matrix.
struct matrix {
    const float *data;
    size_t stride;
    bool transposed;
};

// out = keep out + L R
//
// out is [m][n] and the sums have `terms` terms. L is `left`, [m][terms] or, transposed,
// [terms][m]; R is `right`, [terms][n] or, transposed, [n][terms]. keep is 0 or 1; with 0, what was
// in `out` does not matter, not even NaN. Nothing overlaps.
//
// Padding, as in kernels.h, where a length is not a multiple of 16:
//   right plain:       rows of `right` and of `out` go on to the next multiple of 16 behind n, with
//                      zeros there, which stay zeros; so a block of columns ends at a multiple of
//                      16 or at the matrix's end
//   right transposed:  the same for rows of `left` and `right` behind `terms`; `out` is written up
//                      to n only. With `left` transposed too, nothing needs padding
// A `left` that is not named here is read as it is, without padding.
void matrix_product(float *out, size_t out_stride, size_t m, size_t n, size_t terms,
                    struct matrix left, struct matrix right, float keep);

// out += L R, with `left` as it is, [m][terms] and `stride` floats from row to row, and rounded to
// bfloat16; and with `right` [(terms + 1) / 2][n] pairs of halves as half_products of base/kernels.h
// has them, by which this is done: out has the padding that it has there. Sums are of floats.
void matrix_product_halves(float *out, size_t out_stride, size_t m, size_t n, size_t terms,
                           const float *left, size_t left_stride, const uint32_t *right,
                           size_t right_stride);

// rank_update of base/kernels.h, by whoever is faster.
void matrix_rank_update(float *rows, size_t stride, size_t n, size_t width, const float *left,
                        size_t left_stride, const float *right, size_t right_stride, size_t terms,
                        float step, float keep);

// BLAS gets one thread inside each of ours. For programs, before the first product and before they
// start threads; the library leaves its host's setting alone.
void matrix_one_thread(void);

#endif
