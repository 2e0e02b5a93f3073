// Every set of kernels against the portable one, on random shapes.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bfloat16.h"
#include "base/kernels.h"
#include "base/memory.h"
#include "base/random.h"

enum { ROUNDS = 60, MOST_ROWS = 40, MOST_WIDTH = 500 };

static struct random generator;

static size_t random_size(size_t most)
{
    return 1 + (size_t)random_next(&generator) % most;
}

static float *new_floats(size_t count)
{
    float *floats = memory_new(count, sizeof *floats, NULL);
    assert_non_null(floats);
    return floats;
}

// Rows of `width` random floats, zeros up to the stride.
static float *random_rows(size_t n, size_t width)
{
    size_t stride = memory_row(width);
    float *rows = new_floats(n * stride);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++)
            rows[i * stride + j] = (float)random_uniform(&generator, -1, 1);
    return rows;
}

static float *copy_floats(const float *from, size_t count)
{
    float *copy = new_floats(count);
    memcpy(copy, from, count * sizeof *copy);
    return copy;
}

static void assert_close(const float *found, const float *wanted, size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)found[i] - wanted[i]) <= tolerance * (1 + fabs((double)wanted[i]))))
            fail_msg("element %zu of %zu: found %.9g, wanted %.9g", i, n, (double)found[i],
                     (double)wanted[i]);
}

static const struct kernels *portable_set(void)
{
    const struct kernels *const *set = kernels_available();
    while (set[1] != NULL)
        set++;
    assert_string_equal((*set)->name, "portable");
    return *set;
}

struct problem {
    size_t n, width, stride, terms;
    float *rows, *x, *e, *left, *right;
};

static struct problem random_problem(void)
{
    struct problem p = {
        .n = random_size(MOST_ROWS), .width = random_size(MOST_WIDTH), .terms = random_size(20)};
    p.stride = memory_row(p.width);
    p.rows = random_rows(p.n, p.width);
    p.x = random_rows(1, p.width);
    p.e = random_rows(1, p.n);
    p.left = random_rows(p.terms, p.n);
    p.right = random_rows(p.terms, p.width);
    return p;
}

static void free_problem(struct problem *p)
{
    free(p->rows);
    free(p->x);
    free(p->e);
    free(p->left);
    free(p->right);
}

// One call of each row kernel; results in rows, sums (rows_times), out (times_rows*).
static void run_rows(const struct kernels *set, struct problem *p, float *sums, float *out)
{
    set->rows_times(sums, p->rows, p->stride, p->n, p->x, p->width);
    set->times_rows(out, p->e, p->rows, p->stride, p->n, p->width);
    set->times_rows_update(out, p->e, p->rows, p->stride, p->n, p->width, p->x, 0.3f, 0.9f);
    set->rank_update(p->rows, p->stride, p->n, p->width, p->left, memory_row(p->n), p->right,
                     p->stride, p->terms, 0.1f, 0.99f);
}

static void row_kernels_agree(void **state)
{
    (void)state;
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        for (int round = 0; round < ROUNDS; round++) {
            struct problem p = random_problem(), q = p;
            q.rows = copy_floats(p.rows, p.n * p.stride);
            float *sums = new_floats(p.n), *wanted_sums = new_floats(p.n);
            float *out = new_floats(p.stride), *wanted_out = new_floats(p.stride);
            sums[0] = wanted_sums[0] = out[0] = wanted_out[0] = 0.5f;
            run_rows(*set, &p, sums, out);
            run_rows(portable_set(), &q, wanted_sums, wanted_out);
            assert_close(sums, wanted_sums, p.n, 1e-4);
            assert_close(out, wanted_out, p.stride, 1e-4);
            assert_close(p.rows, q.rows, p.n * p.stride, 1e-4);
            for (size_t i = 0; i < p.n; i++)
                for (size_t j = p.width; j < p.stride; j++)
                    assert_true(p.rows[i * p.stride + j] == 0);
            free(sums);
            free(wanted_sums);
            free(out);
            free(wanted_out);
            free(q.rows);
            free_problem(&p);
        }
    }
}

