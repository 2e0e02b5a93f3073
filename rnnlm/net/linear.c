// Linear maps.
#include "net/linear.h"

#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/matrix.h"
#include "base/memory.h"

// ---- one row at a time ------------------------------------------------------------------------

void linear_add_row(const struct parameter *parameter, size_t i, float *out)
{
    if (parameter->type == PARAMETER_BFLOAT16)
        kernels->add_halves(out, parameter_half_row(parameter, i), parameter->width);
    else
        kernels->scale_add(out, parameter_row(parameter, i), parameter->width, 1, 1);
}

void linear_fetch_rows(const struct parameter *parameter, size_t first, size_t count)
{
    size_t size = parameter->type == PARAMETER_BFLOAT16 ? sizeof(uint16_t) : sizeof(float);
    size_t stride = parameter->stride, gap = stride - parameter->width;
    const char *row = (const char *)parameter->data + first * stride * size;
    memory_fetch(row, (count * stride - gap) * size);
}

void linear_add_products(const struct parameter *parameter, size_t first, size_t count,
                         const float *in, float *out)
{
    kernels->rows_times(out, parameter_row(parameter, first), parameter->stride, count, in,
                        parameter->width);
}

void linear_add_diagonals(const struct parameter *parameter, const float *in, size_t n, float *out)
{
    const float *weight = parameter_row(parameter, 0);
    for (size_t at = 0; at < parameter->width; at += n)
        for (size_t i = 0; i < n; i++)
            out[at + i] += weight[at + i] * in[i];
}

void linear_add_diagonal_error(const struct parameter *parameter, const float *delta, size_t n,
                               float *error)
{
    const float *weight = parameter_row(parameter, 0);
    for (size_t at = 0; at < parameter->width; at += n)
        for (size_t i = 0; i < n; i++)
            error[i] += weight[at + i] * delta[at + i];
}

void linear_diagonal_gradient(const struct parameter *parameter, const float *delta,
                              const float *in, size_t n, float *out)
{
    for (size_t at = 0; at < parameter->width; at += n)
        for (size_t i = 0; i < n; i++)
            out[at + i] = delta[at + i] * in[i];
}

void linear_sums(const struct layer *layer, int32_t word, const float *below, const float *before,
                 float *out)
{
    memset(out, 0, layer->sums_row * sizeof *out);
    for (size_t i = 0; i < layer->maps; i++) {
        const struct parameter *map = layer->map[i];
        enum map_source from = layer->type->map[i].from;
        const float *state = before + layer->vector_at[from];
        float *sums = out + layer->sums_at[from];
        switch (from) {
        case MAP_INPUT:
            if (!layer->bottom)
                linear_add_products(map, 0, map->rows, below, sums);
            else if (word >= 0)
                linear_add_row(map, (size_t)word, sums);
            break;
        case MAP_STATE:
            linear_add_products(map, 0, map->rows, state, sums);
            break;
        case MAP_DIAGONAL:
            linear_add_diagonals(map, state, layer->units, sums);
            break;
        case MAP_ONE:
            linear_add_row(map, 0, sums);
            break;
        }
    }
}

void linear_learn_rows(struct parameter *parameter, size_t first, size_t count, const float *e,
                       const float *in, float step, float keep, float *out)
{
    kernels->times_rows_update(out, e, parameter_row(parameter, first), parameter->stride, count,
                               parameter->width, in, step, keep);
}

void linear_add_error(const struct parameter *parameter, const float *delta, float *error)
{
    kernels->times_rows(error, delta, parameter->data, parameter->stride, parameter->rows,
                        parameter->width);
}

// ---- many rows --------------------------------------------------------------------------------

// Floats and pairs of halves are of the same size.
static void *new_lines(size_t lines, size_t row, const struct parameter *parameter,
                       struct error *error)
{
    size_t count;
    if (!__builtin_mul_overflow(lines, row, &count))
        return memory_new(count, sizeof(float), error);
    error_set(error, "not enough memory for %s", parameter->name);
    return NULL;
}

