// The softmax over all words that is learnt against noise, as a kind of output.
#include "net/outputs/nce.h"

#include <math.h>

#include "net/outputs/kinds.h"

// bias[w] = log((count(w) + 1) / (the sum of these)): with rows near 0 the sum of all scores is near 1.
static void initialise_biases(const struct network *network, const uint64_t *count)
{
    struct parameter *bias = full_parameters(network).bias;
    double all = 0;
    for (size_t w = 0; w < network->shape.words; w++)
        all += (double)count[w] + 1;
    for (size_t w = 0; w < network->shape.words; w++)
        parameter_row(bias, 0)[w] = (float)log(((double)count[w] + 1) / all);
}

const struct output_type output_nce = {
    .name = "nce",
    .about = "a softmax over all words, learnt against noise",
    .noise = true,
    .tied = true,
    .resizes = true,
    .word_bias = "bias",
    .parameters = full_list_parameters,
    .initialise = full_initialise,
    .initialise_biases = initialise_biases,
    .softmax = full_softmax,
    .scoring = &full_scoring,
    .online = &full_online,
    .blocks = &nce_blocks,
};
