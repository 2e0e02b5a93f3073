// Who multiplies: OpenBLAS, or our kernels where they are at least a tenth faster.
//
// Measured on one processor in GFLOP/s, once with AVX-512 for both and once with AVX2 for both;
// `right` is plain unless said:
//                                         AVX-512               AVX2
//                                       kernels   BLAS        kernels   BLAS
//   16 rows, matrix 512 x 512             255       125         127      86
//   32 rows                               245       145         122     104
//   48 rows                               259       195         131     114
//   128 rows                              256       223         130     125
//   16 rows, right transposed             199       101         108      82
//   128 rows, right transposed            214       214         114     124
//   16 rows, 10000 x 650 (from memory)     94        87          43      73
//   10000 rows, 1120 terms, 650           125       235          49     124
#include "base/matrix.h"

#include <cblas.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"

enum {
    FEW = 8,              // rows that BLAS is slow at everywhere
    FEW_AVX2 = 40,        // BLAS has caught up with our kernels for AVX2
    FEW_AVX512 = 64,      // and nearly with those for AVX-512
    CACHED_AVX2 = 500000, // floats that strips of 16 columns read again and again, from near caches
    CACHED = 2000000,     // the same for strips of 64 columns, from the last-level cache
    SHORT_STRIP = 2048,   // terms of a strip of 64 columns that stays in the second-level cache
    HALF_ROWS = 48,       // of a block that is rounded at a time, 24 kB,
    HALF_TERMS = 256,     // and its terms
};

// Whether BLAS computes with AVX-512 too; else our kernels have twice its registers' width.
static bool blas_has_avx512(void)
{
    static const char *const cores[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
    const char *core = openblas_get_corename();
    for (size_t i = 0; i < sizeof cores / sizeof *cores; i++)
        if (strcmp(core, cores[i]) == 0)
            return true;
    return false;
}

// The portable kernels are a plain specification: nothing is too small for BLAS but a single row, for
// which it would copy the matrix to read it once.
static bool kernels_are_plain(void)
{
    return strcmp(kernels->name, "portable") == 0;
}

static bool kernels_are_faster(size_t m, size_t n, size_t terms, bool right_transposed)
{
    if (kernels_are_plain())
        return m < 2;
    if (m < FEW)
        return true;
    if (strncmp(kernels->name, "avx512", 6) != 0)
        return m < FEW_AVX2 && (right_transposed || terms * n <= CACHED_AVX2);
    if (m < FEW_AVX512 || !blas_has_avx512())
        return true;
    return !right_transposed && m * terms <= CACHED &&
           (terms * n <= CACHED || terms <= SHORT_STRIP);
}

static void clear(float *out, size_t out_stride, size_t m, size_t width)
{
    if (out_stride == width) { // rows without gaps, which may be narrow, are one
        width *= m;
        m = 1;
    }
    for (size_t r = 0; r < m; r++)
        memset(out + r * out_stride, 0, width * sizeof *out);
}

static void by_kernels(float *out, size_t out_stride, size_t m, size_t n, size_t terms,
                       struct matrix left, struct matrix right)
{
    if (right.transposed)
        kernels->rows_times_many(out, out_stride, right.data, right.stride, n, left.data,
                                 left.stride, m, terms);
    else
        kernels->products(out, out_stride, m, left.data, left.transposed ? 1 : left.stride,
                          left.transposed ? left.stride : 1, right.data, right.stride, terms, n);
}

// cblas counts in int.
static bool blas_can_count(size_t out_stride, size_t m, size_t n, size_t terms, size_t left_stride,
                           size_t right_stride)
{
    return out_stride <= INT_MAX && m <= INT_MAX && n <= INT_MAX && terms <= INT_MAX &&
           left_stride <= INT_MAX && right_stride <= INT_MAX;
}

// Both sides transposed, and too large for BLAS to count.
static void by_hand(float *out, size_t out_stride, size_t m, size_t n, size_t terms,
                    struct matrix left, struct matrix right)
{
    for (size_t r = 0; r < m; r++)
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < terms; k++)
                out[r * out_stride + i] +=
                    left.data[k * left.stride + r] * right.data[i * right.stride + k];
}

