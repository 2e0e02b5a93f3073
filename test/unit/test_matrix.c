// Products of matrices against a plain loop in double precision, for every way the sides may lie,
// every set of kernels, and sizes on both sides of where BLAS takes over.
#include "testing.h"

#include <limits.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "base/bfloat16.h"
#include "base/kernels.h"
#include "base/matrix.h"
#include "base/threads.h"

enum { ROUNDS = 6, BEHIND = 16 }; // BEHIND: floats of a row that nobody may touch
static const float UNTOUCHED = 7;

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

// Random floats, zeros up to the next multiple of 16, then what must stay.
static float *random_rows(size_t n, size_t width)
{
    size_t stride = memory_row(width) + BEHIND;
    float *rows = new_floats(n * stride);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < width; j++)
            rows[i * stride + j] = (float)random_uniform(&generator, -1, 1);
        for (size_t j = memory_row(width); j < stride; j++)
            rows[i * stride + j] = UNTOUCHED;
    }
    return rows;
}

struct problem {
    size_t m, n, terms, stride;
    struct matrix left, right;
    float *left_data, *right_data, *before; // before: what is in `out`
    float keep;
};

static struct matrix matrix_of(float *data, size_t width, bool transposed)
{
    return (struct matrix){data, memory_row(width) + BEHIND, transposed};
}

static struct problem make_problem(size_t m, size_t n, size_t terms, bool left_transposed,
                                   bool right_transposed, float keep)
{
    struct problem p = {.m = m, .n = n, .terms = terms, .keep = keep};
    size_t left_width = left_transposed ? m : terms, right_width = right_transposed ? terms : n;
    p.stride = memory_row(n) + BEHIND;
    p.left_data = random_rows(left_transposed ? terms : m, left_width);
    p.right_data = random_rows(right_transposed ? n : terms, right_width);
    p.left = matrix_of(p.left_data, left_width, left_transposed);
    p.right = matrix_of(p.right_data, right_width, right_transposed);
    p.before = random_rows(m, n);
    for (size_t r = 0; r < m && keep == 0; r++)
        for (size_t i = 0; i < n; i++)
            p.before[r * p.stride + i] = NAN;
    return p;
}

static void free_problem(struct problem *p)
{
    free(p->left_data);
    free(p->right_data);
    free(p->before);
}

static double element(const struct matrix *matrix, size_t row, size_t column)
{
    return matrix->transposed ? matrix->data[column * matrix->stride + row]
                              : matrix->data[row * matrix->stride + column];
}

static double wanted(const struct problem *p, size_t row, size_t column)
{
    double sum = p->keep == 0 ? 0 : p->before[row * p->stride + column];
    for (size_t k = 0; k < p->terms; k++)
        sum += element(&p->left, row, k) * element(&p->right, k, column);
    return sum;
}

static float *product(const struct problem *p)
{
    size_t count = p->m * p->stride;
    float *out = new_floats(count);
    memcpy(out, p->before, count * sizeof *out);
    matrix_product(out, p->stride, p->m, p->n, p->terms, p->left, p->right, p->keep);
    return out;
}

static void check_problem(const struct problem *p)
{
    float *out = product(p), *again = product(p);
    for (size_t r = 0; r < p->m; r++) {
        const float *row = out + r * p->stride;
        for (size_t i = 0; i < p->n; i++)
            assert_near(row[i], wanted(p, r, i), 1e-4);
        for (size_t i = p->n; i < memory_row(p->n); i++)
            assert_true(row[i] == 0);
        for (size_t i = memory_row(p->n); i < p->stride; i++)
            assert_true(row[i] == UNTOUCHED);
    }
    assert_memory_equal(out, again, p->m * p->stride * sizeof *out);
    free(out);
    free(again);
}

static void check_all_ways(size_t m, size_t n, size_t terms)
{
    for (int way = 0; way < 8; way++) {
        struct problem p =
            make_problem(m, n, terms, way & 1, way >> 1 & 1, way >> 2 & 1 ? 1.0f : 0.0f);
        check_problem(&p);
        free_problem(&p);
    }
}

