// Gradients that are held, and the rows that move by them.
#include "learn/held.h"

#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"

// Floats of narrow rows that are measured together, of fewer rows than any stretch has.
enum { MEASURED = 256 };

// ---- memory -----------------------------------------------------------------------------------

static bool is_held(const struct optimiser *optimiser, const struct parameter *parameter)
{
    return parameter->use == PARAMETER_BY_BOTH ||
           (optimiser->rule.clip_norm > 0 && parameter->use != PARAMETER_HASH);
}

static size_t groups_of(size_t rows)
{
    return (rows + HELD_GROUP - 1) / HELD_GROUP;
}

// `places`: at most as many as rows, if they are taken by bands; else 0.
static bool hold_parameter(struct optimiser *optimiser, size_t i, bool runs, size_t places,
                           struct error *error)
{
    const struct parameter *parameter = &optimiser->network->parameter[i];
    struct held *held = &optimiser->held[i];
    size_t rows = runs ? parameter->width : parameter->rows;
    held->runs = runs;
    held->rows =
        memory_new(places > 0 ? places : parameter->rows, parameter->stride * sizeof(float), error);
    held->group = memory_new(groups_of(rows), sizeof *held->group, error);
    if (places > 0)
        held->band = memory_new(rows, sizeof *held->band, error);
    else
        held->terms = memory_new(rows, sizeof *held->terms, error);
    if (optimiser->type->norms && !runs)
        held->power = memory_new(rows, sizeof *held->power, error);
    return held->rows != NULL && held->group != NULL &&
           (held->band != NULL || held->terms != NULL) &&
           (held->power != NULL || runs || !optimiser->type->norms);
}

static void divide_rows(struct optimiser *optimiser);

static size_t places_of(const struct parameter *parameter, size_t most_terms)
{
    if (parameter->use == PARAMETER_BY_OUTPUT)
        return parameter->rows;
    return parameter->use == PARAMETER_BY_INPUT && most_terms < parameter->rows ? most_terms : 0;
}

bool held_init(struct optimiser *optimiser, size_t most_terms, struct error *error)
{
    optimiser->held = memory_new(optimiser->network->parameters, sizeof *optimiser->held, error);
    bool ok = optimiser->held != NULL;
    for (size_t i = 0; ok && i < optimiser->network->parameters; i++) {
        const struct parameter *parameter = &optimiser->network->parameter[i];
        if (is_held(optimiser, parameter))
            ok = hold_parameter(optimiser, i, false, places_of(parameter, most_terms), error);
    }
    if (ok)
        divide_rows(optimiser);
    return ok;
}

static void free_one(struct held *held)
{
    free(held->rows);
    free(held->power);
    free(held->terms);
    free(held->group);
    free(held->band);
    *held = (struct held){.rows = NULL};
}

void held_free(struct optimiser *optimiser)
{
    for (size_t i = 0; optimiser->held != NULL && i < optimiser->network->parameters; i++)
        free_one(&optimiser->held[i]);
    free(optimiser->held);
}

// Biases of layers are summed, those of the output come as runs.
static bool comes_in_runs(const struct network *network, const struct parameter *parameter)
{
    bool of_layer = false;
    for (size_t l = 0; l < network->shape.layers; l++)
        of_layer = of_layer || layer_map(&network->layer[l], MAP_ONE) == parameter;
    return parameter->use == PARAMETER_BIAS && !of_layer;
}

bool held_share(struct optimiser *optimiser, struct error *error)
{
    const struct network *network = optimiser->network;
    bool ok = true;
    optimiser->shared = true;
    for (size_t i = 0; ok && i < network->parameters; i++) {
        bool runs = comes_in_runs(network, &network->parameter[i]);
        free_one(&optimiser->held[i]);
        if (network->parameter[i].use != PARAMETER_HASH)
            ok = hold_parameter(optimiser, i, runs, 0, error);
    }
    if (ok)
        divide_rows(optimiser);
    return ok;
}

// ---- holding ----------------------------------------------------------------------------------

// Row i of what is held of a parameter; with bands, the first of one that has a place.
static float *held_row(const struct optimiser *optimiser, size_t parameter, size_t i)
{
    const struct held *held = &optimiser->held[parameter];
    size_t place = held->band != NULL ? held->band[i].place : i;
    return held->rows + place * optimiser->network->parameter[parameter].stride;
}

