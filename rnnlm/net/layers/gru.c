// Gated recurrent units (Cho et al. 2014):
//
//   z = logistic(a_z)   r = logistic(a_r)   n = tanh(a_n + r a_u)
//   h[t] = (1 - z) n + z h[t-1]                  with a = E x[t] + W h[t-1] + b
//
// The reset gate r is applied behind the recurrent product, as in cuDNN, so that there is one product
// for all gates: a_u is the candidate's recurrent part, to which E adds nothing, and a_n the rest of
// it, to which W adds nothing. Sums are in the order n, z, r, u. Weights begin uniform within
// 1/sqrt(units), biases at 0.
#include <math.h>

#include "base/kernels.h"
#include "net/layers/kinds.h"

static void initialise(const struct layer *layer, struct random *random, float *scratch)
{
    float range = 1 / sqrtf((float)layer->units);
    (void)scratch;
    layer_draw_uniform(layer->map[0], range, random);
    layer_draw_uniform(layer->map[1], range, random);
}

static void forward(const struct layer *layer, float *sums, const float *before, float *after)
{
    kernels->gru(sums, before, after, layer->units);
}

static void backward(const struct layer *layer, float *sums, const float *before,
                     const float *after, float *d_after, float *d_before)
{
    (void)after;
    kernels->gru_error(sums, before, d_after, d_before, layer->units);
}

static const struct linear_map maps[] = {
    {.name = "input", .from = MAP_INPUT, .count = 3},
    {.name = "recurrent", .from = MAP_STATE, .first = 1, .count = 3},
    {.name = "bias", .from = MAP_ONE},
    {0}};

// The last of the three that the state adds to is u.
const char *const equations_gru[] = {
    ".h = Gemm<transB=1>(.b0, .recurrent)",
    ".xn, .xz, .xr = Split<axis=1>(.x)",
    ".hz, .hr, .hu = Split<axis=1>(.h)",
    ".sz = Add(.xz, .hz)",
    ".sr = Add(.xr, .hr)",
    ".z = Sigmoid(.sz)",
    ".r = Sigmoid(.sr)",
    ".u = Add(.hu, .rest)",
    ".ru = Mul(.r, .u)",
    ".sn = Add(.xn, .ru)",
    ".n = Tanh(.sn)",
    ".a0_less = Sub(.b0, .n)",
    ".a0_part = Mul(.z, .a0_less)",
    ".a0 = Add(.n, .a0_part)",
    NULL,
};

const struct layer_type layer_gru = {
    .name = "gru",
    .about = "gated recurrent units",
    .map = maps,
    .gates = 4,
    .state = 1,
    .output_carried = true,
    .initialise = initialise,
    .forward = forward,
    .backward = backward,
};
