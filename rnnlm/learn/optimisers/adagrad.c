// Adagrad (Duchi et al. 2011): every weight has a rate of its own, which falls as its gradients add up.
//
//   v = v + g^2        w = w + alpha g / (sqrt(v) + epsilon)
//
// g is the gradient of a block, averaged over its streams. Blocks that have no gradient for a row of a
// word would not move it anyway. To entries of the hash each feature of each word is a step.
#include "base/kernels.h"
#include "learn/optimisers/kinds.h"

static const float EPSILON = 1e-8f;

static void move_weights(float *w, float *v, const float *g, size_t n, float scale, float alpha,
                         float keep)
{
    kernels->scale_add_squares(v, g, n, scale * scale, 1);
    kernels->scale_add_divided(w, g, v, n, alpha * scale, 1, EPSILON, keep);
}

static void move_span(struct optimiser *optimiser, const struct optimiser_span *span,
                      const float *g)
{
    struct parameter *parameter = &optimiser->network->parameter[span->parameter];
    move_weights(parameter_row(parameter, span->row),
                 optimiser_weights_memory(optimiser, span->parameter, 0, span->row), g, span->count,
                 optimiser->scale / (float)optimiser->streams, optimiser->rule.alpha,
                 optimiser_keep(optimiser, span->terms));
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
                     optimiser->rule.alpha, optimiser_keep(optimiser, 10));
    else
        optimiser_each_span(optimiser, gradient, scratch, move_span);
}

const struct optimiser_type optimiser_adagrad = {
    .name = "adagrad",
    .about = "Adagrad: rates of weights fall as their gradients add up",
    .alpha = 0.1,
    .clip_norm = 5,
    .per_weight = 1,
    .move = move,
};
