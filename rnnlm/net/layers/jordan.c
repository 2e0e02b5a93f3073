// The Jordan network (Jordan 1986), whose output is fed back through state units, each of which keeps
// a decaying trace of one output:
//
//   s[t] = f(E x[t] + W c[t-1] + b)
//   c[t] = mu c[t-1] + s[t]
//
// Jordan feeds back what the whole network puts out. That of a language model is a distribution over
// all words: feeding it back would cost its computation for every word, also where a single
// probability is asked for. So it is the layer's output s that is fed back, before the words'
// softmax; with mu = 0 this would be the Elman network. s and c go from word to word, both from 0.
// mu = MEMORY was chosen on validation texts. Weights begin as an Elman layer's, W smaller by the
// length of the trace, 1 - mu.
#include "net/layers/kinds.h"
#include "net/layers/reference_weights.h"

static const float MEMORY = 0.5f;

static void initialise(const struct layer *layer, struct random *random, float *scratch)
{
    struct parameter *input = layer->map[0], *recurrent = layer->map[1];
    (void)scratch;
    for (size_t i = 0; i < input->rows; i++)
        reference_draw_row(parameter_row(input, i), input->width, random);
    for (size_t i = 0; i < recurrent->rows; i++) {
        reference_draw_row(parameter_row(recurrent, i), recurrent->width, random);
        for (size_t j = 0; j < recurrent->width; j++)
            parameter_row(recurrent, i)[j] *= 1 - MEMORY;
    }
}

static void forward(const struct layer *layer, float *sums, const float *before, float *after)
{
    const float *c_before = before + layer->row;
    float *s = after, *c = after + layer->row;
    layer->activation->apply(sums, layer->units);
    for (size_t k = 0; k < layer->units; k++) {
        s[k] = sums[k];
        c[k] = MEMORY * c_before[k] + s[k];
    }
}

static void backward(const struct layer *layer, float *sums, const float *before,
                     const float *after, float *d_after, float *d_before)
{
    const float *d_s = d_after, *d_c = d_after + layer->row;
    (void)before;
    for (size_t k = 0; k < layer->units; k++) {
        sums[k] = d_s[k] + d_c[k];
        if (d_before != NULL)
            d_before[layer->row + k] += MEMORY * d_c[k];
    }
    layer->activation->error(sums, after, layer->units);
}

static const struct linear_map maps[] = {{.name = "input", .from = MAP_INPUT},
                                         {.name = "recurrent", .from = MAP_STATE, .vector = 1},
                                         {.name = "bias", .from = MAP_ONE},
                                         {0}};

// With MEMORY as a number.
const char *const equations_jordan[] = {
    ".s = Gemm<transB=1>(.b1, .recurrent, .x)",
    ".a0 = Activation(.s)",
    ".memory = Constant<value_float=0.5>()",
    ".kept = Mul(.b1, .memory)",
    ".a1 = Add(.kept, .a0)",
    NULL,
};

const struct layer_type layer_jordan = {
    .name = "jordan",
    .about = "Jordan's network, whose decaying trace of its output is fed back",
    .map = maps,
    .gates = 1,
    .state = 2,
    .activation = true,
    .initialise = initialise,
    .forward = forward,
    .backward = backward,
};