// Calls `check` with each set of kernels.
static void with_each_set(void (*check)(void))
{
    const struct kernels *before = kernels;
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        assert_true(kernels_choose((*set)->name, NULL));
        check();
    }
    assert_true(kernels_choose(before->name, NULL));
}

static void check_random_shapes(void)
{
    for (int round = 0; round < ROUNDS; round++)
        check_all_ways(random_size(round % 2 == 0 ? 9 : 80), random_size(100), random_size(60));
}

static void random_shapes(void **state)
{
    (void)state;
    with_each_set(check_random_shapes);
}

// Numbers of rows at which somebody else takes over, sizes that are no multiple of anything.
static void check_turning_points(void)
{
    static const size_t rows[] = {1, 7, 8, 39, 40, 63, 64, 65};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_all_ways(rows[i], 1, 1);
        check_all_ways(rows[i], 33, 17);
        check_all_ways(rows[i], 32, 16);
    }
}

static void turning_points(void **state)
{
    (void)state;
    with_each_set(check_turning_points);
}

// Larger than what the kernels are given; each element of a sample.
static void check_large(void)
{
    struct problem p = make_problem(64, 300, 2060, true, false, 1);
    float *out = product(&p), *again = product(&p);
    for (int i = 0; i < 200; i++) {
        size_t row = random_size(p.m) - 1, column = random_size(p.n) - 1;
        assert_near(out[row * p.stride + column], wanted(&p, row, column), 1e-3);
    }
    assert_memory_equal(out, again, p.m * p.stride * sizeof *out);
    free(out);
    free(again);
    free_problem(&p);
}

static void large(void **state)
{
    (void)state;
    with_each_set(check_large);
}

// Of numbers that have been rounded, with sums that have not: blocks of rows and terms, and parts of
// them, `out` as it was.
static void check_halves_of(size_t m, size_t n, size_t terms)
{
    struct problem p = make_problem(m, n, terms, false, false, 1);
    size_t pairs_row = memory_row(n);
    uint32_t *pairs = memory_new((terms + 1) / 2, pairs_row * sizeof *pairs, NULL);
    float *out = new_floats(m * p.stride);
    memcpy(out, p.before, m * p.stride * sizeof *out);
    kernels->pair_rows(pairs, pairs_row, p.right_data, p.right.stride, terms, n);
    matrix_product_halves(out, p.stride, m, n, terms, p.left_data, p.left.stride, pairs, pairs_row);
    for (size_t i = 0; i < m * p.left.stride; i++)
        p.left_data[i] = bfloat16_to(bfloat16_from(p.left_data[i]));
    for (size_t i = 0; i < terms * p.right.stride; i++)
        p.right_data[i] = bfloat16_to(bfloat16_from(p.right_data[i]));
    for (size_t r = 0; r < m; r++)
        for (size_t i = 0; i < p.stride; i++)
            if (i < memory_row(n))
                assert_near(out[r * p.stride + i], i < n ? wanted(&p, r, i) : 0, 1e-4);
            else
                assert_true(out[r * p.stride + i] == UNTOUCHED);
    free(out);
    free(pairs);
    free_problem(&p);
}

static void check_halves(void)
{
    for (int round = 0; round < 4 * ROUNDS; round++)
        check_halves_of(random_size(round % 2 == 0 ? 9 : 110), random_size(70),
                        random_size(round % 3 == 0 ? 600 : 9));
    check_halves_of(48, 16, 256);
    check_halves_of(49, 17, 257);
    check_halves_of(2, 3, 0); // `out` stays
}

static void halves(void **state)
{
    (void)state;
    with_each_set(check_halves);
}

static void check_empty(void)
{
    for (size_t m = 4; m <= 16; m += 12) {
        struct problem p = make_problem(m, 20, 5, false, m > 8, 1);
        p.terms = 0;
        check_problem(&p); // out stays
        p.keep = 0;
        check_problem(&p); // out is 0
        p.n = 0;
        matrix_product(p.before, p.stride, m, 0, 5, p.left, p.right, 0);
        matrix_product(p.before, p.stride, 0, 20, 5, p.left, p.right, 0);
        assert_true(isnan(p.before[0]) == 0);
        free_problem(&p);
    }
}

