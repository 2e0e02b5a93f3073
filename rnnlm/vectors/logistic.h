// What word vectors are learnt to tell: whether an input and an output belong together.
//
// Of inputs x_i and outputs y_j, vectors of one width, with a label t_j and weights c_ij, the objective is
//
//   J = sum over i, j of c_ij log p_ij,   p_ij = logistic(x_i . y_j) where t_j = 1, 1 - logistic(x_i . y_j) where t_j = 0
//
// and its gradient is two products of small matrices (Ji et al. 2016), with e_ij = c_ij (t_j - logistic(x_i . y_j)):
//
//   dJ/dx_i = sum over j of e_ij y_j         dJ/dy_j = sum over i of e_ij x_i
//
// The logistic function is exact to the last bits of a float, no table.
#ifndef VECTORS_LOGISTIC_H
#define VECTORS_LOGISTIC_H

#include <stddef.h>

struct logistic {
    size_t inputs, outputs, width,
        stride;                  // rows of all matrices of vectors are `stride` floats apart
    const float *input, *output; // [inputs], [outputs]
    const float *input_square, *output_square; // |x_i|^2, |y_j|^2
    const float *label;                        // [outputs]
    const float *weight;                       // [inputs][outputs]
    float *error;                              // [inputs][outputs] scratch
};

// Adds the gradient to input_gradient [inputs] and output_gradient [outputs], and to input_curvature and
// output_curvature, of each vector, how much its gradient falls by a step of length 1 at most:
// sum over j of c_ij p_ij (1 - p_ij) |y_j|^2, and the same of i.
void logistic_gradient(const struct logistic *logistic, float *input_gradient,
                       float *output_gradient, float *input_curvature, float *output_curvature);

// |x|^2 of `rows` rows.
void logistic_squares(float *square, const float *row, size_t stride, size_t rows, size_t width);

#endif
