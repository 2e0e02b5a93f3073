// The reference's initial weights: each the sum of three draws of rand() in [-0.1, 0.1].
#ifndef NET_LAYERS_REFERENCE_WEIGHTS_H
#define NET_LAYERS_REFERENCE_WEIGHTS_H

#include "base/random.h"
#include "net/parameter.h"

void reference_draw_row(float *row, size_t width, struct random *random);

// For each hidden unit its input weights from all words, one after the other, then its recurrent
// ones. `scratch` holds MEMORY_ROW floats for each word.
void reference_draw_hidden(struct parameter *input, struct parameter *recurrent,
                           struct random *random, float *scratch);

#endif
