// Plain gradient descent: weights move by alpha times the gradient, which is summed over the steps
// of a block and averaged over its streams. With one stream this is what online learning does, with
// a step for each block instead of each word.
#include "base/kernels.h"
#include "learn/optimisers/kinds.h"

static void move(struct optimiser *optimiser, const struct gradient *gradient,
                 struct optimiser_scratch *scratch)
{
    struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    float step = optimiser->rule.alpha * optimiser->scale / (float)optimiser->streams;
    float keep = optimiser_keep(optimiser, gradient->terms);
    if (gradient->form == GRADIENT_RUN) {
        linear_move(parameter, gradient, step, optimiser_keep(optimiser, 10));
        return;
    }
    for (size_t at = 0; at < gradient->count; at += OPTIMISER_ROWS) {
        size_t left = gradient->count - at, count = left < OPTIMISER_ROWS ? left : OPTIMISER_ROWS;
        const float *rows = optimiser_gradient_rows(optimiser, gradient, at, count, scratch);
        kernels->scale_add(parameter_row(parameter, gradient->first + at), rows,
                           count * parameter->stride, step, keep);
    }
}

const struct optimiser_type optimiser_sgd = {
    .name = "sgd",
    .about = "plain gradient descent: the only one without -streams",
    .alpha = 0.1,
    .move = move,
};