// Products of matrices: `left` as it lies and transposed, results in `out` and `dots`.
static void run_products(const struct kernels *set, const struct problem *p, float *out,
                         float *dots)
{
    size_t row = memory_row(p->n);
    set->products(out, p->stride, p->terms, p->left, row, 1, p->rows, p->stride, p->n, p->width);
    set->products(out + p->terms * p->stride, p->stride, p->n, p->left, 1, row, p->right, p->stride,
                  p->terms, p->width);
    set->rows_times_many(dots, row, p->rows, p->stride, p->n, p->right, p->stride, p->terms,
                         p->width);
}

static void product_kernels_agree(void **state)
{
    (void)state;
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        for (int round = 0; round < ROUNDS; round++) {
            struct problem p = random_problem();
            size_t outs = (p.terms + p.n) * p.stride, sums = p.terms * memory_row(p.n);
            float *out = new_floats(outs), *wanted_out = new_floats(outs);
            float *dots = new_floats(sums), *wanted_dots = new_floats(sums);
            out[0] = wanted_out[0] = dots[0] = wanted_dots[0] = 0.5f;
            run_products(*set, &p, out, dots);
            run_products(portable_set(), &p, wanted_out, wanted_dots);
            assert_close(out, wanted_out, outs, 1e-4);
            assert_close(dots, wanted_dots, sums, 1e-4);
            free(out);
            free(wanted_out);
            free(dots);
            free(wanted_dots);
            free_problem(&p);
        }
    }
}

// A row's result is the same to the last bit, alone or among others.
static void products_can_be_divided(void **state)
{
    (void)state;
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        for (int round = 0; round < ROUNDS; round++) {
            struct problem p = random_problem();
            size_t row = memory_row(p.n), count = p.terms * p.stride;
            float *whole = new_floats(count), *parts = new_floats(count);
            (*set)->products(whole, p.stride, p.terms, p.left, row, 1, p.rows, p.stride, p.n,
                             p.width);
            size_t cut = random_size(p.terms);
            (*set)->products(parts, p.stride, cut, p.left, row, 1, p.rows, p.stride, p.n, p.width);
            (*set)->products(parts + cut * p.stride, p.stride, p.terms - cut, p.left + cut * row,
                             row, 1, p.rows, p.stride, p.n, p.width);
            assert_memory_equal(whole, parts, count * sizeof *whole);
            free(whole);
            free(parts);
            free_problem(&p);
        }
    }
}

// Elementwise kernels work on exactly n floats: the one behind must stay as it was.
static void element_kernels_agree(void **state)
{
    (void)state;
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        for (int round = 0; round < ROUNDS * 4; round++) {
            size_t n = random_size(100);
            float range = round % 4 == 0 ? 200 : round % 4 == 1 ? 60 : 3;
            float *x = new_floats(n + 1), *other = new_floats(n + 1);
            for (size_t i = 0; i <= n; i++) {
                x[i] = (float)random_uniform(&generator, -range, range);
                other[i] = (float)random_uniform(&generator, 0, 1);
            }
            for (int kernel = 0; kernel < 9; kernel++) {
                float *found = copy_floats(x, n + 1), *wanted = copy_floats(x, n + 1);
                for (int i = 0; i < 2; i++) {
                    const struct kernels *k = i == 0 ? *set : portable_set();
                    float *y = i == 0 ? found : wanted;
                    if (kernel == 0)
                        k->sigmoid(y, n);
                    else if (kernel == 1)
                        k->softmax(y, n);
                    else if (kernel == 2)
                        k->clamp(y, n, 2.5f);
                    else if (kernel == 3)
                        k->sigmoid_error(y, other, n);
                    else if (kernel == 4)
                        k->scale_add(y, other, n, 0.25f, 0.5f);
                    else if (kernel == 5)
                        k->add_squares(y, other, n, 0.25f);
                    else if (kernel == 6)
                        k->tanh(y, n);
                    else if (kernel == 7)
                        k->softmax_part(y, n, range, -0.25f);
                    else
                        k->elu(y, n);
                }
                float largest, wanted_largest;
                float sum = (*set)->softmax_sum(x, n, &largest);
                float wanted_sum = portable_set()->softmax_sum(x, n, &wanted_largest);
                assert_true(largest == wanted_largest);
                assert_close(&sum, &wanted_sum, 1, 2e-6);
                assert_close(found, wanted, n, 2e-6);
                assert_true(found[n] == x[n]);
                free(found);
                free(wanted);
            }
            free(x);
            free(other);
        }
    }
}

