// Linear maps: products with parameters, whatever their elements are. Nobody else in net/ and
// learn/ multiplies with weights.
#ifndef NET_LINEAR_H
#define NET_LINEAR_H

#include "net/gradient.h"
#include "net/layer.h"

// ---- one row at a time ------------------------------------------------------------------------

// out += row i
void linear_add_row(const struct parameter *parameter, size_t i, float *out);

// Some rows, at least one, will be wanted soon: they begin to come into the caches.
void linear_fetch_rows(const struct parameter *parameter, size_t first, size_t count);

// out[i] += row first + i . in, for i < count (floats only)
void linear_add_products(const struct parameter *parameter, size_t first, size_t count,
                         const float *in, float *out);

// Diagonal matrices of n numbers, side by side in a row: out[g n + i] += row[g n + i] in[i]; errors
// carried back through them, error[i] += the sum over g of row[g n + i] delta[g n + i]; and what one
// word adds to the gradient of the row, out[g n + i] = delta[g n + i] in[i].
void linear_add_diagonals(const struct parameter *parameter, const float *in, size_t n, float *out);
void linear_add_diagonal_error(const struct parameter *parameter, const float *delta, size_t n,
                               float *error);
void linear_diagonal_gradient(const struct parameter *parameter, const float *delta,
                              const float *in, size_t n, float *out);

// The sums of a layer whose `below` (the bottom layer's: word, WORD_OOV for none) and own state one
// word before are given: out[layer->sums_row].
void linear_sums(const struct layer *layer, int32_t word, const float *below, const float *before,
                 float *out);

// out += e times the rows first..first+count-1, each of which then moves:
// row i = keep row i + step e[i] in
void linear_learn_rows(struct parameter *parameter, size_t first, size_t count, const float *e,
                       const float *in, float step, float keep, float *out);

// error += the sum over i of delta[i] row i
void linear_add_error(const struct parameter *parameter, const float *delta, float *error);

// ---- many rows, for scoring -------------------------------------------------------------------

// The columns of a matrix side by side, as products want them: floats, or pairs of halves
// (base/kernels.h).
struct columns {
    size_t rows, width; // of the matrix
    size_t row;         // stride
    float *floats;      // [width][row]
    uint32_t *pairs;    // [(width + 1) / 2][row]
    size_t back_row;    // stride
    uint32_t *back; // [(rows + 1) / 2][back_row] pairs of its rows, through which errors go back
};

enum columns_kind { COLUMNS_FLOATS, COLUMNS_PAIRS, COLUMNS_PAIRS_BOTH_WAYS };

// For a parameter in float or, but for both ways, bfloat16. Error: no memory. columns_free() in any
// case.
bool columns_init(struct columns *columns, const struct parameter *parameter,
                  enum columns_kind kind, struct error *error);
void columns_free(struct columns *columns);
void columns_fill(struct columns *columns, const struct parameter *parameter);

// out[i] += the matrix times in[i], for i < n, where out has rows of out_stride floats; they go on
// behind the product to columns->row, and stay as they are there. `in` has rows of memory_row(width)
// floats, half_in of memory_half_row(width) halves: the one is for floats, the other for pairs. What
// becomes of a row may depend in the last bits on how many others there are (base/matrix.h).
void columns_multiply(float *out, size_t out_stride, const struct columns *columns, const float *in,
                      const uint16_t *half_in, size_t n);

// The same between rows of any strides, with floats that are rounded for pairs.
void columns_multiply_rows(float *out, size_t out_stride, const struct columns *columns,
                           const float *in, size_t in_stride, size_t n);

// The same for rows first..first+count-1 of the matrix, `first` a multiple of 16: out[r][i] is of row
// first + i.
void columns_multiply_part(float *out, size_t out_stride, const struct columns *columns,
                           size_t first, size_t count, const float *in, size_t in_stride, size_t n);

// Rows first..first+count-1 of the matrix, of floats, have changed. With both ways `first` is even, and
// `count` too if more rows follow.
void columns_fill_rows(struct columns *columns, const struct parameter *parameter, size_t first,
                       size_t count);

// out[r][i] = keep out[r][i] + row first + i . in[r], for r < n, i < count; of a parameter in float
// or bfloat16. keep is 0 or 1; with 0, what was in `out` does not matter.
void linear_rows_times(float *out, size_t out_stride, const struct parameter *parameter,
                       size_t first, size_t count, const float *in, size_t in_stride,
                       const uint16_t *half_in, size_t half_stride, size_t n, float keep);

// ---- many rows, for learning ------------------------------------------------------------------

// error[r] += the sum over i < count of delta[r][i] row first + i, for r < n: errors carried down
// through (a part of) a matrix.
void linear_errors(const struct parameter *parameter, size_t first, size_t count,
                   const float *delta, size_t delta_stride, size_t n, float *error,
                   size_t error_stride);

// The same through columns: of pairs if they have both ways, with `first` even; else linear_errors().
void columns_errors(const struct columns *columns, const struct parameter *parameter, size_t first,
                    size_t count, const float *delta, size_t delta_stride, size_t n, float *error,
                    size_t error_stride);

// The rows of a gradient of the form GRADIENT_PRODUCTS, `count` of them from its row `from` on, into
// out[count][stride].
void linear_gradient(const struct parameter *parameter, const struct gradient *gradient,
                     size_t from, size_t count, float *out);

// The row of a gradient of the form GRADIENT_SUM: out[stride].
void linear_sum(const struct parameter *parameter, const struct gradient *gradient, float *out);

// power[i] += the sum over the words of the block of the squares of what each adds to row from + i of
// a gradient that is not a run, for i < count: |e x|^2 = e^2 |x|^2.
void linear_add_power(const struct parameter *parameter, const struct gradient *gradient,
                      size_t from, size_t count, float *power);

// Moves what a gradient is of: weights = keep weights + step gradient.
void linear_move(struct parameter *parameter, const struct gradient *gradient, float step,
                 float keep);

#endif