// Bits of rows i..end-1 as far as they are in the group of i, which ends before *next.
static uint64_t bits_of(size_t i, size_t end, size_t *next)
{
    const uint64_t all = UINT64_MAX;
    *next = (i / HELD_GROUP + 1) * HELD_GROUP;
    size_t last = (*next < end ? *next : end) - 1;
    return all << i % HELD_GROUP & all >> (HELD_GROUP - 1 - last % HELD_GROUP);
}

// Workers may mark the same group at the same time.
void held_mark(struct held *held, size_t first, size_t count)
{
    for (size_t i = first, end = first + count, next; i < end; i = next) {
        uint64_t bits = bits_of(i, end, &next);
        __atomic_fetch_or(&held->group[i / HELD_GROUP], bits, __ATOMIC_RELAXED);
    }
}

static bool any_held(const struct held *held, const struct gradient *gradient)
{
    uint64_t found = 0;
    for (size_t i = gradient->first, end = i + gradient->count, next; i < end; i = next) {
        uint64_t bits = bits_of(i, end, &next);
        found |= __atomic_load_n(&held->group[i / HELD_GROUP], __ATOMIC_RELAXED) & bits;
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

void held_fetch(const struct optimiser *optimiser, size_t parameter, size_t i)
{
    const struct held *held = &optimiser->held[parameter];
    if (held->band != NULL)
        memory_fetch(&held->band[i], sizeof *held->band);
    else if (held->terms != NULL)
        memory_fetch(&held->terms[i], sizeof *held->terms);
}

// Rows that follow each other, some at a time: few floats are summed in floats.
static double square_of(const float *rows, size_t count, size_t stride)
{
    size_t together = stride < MEASURED ? MEASURED / stride : 1;
    double sum = 0;
    for (size_t i = 0; i < count; i += together) {
        size_t n = (count - i < together ? count - i : together) * stride;
        float square = 0;
        kernels->rows_times(&square, rows + i * stride, n, 1, rows + i * stride, n);
        sum += (double)square;
    }
    return sum;
}

static void add_band(struct optimiser *optimiser, size_t worker, const struct gradient *gradient)
{
    const struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    struct held *held = &optimiser->held[gradient->parameter];
    struct held_band *band = &held->band[gradient->first];
    bool first = band->terms == 0;
    if (first) {
        band->count = (uint32_t)gradient->count;
        band->place = __atomic_fetch_add(&held->places, band->count, __ATOMIC_RELAXED);
    }
    float *rows = held_row(optimiser, gradient->parameter, gradient->first);
    if (first)
        optimiser_compute_rows(parameter, gradient, 0, gradient->count, rows);
    else
        add_rows(optimiser, gradient, rows, &optimiser->scratch[worker]);
    band->terms += (uint32_t)gradient->terms;
    if (optimiser->rule.clip_norm > 0) // while they are in the cache
        band->power = square_of(rows, gradient->count, parameter->stride);
    held_mark(held, gradient->first, 1);
}

static void add_to_rows(struct optimiser *optimiser, size_t worker, const struct gradient *gradient)
{
    const struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    struct held *held = &optimiser->held[gradient->parameter];
    float *rows = held_row(optimiser, gradient->parameter, gradient->first);
    if (any_held(held, gradient))
        add_rows(optimiser, gradient, rows, &optimiser->scratch[worker]);
    else
        optimiser_compute_rows(parameter, gradient, 0, gradient->count, rows);
    held_mark(held, gradient->first, gradient->count);
    for (size_t i = 0; i < gradient->count; i++)
        held->terms[gradient->first + i] += (uint32_t)gradient->terms;
}

void held_add(struct optimiser *optimiser, size_t worker, const struct gradient *gradient)
{
    const struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    struct held *held = &optimiser->held[gradient->parameter];
    if (gradient->terms == 0)
        return; // of no words
    if (held->band != NULL)
        add_band(optimiser, worker, gradient);
    else
        add_to_rows(optimiser, worker, gradient);
    if (held->power != NULL)
        linear_add_power(parameter, gradient, 0, gradient->count, held->power + gradient->first);
}

void held_add_run(struct optimiser *optimiser, const struct gradient *gradient)
{
    struct held *held = &optimiser->held[gradient->parameter];
    for (size_t i = 0; i < gradient->count; i++) {
        size_t at = gradient->first + i;
        held->rows[at] = (held->terms[at] > 0 ? held->rows[at] : 0) + gradient->left[i];
        held->terms[at] += (uint32_t)gradient->terms;
    }
}

// ---- stretches --------------------------------------------------------------------------------

// Rows that are measured and move together: at least HELD_ROWS, and more of narrow ones, and of many, of
// which few have a gradient; fewer where they are divided among processes.
enum {
    HELD_ROWS = 8 * HELD_GROUP,
    HELD_ELEMENTS = 1 << 16,
    MOST_STRETCHES = 64,
    SHARED_ROWS = 32,
    SHARED_ELEMENTS = 4096
};

struct held_rows held_rows_of(const struct optimiser *optimiser, size_t i)
{
    const struct parameter *parameter = &optimiser->network->parameter[i];
    if (optimiser->held[i].rows == NULL)
        return (struct held_rows){.rows = 0};
    if (optimiser->held[i].runs)
        return (struct held_rows){parameter->width, 1, 1};
    return (struct held_rows){parameter->rows, parameter->width, parameter->stride};
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t stretch_rows(const struct optimiser *optimiser, size_t parameter)
{
    struct held_rows of = held_rows_of(optimiser, parameter);
    if (optimiser->shared)
        return optimiser->held[parameter].runs ? SHARED_ELEMENTS : SHARED_ROWS;
    if (of.rows == 0)
        return HELD_ROWS;
    size_t rows = larger(HELD_ELEMENTS / of.stride, of.rows / MOST_STRETCHES);
    return groups_of(larger(rows, HELD_ROWS)) * HELD_GROUP;
}

static void divide_rows(struct optimiser *optimiser)
{
    optimiser->stretches = 0;
    for (size_t i = 0; i < optimiser->network->parameters; i++) {
        struct held *held = &optimiser->held[i];
        held->stretch = optimiser->stretches;
        held->stretch_rows = stretch_rows(optimiser, i);
        size_t rows = held_rows_of(optimiser, i).rows;
        optimiser->stretches += (rows + held->stretch_rows - 1) / held->stretch_rows;
    }
}

struct held_stretch held_stretch(const struct optimiser *optimiser, size_t item)
{
    struct held_stretch rows = {.parameter = 0};
    for (size_t end = optimiser->network->parameters; end - rows.parameter > 1;) {
        size_t middle = rows.parameter + (end - rows.parameter) / 2;
        if (optimiser->held[middle].stretch <= item)
            rows.parameter = middle;
        else
            end = middle;
    }
    size_t most = optimiser->held[rows.parameter].stretch_rows;
    rows.first = (item - optimiser->held[rows.parameter].stretch) * most;
    rows.count = held_rows_of(optimiser, rows.parameter).rows - rows.first;
    rows.count = rows.count < most ? rows.count : most;
    return rows;
}

void held_forget(struct optimiser *optimiser)
{
    for (size_t i = 0; i < optimiser->network->parameters; i++) {
        struct held *held = &optimiser->held[i];
        size_t rows = held_rows_of(optimiser, i).rows;
        if (held->terms != NULL)
            memset(held->terms, 0, rows * sizeof *held->terms);
        if (held->band != NULL)
            memset(held->band, 0, rows * sizeof *held->band);
        if (held->power != NULL)
            memset(held->power, 0, rows * sizeof *held->power);
        if (held->group != NULL)
            memset(held->group, 0, groups_of(rows) * sizeof *held->group);
        held->places = 0;
    }
}

// The next row of some, from i on, that has a gradient; their end if none has.
static size_t next_held(const struct held *held, const struct held_stretch *rows, size_t i)
{
    size_t end = rows->first + rows->count;
    while (held->runs && i < end && held->terms[i] == 0)
        i++;
    for (bool found = held->runs; i < end && !found;) {
        uint64_t left =
            __atomic_load_n(&held->group[i / HELD_GROUP], __ATOMIC_RELAXED) >> i % HELD_GROUP;
        found = left != 0;
        i += found ? (size_t)__builtin_ctzll(left) : HELD_GROUP - i % HELD_GROUP;
    }
    return i < end ? i : end;
}

// Rows, or elements, in which as many words have a part, from i on, to `end` at most.
static size_t run_length(const struct held *held, size_t i, size_t end)
{
    size_t from = i;
    while (i < end && held->terms[i] == held->terms[from])
        i++;
    return i - from;
}

// Narrow rows are measured some at a time, always the same ones, wherever a stretch begins.
static size_t measured_end(size_t stride, size_t i, size_t end)
{
    size_t together = stride < MEASURED ? MEASURED / stride : 1;
    size_t next = (i / together + 1) * together;
    return next < end ? next : end;
}

double held_measure(const struct optimiser *optimiser, size_t item)
{
    struct held_stretch rows = held_stretch(optimiser, item);
    const struct held *held = &optimiser->held[rows.parameter];
    size_t stride = held_rows_of(optimiser, rows.parameter).stride, end = rows.first + rows.count;
    double power = 0;
    for (size_t i = next_held(held, &rows, rows.first), count; i < end;
         i = next_held(held, &rows, i + count)) {
        if (held->band != NULL) {
            count = held->band[i].count;
            power += held->band[i].power;
        } else if (held->runs) {
            count = 1;
            power += (double)(held->rows[i] * held->rows[i]);
        } else {
            count = run_length(held, i, measured_end(stride, i, end));
            power += square_of(held->rows + i * stride, count, stride);
        }
    }
    return power;
}

// ---- moving -----------------------------------------------------------------------------------

static size_t terms_of(const struct held *held, size_t i)
{
    return held->band != NULL ? held->band[i].terms : held->terms[i];
}

static void move_rows(struct optimiser *optimiser, size_t worker, struct held_stretch rows)
{
    const struct held *held = &optimiser->held[rows.parameter];
    size_t end = rows.first + rows.count, i = next_held(held, &rows, rows.first), count, next;
    for (; i < end; i = next) {
        count = held->band != NULL ? held->band[i].count : run_length(held, i, end);
        next = next_held(held, &rows, i + count);
        if (next < end)
            optimiser_fetch_row(optimiser, rows.parameter, next);
        struct gradient gradient = {.parameter = rows.parameter,
                                    .form = GRADIENT_WHOLE,
                                    .first = i,
                                    .count = count,
                                    .terms = terms_of(held, i),
                                    .right = held_row(optimiser, rows.parameter, i),
                                    .norm = held->power != NULL ? &held->power[i] : NULL};
        optimiser->type->move(optimiser, &gradient, &optimiser->scratch[worker]);
        if (optimiser->shared)
            continue; // others are still to be told which rows have moved
        if (held->band != NULL)
            held->band[i].terms = 0;
        else
            memset(held->terms + i, 0, count * sizeof *held->terms);
        if (held->power != NULL)
            memset(held->power + i, 0, count * sizeof *held->power);
    }
    for (i = rows.first; i < end && !optimiser->shared; i += HELD_GROUP)
        held->group[i / HELD_GROUP] = 0;
}

static void move_runs(struct optimiser *optimiser, size_t worker, struct held_stretch rows)
{
    const struct held *held = &optimiser->held[rows.parameter];
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
            optimiser->type->move(optimiser, &gradient, &optimiser->scratch[worker]);
    }
}

void held_move(struct optimiser *optimiser, size_t worker, size_t item)
{
    struct held_stretch rows = held_stretch(optimiser, item);
    const struct parameter *parameter = &optimiser->network->parameter[rows.parameter];
    if (optimiser->held[rows.parameter].runs)
        move_runs(optimiser, worker, rows);
    else
        move_rows(optimiser, worker, rows);
    if (parameter->use == PARAMETER_EACH_WORD)
        columns_fill_rows(&optimiser->columns[rows.parameter], parameter, rows.first, rows.count);
}

static void move_stretch(void *context, size_t worker, size_t item)
{
    held_move(context, worker, item);
}

void held_move_all(struct optimiser *optimiser, struct pool *pool)
{
    pool_run(pool, move_stretch, optimiser, optimiser->stretches);
    for (size_t i = 0; i < optimiser->network->parameters; i++)
        optimiser->held[i].places = 0;
}