static void nothing_to_add(void **state)
{
    (void)state;
    with_each_set(check_empty);
}

// Rows so far apart that BLAS cannot count it: they lie in memory that is only promised.
static void rows_far_apart(void **state)
{
    (void)state;
    const size_t far = (size_t)INT_MAX + 17, bytes = (far + 64) * sizeof(float);
    float *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        skip();
    for (int way = 0; way < 2; way++) {
        struct problem p = make_problem(24, 20, 2, true, way, 1);
        memcpy(memory, p.left_data, p.m * sizeof *memory);
        memcpy(memory + far, p.left_data + p.left.stride, p.m * sizeof *memory);
        p.left = (struct matrix){memory, far, true};
        check_problem(&p);
        free_problem(&p);
    }
    munmap(memory, bytes);
}

// Threads multiply at the same time, and get what one alone gets.
struct crowd {
    struct problem problem;
    float *alone;
    atomic_bool differs;
};

static void multiply(void *context, size_t worker, size_t item)
{
    struct crowd *crowd = context;
    (void)worker;
    (void)item;
    float *out = product(&crowd->problem);
    if (memcmp(out, crowd->alone, crowd->problem.m * crowd->problem.stride * sizeof *out) != 0)
        atomic_store(&crowd->differs, true);
    free(out);
}

static void check_threads(void)
{
    struct error error;
    struct crowd crowd = {.problem = make_problem(100, 70, 90, false, true, 0)};
    crowd.alone = product(&crowd.problem);
    struct pool *pool = pool_new(4, &error);
    assert_non_null(pool);
    pool_run(pool, multiply, &crowd, 100);
    assert_false(atomic_load(&crowd.differs));
    pool_free(pool);
    free(crowd.alone);
    free_problem(&crowd.problem);
}

static void many_threads(void **state)
{
    (void)state;
    with_each_set(check_threads);
}

// rows = keep rows + step (left transposed times right), in doubles.
static void check_rank_update(size_t n, size_t width, size_t terms)
{
    const float step = -0.7f, keep = 0.9f;
    size_t stride = memory_row(width);
    float *rows = new_floats(n * stride), *before = new_floats(n * stride);
    float *left = new_floats(terms * n), *right = new_floats(terms * stride);
    for (size_t i = 0; i < n * stride; i++)
        rows[i] = before[i] = i % stride < width ? (float)random_uniform(&generator, -1, 1) : 0;
    for (size_t i = 0; i < terms * n; i++)
        left[i] = (float)random_uniform(&generator, -1, 1);
    for (size_t i = 0; i < terms * stride; i++)
        right[i] = i % stride < width ? (float)random_uniform(&generator, -1, 1) : 0;
    matrix_rank_update(rows, stride, n, width, left, n, right, stride, terms, step, keep);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < stride; j++) {
            double sum = 0;
            for (size_t k = 0; k < terms; k++)
                sum += (double)left[k * n + i] * (double)right[k * stride + j];
            assert_near(rows[i * stride + j],
                        (double)keep * (double)before[i * stride + j] + (double)step * sum, 1e-4);
        }
    free(rows);
    free(before);
    free(left);
    free(right);
}

static void check_rank_updates(void)
{
    for (int round = 0; round < ROUNDS; round++)
        check_rank_update(random_size(round % 2 == 0 ? 3 : 40), random_size(100), random_size(60));
}

static void rank_updates(void **state)
{
    (void)state;
    with_each_set(check_rank_updates);
}

int main(void)
{
    random_seed(&generator, 1);
    matrix_one_thread();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_shapes),  cmocka_unit_test(turning_points),
        cmocka_unit_test(large),          cmocka_unit_test(nothing_to_add),
        cmocka_unit_test(rows_far_apart), cmocka_unit_test(many_threads),
        cmocka_unit_test(rank_updates),   cmocka_unit_test(halves),
    };
    return cmocka_run_group_tests_name("matrix", tests, NULL, NULL);
}
