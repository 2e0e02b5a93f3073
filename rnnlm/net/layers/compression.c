// The reference's compression layer, between a large hidden layer and a large output (Mikolov et
// al., ICASSP 2011): c[t] = logistic(Q x[t] + b), there without b. It carries nothing from word to
// word.
#include <string.h>

#include "net/layers/kinds.h"
#include "net/layers/reference_weights.h"

static void initialise(const struct layer *layer, struct random *random, float *scratch)
{
    struct parameter *input = layer->map[0];
    (void)scratch;
    for (size_t i = 0; i < input->rows; i++)
        reference_draw_row(parameter_row(input, i), input->width, random);
}

static void forward(const struct layer *layer, float *sums, const float *before, float *after)
{
    (void)before;
    if (after != sums)
        memcpy(after, sums, layer->units * sizeof *after);
    activation_logistic.apply(after, layer->units);
}

static void backward(const struct layer *layer, float *sums, const float *before,
                     const float *after, float *d_after, float *d_before)
{
    (void)sums;
    (void)before;
    (void)d_before;
    activation_logistic.error(d_after, after, layer->units);
}

static const struct linear_map maps[] = {
    {.name = "input", .from = MAP_INPUT}, {.name = "bias", .from = MAP_ONE, .optional = true}, {0}};

const char *const equations_compression[] = {
    ".a0 = Sigmoid(.x)",
    NULL,
};

const struct layer_type layer_compression = {
    .name = "compression",
    .about = "logistic layer that carries nothing on",
    .map = maps,
    .gates = 1,
    .state = 0,
    .in_place = true,
    .initialise = initialise,
    .forward = forward,
    .backward = backward,
};
