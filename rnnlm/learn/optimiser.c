// Optimisers: memory, clipping, and whose turn it is.
#include "learn/optimiser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    const struct network *network = optimiser->network;
    bool ok = true;
    for (size_t i = 0; ok && i < network->parameters; i++) {
        if (optimiser_memory(optimiser, i) > 0) {
            optimiser->memory[i] = memory_new(optimiser_memory(optimiser, i), sizeof(float), error);
            ok = optimiser->memory[i] != NULL;
        }
        if (ok && optimiser->rule.clip_norm > 0 && network->parameter[i].use != PARAMETER_HASH) {
            optimiser->rows[i] =
                memory_new(parameter_count(&network->parameter[i]), sizeof(float), error);
            ok = optimiser->rows[i] != NULL;
        }
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
    *optimiser = (struct optimiser){
        .sink = {.norms = type->norms, .early = !(rule->clip_norm > 0), .take = take},
        .type = type,
        .network = network,
        .columns = columns,
        .rule = *rule,
        .streams = streams,
        .scale = 1,
        .threads = threads};
    optimiser->memory = memory_new(network->parameters, sizeof *optimiser->memory, error);
    optimiser->rows = memory_new(network->parameters, sizeof *optimiser->rows, error);
    optimiser->item = memory_new(threads, sizeof *optimiser->item, error);
    optimiser->scratch = memory_new(threads, sizeof *optimiser->scratch, error);
    return optimiser->memory != NULL && optimiser->rows != NULL && optimiser->item != NULL &&
           optimiser->scratch != NULL && allocate_memory(optimiser, error) &&
           allocate_scratch(optimiser, most_terms, error);
}

void optimiser_free(struct optimiser *optimiser)
{
    for (size_t i = 0; optimiser->network != NULL && i < optimiser->network->parameters; i++) {
        if (optimiser->memory != NULL)
            free(optimiser->memory[i]);
        if (optimiser->rows != NULL)
            free(optimiser->rows[i]);
    }
    for (size_t i = 0; optimiser->scratch != NULL && i < optimiser->threads; i++) {
        free(optimiser->scratch[i].rows);
        free(optimiser->scratch[i].terms);
    }
    free(optimiser->memory);
    free(optimiser->rows);
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
    if (gradient->form == GRADIENT_SUM)
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
    const float *rows = optimiser->rows[gradient->parameter];
    if (rows != NULL)
        return rows + (gradient->first + from) * parameter->stride;
    compute_rows(parameter, gradient, from, count, scratch->rows);
    return scratch->rows;
}

// Computes the rows of a gradient into where they stay until they move, and adds their length.
static void measure(struct optimiser *optimiser, size_t worker, const struct gradient *gradient)
{
    const struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    if (gradient->form == GRADIENT_RUN)
        return;
    float *rows = optimiser->rows[gradient->parameter] + gradient->first * parameter->stride;
    compute_rows(parameter, gradient, 0, gradient->count, rows);
    double power = 0;
    for (size_t i = 0; i < gradient->count * parameter->stride; i++)
        power += (double)rows[i] * (double)rows[i];
    optimiser->power[optimiser->item[worker]] += power;
}

static void take(struct gradient_sink *sink, size_t worker, const struct gradient *gradient)
{
    struct optimiser *optimiser = (struct optimiser *)sink;
    const struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    if (optimiser->measuring) {
        measure(optimiser, worker, gradient);
        return;
    }
    optimiser->type->move(optimiser, gradient, &optimiser->scratch[worker]);
    if (parameter->use == PARAMETER_EACH_WORD)
        columns_fill_rows(&optimiser->columns[gradient->parameter], parameter, gradient->first,
                          gradient->count);
}

struct step {
    struct optimiser *optimiser;
    void (*give)(void *context, size_t worker, size_t item);
    void *context;
};

static void run_item(void *context, size_t worker, size_t item)
{
    struct step *step = context;
    step->optimiser->item[worker] = item;
    step->give(step->context, worker, item);
}

// The gradient's length, of a sum over streams, as that of their mean.
static void measure_all(struct optimiser *optimiser, struct pool *pool, struct step *step,
                        size_t items)
{
    double power = 0;
    memset(optimiser->power, 0, items * sizeof *optimiser->power);
    optimiser->measuring = true;
    pool_run(pool, run_item, step, items);
    optimiser->measuring = false;
    for (size_t i = 0; i < items; i++)
        power += optimiser->power[i];
    float length = (float)(sqrt(power) / (double)optimiser->streams);
    optimiser->scale = length > optimiser->rule.clip_norm ? optimiser->rule.clip_norm / length : 1;
}

bool optimiser_step(struct optimiser *optimiser, struct pool *pool,
                    void (*give)(void *context, size_t worker, size_t item), void *context,
                    size_t items, struct error *error)
{
    struct step step = {optimiser, give, context};
    if (optimiser->rule.clip_norm > 0) {
        if (!memory_grow(&optimiser->power, &optimiser->power_capacity, items,
                         sizeof *optimiser->power, error))
            return false;
        measure_all(optimiser, pool, &step, items);
    }
    pool_run(pool, run_item, &step, items);
    return true;
}

void optimiser_kept(struct optimiser *optimiser, struct kept *kept)
{
    for (size_t i = 0; i < optimiser->network->parameters; i++)
        kept_add(kept, "optimiser", optimiser->network->parameter[i].name, optimiser->memory[i],
                 optimiser_memory(optimiser, i) * sizeof(float));
}
