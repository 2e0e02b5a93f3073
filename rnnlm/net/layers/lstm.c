// Long short-term memory (Hochreiter & Schmidhuber 1997; forget gates: Gers et al. 2000):
//
//   i = logistic(a_i)   f = logistic(a_f)   g = tanh(a_g)   o = logistic(a_o)
//   c[t] = f c[t-1] + i g
//   h[t] = o tanh(c[t])                          with a = E x[t] + W h[t-1] + b
//
// h is the output, and h and c go from word to word. Sums are in the order i, f, g, o. Weights begin
// uniform within 1/sqrt(units), biases at 0, but 1 for forget gates (Jozefowicz et al. 2015).
#include <math.h>

#include "base/kernels.h"
#include "net/layers/kinds.h"

static void initialise(const struct layer *layer, struct random *random, float *scratch)
{
    float range = 1 / sqrtf((float)layer->units), *bias = layer->map[2]->data;
    (void)scratch;
    layer_draw_uniform(layer->map[0], range, random);
    layer_draw_uniform(layer->map[1], range, random);
    for (size_t i = 0; i < layer->units; i++)
        bias[layer->units + i] = 1;
}

static void forward(const struct layer *layer, float *sums, const float *before, float *after)
{
    size_t row = layer->row;
    kernels->lstm(sums, before + row, after + row, after, layer->units);
}

static void backward(const struct layer *layer, float *sums, const float *before,
                     const float *after, float *d_after, float *d_before)
{
    size_t row = layer->row;
    kernels->lstm_error(sums, before + row, after + row, d_after, d_after + row,
                        d_before != NULL ? d_before + row : NULL, layer->units);
}

static const struct linear_map maps[] = {{.name = "input", .from = MAP_INPUT},
                                         {.name = "recurrent", .from = MAP_STATE},
                                         {.name = "bias", .from = MAP_ONE},
                                         {0}};

const char *const equations_lstm[] = {
    ".s = Gemm<transB=1>(.b0, .recurrent, .x)",
    ".si, .sf, .sg, .so = Split<axis=1>(.s)",
    ".i = Sigmoid(.si)",
    ".f = Sigmoid(.sf)",
    ".g = Tanh(.sg)",
    ".o = Sigmoid(.so)",
    ".kept = Mul(.f, .b1)",
    ".new = Mul(.i, .g)",
    ".a1 = Add(.kept, .new)",
    ".t = Tanh(.a1)",
    ".a0 = Mul(.o, .t)",
    NULL,
};

const struct layer_type layer_lstm = {
    .name = "lstm",
    .about = "long short-term memory",
    .map = maps,
    .gates = 4,
    .state = 2,
    .initialise = initialise,
    .forward = forward,
    .backward = backward,
};
