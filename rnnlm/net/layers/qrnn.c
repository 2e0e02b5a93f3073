// Quasi-recurrent network (Bradbury et al. 2017), a convolution over two words and gates that forget:
//
//   z = tanh(a_z)   f = logistic(a_f)   o = logistic(a_o)
//   c[t] = f c[t-1] + (1 - f) z
//   h[t] = o c[t]                                with a = E x[t] + V x[t-1] + b
//
// V x[t], which the next word's sums will want, is computed together with E x[t], by one product over
// whole blocks of text, and goes from word to word as part of the state: before a text it is 0, as if
// no word were there. So V learns as the rest of what is carried on does: where errors go back through
// time at least a step. h is the output; h, c and V x go from word to word. Sums are in the order z, f,
// o of E, then of V. Weights begin uniform within 1/sqrt(units), biases at 0.
#include <math.h>

#include "base/kernels.h"
#include "net/layers/kinds.h"

static void initialise(const struct layer *layer, struct random *random, float *scratch)
{
    (void)scratch;
    layer_draw_uniform(layer->map[0], 1 / sqrtf((float)layer->units), random);
}

static void forward(const struct layer *layer, float *sums, const float *before, float *after)
{
    size_t n = layer->units, row = layer->row;
    float *z = sums, *f = z + n, *o = f + n, *h = after, *c = after + row;
    const float *c_before = before + row, *last = before + 2 * row;
    for (size_t gate = 0; gate < 3; gate++)
        for (size_t k = 0; k < n; k++) {
            sums[gate * n + k] += last[gate * row + k];
            c[(gate + 1) * row + k] = sums[(gate + 3) * n + k];
        }
    kernels->tanh(z, n);
    kernels->sigmoid(f, 2 * n);
    for (size_t k = 0; k < n; k++) {
        c[k] = z[k] + f[k] * (c_before[k] - z[k]);
        h[k] = o[k] * c[k];
    }
}

static void backward(const struct layer *layer, float *sums, const float *before,
                     const float *after, float *d_after, float *d_before)
{
    size_t n = layer->units, row = layer->row;
    float *z = sums, *f = z + n, *o = f + n;
    const float *c_before = before + row, *c = after + row, *d_h = d_after, *d_c = d_after + row;
    for (size_t k = 0; k < n; k++) {
        float candidate = z[k], forget = f[k], output = o[k], d = d_c[k] + d_h[k] * output;
        z[k] = d * (1 - forget) * (1 - candidate * candidate);
        f[k] = d * (c_before[k] - candidate) * forget * (1 - forget);
        o[k] = d_h[k] * c[k] * output * (1 - output);
        if (d_before != NULL)
            d_before[row + k] += d * forget;
    }
    for (size_t gate = 0; gate < 3; gate++)
        for (size_t k = 0; k < n; k++) {
            sums[(gate + 3) * n + k] = d_after[(gate + 2) * row + k];
            if (d_before != NULL)
                d_before[(gate + 2) * row + k] += sums[gate * n + k];
        }
}

static const struct linear_map maps[] = {
    {.name = "input", .from = MAP_INPUT}, {.name = "bias", .from = MAP_ONE, .count = 3}, {0}};

const char *const equations_qrnn[] = {
    ".xz, .xf, .xo, .a2, .a3, .a4 = Split<axis=1>(.x)",
    ".sz = Add(.xz, .b2)",
    ".sf = Add(.xf, .b3)",
    ".so = Add(.xo, .b4)",
    ".z = Tanh(.sz)",
    ".f = Sigmoid(.sf)",
    ".o = Sigmoid(.so)",
    ".a1_less = Sub(.b1, .z)",
    ".a1_part = Mul(.f, .a1_less)",
    ".a1 = Add(.z, .a1_part)",
    ".a0 = Mul(.o, .a1)",
    NULL,
};

const struct layer_type layer_qrnn = {
    .name = "qrnn",
    .about = "quasi-recurrent network, a convolution over two words",
    .map = maps,
    .gates = 6,
    .state = 5,
    .initialise = initialise,
    .forward = forward,
    .backward = backward,
};
