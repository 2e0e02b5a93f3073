// Dense arithmetic: the portable set, which is the specification, and the choice among the sets.
#include "base/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bfloat16.h"
#include "base/kernels_sets.h"

// ---- the portable set -------------------------------------------------------------------------

static void rows_times(float *out, const float *rows, size_t stride, size_t n, const float *x,
                       size_t width)
{
    for (size_t i = 0; i < n; i++) {
        float sum = 0;
        for (size_t j = 0; j < width; j++)
            sum += rows[i * stride + j] * x[j];
        out[i] += sum;
    }
}

static void times_rows(float *out, const float *e, const float *rows, size_t stride, size_t n,
                       size_t width)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++)
            out[j] += e[i] * rows[i * stride + j];
}

static void times_rows_update(float *out, const float *e, float *rows, size_t stride, size_t n,
                              size_t width, const float *x, float step, float keep)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < width; j++) {
            float weight = rows[i * stride + j];
            out[j] += e[i] * weight;
            rows[i * stride + j] = keep * weight + step * e[i] * x[j];
        }
    }
}

static void rank_update(float *rows, size_t stride, size_t n, size_t width, const float *left,
                        size_t left_stride, const float *right, size_t right_stride, size_t terms,
                        float step, float keep)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < width; j++) {
            float sum = 0;
            for (size_t k = 0; k < terms; k++)
                sum += left[k * left_stride + i] * right[k * right_stride + j];
            rows[i * stride + j] = keep * rows[i * stride + j] + step * sum;
        }
    }
}

static void rows_times_many(float *out, size_t out_stride, const float *rows, size_t stride,
                            size_t n, const float *x, size_t x_stride, size_t m, size_t width)
{
    for (size_t r = 0; r < m; r++)
        rows_times(out + r * out_stride, rows, stride, n, x + r * x_stride, width);
}

static void products(float *out, size_t out_stride, size_t m, const float *left, size_t left_row,
                     size_t left_term, const float *rows, size_t stride, size_t n, size_t width)
{
    for (size_t r = 0; r < m; r++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < width; j++)
                out[r * out_stride + j] +=
                    left[r * left_row + i * left_term] * rows[i * stride + j];
}

static void scale_add(float *y, const float *x, size_t n, float step, float keep)
{
    for (size_t i = 0; i < n; i++)
        y[i] = keep * y[i] + step * x[i];
}

static void add_squares(float *y, const float *x, size_t n, float step)
{
    for (size_t i = 0; i < n; i++)
        y[i] += step * x[i] * x[i];
}

static void clamp(float *x, size_t n, float limit)
{
    for (size_t i = 0; i < n; i++) {
        float value = x[i] > limit ? limit : x[i];
        x[i] = value < -limit ? -limit : value;
    }
}

static void sigmoid(float *x, size_t n)
{
    clamp(x, n, 50);
    for (size_t i = 0; i < n; i++)
        x[i] = 1 / (1 + expf(-x[i]));
}

static void hyperbolic_tangent(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = tanhf(x[i]);
}

static void elu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] > 0 ? x[i] : expm1f(x[i] < -87 ? -87 : x[i]);
}

static void sigmoid_error(float *e, const float *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        e[i] *= s[i] * (1 - s[i]);
}

static void softmax(float *x, size_t n)
{
    float largest = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    for (size_t i = 0; i < n; i++) {
        float below = x[i] - largest;
        x[i] = expf(below < -87 ? -87 : below);
        sum += x[i];
    }
    for (size_t i = 0; i < n; i++)
        x[i] /= sum;
}

static float softmax_sum(const float *x, size_t n, float *largest)
{
    float sum = 0;
    *largest = -INFINITY;
    for (size_t i = 0; i < n; i++)
        *largest = x[i] > *largest ? x[i] : *largest;
    for (size_t i = 0; i < n; i++) {
        float below = x[i] - *largest;
        sum += expf(below < -87 ? -87 : below);
    }
    return sum;
}

static void softmax_part(float *x, size_t n, float largest, float scale)
{
    for (size_t i = 0; i < n; i++) {
        float below = x[i] - largest;
        x[i] = scale * expf(below < -87 ? -87 : below);
    }
}

