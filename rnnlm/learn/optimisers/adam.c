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

// What becomes of a row's numbers. A move is `step` m / (sqrt(`second` v) + epsilon).
struct change {
    float scale, keep;          // of gradient and weight
    float step, second;         // with the corrections
    float owed, m_left, v_left; // for blocks missed: a step, and what is left of m and v
};

static void make_up(float *w, float *m, float *v, size_t n, const struct change *by)
{
    kernels->scale_add_divided(w, m, v, n, by->owed, by->second, EPSILON, 1);
    for (size_t i = 0; i < n; i++) {
        m[i] *= by->m_left;
        v[i] *= by->v_left;
    }
}

static void move_weights(float *w, float *m, float *v, const float *g, size_t n,
                         const struct change *by)
{
    kernels->scale_add(m, g, n, (1 - B1) * by->scale, B1);
    kernels->scale_add_squares(v, g, n, (1 - B2) * by->scale * by->scale, B2);
    kernels->scale_add_divided(w, m, v, n, by->step, by->second, EPSILON, by->keep);
}

static void move_span(struct optimiser *optimiser, const struct optimiser_span *span,
                      const float *g)
{
    struct parameter *parameter = &optimiser->network->parameter[span->parameter];
    float *w = parameter_row(parameter, span->row);
    float *m = optimiser_weights_memory(optimiser, span->parameter, 0, span->row);
    float *v = optimiser_weights_memory(optimiser, span->parameter, 1, span->row);
    float t = (float)(optimiser->blocks + 1), r = B1 / sqrtf(B2), missed = span->missed;
    struct change by = {.scale = optimiser->scale / (float)optimiser->streams,
                        .keep = optimiser_keep(optimiser, span->terms),
                        .step = optimiser->rule.alpha / (1 - powf(B1, t)),
                        .second = 1 / (1 - powf(B2, t))};
    if (missed > 0) {
        by.owed = by.step * r * (1 - powf(r, missed)) / (1 - r);
        by.m_left = powf(B1, missed);
        by.v_left = powf(B2, missed);
        make_up(w, m, v, span->count, &by);
    }
    move_weights(w, m, v, g, span->count, &by);
}

static void move(struct optimiser *optimiser, const struct gradient *gradient,
                 struct optimiser_scratch *scratch)
{
    struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    size_t id = gradient->parameter;
    if (gradient->form == GRADIENT_RUN) {
        float *m = optimiser_weights_memory(optimiser, id, 0, 0) + gradient->first;
        float *v = optimiser_weights_memory(optimiser, id, 1, 0) + gradient->first;
        struct change by = {.scale = optimiser->scale / (float)optimiser->streams,
                            .keep = optimiser_keep(optimiser, 10),
                            .step = optimiser->rule.alpha,
                            .second = 1};
        move_weights(parameter_row(parameter, 0) + gradient->first, m, v, gradient->left,
                     gradient->count, &by);
        return;
    }
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
