// Gradient descent with Nesterov's momentum, in the form of Bengio et al. (2013):
//
//   v = mu v + g        w = w + alpha (g + mu v)
//
// It looks a step ahead along v, and so turns sooner where a heavy ball (w + alpha v) overshoots
// (Sutskever et al. 2013). g is the gradient of a block, averaged over its streams. A row of a word
// moves only in blocks that have a gradient for it; what v would have moved it by in the k blocks
// that it has missed,
//
//   alpha (mu^2 v + ... + mu^(k+1) v) = alpha mu^2 (1 - mu^k) / (1 - mu) v    and then v = mu^k v,
//
// is made up for when it moves next. Entries of the hash do not count blocks: each feature of each
// word is a step, and v rests between them.
#include <math.h>

#include "learn/optimisers/kinds.h"

static const float MU = 0.9f;

// `owed` and `left` are of v as it was: what it would have moved the weights by, and what is left.
static void move_weights(float *restrict w, float *restrict v, const float *restrict g, size_t n,
                         float scale, float alpha, float owed, float left, float keep)
{
    for (size_t i = 0; i < n; i++) {
        float gradient = g[i] * scale, before = v[i];
        v[i] = MU * left * before + gradient;
        w[i] = keep * w[i] + alpha * (owed * before + gradient + MU * v[i]);
    }
}

static void move_span(struct optimiser *optimiser, const struct optimiser_span *span,
                      const float *g)
{
    struct parameter *parameter = &optimiser->network->parameter[span->parameter];
    float left = powf(MU, span->missed);
    move_weights(parameter_row(parameter, span->row),
                 optimiser_weights_memory(optimiser, span->parameter, 0, span->row), g, span->count,
                 optimiser->scale / (float)optimiser->streams, optimiser->rule.alpha,
                 MU * MU * (1 - left) / (1 - MU), left, optimiser_keep(optimiser, span->terms));
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
                     optimiser->rule.alpha, 0, 1, optimiser_keep(optimiser, 10));
    else
        optimiser_each_span(optimiser, gradient, scratch, move_span);
}

const struct optimiser_type optimiser_momentum = {
    .name = "momentum",
    .about = "gradient descent with Nesterov's momentum",
    .alpha = 0.1,
    .clip_norm = 5,
    .per_weight = 1,
    .per_row = 1,
    .move = move,
};