// n random floats, between guards that must stay; `random_rows` would have zeros behind them.
enum { GUARD = 17 };

static float *guarded(size_t n, float range)
{
    float *floats = new_floats(n + 2 * GUARD);
    for (size_t i = 0; i < n + 2 * GUARD; i++)
        floats[i] =
            i < GUARD || i >= n + GUARD ? 7 : (float)random_uniform(&generator, -range, range);
    return floats;
}

enum { CELL_ARRAYS = 7 };

// The arrays of cells, their sums last, and what a set makes of them.
static void run_cells(const struct kernels *set, float *const *array, size_t n, bool handed_on)
{
    float *x[CELL_ARRAYS];
    for (int i = 0; i < CELL_ARRAYS; i++)
        x[i] = array[i] + GUARD;
    float *sums = x[CELL_ARRAYS - 1];
    set->lstm(sums, x[0], x[1], x[2], n);
    set->lstm_error(sums, x[0], x[1], x[3], x[4], handed_on ? x[5] : NULL, n);
    set->gru(sums, x[0], x[3], n);
    set->gru_error(sums, x[0], x[4], handed_on ? x[5] : NULL, n);
    set->scale_add_squares(x[1], x[0], n, 0.3f, 0.9f);
    for (size_t i = 0; i < n; i++)
        x[4][i] *= x[4][i];
    set->scale_add_divided(x[2], x[0], x[4], n, 0.1f, 1.5f, 1e-3f, 0.8f);
    struct adam_step by = {0.2f, 1, 1, 0.3f, 0.7f, 0.4f, 0.6f, 0.1f, 1.5f, 1e-3f, 0.8f};
    set->adam(x[2], x[1], x[4], x[0], n, &by);
    by.m_left = 0.5f, by.v_left = 0.25f;
    set->adam(x[3], x[0], x[4], x[1], n, &by);
}

static void cells_agree(void **state)
{
    (void)state;
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++)
        for (int round = 0; round < ROUNDS * 4; round++) {
            size_t n = random_size(70);
            float *found[CELL_ARRAYS], *wanted[CELL_ARRAYS];
            for (int i = 0; i < CELL_ARRAYS; i++) {
                size_t count = i == CELL_ARRAYS - 1 ? 4 * n : n;
                found[i] = guarded(count, round % 2 == 0 ? 1 : 4);
                wanted[i] = copy_floats(found[i], count + 2 * GUARD);
            }
            run_cells(*set, found, n, round % 3 > 0);
            run_cells(portable_set(), wanted, n, round % 3 > 0);
            for (int i = 0; i < CELL_ARRAYS; i++) {
                size_t count = i == CELL_ARRAYS - 1 ? 4 * n : n;
                assert_close(found[i] + GUARD, wanted[i] + GUARD, count, 1e-5);
                for (size_t j = 0; j < GUARD; j++)
                    assert_true(found[i][j] == 7 && found[i][GUARD + count + j] == 7);
                free(found[i]);
                free(wanted[i]);
            }
        }
}

static void exponential_is_exact_to_the_last_bits(void **state)
{
    (void)state;
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        for (double x = -40; x < 40; x += 0.0137) {
            float pair[2] = {(float)x, 0};
            double wanted = 1 / (1 + exp(-(double)pair[0]));
            (*set)->sigmoid(pair, 1);
            assert_true(fabs(pair[0] / wanted - 1) < 4e-7);
        }
    }
}

