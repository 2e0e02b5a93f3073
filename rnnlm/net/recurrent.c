// The hidden layer.
#include "net/recurrent.h"

#include <string.h>

#include "base/kernels.h"

void recurrent_forward(const struct network *network, const float *before, int32_t word,
                       float *after)
{
    size_t hidden = network->shape.hidden, row = network->hidden_row;
    memset(after, 0, row * sizeof *after);
    network_add_embedding(network, word, after);
    kernels->rows_times(after, network->recurrent, row, hidden, before, hidden);
    kernels->sigmoid(after, hidden);
}

void recurrent_backward(struct network *network, size_t steps, size_t known, const int32_t *word,
                        const float *hidden, float *error, float *scratch, float cutoff, float step,
                        float keep)
{
    size_t width = network->shape.hidden, row = network->hidden_row;
    for (size_t i = steps; i-- > 0;) {
        float *e = error + i * row;
        kernels->sigmoid_error(e, hidden + (i + 1) * row, width);
        if (word[i] >= 0)
            kernels->scale_add(network->embedding + (size_t)word[i] * row, e, width, step, keep);
        if (i == 0)
            break;
        memset(scratch, 0, row * sizeof *scratch);
        kernels->times_rows(scratch, e, network->recurrent, row, width, width);
        if (cutoff > 0)
            kernels->clamp(scratch, width, cutoff);
        kernels->scale_add(error + (i - 1) * row, scratch, width, 1, 1);
    }
    size_t first = steps - known;
    kernels->rank_update(network->recurrent, row, width, width, error + first * row, row,
                         hidden + first * row, row, known, step, keep);
}
