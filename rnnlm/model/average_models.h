// The mean of several models: of weights of the same network after different epochs, or of trainings that began
// with the same ones, it is often better than each (Izmailov et al. 2018), and costs in use what one does.
#ifndef MODEL_AVERAGE_MODELS_H
#define MODEL_AVERAGE_MODELS_H

#include "model/model.h"

// Adds the weights and the state of `other` to those of `model`, to be divided by model_divide(). Error: what
// differs: layers, output, words or their classes.
bool model_add(struct model *model, const struct model *other, struct error *error);
void model_divide(struct model *model, size_t models);

#endif
