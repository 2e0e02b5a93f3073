// Batch learning: the phases of a block.
#include "learn/batch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "learn/held.h"
#include "learn/pieces.h"
#include "text/vocabulary.h"

// Streams that go through a layer together; rows of a block that have their input's part computed
// together; words whose gradients are an item, and how far ahead what is held of a word is asked for;
// rows of a matrix whose gradients are an item.
enum {
    GROUP_STREAMS = 16,
    CHUNK_ROWS = 48,
    ITEM_WORDS = 32,
    AHEAD = 4,
    ITEM_ROWS = OPTIMISER_ROWS
};

// Bound on errors where the user wants none: activations and weights stay far from overflow.
static const float SAFE_CUTOFF = 1000;

// ---- memory -----------------------------------------------------------------------------------

static bool allocate(struct batch *batch, struct error *error)
{
    const struct network *network = batch->network;
    size_t streams = batch->tape.streams, rows = streams * batch->tape.steps;
    size_t words = network->shape.words, threads = pool_threads(batch->pool);
    size_t group = streams < GROUP_STREAMS ? streams : GROUP_STREAMS;
    batch->prob = memory_new(rows, sizeof *batch->prob, error);
    batch->words.distinct = memory_new(rows, sizeof(int32_t), error);
    batch->words.begin = memory_new(rows + 1, sizeof(size_t), error);
    batch->words.row = memory_new(rows, sizeof(int32_t), error);
    batch->words.place = memory_new(words, sizeof(int32_t), error);
    batch->value = memory_new(network->state, sizeof(float), error);
    batch->scratch = memory_new(threads, sizeof *batch->scratch, error);
    bool ok = batch->prob != NULL && batch->words.distinct != NULL && batch->words.begin != NULL &&
              batch->words.row != NULL && batch->words.place != NULL && batch->value != NULL &&
              batch->scratch != NULL;
    for (size_t i = 0; ok && i < threads; i++) {
        batch->scratch[i] = memory_new(group, batch->tape.scratch_row * sizeof(float), error);
        ok = batch->scratch[i] != NULL;
    }
    for (size_t i = 0; ok && i < words; i++)
        batch->words.place[i] = -1;
    if (ok && batch->rule.lesson_share > 0) {
        batch->lesson = memory_new(rows, sizeof *batch->lesson, error);
        ok = batch->lesson != NULL;
    }
    if (ok && network->shape.maxent > 0) {
        batch->history = memory_new(rows + streams, SHAPE_MOST_ORDER * sizeof(int32_t), error);
        ok = batch->history != NULL;
    }
    return ok;
}

bool batch_init(struct batch *batch, struct network *network, const struct batch_rule *rule,
                size_t streams, size_t steps, struct pool *pool, struct error *error)
{
    size_t all = streams;
    memset(batch, 0, sizeof *batch);
    if (rule->pieces != NULL)
        streams = pieces_streams(rule->pieces, all);
    batch->network = network;
    batch->pool = pool;
    batch->rule = *rule;
    float wanted = rule->gradient_cutoff;
    if (!tape_init(&batch->tape, network, streams, steps, true, rule->independent,
                   rule->optimiser->norms, rule->halves, error))
        return false;
    batch->tape.cutoff = wanted > 0 && wanted < SAFE_CUTOFF ? wanted : SAFE_CUTOFF;
    if (!allocate(batch, error) ||
        !dropout_init(&batch->dropout, &rule->dropout, &batch->tape, error) ||
        !optimiser_init(&batch->optimiser, rule->optimiser, network, batch->tape.columns,
                        &rule->step, streams, streams * steps, pool_threads(pool), error))
        return false;
    const struct output_blocks *output = network->shape.output->blocks;
    batch->output =
        output->begin(network, batch->tape.columns, streams * steps, rule->halves, pool, error);
    return batch->output != NULL &&
           (output->set_noise == NULL || output->set_noise(batch->output, &rule->noise, error)) &&
           (rule->pieces == NULL || pieces_init(batch, all, error));
}

