// The reference's model files: version 10 (toolkit 0.3 and 0.4), text and binary, and version 6
// (0.2) for reading.
#ifndef MODEL_MIKOLOV_H
#define MODEL_MIKOLOV_H

#include "base/file.h"
#include "model/model.h"

// Whether an input of which nothing has been taken begins as they do.
bool mikolov_recognise(struct input *input);

// Fills an empty model. Error: file, line or byte, what was found and what was wanted; the model is
// then to be freed.
bool mikolov_read(struct model *model, struct input *input, struct error *error);

// Writes version 10, text or binary as model->format says. In text, numbers have as many digits as
// they need to be read back unchanged. Failures show in output_commit().
void mikolov_write(const struct model *model, struct output *output);

#endif
