// Long short-term memory (Hochreiter & Schmidhuber 1997; forget gates: Gers et al. 2000):
//
//   i = logistic(a_i)   f = logistic(a_f)   g = tanh(a_g)   o = logistic(a_o)
//   c[t] = f c[t-1] + i g
//   h[t] = o tanh(c[t])                          with a = E x[t] + W h[t-1] + b
//
// h is the output, and h and c go from word to word. Sums are in the order i, f, g, o. Weights begin
// uniform within 1/sqrt(units), biases at 0, but 1 for forget gates (Jozefowicz et al. 2015).
#include <math.h>
#include <string.h>

#include "base/kernels.h"
#include "net/layers/kinds.h"

enum { CHUNK = 64 }; // units whose tanh(c) is at hand at a time

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
    size_t n = layer->units;
    float *i = sums, *f = i + n, *g = f + n, *o = g + n, *h = after, *c = after + layer->row;
    const float *c_before = before + layer->row;
    kernels->sigmoid(i, 2 * n);
    kernels->tanh(g, n);
    kernels->sigmoid(o, n);
    for (size_t k = 0; k < n; k++)
        h[k] = c[k] = f[k] * c_before[k] + i[k] * g[k];
    kernels->tanh(h, n);
    for (size_t k = 0; k < n; k++)
        h[k] *= o[k];
}

// For units `from` to `from` + count - 1, with t = tanh(c).
static void backward_chunk(const struct layer *layer, float *sums, const float *t,
                           const float *c_before, const float *d_h, const float *d_c,
                           float *d_c_before, size_t from, size_t count)
{
    size_t n = layer->units;
    float *i = sums + from, *f = i + n, *g = f + n, *o = g + n;
    for (size_t k = 0; k < count; k++) {
        float input = i[k], forget = f[k], new = g[k], output = o[k];
        float d = d_c[k] + d_h[k] * output * (1 - t[k] * t[k]);
        i[k] = d * new *input *(1 - input);
        f[k] = d * c_before[k] * forget * (1 - forget);
        g[k] = d * input * (1 - new *new);
        o[k] = d_h[k] * t[k] * output * (1 - output);
        if (d_c_before != NULL)
            d_c_before[k] += d * forget;
    }
}

static void backward(const struct layer *layer, float *sums, const float *before,
                     const float *after, float *d_after, float *d_before)
{
    size_t row = layer->row, count;
    float t[CHUNK];
    for (size_t from = 0; from < layer->units; from += count) {
        count = layer->units - from < CHUNK ? layer->units - from : CHUNK;
        memcpy(t, after + row + from, count * sizeof *t);
        kernels->tanh(t, count);
        backward_chunk(layer, sums, t, before + row + from, d_after + from, d_after + row + from,
                       d_before != NULL ? d_before + row + from : NULL, from, count);
    }
}

static const struct linear_map maps[] = {{.name = "input", .from = MAP_INPUT},
                                         {.name = "recurrent", .from = MAP_STATE},
                                         {.name = "bias", .from = MAP_ONE},
                                         {0}};

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