// Of all lengths and from any address on: against the library's functions in double precision, and
// nothing before or behind is touched.
static void activations_of_all_lengths(void **state)
{
    (void)state;
    enum { MOST = 40, OFFSETS = 17, SPACE = MOST + OFFSETS + 1 };
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++)
        for (size_t n = 0; n <= MOST; n++)
            for (size_t offset = 1; offset < OFFSETS; offset += 1 + n % 3) {
                float x[SPACE], y[3][SPACE];
                for (size_t i = 0; i < SPACE; i++)
                    x[i] = (float)random_uniform(&generator, -1, 1) * (i % 3 == 0   ? 0.01f
                                                                       : i % 3 == 1 ? 3
                                                                                    : 60);
                for (int kernel = 0; kernel < 3; kernel++)
                    memcpy(y[kernel], x, sizeof x);
                (*set)->sigmoid(y[0] + offset, n);
                (*set)->tanh(y[1] + offset, n);
                (*set)->elu(y[2] + offset, n);
                for (size_t i = 0; i < SPACE; i++) {
                    double v = (double)x[i];
                    double wanted[3] = {1 / (1 + exp(-fmax(v, -50))), tanh(v),
                                        v > 0 ? v : expm1(v)};
                    for (int kernel = 0; kernel < 3; kernel++)
                        if (i < offset || i >= offset + n)
                            assert_true(y[kernel][i] == x[i]);
                        else if (!(fabs((double)y[kernel][i] - wanted[kernel]) <= 3e-7))
                            fail_msg("%s, kernel %d of %.9g: found %.9g, wanted %.9g", (*set)->name,
                                     kernel, v, (double)y[kernel][i], wanted[kernel]);
                }
            }
}

static void activations_of_special_values(void **state)
{
    (void)state;
    static const float x[] = {0,   -0.0f,  1e-30f,   -1e-30f,   1e-8f, -1e-8f, 88,
                              -88, 104,    -104,     1000,      -1000, 3e38f,  -3e38f,
                              NAN, -87.4f, INFINITY, -INFINITY, 0.5f,  -0.5f};
    enum { COUNT = sizeof x / sizeof x[0] };
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        float y[3][COUNT];
        for (int kernel = 0; kernel < 3; kernel++)
            memcpy(y[kernel], x, sizeof x);
        (*set)->sigmoid(y[0], COUNT);
        (*set)->tanh(y[1], COUNT);
        (*set)->elu(y[2], COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            double v = (double)x[i];
            double wanted[3] = {1 / (1 + exp(-v)), tanh(v), v > 0 ? v : expm1(v)};
            for (int kernel = 0; kernel < 3; kernel++)
                if (isnan(v))
                    assert_true(isnan(y[kernel][i]));
                else if (isinf(wanted[kernel]))
                    assert_true((double)y[kernel][i] == wanted[kernel]);
                else if (!(fabs((double)y[kernel][i] - wanted[kernel]) <=
                           3e-7 * (1 + fabs(wanted[kernel]))))
                    fail_msg("%s, kernel %d of %.9g: found %.9g, wanted %.9g", (*set)->name, kernel,
                             v, (double)y[kernel][i], wanted[kernel]);
        }
    }
}

static void nan_is_not_hidden(void **state)
{
    (void)state;
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        float x[37];
        for (int kernel = 0; kernel < 6; kernel++) {
            for (size_t i = 0; i < 37; i++)
                x[i] = 1;
            x[20] = NAN;
            if (kernel == 0)
                (*set)->sigmoid(x, 37);
            else if (kernel == 1)
                (*set)->softmax(x, 37);
            else if (kernel == 2)
                (*set)->clamp(x, 37, 15);
            else if (kernel == 3)
                (*set)->tanh(x, 37);
            else if (kernel == 4)
                (*set)->softmax_part(x, 37, 1, 1);
            else
                (*set)->elu(x, 37);
            assert_true(isnan(x[20]));
            float largest;
            assert_true(isnan((*set)->softmax_sum(x, 37, &largest)));
        }
    }
}

static void choice_by_name(void **state)
{
    (void)state;
    struct error error;
    const struct kernels *before = kernels;
    assert_true(kernels_choose("portable", &error));
    assert_string_equal(kernels->name, "portable");
    assert_false(kernels_choose("mmx", &error));
    assert_non_null(strstr(error.text, "mmx"));
    assert_non_null(strstr(error.text, "portable"));
    assert_true(kernels_choose(before->name, &error));
}