bool columns_init(struct columns *columns, const struct parameter *parameter,
                  enum columns_kind kind, struct error *error)
{
    size_t rows = parameter->rows, width = parameter->width;
    *columns = (struct columns){
        .rows = rows, .width = width, .row = memory_row(rows), .back_row = memory_row(width)};
    if (kind == COLUMNS_FLOATS)
        columns->floats = new_lines(width, columns->row, parameter, error);
    else
        columns->pairs = new_lines((width + 1) / 2, columns->row, parameter, error);
    if (kind == COLUMNS_PAIRS_BOTH_WAYS && columns->pairs != NULL)
        columns->back = new_lines((rows + 1) / 2, columns->back_row, parameter, error);
    if ((columns->pairs == NULL && columns->floats == NULL) ||
        (columns->back == NULL && kind == COLUMNS_PAIRS_BOTH_WAYS))
        return false;
    columns_fill(columns, parameter);
    return true;
}

void columns_free(struct columns *columns)
{
    free(columns->floats);
    free(columns->pairs);
    free(columns->back);
    *columns = (struct columns){.rows = 0};
}

void columns_fill(struct columns *columns, const struct parameter *parameter)
{
    if (parameter->type == PARAMETER_BFLOAT16)
        kernels_pair_half_columns(columns->pairs, columns->row, parameter->data, parameter->stride,
                                  columns->rows, columns->width);
    else
        columns_fill_rows(columns, parameter, 0, columns->rows);
}

void columns_multiply_part(float *out, size_t out_stride, const struct columns *columns,
                           size_t first, size_t count, const float *in, size_t in_stride, size_t n)
{
    if (columns->pairs != NULL)
        matrix_product_halves(out, out_stride, n, count, columns->width, in, in_stride,
                              columns->pairs + first, columns->row);
    else
        matrix_product(out, out_stride, n, count, columns->width,
                       (struct matrix){in, in_stride, false},
                       (struct matrix){columns->floats + first, columns->row, false}, 1);
}

void columns_multiply_rows(float *out, size_t out_stride, const struct columns *columns,
                           const float *in, size_t in_stride, size_t n)
{
    columns_multiply_part(out, out_stride, columns, 0, columns->rows, in, in_stride, n);
}

void columns_multiply(float *out, size_t out_stride, const struct columns *columns, const float *in,
                      const uint16_t *half_in, size_t n)
{
    if (columns->pairs != NULL)
        kernels->half_products(out, out_stride, n, half_in, memory_half_row(columns->width), 2,
                               columns->pairs, columns->row, columns->width, columns->rows);
    else
        columns_multiply_rows(out, out_stride, columns, in, memory_row(columns->width), n);
}

void columns_fill_rows(struct columns *columns, const struct parameter *parameter, size_t first,
                       size_t count)
{
    const float *rows = parameter_row(parameter, first);
    if (columns->floats != NULL)
        kernels->transpose(columns->floats + first, columns->row, rows, parameter->stride, count,
                           columns->width);
    if (columns->pairs != NULL)
        kernels->pair_columns(columns->pairs + first, columns->row, rows, parameter->stride, count,
                              columns->width);
    if (columns->back != NULL)
        kernels->pair_rows(columns->back + first / 2 * columns->back_row, columns->back_row, rows,
                           parameter->stride, count, columns->width);
}

void linear_rows_times(float *out, size_t out_stride, const struct parameter *parameter,
                       size_t first, size_t count, const float *in, size_t in_stride,
                       const uint16_t *half_in, size_t half_stride, size_t n, float keep)
{
    if (parameter->type == PARAMETER_FLOAT) {
        matrix_product(
            out, out_stride, n, count, parameter->width, (struct matrix){in, in_stride, false},
            (struct matrix){parameter_row(parameter, first), parameter->stride, true}, keep);
        return;
    }
    for (size_t r = 0; r < n && keep == 0; r++)
        memset(out + r * out_stride, 0, count * sizeof *out);
    kernels->half_rows_times(out, out_stride, parameter_half_row(parameter, first),
                             parameter->stride, count, half_in, half_stride, n, parameter->width);
}

// ---- learning ---------------------------------------------------------------------------------

void linear_errors(const struct parameter *parameter, size_t first, size_t count,
                   const float *delta, size_t delta_stride, size_t n, float *error,
                   size_t error_stride)
{
    matrix_product(error, error_stride, n, parameter->width, count,
                   (struct matrix){delta, delta_stride, false},
                   (struct matrix){parameter_row(parameter, first), parameter->stride, false}, 1);
}