// With the OpenMP build of OpenBLAS the number of threads is a setting of each thread of ours.
static atomic_bool one_thread;

static void keep_to_one_thread(void)
{
    static _Thread_local bool done;
    if (!done && atomic_load_explicit(&one_thread, memory_order_relaxed)) {
        openblas_set_num_threads(1);
        done = true;
    }
}

void matrix_product(float *out, size_t out_stride, size_t m, size_t n, size_t terms,
                    struct matrix left, struct matrix right, float keep)
{
    if (m == 0 || n == 0)
        return;
    bool both = left.transposed && right.transposed; // the kernels have no such product
    bool counts = blas_can_count(out_stride, m, n, terms, left.stride, right.stride);
    if (terms > 0 && counts && (both || !kernels_are_faster(m, n, terms, right.transposed))) {
        keep_to_one_thread();
        cblas_sgemm(CblasRowMajor, left.transposed ? CblasTrans : CblasNoTrans,
                    right.transposed ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)terms, 1,
                    left.data, (int)left.stride, right.data, (int)right.stride, keep, out,
                    (int)out_stride);
        for (size_t r = 0; r < m && keep == 0 && !right.transposed; r++) // padding is zeros
            memset(out + r * out_stride + n, 0, (memory_row(n) - n) * sizeof *out);
        return;
    }
    if (keep == 0)
        clear(out, out_stride, m, right.transposed ? n : memory_row(n));
    if (terms == 0)
        return;
    if (both)
        by_hand(out, out_stride, m, n, terms, left, right);
    else
        by_kernels(out, out_stride, m, n, terms, left, right);
}

void matrix_product_halves(float *out, size_t out_stride, size_t m, size_t n, size_t terms,
                           const float *left, size_t left_stride, const uint32_t *right,
                           size_t right_stride)
{
    uint16_t halves[HALF_ROWS][HALF_TERMS] __attribute__((aligned(64)));
    for (size_t r = 0; r < m; r += HALF_ROWS)
        for (size_t k = 0; k < terms; k += HALF_TERMS) {
            size_t rows = m - r < HALF_ROWS ? m - r : HALF_ROWS;
            size_t part = terms - k < HALF_TERMS ? terms - k : HALF_TERMS;
            for (size_t i = 0; i < rows; i++) {
                kernels->to_halves(halves[i], left + (r + i) * left_stride + k, part);
                if (part % 2 != 0)
                    halves[i][part] = 0;
            }
            kernels->half_products(out + r * out_stride, out_stride, rows, halves[0], HALF_TERMS, 2,
                                   right + k / 2 * right_stride, right_stride, part, n);
        }
}

void matrix_rank_update(float *rows, size_t stride, size_t n, size_t width, const float *left,
                        size_t left_stride, const float *right, size_t right_stride, size_t terms,
                        float step, float keep)
{
    if (kernels_are_plain() && blas_can_count(stride, n, width, terms, left_stride, right_stride)) {
        keep_to_one_thread();
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)n, (int)width, (int)terms, step,
                    left, (int)left_stride, right, (int)right_stride, keep, rows, (int)stride);
        return;
    }
    kernels->rank_update(rows, stride, n, width, left, left_stride, right, right_stride, terms,
                         step, keep);
}

// A setting at run time, because which build of OpenBLAS is loaded (threads, OpenMP, serial: they
// share a name) is the system's choice and the environment is read before main(). The build with
// threads has started them by then: they spin for a tenth of a second, once, and sleep from then
// on. Only OPENBLAS_NUM_THREADS=1 in the environment is without them: the serial build, which has
// none either, is not safe where several threads of ours multiply (seen: wrong products).
void matrix_one_thread(void)
{
    atomic_store(&one_thread, true);
    keep_to_one_thread();
}