// Rows of `width` random halves, zeros up to the stride.
static uint16_t *random_halves(size_t n, size_t width)
{
    size_t stride = memory_half_row(width);
    uint16_t *rows = memory_new(n * stride, sizeof *rows, NULL);
    assert_non_null(rows);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++)
            rows[i * stride + j] = bfloat16_from((float)random_uniform(&generator, -1, 1));
    return rows;
}

static void kernels_of_halves_agree(void **state)
{
    (void)state;
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        for (int round = 0; round < ROUNDS; round++) {
            size_t n = random_size(MOST_ROWS), width = random_size(MOST_WIDTH);
            size_t m = random_size(20), half_row = memory_half_row(width), row = memory_row(n);
            uint16_t *rows = random_halves(n, width), *x = random_halves(m, width);
            uint32_t *pairs = memory_new((width + 1) / 2 * row, sizeof *pairs, NULL);
            float *dots = new_floats(m * row), *wanted_dots = new_floats(m * row);
            float *out = new_floats(m * row), *wanted_out = new_floats(m * row);
            assert_non_null(pairs);
            kernels_pair_half_columns(pairs, row, rows, half_row, n, width);
            dots[0] = wanted_dots[0] = out[0] = wanted_out[0] = 0.5f;
            (*set)->half_rows_times(dots, row, rows, half_row, n, x, half_row, m, width);
            portable_set()->half_rows_times(wanted_dots, row, rows, half_row, n, x, half_row, m,
                                            width);
            (*set)->half_products(out, row, m, x, half_row, 2, pairs, row, width, n);
            portable_set()->half_products(wanted_out, row, m, x, half_row, 2, pairs, row, width, n);
            assert_close(dots, wanted_dots, m * row, 1e-4);
            assert_close(out, wanted_out, m * row, 1e-4);
            assert_close(out, dots, m * row, 1e-4); // both are rows . x
            // A row's result is the same to the last bit, alone or among others.
            float *alone = new_floats(row);
            size_t which = random_size(m) - 1;
            alone[0] = which == 0 ? 0.5f : 0;
            (*set)->half_products(alone, row, 1, x + which * half_row, half_row, 2, pairs, row,
                                  width, n);
            assert_memory_equal(alone, out + which * row, n * sizeof *alone);
            free(rows);
            free(x);
            free(pairs);
            free(dots);
            free(wanted_dots);
            free(out);
            free(wanted_out);
            free(alone);
        }
    }
}

static void halves_of_floats(void **state)
{
    (void)state;
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        for (int round = 0; round < ROUNDS; round++) {
            size_t n = random_size(200);
            float *x = random_rows(1, n), *sum = new_floats(n), *wanted = new_floats(n);
            uint16_t *half = memory_new(n + 1, sizeof *half, NULL);
            assert_non_null(half);
            half[n] = 7;
            (*set)->to_halves(half, x, n);
            assert_int_equal(half[n], 7);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(half[i], bfloat16_from(x[i]));
            sum[0] = wanted[0] = 0.25f;
            (*set)->add_halves(sum, half, n);
            portable_set()->add_halves(wanted, half, n);
            assert_close(sum, wanted, n, 1e-7);
            free(x);
            free(sum);
            free(wanted);
            free(half);
        }
    }
}

// Halves of what is no number, halfway between two, or at the ends. Denormal numbers may become 0, and
// what is nearer to 2^128 than to the largest half infinite.
static void halves_of_special_values(void **state)
{
    (void)state;
    static const float x[] = {
        0,           -0.0f,        INFINITY, -INFINITY, NAN,    -NAN,    1.00390625f,
        1.01171875f, -1.00390625f, 3.4e38f,  -3.4e38f,  1e-40f, -1e-40f, 1.17549435e-38f,
        1.5f,        -2.75f,       3.3e38f,  1e-30f,    65537};
    enum { COUNT = sizeof x / sizeof x[0] };
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        uint16_t found[COUNT];
        (*set)->to_halves(found, x, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            float half = bfloat16_to(found[i]);
            if (isnan(x[i]))
                assert_true(isnan(half));
            else if (fabsf(x[i]) < 1e-38f && half == 0)
                continue;
            else if (fabsf(x[i]) > 3.395e38f)
                assert_true(fabsf(half) > 3.38e38f && (half > 0) == (x[i] > 0));
            else
                assert_int_equal(found[i], bfloat16_from(x[i]));
        }
    }
}

