// Optimisers: memory, clipping, and whose turn it is.
#include "learn/optimiser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "learn/held.h"
#include "learn/optimisers/kinds.h"

#define OPTIMISER_ENTRY(name) &optimiser_##name,

const struct optimiser_type *const optimiser_table[] = {OPTIMISER_KINDS(OPTIMISER_ENTRY) NULL};

const struct optimiser_type *optimiser_named(const char *name, struct error *error)
{
    const char *names[16] = {NULL};
    for (size_t i = 0; optimiser_table[i] != NULL; i++) {
        if (strcmp(optimiser_table[i]->name, name) == 0)
            return optimiser_table[i];
        names[i] = optimiser_table[i]->name;
    }
    shape_unknown_name("optimiser", name, strlen(name), names, error);
    return NULL;
}

// ---- memory -----------------------------------------------------------------------------------

size_t optimiser_memory(const struct optimiser *optimiser, size_t i)
{
    const struct parameter *parameter = &optimiser->network->parameter[i];
    return optimiser->type->per_weight * parameter_count(parameter) +
           optimiser->type->per_row * parameter->rows;
}

float *optimiser_weights_memory(const struct optimiser *optimiser, size_t parameter, size_t which,
                                size_t i)
{
    const struct parameter *of = &optimiser->network->parameter[parameter];
    return optimiser->memory[parameter] + which * parameter_count(of) + i * of->stride;
}

float *optimiser_row_memory(const struct optimiser *optimiser, size_t parameter, size_t i)
{
    const struct parameter *of = &optimiser->network->parameter[parameter];
    return optimiser->memory[parameter] + optimiser->type->per_weight * parameter_count(of) +
           i * optimiser->type->per_row;
}

void optimiser_fetch_row(const struct optimiser *optimiser, size_t parameter, size_t i)
{
    const struct parameter *of = &optimiser->network->parameter[parameter];
    linear_fetch_rows(of, i, 1);
    for (size_t which = 0; which < optimiser->type->per_weight; which++)
        memory_fetch(optimiser_weights_memory(optimiser, parameter, which, i),
                     of->stride * sizeof(float));
    if (optimiser->type->per_row > 0)
        memory_fetch(optimiser_row_memory(optimiser, parameter, i), sizeof(float));
}

static size_t widest(const struct network *network)
{
    size_t most = 0;
    for (size_t i = 0; i < network->parameters; i++)
        if (network->parameter[i].use != PARAMETER_HASH && network->parameter[i].stride > most)
            most = network->parameter[i].stride;
    return most;
}

static bool allocate_memory(struct optimiser *optimiser, struct error *error)
{
    bool ok = true;
    for (size_t i = 0; ok && i < optimiser->network->parameters; i++) {
        if (optimiser_memory(optimiser, i) == 0)
            continue;
        optimiser->memory[i] = memory_new(optimiser_memory(optimiser, i), sizeof(float), error);
        ok = optimiser->memory[i] != NULL;
    }
    return ok;
}

static bool allocate_scratch(struct optimiser *optimiser, size_t most_terms, struct error *error)
{
    size_t row = widest(optimiser->network);
    for (size_t i = 0; i < optimiser->threads; i++) {
        struct optimiser_scratch *scratch = &optimiser->scratch[i];
        scratch->rows = memory_new(OPTIMISER_ROWS, row * sizeof(float), error);
        scratch->terms = memory_new(most_terms, OPTIMISER_ROWS * sizeof(float), error);
        if (scratch->rows == NULL || scratch->terms == NULL)
            return false;
    }
    return true;
}

static void take(struct gradient_sink *sink, size_t worker, const struct gradient *gradient);

bool optimiser_init(struct optimiser *optimiser, const struct optimiser_type *type,
                    struct network *network, struct columns *columns,
                    const struct optimiser_rule *rule, size_t streams, size_t most_terms,
                    size_t threads, struct error *error)
{
    *optimiser = (struct optimiser){.sink = {.norms = type->norms, .take = take},
                                    .type = type,
                                    .network = network,
                                    .columns = columns,
                                    .rule = *rule,
                                    .streams = streams,
                                    .scale = 1,
                                    .holding = true,
                                    .threads = threads};
    optimiser->memory = memory_new(network->parameters, sizeof *optimiser->memory, error);
    optimiser->item = memory_new(threads, sizeof *optimiser->item, error);
    optimiser->scratch = memory_new(threads, sizeof *optimiser->scratch, error);
    return optimiser->memory != NULL && optimiser->item != NULL && optimiser->scratch != NULL &&
           allocate_memory(optimiser, error) && held_init(optimiser, most_terms, error) &&
           allocate_scratch(optimiser, most_terms, error);
}

