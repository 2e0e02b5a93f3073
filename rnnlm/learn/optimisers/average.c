// Averaged gradient descent (Polyak & Juditsky 1992): weights w move as with sgd, at a rate that need
// not fall, and the model is their average over all blocks since it was begun; the trainer does so
// when validation gets no better (Merity et al. 2018). After n blocks, in which w moved by d[1..n],
//
//   (w[1] + ... + w[n]) / n = w[n] - u / n      with u = 0 d[1] + 1 d[2] + ... + (n - 1) d[n],
//
// so that a weight has work only in blocks that move it, be it of a matrix, a word or the hash.
#include <string.h>

#include "learn/optimisers/kinds.h"

enum { MOVES, WEIGHTS }; // numbers beside a weight: u, and the weight while averages are shown

static void move_weights(float *restrict w, float *restrict u, const float *restrict g, size_t n,
                         float step, float keep, float age)
{
    for (size_t i = 0; i < n; i++) {
        float before = w[i];
        w[i] = keep * before + step * g[i];
        u[i] += age * (w[i] - before);
    }
}

// Blocks that the averages have taken in; 0 before they begin.
static float age(const struct optimiser *optimiser)
{
    const struct optimiser_averages *averages = &optimiser->averages;
    return averages->on ? (float)(optimiser->blocks - averages->begun) : 0;
}

static float step(const struct optimiser *optimiser)
{
    return optimiser->rule.alpha * optimiser->scale / (float)optimiser->streams;
}

static void move_span(struct optimiser *optimiser, const struct optimiser_span *span,
                      const float *g)
{
    struct parameter *parameter = &optimiser->network->parameter[span->parameter];
    move_weights(parameter_row(parameter, span->row),
                 optimiser_weights_memory(optimiser, span->parameter, MOVES, span->row), g,
                 span->count, step(optimiser), optimiser_keep(optimiser, span->terms),
                 age(optimiser));
}

static void move(struct optimiser *optimiser, const struct gradient *gradient,
                 struct optimiser_scratch *scratch)
{
    struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    if (gradient->form == GRADIENT_RUN)
        move_weights(parameter_row(parameter, 0) + gradient->first,
                     optimiser_weights_memory(optimiser, gradient->parameter, MOVES, 0) +
                         gradient->first,
                     gradient->left, gradient->count, step(optimiser),
                     optimiser_keep(optimiser, 10), age(optimiser));
    else
        optimiser_each_span(optimiser, gradient, scratch, move_span);
}

static void begin_averages(struct optimiser *optimiser)
{
    const struct network *network = optimiser->network;
    for (size_t i = 0; i < network->parameters; i++)
        memset(optimiser_weights_memory(optimiser, i, MOVES, 0), 0,
               parameter_bytes(&network->parameter[i]));
    optimiser->averages = (struct optimiser_averages){.on = true, .begun = optimiser->blocks};
}

static void show_averages(struct optimiser *optimiser, bool show)
{
    const struct network *network = optimiser->network;
    float blocks = age(optimiser);
    for (size_t i = 0; i < network->parameters && show != optimiser->averages.shown; i++) {
        float *w = network->parameter[i].data;
        const float *u = optimiser_weights_memory(optimiser, i, MOVES, 0);
        float *weights = optimiser_weights_memory(optimiser, i, WEIGHTS, 0);
        size_t count = parameter_count(&network->parameter[i]);
        memcpy(show ? weights : w, show ? w : weights, count * sizeof *w);
        for (size_t j = 0; show && blocks > 0 && j < count; j++)
            w[j] -= u[j] / blocks;
    }
    optimiser->averages.shown = show;
}

const struct optimiser_type optimiser_average = {
    .name = "average",
    .about = "plain gradient descent, whose weights are averaged when validation gets no better",
    .alpha = 1,
    .clip_norm = 5,
    .per_weight = 2,
    .move = move,
    .begin_averages = begin_averages,
    .show_averages = show_averages,
};