void batch_free(struct batch *batch)
{
    if (batch->network == NULL)
        return;
    pieces_free(batch);
    if (batch->output != NULL)
        batch->network->shape.output->blocks->end(batch->output);
    optimiser_free(&batch->optimiser);
    for (size_t i = 0; batch->scratch != NULL && i < pool_threads(batch->pool); i++)
        free(batch->scratch[i]);
    free(batch->scratch);
    free(batch->prob);
    free(batch->words.distinct);
    free(batch->words.begin);
    free(batch->words.row);
    free(batch->words.place);
    free(batch->history);
    free(batch->lesson);
    free(batch->value);
    tape_free(&batch->tape);
    memset(batch, 0, sizeof *batch);
}

void batch_refresh(struct batch *batch)
{
    for (size_t i = 0; i < batch->network->parameters; i++)
        if (batch->tape.columns[i].rows > 0)
            columns_fill(&batch->tape.columns[i], &batch->network->parameter[i]);
}

// ---- beginnings and ends ----------------------------------------------------------------------

void batch_start(struct batch *batch, size_t b, const float *value, const int32_t *history)
{
    tape_set_start(&batch->tape, b, value);
    if (batch->history == NULL)
        return;
    int32_t *to = batch->history + b * SHAPE_MOST_ORDER;
    for (size_t i = 0; i < SHAPE_MOST_ORDER; i++)
        to[i] = history != NULL ? history[i] : WORD_END;
}

void batch_values(const struct batch *batch, size_t b, float *value)
{
    tape_get_after(&batch->tape, b - batch->tape.streams, value);
}

// The states and histories after the block are those before the next.
void batch_carry_over(struct batch *batch)
{
    size_t streams = batch->tape.streams, rows = batch->rows_now;
    for (size_t b = 0; b < streams; b++) {
        size_t last = rows - streams + b;
        bool anew = tape_ends_sentence(&batch->tape, last);
        if (!anew)
            tape_get_after(&batch->tape, last, batch->value);
        batch_start(batch, b, anew ? batch->tape.restart : batch->value,
                    batch->history != NULL && !anew ? batch->history + (rows + b) * SHAPE_MOST_ORDER
                                                    : NULL);
    }
}

// ---- preparation ------------------------------------------------------------------------------

// Sorts rows by the word taken in.
static void sort_by_word(struct batch *batch)
{
    struct batch_words *words = &batch->words;
    const int32_t *word = batch->tape.word;
    for (size_t i = 0; i < words->count; i++)
        words->place[words->distinct[i]] = -1;
    words->count = 0;
    memset(words->begin, 0, (batch->rows_now + 1) * sizeof *words->begin);
    for (size_t r = 0; r < batch->rows_now; r++) {
        if (word[r] < 0)
            continue;
        if (words->place[word[r]] < 0) {
            words->place[word[r]] = (int32_t)words->count;
            words->distinct[words->count++] = word[r];
        }
        words->begin[words->place[word[r]] + 1]++;
    }
    for (size_t i = 0; i < words->count; i++)
        words->begin[i + 1] += words->begin[i];
    for (size_t r = batch->rows_now; r-- > 0;) // backwards: from the end of each word's rows
        if (word[r] >= 0)
            words->row[--words->begin[words->place[word[r]] + 1]] = (int32_t)r;
    for (size_t i = 0; i < words->count; i++) // begin[i + 1] is now the beginning of i
        words->begin[i] = words->begin[i + 1];
    words->begin[words->count] = 0;
    for (size_t r = 0; r < batch->rows_now; r++)
        words->begin[words->count] += word[r] >= 0;
}

