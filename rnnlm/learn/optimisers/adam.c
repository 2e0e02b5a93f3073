// Adam (Kingma & Ba 2015):
//
//   m = b1 m + (1 - b1) g        v = b2 v + (1 - b2) g^2
//   w = w + alpha m' / (sqrt(v') + epsilon)     with m' = m / (1 - b1^t), v' = v / (1 - b2^t)
//
// g is the gradient of a block, averaged over its streams. A row of a word moves only in blocks that
// have a gradient for it, and t counts these: each row has its own. Entries of the hash have no t:
// each feature of each word is a step, without the correction.
#include <math.h>

#include "learn/optimisers/kinds.h"

static const float B1 = 0.9f, B2 = 0.999f, EPSILON = 1e-8f;

// t is remembered as a float: beyond this it makes no difference.
static const float LAST = 1e6f;

static void move_weights(float *restrict w, float *restrict m, float *restrict v,
                         const float *restrict g, size_t n, float scale, float step, float second,
                         float keep)
{
    for (size_t i = 0; i < n; i++) {
        float gradient = g[i] * scale;
        m[i] = B1 * m[i] + (1 - B1) * gradient;
        v[i] = B2 * v[i] + (1 - B2) * gradient * gradient;
        w[i] = keep * w[i] + step * m[i] / (sqrtf(v[i] * second) + EPSILON);
    }
}

static void move_row(struct optimiser *optimiser, const struct gradient *gradient, size_t row,
                     const float *g)
{
    struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    size_t id = gradient->parameter;
    float *t = optimiser_row_memory(optimiser, id, row);
    *t = *t < LAST ? *t + 1 : *t;
    move_weights(parameter_row(parameter, row), optimiser_weights_memory(optimiser, id, 0, row),
                 optimiser_weights_memory(optimiser, id, 1, row), g, parameter->width,
                 optimiser->scale / (float)optimiser->streams,
                 optimiser->rule.alpha / (1 - powf(B1, *t)), 1 / (1 - powf(B2, *t)),
                 optimiser_keep(optimiser, gradient->terms));
}

static void move(struct optimiser *optimiser, const struct gradient *gradient,
                 struct optimiser_scratch *scratch)
{
    struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    size_t id = gradient->parameter;
    float alpha = optimiser->rule.alpha, scale = optimiser->scale / (float)optimiser->streams;
    if (gradient->form == GRADIENT_RUN) {
        float *m = optimiser_weights_memory(optimiser, id, 0, 0) + gradient->first;
        float *v = optimiser_weights_memory(optimiser, id, 1, 0) + gradient->first;
        move_weights(parameter_row(parameter, 0) + gradient->first, m, v, gradient->left,
                     gradient->count, scale, alpha, 1, optimiser_keep(optimiser, 10));
        return;
    }
    optimiser_each_row(optimiser, gradient, scratch, move_row);
}

const struct optimiser_type optimiser_adam = {
    .name = "adam",
    .about = "Adam, lazy for rows of words",
    .alpha = 0.002,
    .per_weight = 2,
    .per_row = 1,
    .move = move,
};
