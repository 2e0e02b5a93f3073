// Simple recurrent units (Lei et al. 2018), whose matrices see the input alone, so that their products
// are done for whole blocks of text at once:
//
//   f = logistic(a_f)   r = logistic(a_r)
//   c[t] = f c[t-1] + (1 - f) a_x
//   h[t] = r c[t] + (1 - r) a_s                  with a = E x[t] + v c[t-1] + b
//
// v and b are there for the gates f and r alone, v as diagonal matrices: a unit's gates see its own
// cell. a_s, by which the input goes around the cell, has a matrix of its own, as in the paper where a
// layer's input is not as wide as the layer. h is the output, and c goes from word to word. Sums are
// in the order x, f, r, s. Weights begin uniform with a variance of 1/units, those of s with 3/units,
// which keeps the variance of h (section 3.3 there); v and b begin at 0.
#include <math.h>

#include "base/kernels.h"
#include "net/layers/kinds.h"

static void initialise(const struct layer *layer, struct random *random, float *scratch)
{
    struct parameter *input = layer->map[0];
    float range = sqrtf(3 / (float)layer->units), skip = sqrtf(3);
    (void)scratch;
    layer_draw_uniform(input, range, random);
    for (size_t i = 0; i < input->rows; i++)
        for (size_t j = 0; j < input->width; j++)
            if ((layer->bottom ? j : i) >= 3 * layer->units)
                parameter_row(input, i)[j] *= skip;
}

static void forward(const struct layer *layer, float *sums, const float *before, float *after)
{
    size_t n = layer->units;
    float *x = sums, *f = x + n, *r = f + n, *s = r + n, *h = after, *c = after + layer->row;
    const float *c_before = before + layer->row;
    kernels->sigmoid(f, 2 * n);
    for (size_t k = 0; k < n; k++) {
        c[k] = x[k] + f[k] * (c_before[k] - x[k]);
        h[k] = s[k] + r[k] * (c[k] - s[k]);
    }
}

static void backward(const struct layer *layer, float *sums, const float *before,
                     const float *after, float *d_after, float *d_before)
{
    size_t n = layer->units, row = layer->row;
    float *x = sums, *f = x + n, *r = f + n, *s = r + n;
    const float *c_before = before + row, *c = after + row, *d_h = d_after, *d_c = d_after + row;
    for (size_t k = 0; k < n; k++) {
        float forget = f[k], reset = r[k], d = d_c[k] + d_h[k] * reset;
        f[k] = d * (c_before[k] - x[k]) * forget * (1 - forget);
        r[k] = d_h[k] * (c[k] - s[k]) * reset * (1 - reset);
        x[k] = d * (1 - forget);
        s[k] = d_h[k] * (1 - reset);
        if (d_before != NULL)
            d_before[row + k] += d * forget;
    }
}

static const struct linear_map maps[] = {
    {.name = "input", .from = MAP_INPUT},
    {.name = "cell", .from = MAP_DIAGONAL, .first = 1, .count = 2, .vector = 1},
    {.name = "bias", .from = MAP_ONE, .first = 1, .count = 2},
    {0}};

const char *const equations_sru[] = {
    ".xx, .xf, .xr, .xs = Split<axis=1>(.x)",
    ".cell_f, .cell_r = Split<axis=1>(.cell)",
    ".vf = Mul(.b1, .cell_f)",
    ".vr = Mul(.b1, .cell_r)",
    ".sf = Add(.xf, .vf)",
    ".sr = Add(.xr, .vr)",
    ".f = Sigmoid(.sf)",
    ".r = Sigmoid(.sr)",
    ".a1_less = Sub(.b1, .xx)",
    ".a1_part = Mul(.f, .a1_less)",
    ".a1 = Add(.xx, .a1_part)",
    ".a0_less = Sub(.a1, .xs)",
    ".a0_part = Mul(.r, .a0_less)",
    ".a0 = Add(.xs, .a0_part)",
    NULL,
};

const struct layer_type layer_sru = {
    .name = "sru",
    .about = "simple recurrent units",
    .map = maps,
    .gates = 4,
    .state = 2,
    .initialise = initialise,
    .forward = forward,
    .backward = backward,
};
