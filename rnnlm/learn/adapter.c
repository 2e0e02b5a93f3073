// Adapters: batches whose optimisers are not in the table, since they have no rates of training.
#include "learn/adapter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/vocabulary.h"

// ---- roots ------------------------------------------------------------------------------------

bool gradient_roots_init(struct gradient_roots *roots, const struct network *network,
                         struct error *error)
{
    *roots = (struct gradient_roots){.parameters = network->parameters};
    roots->root = memory_new(network->parameters, sizeof *roots->root, error);
    for (size_t i = 0; roots->root != NULL && i < network->parameters; i++) {
        roots->root[i] = memory_new(parameter_count(&network->parameter[i]), sizeof(float), error);
        if (roots->root[i] == NULL)
            return false;
    }
    return roots->root != NULL;
}

void gradient_roots_free(struct gradient_roots *roots)
{
    for (size_t i = 0; roots->root != NULL && i < roots->parameters; i++)
        free(roots->root[i]);
    free(roots->root);
    *roots = (struct gradient_roots){.root = NULL};
}

void gradient_roots_finish(struct gradient_roots *roots, const struct network *network)
{
    double sum = 0, count = 0;
    for (size_t p = 0; p < network->parameters; p++) {
        const struct parameter *parameter = &network->parameter[p];
        for (size_t i = 0; i < parameter->rows; i++)
            for (size_t j = 0; j < parameter->width; j++)
                sum += (double)roots->root[p][i * parameter->stride + j];
        count += (double)parameter->rows * (double)parameter->width;
    }
    roots->mean = count > 0 ? sum / count : 0;
}

bool adapter_fits(const struct network *network, struct error *error)
{
    if (network->shape.maxent > 0)
        return error_set(error,
                         "direct connections: found %zu, wanted none, which have no "
                         "statistics",
                         network->shape.maxent);
    return network->shape.output->online != NULL ||
           error_set(error, "output %s does not learn word by word", network->shape.output->name);
}

// ---- collecting -------------------------------------------------------------------------------

static struct gradient_collector *collector_of(struct optimiser *optimiser)
{
    return (struct gradient_collector *)((char *)optimiser -
                                         offsetof(struct gradient_collector, batch.optimiser));
}

static void add_squares(float *sum, const float *g, size_t count)
{
    for (size_t j = 0; j < count; j++)
        sum[j] += g[j] * g[j];
}

static void collect_span(struct optimiser *optimiser, const struct optimiser_span *span,
                         const float *g)
{
    const struct parameter *parameter = &optimiser->network->parameter[span->parameter];
    add_squares(collector_of(optimiser)->roots->root[span->parameter] +
                    span->row * parameter->stride,
                g, span->count);
}

static void collect(struct optimiser *optimiser, const struct gradient *gradient,
                    struct optimiser_scratch *scratch)
{
    if (gradient->form == GRADIENT_RUN)
        add_squares(collector_of(optimiser)->roots->root[gradient->parameter] + gradient->first,
                    gradient->left, gradient->count);
    else
        optimiser_each_span(optimiser, gradient, scratch, collect_span);
}

static const struct optimiser_type collecting = {.name = "collecting", .move = collect};

bool gradient_collector_init(struct gradient_collector *collector, struct network *network,
                             struct gradient_roots *roots, size_t streams, size_t steps,
                             bool independent, struct pool *pool, struct error *error)
{
    const struct batch_rule rule = {
        .optimiser = &collecting, .through_time = true, .independent = independent};
    memset(collector, 0, sizeof *collector);
    collector->roots = roots;
    if (!adapter_fits(network, error) ||
        !batch_init(&collector->batch, network, &rule, streams, steps, pool, error))
        return false;
    state_values(network, STATE_TEXT, NULL, collector->batch.value);
    for (size_t b = 0; b < streams; b++)
        batch_start(&collector->batch, b, collector->batch.value, NULL);
    return true;
}

void gradient_collector_free(struct gradient_collector *collector)
{
    batch_free(&collector->batch);
}

bool gradient_collector_take(struct gradient_collector *collector, struct error *error)
{
    double log10_prob = 0;
    collector->blocks++;
    return batch_learn(&collector->batch, collector->batch.tape.steps, &log10_prob, error);
}

void gradient_collector_finish(struct gradient_collector *collector)
{
    const struct network *network = collector->batch.network;
    const struct tape *tape = &collector->batch.tape;
    const double words = (double)tape->steps, blocks = (double)collector->blocks;
    const double scale = blocks > 0 ? 1 / (words * words * (double)tape->streams * blocks) : 0;
    for (size_t p = 0; p < network->parameters; p++)
        for (size_t i = 0; i < parameter_count(&network->parameter[p]); i++) {
            float *root = &collector->roots->root[p][i];
            *root = (float)sqrt((double)*root * scale);
        }
    gradient_roots_finish(collector->roots, network);
}

// ---- adapting ---------------------------------------------------------------------------------

static struct adapter *adapter_of(struct optimiser *optimiser)
{
    return (struct adapter *)((char *)optimiser - offsetof(struct adapter, batch.optimiser));
}

// Of `blocks` blocks, this one and those missed before it.
static void adapt(const struct adapter *adapter, float *w, const float *origin, const float *root,
                  const float *g, size_t count, float blocks)
{
    const struct adapter_rule *rule = &adapter->rule;
    const float step = (float)(rule->rate / (double)rule->words), epsilon = (float)rule->epsilon;
    const float back = (float)(adapter->roots->mean > 0 ? rule->decay / adapter->roots->mean : 0);
    for (size_t j = 0; j < count; j++) {
        float keep = back * root[j];
        keep = (keep < 1 ? keep : 1) * blocks;
        w[j] += (keep < 1 ? keep : 1) * (origin[j] - w[j]) + step * g[j] / (root[j] + epsilon);
    }
}

