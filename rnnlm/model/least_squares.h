// Linear least squares, by conjugate gradients.
#ifndef MODEL_LEAST_SQUARES_H
#define MODEL_LEAST_SQUARES_H

#include <stddef.h>

#include "base/error.h"

// The vector u [width] that makes
//
//   1/n sum over rows r of (x[r] . u - y[r])^2 + ridge (|x|^2 / width) |u|^2
//
// least, |x|^2 the mean over the rows x [n][width] (Hestenes & Stiefel 1952, on the normal equations).
// Error: no memory.
bool least_squares(const float *x, size_t n, size_t width, const double *y, double ridge, float *u,
                   struct error *error);

#endif
