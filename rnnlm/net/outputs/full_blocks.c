// A softmax over all words, learning in blocks.
//
// Three products of matrices make nearly all of the work: logits [R][V], what their errors are for
// the layer below, and the gradients of the words' rows. Errors are held for as many words at a time
// as memory is given for, a strip; where that is not all of them, logits are computed twice: first
// for the sums of the softmaxes, then strip by strip.
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/outputs/full.h"
#include "net/outputs/row_gradients.h"
#include "net/outputs/softmax.h"

// Floats of errors that are held; rows of a block that go together; words whose logits are computed,
// and whose gradients are given, together.
enum { STRIP_FLOATS = 1 << 24, CHUNK_ROWS = 64, TILE_WORDS = 1024, GIVE_WORDS = ROW_GRADIENTS };

struct blocks {
    const struct network *network;
    struct full_parameters own;
    struct pool *pool;
    struct output_block block; // the one under way
    size_t strip;              // words of a strip at most
    size_t first, count;       // the strip under way
    float *error;              // [R][error_row] logits, then errors, of its words
    size_t error_row;
    struct softmax_sum *sum; // [R]
    float *bias_sum;         // [V] sums of errors; NULL without biases
    struct row_gradients gradients;
    bool halves;
    struct columns columns; // of the words' rows, with products of halves; else not there
};

// ---- memory -----------------------------------------------------------------------------------

static void end(void *data)
{
    struct blocks *blocks = data;
    free(blocks->error);
    free(blocks->sum);
    free(blocks->bias_sum);
    row_gradients_free(&blocks->gradients);
    columns_free(&blocks->columns);
    free(blocks);
}

// Rows are an odd number of cache lines apart: what is read across them does not meet in a few sets
// of the caches.
static void choose_strip(struct blocks *blocks, size_t most_rows)
{
    size_t words = blocks->network->shape.words, fit = STRIP_FLOATS / most_rows;
    fit = fit < TILE_WORDS ? TILE_WORDS : fit / TILE_WORDS * TILE_WORDS;
    blocks->strip = words < fit ? words : fit;
    blocks->error_row = memory_row(blocks->strip);
    if (blocks->error_row / MEMORY_ROW % 2 == 0)
        blocks->error_row += MEMORY_ROW;
}

static bool allocate(struct blocks *blocks, size_t most_rows, struct error *error)
{
    blocks->error = memory_new(most_rows, blocks->error_row * sizeof(float), error);
    blocks->sum = memory_new(most_rows, sizeof *blocks->sum, error);
    if (blocks->own.bias != NULL)
        blocks->bias_sum = memory_new(blocks->network->shape.words, sizeof(float), error);
    if (blocks->error == NULL || blocks->sum == NULL ||
        (blocks->bias_sum == NULL && blocks->own.bias != NULL))
        return false;
    return row_gradients_init(&blocks->gradients, blocks->own.words, most_rows, blocks->halves,
                              blocks->pool, error) &&
           (!blocks->halves ||
            columns_init(&blocks->columns, blocks->own.words, COLUMNS_PAIRS_BOTH_WAYS, error));
}

static void *begin(const struct network *network, const struct columns *columns, size_t most_rows,
                   bool halves, struct pool *pool, struct error *error)
{
    struct blocks *blocks = memory_new(1, sizeof *blocks, error);
    (void)columns;
    if (blocks == NULL)
        return NULL;
    blocks->network = network;
    blocks->own = full_parameters(network);
    blocks->pool = pool;
    blocks->halves = halves;
    choose_strip(blocks, most_rows);
    if (allocate(blocks, most_rows, error))
        return blocks;
    end(blocks);
    return NULL;
}

// ---- rows -------------------------------------------------------------------------------------

struct rows {
    size_t first, count;
};

static struct rows rows_of(const struct blocks *blocks, size_t item)
{
    size_t first = item * CHUNK_ROWS, left = blocks->block.rows - first;
    return (struct rows){first, left < CHUNK_ROWS ? left : CHUNK_ROWS};
}

static size_t chunks(const struct blocks *blocks)
{
    return (blocks->block.rows + CHUNK_ROWS - 1) / CHUNK_ROWS;
}

