// Biases of an output: one row, which has a number for each class or each word. Where a network has
// none, `bias` is NULL.
#ifndef NET_OUTPUTS_BIAS_H
#define NET_OUTPUTS_BIAS_H

#include "net/output.h"

// bias[i] = log(count + 1): with such biases a softmax gives each its share, and those that have not
// been counted a little.
void bias_from_count(struct parameter *bias, size_t i, uint64_t count);

// Takes from bias[first + i], for i < n, the logarithm of the sum of their exp, which is then 1.
void bias_normalise(struct parameter *bias, size_t first, size_t n);

// logit[i] = bias[first + i], for i < n: what products are then added to.
void bias_begin(const struct parameter *bias, size_t first, size_t n, float *logit);

// logit[i] += bias[first + i]
void bias_add(const struct parameter *bias, size_t first, size_t n, float *logit);

// logit[i * stride + j] = row first + j . the input of loaded state number state + i, and its bias, for i < n,
// j < count.
void bias_logits(const struct output_inputs *inputs, size_t state, size_t n,
                 const struct parameter *rows, const struct parameter *bias, size_t first,
                 size_t count, float *logit, size_t stride);

// The logit of one row in a loaded state.
static inline float bias_logit(const struct output_inputs *inputs, size_t state,
                               const struct parameter *rows, const struct parameter *bias,
                               size_t row)
{
    float logit;
    bias_logits(inputs, state, 1, rows, bias, row, 1, &logit, 1);
    return logit;
}

// bias[first + i] = keep bias[first + i] + step e[i]
void bias_learn(struct parameter *bias, size_t first, size_t n, const float *e, float step,
                float keep);

// sum[i] = the sum of e[r * stride + i] over r < rows
void bias_sum(const float *e, size_t stride, size_t rows, size_t n, float *sum);

// Gives the gradient of bias[first ...], summed over `terms` words.
void bias_give(const struct network *network, const struct parameter *bias, size_t first, size_t n,
               size_t terms, const float *sum, struct gradient_sink *sink, size_t worker);

#endif