void columns_errors(const struct columns *columns, const struct parameter *parameter, size_t first,
                    size_t count, const float *delta, size_t delta_stride, size_t n, float *error,
                    size_t error_stride)
{
    if (columns->back != NULL)
        matrix_product_halves(error, error_stride, n, parameter->width, count, delta, delta_stride,
                              columns->back + first / 2 * columns->back_row, columns->back_row);
    else
        linear_errors(parameter, first, count, delta, delta_stride, n, error, error_stride);
}

void linear_gradient(const struct parameter *parameter, const struct gradient *gradient,
                     size_t from, size_t count, float *out)
{
    if (gradient->left_pairs != NULL) {
        memset(out, 0, count * parameter->stride * sizeof *out);
        kernels->half_products(out, parameter->stride, count,
                               (const uint16_t *)(gradient->left_pairs + from), 2,
                               2 * gradient->left_stride, gradient->right_pairs,
                               gradient->right_stride, gradient->terms, parameter->width);
        return;
    }
    matrix_product(out, parameter->stride, count, parameter->width, gradient->terms,
                   (struct matrix){gradient->left + from, gradient->left_stride, true},
                   (struct matrix){gradient->right, gradient->right_stride, false}, 0);
}

static void move_products(struct parameter *parameter, const struct gradient *gradient, float step,
                          float keep)
{
    matrix_rank_update(parameter_row(parameter, gradient->first), parameter->stride,
                       gradient->count, parameter->width, gradient->left, gradient->left_stride,
                       gradient->right, gradient->right_stride, gradient->terms, step, keep);
}

static const float *term_of(const struct gradient *gradient, size_t t)
{
    size_t place = gradient->term != NULL ? (size_t)gradient->term[t] : t;
    return gradient->right + place * gradient->right_stride;
}

void linear_sum(const struct parameter *parameter, const struct gradient *gradient, float *out)
{
    memset(out, 0, parameter->stride * sizeof *out);
    for (size_t t = 0; t < gradient->terms; t++)
        kernels->scale_add(out, term_of(gradient, t), parameter->width, 1, 1);
}

// Factors of weights count as if none was 0: steps are rather shorter.
static float squared_factor(const struct gradient *gradient)
{
    return gradient->factor != NULL ? gradient->most * gradient->most : 1;
}

// What is summed may be part of a longer row: the last floats have a padding of their own.
static float power_of_sum(const struct gradient *gradient, size_t width)
{
    float power = 0, last[MEMORY_ROW] = {0};
    size_t rest = width % MEMORY_ROW;
    for (size_t t = 0; t < gradient->terms; t++) {
        const float *error = term_of(gradient, t);
        kernels->rows_times(&power, error, gradient->right_stride, 1, error, width - rest);
        memcpy(last, error + width - rest, rest * sizeof *last);
        kernels->rows_times(&power, last, MEMORY_ROW, 1, last, rest);
    }
    return power * squared_factor(gradient);
}

void linear_add_power(const struct parameter *parameter, const struct gradient *gradient,
                      size_t from, size_t count, float *power)
{
    switch (gradient->form) {
    case GRADIENT_PRODUCTS:
        for (size_t t = 0; t < gradient->terms; t++)
            kernels->add_squares(power, gradient->left + t * gradient->left_stride + from, count,
                                 gradient->norm[t] * squared_factor(gradient));
        break;
    case GRADIENT_SUM:
        *power += power_of_sum(gradient, parameter->width);
        break;
    case GRADIENT_WHOLE:
        for (size_t i = 0; i < count; i++)
            power[i] += gradient->norm[from + i];
        break;
    case GRADIENT_RUN:
        break;
    }
}

void linear_move(struct parameter *parameter, const struct gradient *gradient, float step,
                 float keep)
{
    switch (gradient->form) {
    case GRADIENT_PRODUCTS:
        move_products(parameter, gradient, step, keep);
        break;
    case GRADIENT_SUM:
        for (size_t t = 0; t < gradient->terms; t++)
            kernels->scale_add(parameter_row(parameter, gradient->first), term_of(gradient, t),
                               parameter->width, step, t == 0 ? keep : 1);
        break;
    case GRADIENT_WHOLE:
        kernels->scale_add(parameter_row(parameter, gradient->first), gradient->right,
                           gradient->count * parameter->stride, step, keep);
        break;
    case GRADIENT_RUN:
        kernels->scale_add(parameter_row(parameter, 0) + gradient->first, gradient->left,
                           gradient->count, step, keep);
        break;
    }
}
