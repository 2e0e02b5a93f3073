// A linear layer: y[t] = E x[t]. At the bottom it is an embedding (Bengio et al. 2003): each word has a
// vector, in place of as many numbers as the layer above has sums. Between other layers it is a
// projection to fewer units, as behind long short-term memory (Sak et al. 2014). It carries nothing
// from word to word, and has no bias: those of the layer above would make up for any. Weights begin
// uniform: within 0.1 at the bottom (Zaremba et al. 2014), within 1/sqrt(inputs) above.
#include <math.h>
#include <string.h>

#include "net/layers/kinds.h"

static void initialise(const struct layer *layer, struct random *random, float *scratch)
{
    (void)scratch;
    layer_draw_uniform(layer->map[0], layer->bottom ? 0.1f : 1 / sqrtf((float)layer->inputs),
                       random);
}

static void forward(const struct layer *layer, float *sums, const float *before, float *after)
{
    (void)before;
    if (after != sums)
        memcpy(after, sums, layer->units * sizeof *after);
}

// Errors of the output are those of the sums.
static void backward(const struct layer *layer, float *sums, const float *before,
                     const float *after, float *d_after, float *d_before)
{
    (void)layer;
    (void)sums;
    (void)before;
    (void)after;
    (void)d_after;
    (void)d_before;
}

static const struct linear_map maps[] = {{.name = "input", .from = MAP_INPUT}, {0}};

const char *const equations_projection[] = {
    ".a0 = Identity(.x)",
    NULL,
};

const struct layer_type layer_projection = {
    .name = "projection",
    .about = "linear layer: an embedding at the bottom, a projection elsewhere",
    .map = maps,
    .gates = 1,
    .state = 0,
    .in_place = true,
    .initialise = initialise,
    .forward = forward,
    .backward = backward,
};