static void adapt_span(struct optimiser *optimiser, const struct optimiser_span *span,
                       const float *g)
{
    const struct adapter *adapter = adapter_of(optimiser);
    const size_t p = span->parameter;
    const struct parameter *parameter = &optimiser->network->parameter[p];
    adapt(adapter, parameter_row(parameter, span->row),
          optimiser_weights_memory(optimiser, p, 0, span->row),
          adapter->roots->root[p] + span->row * parameter->stride, g, span->count,
          span->missed + 1);
}

static void adapt_move(struct optimiser *optimiser, const struct gradient *gradient,
                       struct optimiser_scratch *scratch)
{
    const struct adapter *adapter = adapter_of(optimiser);
    const size_t p = gradient->parameter;
    if (gradient->form != GRADIENT_RUN) {
        optimiser_each_span(optimiser, gradient, scratch, adapt_span);
        return;
    }
    adapt(adapter, parameter_row(&optimiser->network->parameter[p], 0) + gradient->first,
          optimiser_weights_memory(optimiser, p, 0, 0) + gradient->first,
          adapter->roots->root[p] + gradient->first, gradient->left, gradient->count, 1);
}

static const struct optimiser_type adapting = {
    .name = "adapting", .per_weight = 1, .per_row = 1, .move = adapt_move};

static bool rule_ok(const struct adapter_rule *rule, struct error *error)
{
    return (rule->rate >= 0 && rule->rate < INFINITY && rule->decay >= 0 && rule->decay <= 1 &&
            rule->epsilon > 0 && rule->epsilon < INFINITY && rule->words > 0) ||
           error_set(error,
                     "dynamic evaluation: found rate %g, decay %g, blocks of %zu words; wanted "
                     "a rate from 0 on, a decay from 0 to 1, and a word at least",
                     rule->rate, rule->decay, rule->words);
}

bool adapter_init(struct adapter *adapter, struct network *network, const struct adapter_rule *rule,
                  const struct gradient_roots *roots, struct error *error)
{
    const struct batch_rule how = {
        .optimiser = &adapting, .through_time = true, .independent = rule->independent};
    memset(adapter, 0, sizeof *adapter);
    adapter->rule = *rule;
    adapter->roots = roots;
    if (!rule_ok(rule, error) || !adapter_fits(network, error) ||
        (adapter->pool = pool_new(1, error)) == NULL ||
        !batch_init(&adapter->batch, network, &how, 1, rule->words, adapter->pool, error))
        return false;
    for (size_t p = 0; p < network->parameters; p++)
        memcpy(optimiser_weights_memory(&adapter->batch.optimiser, p, 0, 0),
               network->parameter[p].data, parameter_count(&network->parameter[p]) * sizeof(float));
    batch_refresh(&adapter->batch);
    adapter->online = network->shape.output->online->begin(network, error);
    return adapter->online != NULL;
}

void adapter_free(struct adapter *adapter)
{
    if (adapter->online != NULL)
        adapter->batch.network->shape.output->online->end(adapter->online);
    batch_free(&adapter->batch);
    pool_free(adapter->pool);
    memset(adapter, 0, sizeof *adapter);
}

void adapter_restore(struct adapter *adapter)
{
    struct optimiser *optimiser = &adapter->batch.optimiser;
    const struct network *network = adapter->batch.network;
    for (size_t p = 0; p < network->parameters; p++) {
        const struct parameter *parameter = &network->parameter[p];
        memcpy(parameter->data, optimiser_weights_memory(optimiser, p, 0, 0),
               parameter_count(parameter) * sizeof(float));
        for (size_t i = 0; i < parameter->rows; i++)
            *optimiser_row_memory(optimiser, p, i) = 0;
    }
    optimiser->blocks = 0;
    adapter->batch.block = 0;
    batch_refresh(&adapter->batch);
}

void adapter_start(struct adapter *adapter, const float *value)
{
    batch_start(&adapter->batch, 0, value, NULL);
    adapter->previous = WORD_END;
    adapter->filled = 0;
}

// The word before through all layers: row `filled` of the tape.
static double predict(struct adapter *adapter, int32_t word)
{
    static const int32_t history[SHAPE_MOST_ORDER];
    struct tape *tape = &adapter->batch.tape;
    const struct network *network = adapter->batch.network;
    const size_t row = adapter->filled;
    tape->word[row] = adapter->previous;
    tape->target[row] = word;
    for (size_t l = 0; l < network->shape.layers; l++)
        tape_forward(tape, l, (struct tape_rows){row, 1}, false);
    const struct tape_layer *top = &tape->layer[network->shape.layers - 1];
    adapter->top = top->out + row * top->width;
    return word < 0 ? 0
                    : network->shape.output->online->predict(adapter->online, adapter->top, history,
                                                             word);
}

bool adapter_next(struct adapter *adapter, int32_t word, double *prob, struct error *error)
{
    double log10_prob = 0;
    *prob = predict(adapter, word);
    adapter->previous = word;
    if (++adapter->filled < adapter->rule.words)
        return true;
    adapter->filled = 0;
    return batch_learn(&adapter->batch, adapter->rule.words, &log10_prob, error);
}

const float *adapter_top(const struct adapter *adapter)
{
    return adapter->top;
}
