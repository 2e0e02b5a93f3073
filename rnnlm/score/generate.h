// Text drawn from a mixture of models.
#ifndef SCORE_GENERATE_H
#define SCORE_GENERATE_H

#include "base/file.h"
#include "score/blend.h"

// Writes `words` words (</s> counts as one, and ends the line), drawn with rand()'s sequence from
// `seed`; a last line that is not complete is ended too. Error: a source that words cannot be drawn
// from.
bool generate_text(struct blend *blend, uint64_t words, uint32_t seed, struct output *output,
                   struct error *error);

#endif
