// What outputs that are softmaxes share: elements of one, one that comes in parts, and a draw.
#ifndef NET_OUTPUTS_SOFTMAX_H
#define NET_OUTPUTS_SOFTMAX_H

#include <stddef.h>

#include "base/random.h"

// Of logits that have been seen, or that come in parts (Milakov & Gimelshein 2018).
struct softmax_sum {
    float largest, sum; // of the logits; of exp(logit - largest)
};

static const struct softmax_sum SOFTMAX_NOTHING = {-__builtin_inff(), 0};

void softmax_add(struct softmax_sum *all, const float *logit, size_t n);

// The element of a logit; not 0.
float softmax_element(const struct softmax_sum *all, float logit);

// By how much more a probability is to fall than it would otherwise, where the square of log Z is to be
// small: 1 + 2 weight log Z.
float softmax_self_normalise(const struct softmax_sum *all, float weight);

// Index drawn in proportion to `share`, of which at least one is above 0.
size_t softmax_draw(struct random *random, const float *share, size_t n);

#endif
