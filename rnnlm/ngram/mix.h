// Static interpolation of back-off models, SRILM's `ngram -mix-lm`: a model that has the n-grams of
// all, with
//
//   p(w | h) = sum of weight[i] p_i(w | h)
//
// and back-off weights that make it sum to 1. Where no model has an n-gram, backing off in the mixture
// stands for the mixture of what they back off to.
#ifndef NGRAM_MIX_H
#define NGRAM_MIX_H

#include "ngram/backoff.h"

// A word that a model has no 1-gram of has probability 0 there, whether it has <unk> or not. Models may
// be of different orders. Error: memory.
struct ngram_model *ngram_mix(struct ngram_model *const *model, const double *weight, size_t models,
                              struct error *error);

#endif
