// Biases of an output.
#include "net/outputs/bias.h"

#include <math.h>
#include <string.h>

#include "base/kernels.h"

void bias_from_count(struct parameter *bias, size_t i, uint64_t count)
{
    parameter_row(bias, 0)[i] = (float)log((double)count + 1);
}

void bias_normalise(struct parameter *bias, size_t first, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)parameter_row(bias, 0)[first + i]);
    for (size_t i = 0; i < n; i++)
        parameter_row(bias, 0)[first + i] -= (float)log(sum);
}

void bias_begin(const struct parameter *bias, size_t first, size_t n, float *logit)
{
    if (bias != NULL)
        memcpy(logit, parameter_row(bias, 0) + first, n * sizeof *logit);
    else
        memset(logit, 0, n * sizeof *logit);
}

void bias_logits(const struct output_inputs *inputs, size_t state, size_t n,
                 const struct parameter *rows, const struct parameter *bias, size_t first,
                 size_t count, float *logit, size_t stride)
{
    for (size_t i = 0; i < n; i++)
        bias_begin(bias, first, count, logit + i * stride);
    linear_rows_times(logit, stride, rows, first, count, inputs->input + state * inputs->row,
                      inputs->row,
                      inputs->half != NULL ? inputs->half + state * inputs->half_row : NULL,
                      inputs->half_row, n, 1);
}

void bias_add(const struct parameter *bias, size_t first, size_t n, float *logit)
{
    if (bias != NULL)
        kernels->scale_add(logit, parameter_row(bias, 0) + first, n, 1, 1);
}

void bias_learn(struct parameter *bias, size_t first, size_t n, const float *e, float step,
                float keep)
{
    if (bias != NULL)
        kernels->scale_add(parameter_row(bias, 0) + first, e, n, step, keep);
}

void bias_sum(const float *e, size_t stride, size_t rows, size_t n, float *sum)
{
    memset(sum, 0, n * sizeof *sum);
    for (size_t r = 0; r < rows; r++)
        kernels->scale_add(sum, e + r * stride, n, 1, 1);
}

void bias_give(const struct network *network, const struct parameter *bias, size_t first, size_t n,
               size_t terms, const float *sum, struct gradient_sink *sink, size_t worker)
{
    struct gradient gradient = {.parameter = (size_t)(bias - network->parameter),
                                .form = GRADIENT_RUN,
                                .first = first,
                                .count = n,
                                .terms = terms,
                                .left = sum};
    sink->take(sink, worker, &gradient);
}