static void fill_histories(struct batch *batch)
{
    size_t streams = batch->tape.streams, size = SHAPE_MOST_ORDER;
    for (size_t r = 0; r < batch->rows_now; r++) {
        int32_t *to = batch->history + (r + streams) * size;
        if (r >= streams && tape_ends_sentence(&batch->tape, r - streams))
            memset(to, 0, size * sizeof *to); // </s>
        else
            memcpy(to, batch->history + r * size, size * sizeof *to);
        history_push(to, batch->tape.word[r]);
    }
}

// ---- layers -----------------------------------------------------------------------------------

static size_t parts(size_t count, size_t size)
{
    return (count + size - 1) / size;
}

// Streams *first..*last-1 of group `item`: about the same number in each.
static void streams_of(const struct batch *batch, size_t item, size_t *first, size_t *last)
{
    size_t streams = batch->tape.streams, groups = parts(streams, GROUP_STREAMS);
    *first = streams * item / groups;
    *last = streams * (item + 1) / groups;
}

static struct tape_rows chunk_of(const struct batch *batch, size_t item)
{
    size_t first = item * CHUNK_ROWS, left = batch->rows_now - first;
    return (struct tape_rows){first, left < CHUNK_ROWS ? left : CHUNK_ROWS};
}

static bool carries(const struct batch *batch, size_t l)
{
    return batch->network->layer[l].type->state > 0;
}

// A layer that carries something on: step after step, some streams at a time.
static void run_streams(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    size_t first, last, streams = batch->tape.streams;
    (void)worker;
    streams_of(batch, item, &first, &last);
    for (size_t t = 0; t < batch->steps_now; t++)
        tape_forward(&batch->tape, batch->layer,
                     (struct tape_rows){t * streams + first, last - first}, true);
}

static void run_inputs(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    (void)worker;
    tape_inputs(&batch->tape, batch->layer, chunk_of(batch, item));
}

// A layer that carries nothing on: any rows.
static void run_rows(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    (void)worker;
    tape_forward(&batch->tape, batch->layer, chunk_of(batch, item), false);
}

static void run_forward(struct batch *batch)
{
    size_t chunks = parts(batch->rows_now, CHUNK_ROWS);
    for (size_t l = 0; l < batch->network->shape.layers; l++) {
        batch->layer = l;
        if (!carries(batch, l)) {
            pool_run(batch->pool, run_rows, batch, chunks);
            continue;
        }
        if (l > 0)
            pool_run(batch->pool, run_inputs, batch, chunks);
        pool_run(batch->pool, run_streams, batch, parts(batch->tape.streams, GROUP_STREAMS));
    }
}

static void run_streams_back(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    size_t first, last, streams = batch->tape.streams;
    bool through = batch->rule.through_time;
    streams_of(batch, item, &first, &last);
    for (size_t t = batch->steps_now; t-- > 0;)
        tape_backward(
            &batch->tape, batch->layer, (struct tape_rows){t * streams + first, last - first},
            through && t + 1 < batch->steps_now, through && t > 0, batch->scratch[worker]);
}

static void run_rows_back(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    tape_backward(&batch->tape, batch->layer, chunk_of(batch, item), false, false,
                  batch->scratch[worker]);
}

static void run_errors_below(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    tape_errors_below(&batch->tape, batch->layer, chunk_of(batch, item), batch->scratch[worker]);
}

// Errors of what goes to the output become those of the topmost layer.
static void run_top(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    (void)worker;
    penalty_out(&batch->rule.penalty, &batch->tape, chunk_of(batch, item));
    tape_errors_out(&batch->tape, batch->layer, chunk_of(batch, item));
    penalty_change(&batch->rule.penalty, &batch->tape, chunk_of(batch, item), batch->rows_now);
}