// Copies for products, of a matrix in two groups of rows: element by element, and nothing beside them
// is touched. What is transposed has padding, what is paired row by row need not.
static void copies_of_matrices(void **state)
{
    (void)state;
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++)
        for (int round = 0; round < ROUNDS; round++) {
            struct problem p = random_problem();
            size_t row = memory_row(p.n) + MEMORY_ROW, cut = random_size(p.n);
            size_t even = cut / 2 * 2, most = (p.n > p.width ? p.n : p.width) + 1;
            size_t count = most * (row + p.stride);
            const float *rest = p.rows + cut * p.stride, *even_rest = p.rows + even * p.stride;
            float *columns = new_floats(count);
            uint32_t *pairs = memory_new(count, sizeof *pairs, NULL);
            uint32_t *by_row = memory_new(count, sizeof *by_row, NULL);
            assert_true(pairs != NULL && by_row != NULL);
            for (size_t i = 0; i < count; i++)
                columns[i] = 7, pairs[i] = 7, by_row[i] = 7;
            (*set)->transpose(columns, row, p.rows, p.stride, cut, p.width);
            (*set)->transpose(columns + cut, row, rest, p.stride, p.n - cut, p.width);
            (*set)->pair_columns(pairs, row, p.rows, p.stride, cut, p.width);
            (*set)->pair_columns(pairs + cut, row, rest, p.stride, p.n - cut, p.width);
            (*set)->pair_rows(by_row, p.stride, p.rows, p.stride, even, p.width);
            (*set)->pair_rows(by_row + even / 2 * p.stride, p.stride, even_rest, p.stride,
                              p.n - even, p.width);
            for (size_t j = 0; j < most; j++)
                for (size_t i = 0; i < row; i++)
                    assert_true(columns[j * row + i] ==
                                (i < p.n && j < p.width ? p.rows[i * p.stride + j] : 7));
            for (size_t j = 0; j < p.width + 1; j++)
                for (size_t i = 0; i < p.n; i++)
                    assert_int_equal((uint16_t)(pairs[j / 2 * row + i] >> j % 2 * 16),
                                     j < p.width ? bfloat16_from(p.rows[i * p.stride + j])
                                     : j % 2 > 0 ? 0
                                                 : 7);
            for (size_t i = p.n; i < row; i++)
                assert_int_equal(pairs[i], 7);
            for (size_t i = 0; i < p.n + p.n % 2; i++)
                for (size_t j = 0; j < p.stride; j++) {
                    uint32_t found = by_row[i / 2 * p.stride + j];
                    if (j >= p.width && found == 7)
                        continue; // as it was, or 0
                    assert_int_equal(
                        (uint16_t)(found >> i % 2 * 16),
                        i < p.n && j < p.width ? bfloat16_from(p.rows[i * p.stride + j]) : 0);
                }
            assert_int_equal(by_row[(p.n + 1) / 2 * p.stride], 7);
            free(columns);
            free(pairs);
            free(by_row);
            free_problem(&p);
        }
}

int main(void)
{
    random_seed(&generator, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_kernels_agree),
        cmocka_unit_test(product_kernels_agree),
        cmocka_unit_test(products_can_be_divided),
        cmocka_unit_test(element_kernels_agree),
        cmocka_unit_test(cells_agree),
        cmocka_unit_test(exponential_is_exact_to_the_last_bits),
        cmocka_unit_test(activations_of_all_lengths),
        cmocka_unit_test(activations_of_special_values),
        cmocka_unit_test(nan_is_not_hidden),
        cmocka_unit_test(choice_by_name),
        cmocka_unit_test(kernels_of_halves_agree),
        cmocka_unit_test(halves_of_floats),
        cmocka_unit_test(halves_of_special_values),
        cmocka_unit_test(copies_of_matrices),
    };
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
