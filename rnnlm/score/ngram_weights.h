// Weights of a mixture of back-off models, from a text.
#ifndef SCORE_NGRAM_WEIGHTS_H
#define SCORE_NGRAM_WEIGHTS_H

#include "ngram/backoff.h"
#include "score/mixture.h"

// Finds the weights with which a mixture gives a text, a sentence a line, the highest probability; as
// in ngram_mix(), a word that one model has and another has not has probability 0 there. Words that no
// model has are <unk> where a model has that, and count nowhere if none has. Memory: 8 bytes a word and
// model. weight [models] is the result.
bool ngram_weights(struct ngram_model *const *model, size_t models, const char *text,
                   double precision, double *weight, struct mixture_score *score,
                   struct error *error);

#endif
