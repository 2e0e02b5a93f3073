// RMSprop (Tieleman & Hinton 2012): gradients are divided by their root mean square.
//
//   v = rho v + (1 - rho) g^2        w = w + alpha g / (sqrt(v) + epsilon)
//
// g is the gradient of a block, averaged over its streams. A row of a word moves only in blocks that
// have a gradient for it; in those that it has missed, where g is 0, its v has decayed as well. To
// entries of the hash each feature of each word is a step, and nothing decays between them.
#include <math.h>

#include "base/kernels.h"
#include "learn/optimisers/kinds.h"

static const float RHO = 0.99f, EPSILON = 1e-8f;

static void move_weights(float *w, float *v, const float *g, size_t n, float scale, float alpha,
                         float rho, float keep)
{
    kernels->scale_add_squares(v, g, n, (1 - RHO) * scale * scale, rho);
    kernels->scale_add_divided(w, g, v, n, alpha * scale, 1, EPSILON, keep);
}

static void move_span(struct optimiser *optimiser, const struct optimiser_span *span,
                      const float *g)
{
    struct parameter *parameter = &optimiser->network->parameter[span->parameter];
    move_weights(parameter_row(parameter, span->row),
                 optimiser_weights_memory(optimiser, span->parameter, 0, span->row), g, span->count,
                 optimiser->scale / (float)optimiser->streams, optimiser->rule.alpha,
                 powf(RHO, span->missed + 1), optimiser_keep(optimiser, span->terms));
}

static void move(struct optimiser *optimiser, const struct gradient *gradient,
                 struct optimiser_scratch *scratch)
{
    struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    if (gradient->form == GRADIENT_RUN)
        move_weights(parameter_row(parameter, 0) + gradient->first,
                     optimiser_weights_memory(optimiser, gradient->parameter, 0, 0) +
                         gradient->first,
                     gradient->left, gradient->count, optimiser->scale / (float)optimiser->streams,
                     optimiser->rule.alpha, RHO, optimiser_keep(optimiser, 10));
    else
        optimiser_each_span(optimiser, gradient, scratch, move_span);
}

const struct optimiser_type optimiser_rmsprop = {
    .name = "rmsprop",
    .about = "RMSprop: gradients divided by their root mean square",
    .alpha = 0.004,
    .clip_norm = 5,
    .per_weight = 1,
    .per_row = 1,
    .move = move,
};
