// The other model of an interpolation: whatever gives a probability for each word of a text in
// turn.
#ifndef SCORE_OTHER_H
#define SCORE_OTHER_H

#include <stdbool.h>

#include "base/error.h"
#include "text/reader.h"

struct other_model;

// Probabilities from a file, in step with the words of the text (-lm-prob); any form that
// score/stream.h reads.
struct other_model *other_from_stream(const char *path, struct error *error);
void other_close(struct other_model *other);

// The probability of the next token of the text, 0 for what the model does not know.
bool other_next(struct other_model *other, const struct token *token, double *prob,
                struct error *error);

// To be called when the text has ended: false if the file has probabilities left over.
bool other_end(struct other_model *other, struct error *error);

#endif
