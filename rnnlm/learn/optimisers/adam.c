// Adam (Kingma & Ba 2015):
//
//   m = b1 m + (1 - b1) g        v = b2 v + (1 - b2) g^2
//   w = w + alpha m' / (sqrt(v') + epsilon)     with m' = m / (1 - b1^t), v' = v / (1 - b2^t)
//
// g is the gradient of a block, averaged over its streams, and t counts blocks. A row of a word moves
// only in blocks that have a gradient for it; but m and v decay in all of them, or else words would
// learn the slower the rarer they are. What m would have moved the row by in the k blocks that it has
// missed,
//
//   alpha (r + r^2 + ... + r^k) m' / (sqrt(v') + epsilon)      with r = b1 / sqrt(b2),
//
// is made up for when it moves next. Entries of the hash do not count blocks: each feature of each
// word is a step, without the corrections.
#include <math.h>

#include "base/kernels.h"
#include "learn/optimisers/kinds.h"

static const float B1 = 0.9f, B2 = 0.999f, EPSILON = 1e-8f;

// Without corrections, and of rows that have missed nothing.
static struct adam_step plain_step(const struct optimiser *optimiser, size_t words)
{
    const float scale = optimiser->scale / (float)optimiser->streams;
    return (struct adam_step){.m_left = 1,
                              .v_left = 1,
                              .m_step = (1 - B1) * scale,
                              .m_keep = B1,
                              .v_step = (1 - B2) * scale * scale,
                              .v_keep = B2,
                              .step = optimiser->rule.alpha,
                              .second = 1,
                              .epsilon = EPSILON,
                              .keep = optimiser_keep(optimiser, words)};
}

static void move_weights(struct optimiser *optimiser, size_t parameter, size_t at, const float *g,
                         size_t n, const struct adam_step *by)
{
    kernels->adam(parameter_row(&optimiser->network->parameter[parameter], 0) + at,
                  optimiser_weights_memory(optimiser, parameter, 0, 0) + at,
                  optimiser_weights_memory(optimiser, parameter, 1, 0) + at, g, n, by);
}

static void move_span(struct optimiser *optimiser, const struct optimiser_span *span,
                      const float *g)
{
    size_t stride = optimiser->network->parameter[span->parameter].stride;
    float t = (float)(optimiser->blocks + 1), r = B1 / sqrtf(B2);
    struct adam_step by = plain_step(optimiser, span->terms);
    by.step /= 1 - powf(B1, t);
    by.second /= 1 - powf(B2, t);
    if (span->missed > 0) {
        by.owed = by.step * r * (1 - powf(r, span->missed)) / (1 - r);
        by.m_left = powf(B1, span->missed);
        by.v_left = powf(B2, span->missed);
    }
    move_weights(optimiser, span->parameter, span->row * stride, g, span->count, &by);
}

static void move(struct optimiser *optimiser, const struct gradient *gradient,
                 struct optimiser_scratch *scratch)
{
    struct adam_step by = plain_step(optimiser, 10);
    if (gradient->form == GRADIENT_RUN)
        move_weights(optimiser, gradient->parameter, gradient->first, gradient->left,
                     gradient->count, &by);
    else
        optimiser_each_span(optimiser, gradient, scratch, move_span);
}

const struct optimiser_type optimiser_adam = {
    .name = "adam",
    .about = "Adam",
    .alpha = 0.003,
    .clip_norm = 5,
    .per_weight = 2,
    .per_row = 1,
    .move = move,
};
