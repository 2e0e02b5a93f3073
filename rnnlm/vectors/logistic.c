// The objective of word vectors.
#include "vectors/logistic.h"

#include <string.h>

#include "base/kernels.h"

void logistic_squares(float *square, const float *row, size_t stride, size_t rows, size_t width)
{
    memset(square, 0, rows * sizeof *square);
    for (size_t i = 0; i < rows; i++)
        kernels->rows_times(&square[i], row + i * stride, stride, 1, row + i * stride, width);
}

// Of input i, probabilities become errors.
static void find_errors(const struct logistic *l, size_t i, float *input_curvature,
                        float *output_curvature)
{
    size_t n = l->outputs;
    const float *restrict weight = l->weight + i * n, *restrict label = l->label,
                          *restrict of_output = l->output_square;
    float *restrict error = l->error + i * n, *restrict output = output_curvature;
    float of_input = l->input_square[i], sum = 0;
    for (size_t j = 0; j < n; j++) {
        float p = error[j], falls = weight[j] * p * (1 - p);
        error[j] = weight[j] * (label[j] - p);
        output[j] += falls * of_input;
        sum += falls * of_output[j];
    }
    input_curvature[i] += sum;
}

void logistic_gradient(const struct logistic *l, float *input_gradient, float *output_gradient,
                       float *input_curvature, float *output_curvature)
{
    size_t m = l->inputs, n = l->outputs;
    memset(l->error, 0, m * n * sizeof *l->error);
    kernels->rows_times_many(l->error, n, l->output, l->stride, n, l->input, l->stride, m,
                             l->width);
    kernels->sigmoid(l->error, m * n);
    for (size_t i = 0; i < m; i++)
        find_errors(l, i, input_curvature, output_curvature);
    kernels->products(input_gradient, l->stride, m, l->error, n, 1, l->output, l->stride, n,
                      l->width);
    kernels->products(output_gradient, l->stride, n, l->error, 1, n, l->input, l->stride, m,
                      l->width);
}