static void run_backward(struct batch *batch)
{
    size_t chunks = parts(batch->rows_now, CHUNK_ROWS), top = batch->network->shape.layers - 1;
    batch->layer = top;
    if (batch->tape.layer[top].mask != NULL || penalty_wanted(&batch->rule.penalty))
        pool_run(batch->pool, run_top, batch, chunks);
    for (size_t l = batch->network->shape.layers; l-- > 0;) {
        batch->layer = l;
        if (carries(batch, l))
            pool_run(batch->pool, run_streams_back, batch,
                     parts(batch->tape.streams, GROUP_STREAMS));
        else
            pool_run(batch->pool, run_rows_back, batch, chunks);
        if (l > 0)
            pool_run(batch->pool, run_errors_below, batch, chunks);
    }
}

// Errors begin at 0; those of the topmost layer's output are filled in by the output.
static void run_clear(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    struct tape_rows rows = chunk_of(batch, item);
    size_t layers = batch->network->shape.layers;
    (void)worker;
    for (size_t l = 0; l < layers; l++) {
        struct tape_layer *own = &batch->tape.layer[l];
        if (l + 1 < layers || own->width > own->layer->row)
            memset(own->error + rows.begin * own->width, 0,
                   rows.count * own->width * sizeof(float));
    }
}

static bool run_output(struct batch *batch, struct error *error)
{
    struct tape_layer *top = &batch->tape.layer[batch->network->shape.layers - 1];
    size_t streams = batch->tape.streams;
    struct output_block block = {
        .number = batch->block,
        .rows = batch->rows_now,
        .word = batch->tape.word,
        .target = batch->tape.target,
        .history = batch->history != NULL ? batch->history + streams * SHAPE_MOST_ORDER : NULL,
        .input = top->out,
        .norm = top->out_norm,
        .error = top->error,
        .stride = top->width,
        .cutoff = batch->tape.cutoff,
        .self_normalise = batch->rule.self_normalise,
        .lesson = batch->lesson,
        .lesson_share = batch->rule.lesson_share,
        .prob = batch->prob,
        .sink = &batch->optimiser.sink};
    return batch->network->shape.output->blocks->learn(batch->output, &block, error);
}

// ---- gradients --------------------------------------------------------------------------------

static void run_pairs(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    (void)worker;
    for (size_t l = 0; l < batch->network->shape.layers; l++)
        tape_pair(&batch->tape, l, chunk_of(batch, item));
}

// The words of a look-up table.
static void give_words(struct batch *batch, size_t item, size_t worker)
{
    const struct batch_words *words = &batch->words;
    const struct tape_layer *own = &batch->tape.layer[0];
    const struct parameter *table = layer_map(own->layer, MAP_INPUT);
    const float *factor = batch->tape.word_factor;
    size_t parameter = (size_t)(table - batch->network->parameter);
    size_t last = (item + 1) * ITEM_WORDS < words->count ? (item + 1) * ITEM_WORDS : words->count;
    for (size_t i = item * ITEM_WORDS; i < last; i++) {
        if (i + AHEAD < words->count)
            held_fetch(&batch->optimiser, parameter, (size_t)words->distinct[i + AHEAD]);
        struct gradient gradient = {.parameter = parameter,
                                    .form = GRADIENT_SUM,
                                    .first = (size_t)words->distinct[i],
                                    .count = 1,
                                    .terms = words->begin[i + 1] - words->begin[i],
                                    .right = own->delta + own->layer->sums_at[MAP_INPUT],
                                    .right_stride = own->delta_row,
                                    .term = words->row + words->begin[i]};
        if (factor != NULL && factor[*gradient.term] == 0)
            continue; // the word is left out: it has no part in the block
        if (factor != NULL) {
            gradient.factor = batch->tape.kept_word;
            gradient.most = factor[*gradient.term];
        }
        batch->optimiser.sink.take(&batch->optimiser.sink, worker, &gradient);
    }
}

static size_t map_items(const struct batch *batch, size_t l, size_t m)
{
    const struct layer *layer = &batch->network->layer[l];
    if (layer->bottom && layer->type->map[m].from == MAP_INPUT)
        return parts(batch->words.count, ITEM_WORDS);
    return parts(layer->map[m]->rows, ITEM_ROWS);
}