static void lstm(float *sums, const float *c_before, float *c, float *h, size_t n)
{
    float *i = sums, *f = i + n, *g = f + n, *o = g + n;
    sigmoid(i, 2 * n);
    hyperbolic_tangent(g, n);
    sigmoid(o, n);
    for (size_t k = 0; k < n; k++)
        h[k] = c[k] = f[k] * c_before[k] + i[k] * g[k];
    hyperbolic_tangent(h, n);
    for (size_t k = 0; k < n; k++)
        h[k] *= o[k];
}

static void lstm_error(float *sums, const float *c_before, const float *c, const float *d_h,
                       const float *d_c, float *d_c_before, size_t n)
{
    float *i = sums, *f = i + n, *g = f + n, *o = g + n;
    for (size_t k = 0; k < n; k++) {
        float input = i[k], forget = f[k], new = g[k], output = o[k], t = tanhf(c[k]);
        float d = d_c[k] + d_h[k] * output * (1 - t * t);
        i[k] = d * new *input *(1 - input);
        f[k] = d * c_before[k] * forget * (1 - forget);
        g[k] = d * input * (1 - new *new);
        o[k] = d_h[k] * t * output * (1 - output);
        if (d_c_before != NULL)
            d_c_before[k] += d * forget;
    }
}

static void gru(float *sums, const float *before, float *after, size_t n)
{
    float *c = sums, *z = c + n, *r = z + n, *u = r + n;
    sigmoid(z, 2 * n);
    for (size_t k = 0; k < n; k++)
        c[k] += r[k] * u[k];
    hyperbolic_tangent(c, n);
    for (size_t k = 0; k < n; k++)
        after[k] = c[k] + z[k] * (before[k] - c[k]);
}

static void gru_error(float *sums, const float *before, const float *d_after, float *d_before,
                      size_t n)
{
    float *c = sums, *z = c + n, *r = z + n, *u = r + n;
    for (size_t k = 0; k < n; k++) {
        float d = d_after[k], new = c[k], update = z[k], reset = r[k];
        float d_new = d * (1 - update) * (1 - new *new);
        c[k] = d_new;
        z[k] = d * (before[k] - new) * update * (1 - update);
        r[k] = d_new * u[k] * reset * (1 - reset);
        u[k] = d_new * reset;
        if (d_before != NULL)
            d_before[k] += d * update;
    }
}

static void scale_add_squares(float *y, const float *x, size_t n, float step, float keep)
{
    for (size_t i = 0; i < n; i++)
        y[i] = keep * y[i] + step * x[i] * x[i];
}

static void scale_add_divided(float *y, const float *x, const float *square, size_t n, float step,
                              float scale, float epsilon, float keep)
{
    for (size_t i = 0; i < n; i++)
        y[i] = keep * y[i] + step * x[i] / (sqrtf(scale * square[i]) + epsilon);
}

static void adam(float *w, float *m, float *v, const float *g, size_t n, const struct adam_step *by)
{
    for (size_t i = 0; i < n; i++) {
        if (by->m_left != 1) {
            w[i] += by->owed * m[i] / (sqrtf(by->second * v[i]) + by->epsilon);
            m[i] *= by->m_left;
            v[i] *= by->v_left;
        }
        m[i] = by->m_keep * m[i] + by->m_step * g[i];
        v[i] = by->v_keep * v[i] + by->v_step * g[i] * g[i];
        w[i] = by->keep * w[i] + by->step * m[i] / (sqrtf(by->second * v[i]) + by->epsilon);
    }
}

static void to_halves(uint16_t *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = bfloat16_from(x[i]);
}

static void add_halves(float *y, const uint16_t *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += bfloat16_to(x[i]);
}

static void half_rows_times(float *out, size_t out_stride, const uint16_t *rows, size_t stride,
                            size_t n, const uint16_t *x, size_t x_stride, size_t m, size_t width)
{
    for (size_t r = 0; r < m; r++)
        for (size_t i = 0; i < n; i++) {
            float sum = 0;
            for (size_t j = 0; j < width; j++)
                sum += bfloat16_to(rows[i * stride + j]) * bfloat16_to(x[r * x_stride + j]);
            out[r * out_stride + i] += sum;
        }
}

