// What recurrent cells do with their gates, and how optimisers divide: elementwise, several arrays
// in one pass.
#ifndef BASE_KERNELS_CELLS_H
#define BASE_KERNELS_CELLS_H

#include "base/kernels_elements.h"

// The first `there` lanes of v.
INLINE void store_part(float *to, vector v, size_t there)
{
    if (there >= LANES)
        store(to, v);
    else
        first_to(to, v, there);
}

// d s (1 - s), and d (1 - t^2): through logistic and tanh.
INLINE vector through_sigmoid(vector d, vector s)
{
    return d * (s * (all(1.0f) - s));
}

INLINE vector through_tanh(vector d, vector t)
{
    return d * (all(1.0f) - t * t);
}

static void lstm(float *sums, const float *c_before, float *c, float *h, size_t n)
{
    float *i = sums, *f = i + n, *g = f + n, *o = g + n;
    for (size_t k = 0; k < n; k += LANES) {
        size_t there = n - k;
        vector input = sigmoid_vector(load_part(i + k, there));
        vector forget = sigmoid_vector(load_part(f + k, there));
        vector new = tanh_vector(load_part(g + k, there));
        vector output = sigmoid_vector(load_part(o + k, there));
        vector cell = forget * load_part(c_before + k, there) + input * new;
        store_part(i + k, input, there);
        store_part(f + k, forget, there);
        store_part(g + k, new, there);
        store_part(o + k, output, there);
        store_part(c + k, cell, there);
        store_part(h + k, output * tanh_vector(cell), there);
    }
}

static void lstm_error(float *sums, const float *c_before, const float *c, const float *d_h,
                       const float *d_c, float *d_c_before, size_t n)
{
    float *i = sums, *f = i + n, *g = f + n, *o = g + n;
    for (size_t k = 0; k < n; k += LANES) {
        size_t there = n - k;
        vector input = load_part(i + k, there), forget = load_part(f + k, there);
        vector new = load_part(g + k, there), output = load_part(o + k, there);
        vector t = tanh_vector(load_part(c + k, there)), e = load_part(d_h + k, there);
        vector d = load_part(d_c + k, there) + through_tanh(e * output, t);
        store_part(i + k, through_sigmoid(d * new, input), there);
        store_part(f + k, through_sigmoid(d * load_part(c_before + k, there), forget), there);
        store_part(g + k, through_tanh(d * input, new), there);
        store_part(o + k, through_sigmoid(e * t, output), there);
        if (d_c_before != NULL)
            store_part(d_c_before + k, load_part(d_c_before + k, there) + d * forget, there);
    }
}

static void gru(float *sums, const float *before, float *after, size_t n)
{
    float *c = sums, *z = c + n, *r = z + n, *u = r + n;
    for (size_t k = 0; k < n; k += LANES) {
        size_t there = n - k;
        vector update = sigmoid_vector(load_part(z + k, there));
        vector reset = sigmoid_vector(load_part(r + k, there));
        vector new = tanh_vector(load_part(c + k, there) + reset * load_part(u + k, there));
        store_part(c + k, new, there);
        store_part(z + k, update, there);
        store_part(r + k, reset, there);
        store_part(after + k, new + update *(load_part(before + k, there) - new), there);
    }
}

static void gru_error(float *sums, const float *before, const float *d_after, float *d_before,
                      size_t n)
{
    float *c = sums, *z = c + n, *r = z + n, *u = r + n;
    for (size_t k = 0; k < n; k += LANES) {
        size_t there = n - k;
        vector new = load_part(c + k, there), update = load_part(z + k, there);
        vector reset = load_part(r + k, there), d = load_part(d_after + k, there);
        vector e = through_tanh(d * (all(1.0f) - update), new);
        vector kept = load_part(before + k, there) - new;
        store_part(c + k, e, there);
        store_part(z + k, through_sigmoid(d * kept, update), there);
        store_part(r + k, through_sigmoid(e * load_part(u + k, there), reset), there);
        store_part(u + k, e * reset, there);
        if (d_before != NULL)
            store_part(d_before + k, load_part(d_before + k, there) + d * update, there);
    }
}

static void scale_add_squares(float *y, const float *x, size_t n, float step, float keep)
{
    FOR_EACH(y, n, vector a = load_part(x + i, n - i); v = v * all(keep) + a * a * all(step));
}

static void scale_add_divided(float *y, const float *x, const float *square, size_t n, float step,
                              float scale, float epsilon, float keep)
{
    FOR_EACH(y, n, vector root = square_root(load_part(square + i, n - i) * all(scale));
             v = v * all(keep) + load_part(x + i, n - i) * all(step) / (root + all(epsilon)));
}

// step m / (sqrt(second v) + epsilon)
INLINE vector adam_move(vector m, vector v, float step, const struct adam_step *by)
{
    return m * all(step) / (square_root(v * all(by->second)) + all(by->epsilon));
}

static void adam(float *w, float *m, float *v, const float *g, size_t n, const struct adam_step *by)
{
    const bool owes = by->m_left != 1;
    for (size_t k = 0; k < n; k += LANES) {
        size_t there = n - k;
        vector weight = load_part(w + k, there), gradient = load_part(g + k, there);
        vector mean = load_part(m + k, there), square = load_part(v + k, there);
        if (owes) {
            weight = weight + adam_move(mean, square, by->owed, by);
            mean = mean * all(by->m_left);
            square = square * all(by->v_left);
        }
        mean = mean * all(by->m_keep) + gradient * all(by->m_step);
        square = square * all(by->v_keep) + gradient * gradient * all(by->v_step);
        weight = weight * all(by->keep) + adam_move(mean, square, by->step, by);
        store_part(m + k, mean, there);
        store_part(v + k, square, there);
        store_part(w + k, weight, there);
    }
}

#endif
