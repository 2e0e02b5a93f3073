// Optimisers: memory, clipping, and whose turn it is.
#include "learn/optimiser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
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

static bool is_held(const struct optimiser *optimiser, const struct parameter *parameter)
{
    return parameter->use == PARAMETER_BY_BOTH ||
           (optimiser->rule.clip_norm > 0 && parameter->use != PARAMETER_HASH);
}

static size_t groups_of(size_t rows)
{
    return (rows + OPTIMISER_GROUP - 1) / OPTIMISER_GROUP;
}

// `places`: fewer than rows, if they are taken as they come; else 0.
static bool hold_parameter(struct optimiser *optimiser, size_t i, bool runs, size_t places,
                           struct error *error)
{
    const struct parameter *parameter = &optimiser->network->parameter[i];
    struct optimiser_held *held = &optimiser->held[i];
    size_t rows = runs ? parameter->width : parameter->rows;
    held->runs = runs;
    held->rows =
        memory_new(places > 0 ? places : parameter->rows, parameter->stride * sizeof(float), error);
    held->terms = memory_new(rows, sizeof *held->terms, error);
    held->group = memory_new(groups_of(rows), sizeof *held->group, error);
    if (places > 0)
        held->place = memory_new(rows, sizeof *held->place, error);
    if (optimiser->type->norms && !runs)
        held->power = memory_new(rows, sizeof *held->power, error);
    return held->rows != NULL && held->terms != NULL && held->group != NULL &&
           (held->place != NULL || places == 0) &&
           (held->power != NULL || runs || !optimiser->type->norms);
}

static bool allocate_held(struct optimiser *optimiser, size_t most_terms, struct error *error)
{
    bool ok = true;
    for (size_t i = 0; ok && i < optimiser->network->parameters; i++) {
        const struct parameter *parameter = &optimiser->network->parameter[i];
        bool few = parameter->use == PARAMETER_BY_INPUT && most_terms < parameter->rows;
        if (is_held(optimiser, parameter))
            ok = hold_parameter(optimiser, i, false, few ? most_terms : 0, error);
    }
    return ok;
}

static void free_held(struct optimiser_held *held)
{
    free(held->rows);
    free(held->power);
    free(held->terms);
    free(held->group);
    free(held->place);
    *held = (struct optimiser_held){.rows = NULL};
}

// Biases of layers are summed, those of the output come as runs.
static bool comes_in_runs(const struct network *network, const struct parameter *parameter)
{
    bool of_layer = false;
    for (size_t l = 0; l < network->shape.layers; l++)
        of_layer = of_layer || layer_map(&network->layer[l], MAP_ONE) == parameter;
    return parameter->use == PARAMETER_BIAS && !of_layer;
}