static void half_products(float *out, size_t out_stride, size_t m, const uint16_t *left,
                          size_t left_row, size_t left_term, const uint32_t *rows, size_t stride,
                          size_t n, size_t width)
{
    for (size_t r = 0; r < m; r++)
        for (size_t i = 0; i < n; i++) {
            uint16_t pair[2];
            memcpy(pair, left + r * left_row + i / 2 * left_term, sizeof pair);
            for (size_t j = 0; j < width; j++) {
                uint32_t other = rows[i / 2 * stride + j];
                out[r * out_stride + j] += bfloat16_to(pair[i % 2]) *
                                           bfloat16_to((uint16_t)(i % 2 > 0 ? other >> 16 : other));
            }
        }
}

// Blocks, so that the cache lines of both sides are still there when their next element comes.
static void transpose(float *columns, size_t columns_stride, const float *rows, size_t stride,
                      size_t n, size_t width)
{
    enum { BLOCK = 16 };
    for (size_t first = 0; first < width; first += BLOCK) {
        size_t last = first + BLOCK < width ? first + BLOCK : width;
        for (size_t i = 0; i < n; i++)
            for (size_t j = first; j < last; j++)
                columns[j * columns_stride + i] = rows[i * stride + j];
    }
}

static uint32_t pair_of(float low, float high)
{
    return (uint32_t)bfloat16_from(high) << 16 | bfloat16_from(low);
}

static void pair_columns(uint32_t *pairs, size_t pairs_stride, const float *rows, size_t stride,
                         size_t n, size_t width)
{
    for (size_t j = 0; j < width; j += 2)
        for (size_t i = 0; i < n; i++) {
            const float *low = rows + i * stride + j;
            pairs[j / 2 * pairs_stride + i] = pair_of(low[0], j + 1 < width ? low[1] : 0);
        }
}

static void pair_rows(uint32_t *pairs, size_t pairs_stride, const float *rows, size_t stride,
                      size_t n, size_t width)
{
    for (size_t i = 0; i < n; i += 2)
        for (size_t j = 0; j < width; j++) {
            const float *low = rows + i * stride + j;
            pairs[i / 2 * pairs_stride + j] = pair_of(low[0], i + 1 < n ? low[stride] : 0);
        }
}

static const struct kernels portable = {
    .name = "portable",
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

// ---- the choice -------------------------------------------------------------------------------

const struct kernels *kernels = &portable;

const struct kernels *const *kernels_available(void)
{
    static const struct kernels *available[5];
    if (available[0] == NULL) {
        size_t count = 0;
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
            if (__builtin_cpu_supports("avx512bf16"))
                available[count++] = &kernels_avx512bf16;
            available[count++] = &kernels_avx512;
        }
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
            available[count++] = &kernels_avx2;
#endif
        available[count] = &portable;
    }
    return available;
}

bool kernels_choose(const char *name, struct error *error)
{
    bool from_environment = name == NULL;
    if (from_environment)
        name = getenv("RNNLM_KERNELS");
    char names[128] = "";
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        if (name == NULL || *name == '\0' || strcmp(name, (*set)->name) == 0) {
            kernels = *set;
            return true;
        }
        strcat(strcat(names, " "), (*set)->name);
    }
    return error_set(error, "%skernels \"%s\" wanted, this processor has:%s",
                     from_environment ? "RNNLM_KERNELS: " : "", name, names);
}

__attribute__((constructor)) static void start(void)
{
    kernels_available();
    if (!kernels_choose(NULL, NULL))
        kernels = kernels_available()[0];
}

void kernels_pair_half_columns(uint32_t *pairs, size_t pairs_stride, const uint16_t *rows,
                               size_t stride, size_t n, size_t width)
{
    for (size_t j = 0; j < width; j += 2)
        for (size_t i = 0; i < n; i++) {
            uint32_t low = rows[i * stride + j];
            uint32_t high = j + 1 < width ? rows[i * stride + j + 1] : 0;
            pairs[j / 2 * pairs_stride + i] = high << 16 | low;
        }
}
