// The normalisers of a factorised output's classes as linear maps.
#ifndef MODEL_NORMALISER_H
#define MODEL_NORMALISER_H

#include "model/shares.h"

// For each class k the row M(k) for which M(k) . x is nearest, but for a number that is the same
// everywhere, to
//
//   log Z(k) = log of the sum over words w of class k of exp(W(w) . x + b(w))
//
// in the contexts, x what the output takes in there: least squares, after the mean row of the class
// (weighted by counts), which is log Z(k) to first order. Entries of a hash have no part in it.
// row[classes][memory_row(width)]. For an output with classes. Error: no memory.
bool normalisers_fit(const struct contexts *contexts, const struct model *model, float *row,
                     struct error *error);

#endif
