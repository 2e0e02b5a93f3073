// Text drawn from the network's distribution.
#ifndef SCORE_GENERATE_H
#define SCORE_GENERATE_H

#include "base/file.h"
#include "score/scorer.h"

// Writes `words` words (</s> counts as one, and ends the line), drawn with rand()'s sequence from
// `seed`; a last line that is not complete is ended too.
void generate_text(struct scorer *scorer, uint64_t words, uint32_t seed, struct output *output);

#endif
