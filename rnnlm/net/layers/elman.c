// The Elman network (Elman 1990; Mikolov et al. 2010):
//
//   s[t] = f(E x[t] + W s[t-1] + b)
//
// with x[t] the word taken in or the layer below. Without biases and with f logistic this is the
// hidden layer of the reference, whose initial weights and first states it has, whatever the
// activation.
#include <string.h>

#include "net/layers/kinds.h"
#include "net/layers/reference_weights.h"

static void initialise(const struct layer *layer, struct random *random, float *scratch)
{
    struct parameter *input = layer->map[0], *recurrent = layer->map[1];
    if (layer->bottom) {
        reference_draw_hidden(input, recurrent, random, scratch);
        return;
    }
    for (size_t i = 0; i < layer->units; i++) {
        reference_draw_row(parameter_row(input, i), input->width, random);
        reference_draw_row(parameter_row(recurrent, i), recurrent->width, random);
    }
}

static void forward(const struct layer *layer, float *sums, const float *before, float *after)
{
    (void)before;
    if (after != sums)
        memcpy(after, sums, layer->units * sizeof *after);
    layer->activation->apply(after, layer->units);
}

static void backward(const struct layer *layer, float *sums, const float *before,
                     const float *after, float *d_after, float *d_before)
{
    (void)sums;
    (void)before;
    (void)d_before;
    layer->activation->error(d_after, after, layer->units);
}

static const struct linear_map maps[] = {{.name = "input", .from = MAP_INPUT},
                                         {.name = "recurrent", .from = MAP_STATE},
                                         {.name = "bias", .from = MAP_ONE, .optional = true},
                                         {0}};

const char *const equations_elman[] = {
    ".s = Gemm<transB=1>(.b0, .recurrent, .x)",
    ".a0 = Activation(.s)",
    NULL,
};

const struct layer_type layer_elman = {
    .name = "elman",
    .about = "simple recurrent network, as the reference has it",
    .map = maps,
    .gates = 1,
    .state = 1,
    .activation = true,
    .in_place = true,
    .start_known = true,
    .start = 0.1f,
    .restart = 1.0f,
    .initialise = initialise,
    .forward = forward,
    .backward = backward,
};
