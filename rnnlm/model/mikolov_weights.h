// The arrays of weights in the reference's model files.
#ifndef MODEL_MIKOLOV_WEIGHTS_H
#define MODEL_MIKOLOV_WEIGHTS_H

#include "base/file.h"
#include "model/model.h"

// Before anything is allocated: false if the rest of the file is known to be too short (or, binary,
// too long) for weights of this shape.
bool mikolov_weights_fit(const struct input *input, const struct network_shape *shape, bool binary,
                         struct error *error);

// Reads everything behind the vocabulary into a model whose arrays are allocated.
bool mikolov_read_weights(struct model *model, struct input *input, bool binary,
                          struct error *error);

// Writes the same, in model->format.
void mikolov_write_weights(const struct model *model, struct output *output);

#endif