void optimiser_free(struct optimiser *optimiser)
{
    for (size_t i = 0; optimiser->memory != NULL && i < optimiser->network->parameters; i++)
        free(optimiser->memory[i]);
    for (size_t i = 0; optimiser->scratch != NULL && i < optimiser->threads; i++) {
        free(optimiser->scratch[i].rows);
        free(optimiser->scratch[i].terms);
    }
    free(optimiser->memory);
    held_free(optimiser);
    free(optimiser->power);
    free(optimiser->item);
    free(optimiser->scratch);
    memset(optimiser, 0, sizeof *optimiser);
}

// ---- gradients --------------------------------------------------------------------------------

float optimiser_keep(const struct optimiser *optimiser, size_t words)
{
    float keep = 1 - optimiser->rule.alpha * optimiser->rule.beta * (float)words / 10;
    return keep > 0 ? keep : 0;
}

void optimiser_compute_rows(const struct parameter *parameter, const struct gradient *gradient,
                            size_t from, size_t count, float *out)
{
    if (gradient->form == GRADIENT_WHOLE)
        memcpy(out, gradient->right + from * parameter->stride,
               count * parameter->stride * sizeof *out);
    else if (gradient->form == GRADIENT_SUM)
        linear_sum(parameter, gradient, out);
    else
        linear_gradient(parameter, gradient, from, count, out);
    for (size_t i = 0; gradient->factor != NULL && i < count * parameter->stride; i++)
        out[i] *= gradient->factor[from * parameter->stride + i];
}

const float *optimiser_gradient_rows(const struct optimiser *optimiser,
                                     const struct gradient *gradient, size_t from, size_t count,
                                     struct optimiser_scratch *scratch)
{
    const struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    if (gradient->form == GRADIENT_WHOLE)
        return gradient->right + from * parameter->stride;
    optimiser_compute_rows(parameter, gradient, from, count, scratch->rows);
    return scratch->rows;
}

// The blocks between this one and `last`, in which rows moved that move now. A float holds whole numbers
// up to 2^24: blocks are counted from 0 again there, which a row could only tell from missing none of
// so many.
static float missed_since(const struct optimiser *optimiser, float last, float *now)
{
    const uint64_t most = 1 << 24;
    *now = (float)((optimiser->blocks + 1) % most);
    float missed = *now - last - 1;
    return missed >= 0 ? missed : missed + (float)most;
}

// The first of some rows that have missed the same blocks: how many they are, and they are noted to have
// moved in this one.
static size_t rows_alike(const struct optimiser *optimiser, struct optimiser_span *span,
                         size_t count)
{
    if (optimiser->type->per_row == 0)
        return count;
    float *last = optimiser_row_memory(optimiser, span->parameter, span->row), now;
    size_t alike = 1;
    while (alike < count && last[alike] == last[0])
        alike++;
    span->missed = missed_since(optimiser, last[0], &now);
    for (size_t i = 0; i < alike; i++)
        last[i] = now;
    return alike;
}

void optimiser_each_span(struct optimiser *optimiser, const struct gradient *gradient,
                         struct optimiser_scratch *scratch,
                         void (*move)(struct optimiser *optimiser,
                                      const struct optimiser_span *span, const float *g))
{
    size_t stride = optimiser->network->parameter[gradient->parameter].stride, count, alike;
    size_t most = gradient->form == GRADIENT_WHOLE ? gradient->count : OPTIMISER_ROWS;
    for (size_t at = 0; at < gradient->count; at += count) {
        count = gradient->count - at < most ? gradient->count - at : most;
        const float *rows = optimiser_gradient_rows(optimiser, gradient, at, count, scratch);
        for (size_t i = 0; i < count; i += alike) {
            struct optimiser_span span = {.parameter = gradient->parameter,
                                          .row = gradient->first + at + i,
                                          .terms = gradient->terms};
            alike = rows_alike(optimiser, &span, count - i);
            span.count = alike * stride;
            move(optimiser, &span, rows + i * stride);
        }
    }
}

static void move(struct optimiser *optimiser, size_t worker, const struct gradient *gradient)
{
    optimiser->type->move(optimiser, gradient, &optimiser->scratch[worker]);
}