// Logits of `count` words of some rows, into the errors' columns from `at` on; added to the sums if
// these are not there yet.
static void compute(struct blocks *blocks, struct rows rows, size_t first, size_t count, size_t at,
                    bool add)
{
    const struct output_block *block = &blocks->block;
    float *logit = blocks->error + rows.first * blocks->error_row + at;
    for (size_t i = 0; i < rows.count; i++)
        bias_begin(blocks->own.bias, first, count, logit + i * blocks->error_row);
    const float *input = block->input + rows.first * block->stride;
    if (blocks->halves)
        columns_multiply_part(logit, blocks->error_row, &blocks->columns, first, count, input,
                              block->stride, rows.count);
    else
        linear_rows_times(logit, blocks->error_row, blocks->own.words, first, count, input,
                          block->stride, NULL, 0, rows.count, 1);
    for (size_t i = 0; i < rows.count && add; i++)
        softmax_add(&blocks->sum[rows.first + i], logit + i * blocks->error_row, count);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// The sums over all words, whose logits come and go.
static void run_sums(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    struct rows rows = rows_of(blocks, item);
    size_t words = blocks->network->shape.words;
    (void)worker;
    for (size_t first = 0; first < words; first += TILE_WORDS)
        compute(blocks, rows, first, least(TILE_WORDS, words - first), 0, true);
}

// Logits of the strip to errors: target - probability.
static void make_errors(struct blocks *blocks, size_t r)
{
    const struct output_block *block = &blocks->block;
    const struct softmax_sum *sum = &blocks->sum[r];
    float *e = blocks->error + r * blocks->error_row;
    if (block->target[r] < 0) {
        memset(e, 0, blocks->count * sizeof *e);
        return;
    }
    kernels->softmax_part(e, blocks->count, sum->largest, -1 / sum->sum);
    size_t target = (size_t)block->target[r];
    bool here = target >= blocks->first && target - blocks->first < blocks->count;
    if (here)
        block->prob[r] = -(double)e[target - blocks->first];
    if (block->self_normalise > 0) {
        float fall = softmax_self_normalise(sum, block->self_normalise);
        for (size_t i = 0; i < blocks->count; i++)
            e[i] *= fall;
    }
    if (here)
        e[target - blocks->first] += 1;
}

// Errors of some rows for the words of the strip, and what they are for the layer below.
static void run_rows(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    const struct output_block *block = &blocks->block;
    struct rows rows = rows_of(blocks, item);
    size_t width = blocks->network->width, stride = block->stride;
    float *error = block->error + rows.first * stride;
    bool all = blocks->strip == blocks->network->shape.words;
    (void)worker;
    for (size_t at = 0; at < blocks->count; at += TILE_WORDS)
        compute(blocks, rows, blocks->first + at, least(TILE_WORDS, blocks->count - at), at, all);
    for (size_t i = 0; i < rows.count; i++)
        make_errors(blocks, rows.first + i);
    if (blocks->first == 0)
        memset(error, 0, rows.count * stride * sizeof *error);
    for (size_t at = 0; at < blocks->count; at += TILE_WORDS)
        columns_errors(&blocks->columns, blocks->own.words, blocks->first + at,
                       least(TILE_WORDS, blocks->count - at),
                       blocks->error + rows.first * blocks->error_row + at, blocks->error_row,
                       rows.count, error, stride);
    for (size_t i = 0; i < rows.count; i++)
        if (blocks->first + blocks->count == blocks->network->shape.words)
            kernels->clamp(error + i * stride, width, block->cutoff);
}

// ---- words ------------------------------------------------------------------------------------

// Halves of some words' rows, and of the input.
static void run_fill(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    size_t first = item * TILE_WORDS, words = blocks->network->shape.words;
    (void)worker;
    if (first < words)
        columns_fill_rows(&blocks->columns, blocks->own.words, first,
                          least(TILE_WORDS, words - first));
    else
        row_gradients_pair_input(&blocks->gradients, &blocks->block);
}

// Gradients of some words of the strip, over all rows: every word has one in every block, so that they
// are made here in one product, which is the faster, the more rows it has.
static void run_words(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    const struct output_block *block = &blocks->block;
    const struct parameter *words = blocks->own.words;
    size_t at = item * GIVE_WORDS;
    const float *error = blocks->error + at;
    float power[GIVE_WORDS];
    struct gradient gradient = {.parameter = (size_t)(words - blocks->network->parameter),
                                .form = GRADIENT_WHOLE,
                                .first = blocks->first + at,
                                .count = least(GIVE_WORDS, blocks->count - at),
                                .terms = block->rows,
                                .right_stride = words->stride,
                                .norm = power};
    if (blocks->bias_sum != NULL)
        bias_sum(error, blocks->error_row, block->rows, gradient.count,
                 blocks->bias_sum + gradient.first);
    gradient.right = row_gradients_multiply(&blocks->gradients, block, error, blocks->error_row,
                                            gradient.count, worker, power);
    block->sink->take(block->sink, worker, &gradient);
}

static bool learn(void *data, const struct output_block *block, struct error *error)
{
    struct blocks *blocks = data;
    size_t words = blocks->network->shape.words;
    (void)error;
    blocks->block = *block;
    for (size_t r = 0; r < block->rows; r++)
        blocks->sum[r] = SOFTMAX_NOTHING;
    if (blocks->halves)
        pool_run(blocks->pool, run_fill, blocks, (words + TILE_WORDS - 1) / TILE_WORDS + 1);
    if (blocks->strip < words)
        pool_run(blocks->pool, run_sums, blocks, chunks(blocks));
    for (blocks->first = 0; blocks->first < words; blocks->first += blocks->count) {
        blocks->count = least(blocks->strip, words - blocks->first);
        pool_run(blocks->pool, run_rows, blocks, chunks(blocks));
        pool_run(blocks->pool, run_words, blocks, (blocks->count + GIVE_WORDS - 1) / GIVE_WORDS);
    }
    return true;
}

// ---- biases -----------------------------------------------------------------------------------

enum { BIASES = 1 << 14 };

static size_t gradients(const void *data)
{
    const struct blocks *blocks = data;
    return blocks->bias_sum != NULL ? (blocks->network->shape.words + BIASES - 1) / BIASES : 0;
}

static void give(const void *data, size_t item, size_t worker)
{
    const struct blocks *blocks = data;
    size_t first = item * BIASES;
    bias_give(blocks->network, blocks->own.bias, first,
              least(BIASES, blocks->network->shape.words - first), blocks->block.rows,
              blocks->bias_sum + first, blocks->block.sink, worker);
}

const struct output_blocks full_blocks = {
    .begin = begin,
    .end = end,
    .learn = learn,
    .gradients = gradients,
    .give = give,
};