static void give_map(struct batch *batch, size_t l, size_t m, size_t item, size_t worker)
{
    const struct layer *layer = &batch->network->layer[l];
    size_t first = item * ITEM_ROWS, left = layer->map[m]->rows - first;
    struct gradient gradient;
    if (layer->bottom && layer->type->map[m].from == MAP_INPUT) {
        give_words(batch, item, worker);
        return;
    }
    tape_gradient(&batch->tape, l, m, (struct tape_rows){0, batch->rows_now}, batch->rows_now,
                  first, left < ITEM_ROWS ? left : ITEM_ROWS, &gradient);
    batch->optimiser.sink.take(&batch->optimiser.sink, worker, &gradient);
}

static size_t output_items(const struct batch *batch)
{
    return batch->network->shape.output->blocks->gradients(batch->output);
}

size_t batch_items(const struct batch *batch)
{
    size_t count = output_items(batch);
    for (size_t l = 0; l < batch->network->shape.layers; l++)
        for (size_t m = 0; m < batch->network->layer[l].maps; m++)
            count += map_items(batch, l, m);
    return count;
}

void batch_give(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    if (item < output_items(batch)) {
        batch->network->shape.output->blocks->give(batch->output, item, worker);
        return;
    }
    item -= output_items(batch);
    for (size_t l = batch->network->shape.layers; l-- > 0;)
        for (size_t m = batch->network->layer[l].maps; m-- > 0;) {
            size_t count = map_items(batch, l, m);
            if (item < count) {
                give_map(batch, l, m, item, worker);
                return;
            }
            item -= count;
        }
}

// ---- a block ----------------------------------------------------------------------------------

bool batch_compute(struct batch *batch, size_t steps, double *log10_prob, struct error *error)
{
    batch->steps_now = steps;
    batch->rows_now = steps * batch->tape.streams;
    batch->optimiser.rule = batch->rule.step;
    dropout_draw(&batch->dropout, batch->block, batch->rows_now, batch->pool);
    sort_by_word(batch);
    if (batch->history != NULL)
        fill_histories(batch);
    run_forward(batch);
    pool_run(batch->pool, run_clear, batch, parts(batch->rows_now, CHUNK_ROWS));
    if (!run_output(batch, error))
        return false;
    run_backward(batch);
    if (batch->tape.halves)
        pool_run(batch->pool, run_pairs, batch, parts(batch->rows_now, CHUNK_ROWS));
    for (size_t r = 0; r < batch->rows_now; r++)
        if (batch->tape.target[r] >= 0)
            *log10_prob += log10(batch->prob[r]);
    return true;
}

bool batch_learn(struct batch *batch, size_t steps, double *log10_prob, struct error *error)
{
    double sum = *log10_prob;
    if (!batch_compute(batch, steps, &sum, error) ||
        !optimiser_step(&batch->optimiser, batch->pool, batch_give, batch, batch_items(batch),
                        error))
        return false;
    *log10_prob = sum;
    batch_carry_over(batch);
    batch->block++;
    return true;
}

static void keep_tape(struct batch *batch, struct kept *kept)
{
    struct tape *tape = &batch->tape;
    size_t streams = tape->streams;
    kept_add(kept, "batch", "history", batch->history,
             streams * SHAPE_MOST_ORDER * sizeof(int32_t));
    for (size_t l = 0; l < batch->network->advanced; l++) {
        struct tape_layer *own = &tape->layer[l];
        char owner[16];
        snprintf(owner, sizeof owner, "tape%d", (int)l);
        kept_add(kept, owner, "after", own->after, streams * own->width * sizeof(float));
        kept_add(kept, owner, "norm", own->norm, streams * sizeof(float));
    }
}

void batch_kept(struct batch *batch, struct kept *kept)
{
    if (batch->pieces != NULL)
        pieces_kept(batch, kept);
    else
        keep_tape(batch, kept);
    optimiser_kept(&batch->optimiser, kept);
}