// ---- a block ------------------------------------------------------------------------------------

static void measure_held(void *context, size_t worker, size_t item)
{
    struct optimiser *optimiser = context;
    (void)worker;
    optimiser->power[item] = held_measure(optimiser, item);
}

// With clip_norm runs come twice: for their length, and to move.
static void take_run(struct optimiser *optimiser, size_t worker, const struct gradient *gradient)
{
    if (optimiser->shared) {
        held_add_run(optimiser, gradient);
        return;
    }
    if (!(optimiser->rule.clip_norm > 0) || !optimiser->holding) {
        move(optimiser, worker, gradient);
        return;
    }
    if (optimiser->network->parameter[gradient->parameter].use == PARAMETER_HASH)
        return;
    double *power = &optimiser->power[optimiser->item[worker]];
    for (size_t i = 0; i < gradient->count; i++)
        *power += (double)gradient->left[i] * (double)gradient->left[i];
}

static void take(struct gradient_sink *sink, size_t worker, const struct gradient *gradient)
{
    struct optimiser *optimiser = (struct optimiser *)sink;
    const struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    if (gradient->form == GRADIENT_RUN) {
        take_run(optimiser, worker, gradient);
    } else if (optimiser->held[gradient->parameter].rows != NULL) {
        if (optimiser->holding)
            held_add(optimiser, worker, gradient);
    } else {
        move(optimiser, worker, gradient);
        // Columns of a matrix with weights left out are filled when the next ones are drawn.
        if (parameter->use == PARAMETER_EACH_WORD && gradient->factor == NULL)
            columns_fill_rows(&optimiser->columns[gradient->parameter], parameter, gradient->first,
                              gradient->count);
    }
}

struct step {
    struct optimiser *optimiser;
    size_t held;
    void (*give)(void *context, size_t worker, size_t item);
    void *context;
};

static void run_item(void *context, size_t worker, size_t item)
{
    struct step *step = context;
    step->optimiser->item[worker] = step->held + item;
    step->give(step->context, worker, item);
}

// Its length, of a sum over streams, as that of their mean.
void optimiser_clip(struct optimiser *optimiser, double power)
{
    float length = (float)(sqrt(power) / (double)optimiser->streams);
    bool longer = length > optimiser->rule.clip_norm;
    optimiser->scale = longer ? optimiser->rule.clip_norm / length : 1;
}

static void clip_held(struct optimiser *optimiser, struct pool *pool, size_t items)
{
    double power = 0;
    pool_run(pool, measure_held, optimiser, optimiser->stretches);
    for (size_t i = 0; i < items; i++)
        power += optimiser->power[i];
    optimiser_clip(optimiser, power);
}

void optimiser_collect(struct optimiser *optimiser, struct pool *pool,
                       void (*give)(void *context, size_t worker, size_t item), void *context,
                       size_t items)
{
    struct step step = {optimiser, optimiser->stretches, give, context};
    pool_run(pool, run_item, &step, items);
}

bool optimiser_step(struct optimiser *optimiser, struct pool *pool,
                    void (*give)(void *context, size_t worker, size_t item), void *context,
                    size_t items, struct error *error)
{
    size_t all = optimiser->stretches + items;
    bool clip = optimiser->rule.clip_norm > 0;
    if (clip && !memory_grow(&optimiser->power, &optimiser->power_capacity, all,
                             sizeof *optimiser->power, error)) {
        held_forget(optimiser);
        return false;
    }
    for (size_t i = 0; clip && i < all; i++)
        optimiser->power[i] = 0;
    optimiser_collect(optimiser, pool, give, context, items);
    if (clip) {
        clip_held(optimiser, pool, all);
        optimiser->holding = false;
        optimiser_collect(optimiser, pool, give, context, items);
        optimiser->holding = true;
    }
    held_move_all(optimiser, pool);
    optimiser->blocks++;
    return true;
}

void optimiser_kept(struct optimiser *optimiser, struct kept *kept)
{
    kept_add(kept, "optimiser", "blocks", &optimiser->blocks, sizeof optimiser->blocks);
    if (optimiser->type->begin_averages != NULL)
        kept_add(kept, "optimiser", "averages", &optimiser->averages, sizeof optimiser->averages);
    for (size_t i = 0; i < optimiser->network->parameters; i++)
        kept_add(kept, "optimiser", optimiser->network->parameter[i].name, optimiser->memory[i],
                 optimiser_memory(optimiser, i) * sizeof(float));
}
