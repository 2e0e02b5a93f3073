// A step for each row, from how long its gradients are: the learning rates that are good online are
// good here, whatever the size of blocks.
//
// The gradient of a block is the sum of those of R = B T words; alpha times a sum is too long for
// weights that take part in each word, alpha times a mean too short for those of rare words. Let p
// be the sum over the words of |gradient|^2 of a row.
//   - Rows that take part in every word (matrices, biases) move by
//         alpha / sqrt(running mean of p)  times the sum
//     (RMSprop, Tieleman & Hinton 2012, with one number a row).
//   - Rows of words move by
//         g alpha / (1 + g alpha p)  times the sum:
//     by g alpha as online while they are rare, and never further than where steps after one
//     another would settle, p being the Fisher information along the row. g is WORD_GAIN for output
//     rows and INPUT_GAIN for input rows, whose gradients are short. A tied row's gradient is the sum
//     from both ends, and so is its p; g is then TIED_GAIN (measured: 0.3 and 3 are worse).
//   - Entries of the hash move by alpha / (1 + alpha n / 10) times the sum, where n words of the
//     block share the feature.
// No weight of a row moves by more than BOUND in a block, and errors carried down are bounded:
// weights stay finite at any rate.
#include <math.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "learn/optimisers/kinds.h"

static const float BOUND = 4, WORD_GAIN = 3, INPUT_GAIN = 50, TIED_GAIN = 1;

// Of the running mean of a row's power; the first block that touches a row sets it.
static const float MEMORY = 0.99f;

// In what follows a row's gradient is the sum of e x over `terms` words, and `power` the sum of
// e^2 |x|^2. By Cauchy's inequality no element of the gradient is above sqrt(terms power).
static float bounded(float step, float power, size_t terms)
{
    float bound = BOUND / sqrtf((float)terms * power);
    return step < bound ? step : bound;
}

static float matrix_step(const struct optimiser *optimiser, float power, size_t terms, float *mean)
{
    if (!(power > 0))
        return 0;
    *mean = *mean > 0 ? MEMORY * *mean + (1 - MEMORY) * power : power;
    return bounded(optimiser->rule.alpha / sqrtf(*mean), power, terms) * optimiser->scale;
}

static float word_step(const struct optimiser *optimiser, float gain, float power, size_t terms)
{
    float step = gain * optimiser->rule.alpha;
    if (!(power > 0))
        return 0;
    return bounded(step / (1 + step * power), power, terms) * optimiser->scale;
}

static float row_step(const struct optimiser *optimiser, const struct gradient *gradient,
                      size_t row, float power)
{
    switch (optimiser->network->parameter[gradient->parameter].use) {
    case PARAMETER_BY_INPUT:
        return word_step(optimiser, INPUT_GAIN, power, gradient->terms);
    case PARAMETER_BY_OUTPUT:
        return word_step(optimiser, WORD_GAIN, power, gradient->terms);
    case PARAMETER_BY_BOTH:
        return word_step(optimiser, TIED_GAIN, power, gradient->terms);
    default:
        return matrix_step(optimiser, power, gradient->terms,
                           optimiser_row_memory(optimiser, gradient->parameter, row));
    }
}

static void move_rows(struct optimiser *optimiser, const struct gradient *gradient, size_t from,
                      size_t count, struct optimiser_scratch *scratch)
{
    struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    const float *rows = optimiser_gradient_rows(optimiser, gradient, from, count, scratch);
    float power[OPTIMISER_ROWS] = {0}, keep = optimiser_keep(optimiser, gradient->terms);
    linear_add_power(parameter, gradient, from, count, power);
    for (size_t i = 0; i < count; i++) {
        size_t row = gradient->first + from + i;
        kernels->scale_add(parameter_row(parameter, row), rows + i * parameter->stride,
                           parameter->width, row_step(optimiser, gradient, row, power[i]), keep);
    }
}

// Errors times steps first: the product then moves the rows without having been anywhere.
static void move_products(struct optimiser *optimiser, const struct gradient *gradient, size_t from,
                          size_t count, struct optimiser_scratch *scratch)
{
    struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    float power[OPTIMISER_ROWS] = {0}, step[OPTIMISER_ROWS];
    struct gradient scaled = *gradient;
    linear_add_power(parameter, gradient, from, count, power);
    for (size_t j = 0; j < count; j++)
        step[j] = word_step(optimiser, WORD_GAIN, power[j], gradient->terms);
    for (size_t t = 0; t < gradient->terms; t++)
        for (size_t j = 0; j < count; j++)
            scratch->terms[t * OPTIMISER_ROWS + j] =
                gradient->left[t * gradient->left_stride + from + j] * step[j];
    scaled.first += from;
    scaled.count = count;
    scaled.left = scratch->terms;
    scaled.left_stride = OPTIMISER_ROWS;
    linear_move(parameter, &scaled, 1, optimiser_keep(optimiser, gradient->terms));
}

static void move_run(struct optimiser *optimiser, const struct gradient *gradient)
{
    float alpha = optimiser->rule.alpha;
    float step = alpha / (1 + alpha * (float)gradient->terms / 10) * optimiser->scale;
    linear_move(&optimiser->network->parameter[gradient->parameter], gradient, step,
                optimiser_keep(optimiser, 10));
}

static void move(struct optimiser *optimiser, const struct gradient *gradient,
                 struct optimiser_scratch *scratch)
{
    enum parameter_use use = optimiser->network->parameter[gradient->parameter].use;
    if (gradient->form == GRADIENT_RUN) {
        move_run(optimiser, gradient);
        return;
    }
    for (size_t at = 0; at < gradient->count; at += OPTIMISER_ROWS) {
        size_t left = gradient->count - at, count = left < OPTIMISER_ROWS ? left : OPTIMISER_ROWS;
        if (use == PARAMETER_BY_OUTPUT && gradient->form == GRADIENT_PRODUCTS)
            move_products(optimiser, gradient, at, count, scratch);
        else
            move_rows(optimiser, gradient, at, count, scratch);
    }
}

const struct optimiser_type optimiser_rows = {
    .name = "rows",
    .about = "a step for each row, from how long its gradients are",
    .alpha = 0.1,
    .per_row = 1,
    .norms = true,
    .move = move,
};