bool optimiser_share(struct optimiser *optimiser, struct error *error)
{
    const struct network *network = optimiser->network;
    bool ok = true;
    optimiser->shared = true;
    for (size_t i = 0; ok && i < network->parameters; i++) {
        bool runs = comes_in_runs(network, &network->parameter[i]);
        free_held(&optimiser->held[i]);
        if (network->parameter[i].use != PARAMETER_HASH)
            ok = hold_parameter(optimiser, i, runs, 0, error);
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
    optimiser->held = memory_new(network->parameters, sizeof *optimiser->held, error);
    optimiser->item = memory_new(threads, sizeof *optimiser->item, error);
    optimiser->scratch = memory_new(threads, sizeof *optimiser->scratch, error);
    return optimiser->memory != NULL && optimiser->held != NULL && optimiser->item != NULL &&
           optimiser->scratch != NULL && allocate_memory(optimiser, error) &&
           allocate_held(optimiser, most_terms, error) &&
           allocate_scratch(optimiser, most_terms, error);
}

void optimiser_free(struct optimiser *optimiser)
{
    for (size_t i = 0; optimiser->network != NULL && i < optimiser->network->parameters; i++) {
        if (optimiser->memory != NULL)
            free(optimiser->memory[i]);
        if (optimiser->held == NULL)
            continue;
        free_held(&optimiser->held[i]);
    }
    for (size_t i = 0; optimiser->scratch != NULL && i < optimiser->threads; i++) {
        free(optimiser->scratch[i].rows);
        free(optimiser->scratch[i].terms);
    }
    free(optimiser->memory);
    free(optimiser->held);
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

static void compute_rows(const struct parameter *parameter, const struct gradient *gradient,
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
    compute_rows(parameter, gradient, from, count, scratch->rows);
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

// ---- gradients that are held --------------------------------------------------------------------

// Row i of what is held of a parameter, which has a place.
static float *held_row(const struct optimiser *optimiser, size_t parameter, size_t i)
{
    const struct optimiser_held *held = &optimiser->held[parameter];
    size_t place = held->place != NULL ? held->place[i] : i;
    return held->rows + place * optimiser->network->parameter[parameter].stride;
}

// Bits of rows i..end-1 as far as they are in the group of i, which ends before *next.
static uint64_t bits_of(size_t i, size_t end, size_t *next)
{
    const uint64_t all = UINT64_MAX;
    *next = (i / OPTIMISER_GROUP + 1) * OPTIMISER_GROUP;
    size_t last = (*next < end ? *next : end) - 1;
    return all << i % OPTIMISER_GROUP & all >> (OPTIMISER_GROUP - 1 - last % OPTIMISER_GROUP);
}

// Workers may mark the same group at the same time.
void optimiser_mark(struct optimiser_held *held, size_t first, size_t count)
{
    for (size_t i = first, end = first + count, next; i < end; i = next) {
        uint64_t bits = bits_of(i, end, &next);
        __atomic_fetch_or(&held->group[i / OPTIMISER_GROUP], bits, __ATOMIC_RELAXED);
    }
}

static bool any_held(const struct optimiser_held *held, const struct gradient *gradient)
{
    uint64_t found = 0;
    for (size_t i = gradient->first, end = i + gradient->count, next; i < end; i = next) {
        uint64_t bits = bits_of(i, end, &next);
        found |= __atomic_load_n(&held->group[i / OPTIMISER_GROUP], __ATOMIC_RELAXED) & bits;
    }
    return found != 0;
}

static void add_rows(const struct optimiser *optimiser, const struct gradient *gradient,
                     float *rows, struct optimiser_scratch *scratch)
{
    size_t stride = optimiser->network->parameter[gradient->parameter].stride, count;
    for (size_t at = 0; at < gradient->count; at += count) {
        count = gradient->count - at < OPTIMISER_ROWS ? gradient->count - at : OPTIMISER_ROWS;
        const float *more = optimiser_gradient_rows(optimiser, gradient, at, count, scratch);
        kernels->scale_add(rows + at * stride, more, count * stride, 1, 1);
    }
}

static void hold(struct optimiser *optimiser, size_t worker, const struct gradient *gradient)
{
    const struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    struct optimiser_held *held = &optimiser->held[gradient->parameter];
    if (held->place != NULL && held->terms[gradient->first] == 0) // these come one by one
        held->place[gradient->first] = __atomic_fetch_add(&held->places, 1, __ATOMIC_RELAXED);
    float *rows = held_row(optimiser, gradient->parameter, gradient->first);
    if (any_held(held, gradient))
        add_rows(optimiser, gradient, rows, &optimiser->scratch[worker]);
    else
        compute_rows(parameter, gradient, 0, gradient->count, rows);
    if (gradient->terms > 0)
        optimiser_mark(held, gradient->first, gradient->count);
    for (size_t i = 0; i < gradient->count; i++)
        held->terms[gradient->first + i] += (uint32_t)gradient->terms;
    if (held->power != NULL)
        linear_add_power(parameter, gradient, 0, gradient->count, held->power + gradient->first);
}

// Rows that are measured and move together; fewer where they are divided among processes.
enum { HELD_ROWS = 8 * OPTIMISER_GROUP, SHARED_ROWS = 32, SHARED_ELEMENTS = 4096 };

// Floats of narrow rows that are measured together, of fewer rows than any stretch has.
enum { MEASURED = 256 };

struct optimiser_rows optimiser_rows_of(const struct optimiser *optimiser, size_t i)
{
    const struct parameter *parameter = &optimiser->network->parameter[i];
    if (optimiser->held[i].rows == NULL)
        return (struct optimiser_rows){.rows = 0};
    if (optimiser->held[i].runs)
        return (struct optimiser_rows){parameter->width, 1, 1};
    return (struct optimiser_rows){parameter->rows, parameter->width, parameter->stride};
}

size_t optimiser_stretch_rows(const struct optimiser *optimiser, size_t parameter)
{
    return !optimiser->shared                ? HELD_ROWS
           : optimiser->held[parameter].runs ? SHARED_ELEMENTS
                                             : SHARED_ROWS;
}

static size_t stretches_of(const struct optimiser *optimiser, size_t parameter)
{
    size_t most = optimiser_stretch_rows(optimiser, parameter);
    return (optimiser_rows_of(optimiser, parameter).rows + most - 1) / most;
}

size_t optimiser_stretches(const struct optimiser *optimiser)
{
    size_t items = 0;
    for (size_t i = 0; i < optimiser->network->parameters; i++)
        items += stretches_of(optimiser, i);
    return items;
}

struct optimiser_stretch optimiser_stretch(const struct optimiser *optimiser, size_t item)
{
    struct optimiser_stretch rows = {.parameter = 0};
    for (; item >= stretches_of(optimiser, rows.parameter); rows.parameter++)
        item -= stretches_of(optimiser, rows.parameter);
    size_t most = optimiser_stretch_rows(optimiser, rows.parameter);
    rows.first = item * most;
    rows.count = optimiser_rows_of(optimiser, rows.parameter).rows - rows.first;
    rows.count = rows.count < most ? rows.count : most;
    return rows;
}

void optimiser_forget(struct optimiser *optimiser)
{
    for (size_t i = 0; i < optimiser->network->parameters; i++) {
        struct optimiser_held *held = &optimiser->held[i];
        size_t rows = optimiser_rows_of(optimiser, i).rows;
        if (held->terms != NULL)
            memset(held->terms, 0, rows * sizeof *held->terms);
        if (held->power != NULL)
            memset(held->power, 0, rows * sizeof *held->power);
        if (held->group != NULL)
            memset(held->group, 0, groups_of(rows) * sizeof *held->group);
        held->places = 0;
    }
}

// The next row of some, from i on, that has a gradient; their end if none has.
static size_t next_held(const struct optimiser_held *held, const struct optimiser_stretch *rows,
                        size_t i)
{
    size_t end = rows->first + rows->count;
    while (held->runs && i < end && held->terms[i] == 0)
        i++;
    for (bool found = held->runs; i < end && !found;) {
        uint64_t left = __atomic_load_n(&held->group[i / OPTIMISER_GROUP], __ATOMIC_RELAXED) >>
                        i % OPTIMISER_GROUP;
        found = left != 0;
        i += found ? (size_t)__builtin_ctzll(left) : OPTIMISER_GROUP - i % OPTIMISER_GROUP;
    }
    return i < end ? i : end;
}

// Rows, or elements, in which as many words have a part, from i on, to `end` at most.
static size_t run_length(const struct optimiser_held *held, size_t i, size_t end)
{
    size_t from = i;
    while (i < end && held->terms[i] == held->terms[from])
        i++;
    return i - from;
}

// Rows that are held from i on, one after another.
static size_t rows_together(const struct optimiser_held *held, size_t i, size_t end)
{
    return held->place != NULL ? 1 : run_length(held, i, end);
}

// Narrow rows are measured some at a time, always the same ones, wherever a stretch begins.
static size_t measured_end(size_t stride, size_t i, size_t end)
{
    size_t together = stride < MEASURED ? MEASURED / stride : 1;
    size_t next = (i / together + 1) * together;
    return next < end ? next : end;
}

double optimiser_measure(const struct optimiser *optimiser, size_t item)
{
    struct optimiser_stretch rows = optimiser_stretch(optimiser, item);
    const struct optimiser_held *held = &optimiser->held[rows.parameter];
    size_t stride = optimiser_rows_of(optimiser, rows.parameter).stride;
    double power = 0;
    size_t end = rows.first + rows.count, i = next_held(held, &rows, rows.first), count = 1;
    for (; i < end; i = next_held(held, &rows, i + count)) {
        const float *row = held->runs ? held->rows + i : held_row(optimiser, rows.parameter, i);
        float square = held->runs ? *row * *row : 0;
        if (!held->runs) {
            count = rows_together(held, i, measured_end(stride, i, end));
            kernels->rows_times(&square, row, count * stride, 1, row, count * stride);
        }
        power += (double)square;
    }
    return power;
}

static void measure_held(void *context, size_t worker, size_t item)
{
    struct optimiser *optimiser = context;
    (void)worker;
    optimiser->power[item] = optimiser_measure(optimiser, item);
}

static void move_rows(struct optimiser *optimiser, size_t worker, struct optimiser_stretch rows)
{
    const struct optimiser_held *held = &optimiser->held[rows.parameter];
    size_t end = rows.first + rows.count, i = next_held(held, &rows, rows.first), count;
    for (; i < end; i = next_held(held, &rows, i + count)) {
        count = rows_together(held, i, end);
        struct gradient gradient = {.parameter = rows.parameter,
                                    .form = GRADIENT_WHOLE,
                                    .first = i,
                                    .count = count,
                                    .terms = held->terms[i],
                                    .right = held_row(optimiser, rows.parameter, i),
                                    .norm = held->power != NULL ? &held->power[i] : NULL};
        move(optimiser, worker, &gradient);
        if (optimiser->shared)
            continue; // others are still to be told which rows have moved
        memset(held->terms + i, 0, count * sizeof *held->terms);
        if (held->power != NULL)
            memset(held->power + i, 0, count * sizeof *held->power);
    }
    for (i = rows.first; i < end && !optimiser->shared; i += OPTIMISER_GROUP)
        held->group[i / OPTIMISER_GROUP] = 0;
}

static void move_runs(struct optimiser *optimiser, size_t worker, struct optimiser_stretch rows)
{
    const struct optimiser_held *held = &optimiser->held[rows.parameter];
    size_t end = rows.first + rows.count, length;
    for (size_t i = rows.first; i < end; i += length) {
        length = run_length(held, i, end);
        struct gradient gradient = {.parameter = rows.parameter,
                                    .form = GRADIENT_RUN,
                                    .first = i,
                                    .count = length,
                                    .terms = held->terms[i],
                                    .left = held->rows + i};
        if (gradient.terms > 0)
            move(optimiser, worker, &gradient);
    }
}

void optimiser_move(struct optimiser *optimiser, size_t worker, size_t item)
{
    struct optimiser_stretch rows = optimiser_stretch(optimiser, item);
    const struct parameter *parameter = &optimiser->network->parameter[rows.parameter];
    if (optimiser->held[rows.parameter].runs)
        move_runs(optimiser, worker, rows);
    else
        move_rows(optimiser, worker, rows);
    if (parameter->use == PARAMETER_EACH_WORD)
        columns_fill_rows(&optimiser->columns[rows.parameter], parameter, rows.first, rows.count);
}

static void move_held(void *context, size_t worker, size_t item)
{
    optimiser_move(context, worker, item);
}

// ---- a block ------------------------------------------------------------------------------------

static void hold_run(struct optimiser_held *held, const struct gradient *gradient)
{
    for (size_t i = 0; i < gradient->count; i++) {
        size_t at = gradient->first + i;
        held->rows[at] = (held->terms[at] > 0 ? held->rows[at] : 0) + gradient->left[i];
        held->terms[at] += (uint32_t)gradient->terms;
    }
}

// With clip_norm runs come twice: for their length, and to move.
static void take_run(struct optimiser *optimiser, size_t worker, const struct gradient *gradient)
{
    if (optimiser->shared) {
        hold_run(&optimiser->held[gradient->parameter], gradient);
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
            hold(optimiser, worker, gradient);
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
    pool_run(pool, measure_held, optimiser, optimiser_stretches(optimiser));
    for (size_t i = 0; i < items; i++)
        power += optimiser->power[i];
    optimiser_clip(optimiser, power);
}

void optimiser_collect(struct optimiser *optimiser, struct pool *pool,
                       void (*give)(void *context, size_t worker, size_t item), void *context,
                       size_t items)
{
    struct step step = {optimiser, optimiser_stretches(optimiser), give, context};
    pool_run(pool, run_item, &step, items);
}

bool optimiser_step(struct optimiser *optimiser, struct pool *pool,
                    void (*give)(void *context, size_t worker, size_t item), void *context,
                    size_t items, struct error *error)
{
    size_t held = optimiser_stretches(optimiser), all = held + items;
    bool clip = optimiser->rule.clip_norm > 0;
    if (clip && !memory_grow(&optimiser->power, &optimiser->power_capacity, all,
                             sizeof *optimiser->power, error)) {
        optimiser_forget(optimiser);
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
    pool_run(pool, move_held, optimiser, held);
    for (size_t i = 0; i < optimiser->network->parameters; i++)
        optimiser->held[i].places = 0;
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
