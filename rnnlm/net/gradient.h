// Gradients: what a block of text says about rows of a parameter, before anybody moves them.
//
// They are kept as the factors that they are products of: an optimiser multiplies them where it
// wants them, at best while the rows are in the cache, or moves the rows without ever having the
// product. All are of log P, summed over the words of the block, so that a step along them makes
// the text more probable.
#ifndef NET_GRADIENT_H
#define NET_GRADIENT_H

#include "net/parameter.h"

enum gradient_form {
    // Row first + i is  sum over t < terms of left[t * left_stride + i] right[t * right_stride ...]
    GRADIENT_PRODUCTS,
    // Row `first` is the sum of the rows right[term[t] * right_stride ...], of term 0..terms-1 where
    // `term` is NULL
    GRADIENT_SUM,
    // Row first + i is right[i * right_stride ...], added up already, with the parameter's stride; and
    // norm[i] is the sum over the words of the squares of what each adds to it
    GRADIENT_WHOLE,
    // Elements first..first+count-1 of a hash, or of biases of which only some have a gradient:
    // left[0..count-1]. Those of a hash are one word's, and may overlap.
    GRADIENT_RUN
};

struct gradient {
    size_t parameter; // its number in the network
    enum gradient_form form;
    size_t first, count;
    size_t terms; // words of the block that have a part in it; of a hash, that share the feature
    const float *left; // d log P / d (row . input), of each term
    size_t left_stride;
    const float *right; // inputs, or errors that are summed
    size_t right_stride;
    // Of products: both sides once more as pairs of halves, of terms 2i and 2i + 1 in row i, with the
    // same strides (pair_rows of base/kernels.h): linear_gradient() takes these. NULL for floats.
    const uint32_t *left_pairs, *right_pairs;
    const float *norm; // [terms] squares of the lengths of `right`; or see above; if the sink wants
                       // them
    const int32_t *term; // see above
    // Factors of the weights in this block (dropout), by which rows are multiplied, products and
    // sums alike: [count][stride of the parameter]; NULL for 1.
    const float *factor;
    float most; // the largest factor
};

// Who takes gradients: an optimiser, or a test. Rows may move as soon as their gradient is taken.
struct gradient_sink {
    bool norms; // wants gradient.norm
    // `worker` as in pool_run(). Pieces that different workers give at the same time are of
    // different rows.
    void (*take)(struct gradient_sink *sink, size_t worker, const struct gradient *gradient);
};

// Plain gradient descent, one word at a time, moves weights in the same pass in which errors go
// through them. How one word's error moves the weights:
struct online_step {
    float step;   // learning rate
    float keep;   // 1 - L2 penalty for rows touched
    float forget; // the same for elements of a hash
    float cutoff; // bound on each part of the errors handed down, 0 for none
};

#endif
