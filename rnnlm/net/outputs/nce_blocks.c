// A softmax over all words, learnt against noise, in blocks.
//
// Three products of matrices, as in full_blocks.c, but with the rows of the words drawn as noise alone,
// of which copies lie side by side. A word that has been drawn several times counts as often. Targets that
// are no noise of the block have a row each to be multiplied with: their places are sorted by them.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/outputs/nce.h"
#include "net/outputs/row_gradients.h"

// Rows of a block that go together; words whose rows are copied or whose gradients are given together;
// targets that are no noise likewise.
enum { CHUNK_ROWS = 64, NOISE_WORDS = ROW_GRADIENTS, TARGET_WORDS = 32 };

struct blocks {
    const struct network *network;
    struct full_parameters own;
    struct pool *pool;
    struct output_block block; // the one under way
    size_t most_rows;
    bool halves;
    struct nce_noise noise;
    int32_t *drawn; // [k]
    // The words of the block: those drawn, then other targets.
    int32_t *word;  // [k + R]
    int32_t *place; // [V] of a word among them; -1 for those that are not there
    size_t noises, words;
    float *times;     // [k] how often the word has been drawn
    float *offset;    // [k] bias[w] - log(k q(w))
    float *bias_sum;  // [k + R] sums of errors; NULL without biases
    size_t *begin;    // [R + 1] rows of other target number i: row[begin[i]] and on
    int32_t *row;     // [R] those whose target is no noise, sorted by it
    float *own_error; // [R] of the targets of these rows
    float *error;     // [R][error_row] scores of the words drawn, then their errors
    size_t error_row;
    struct parameter copies; // [k] rows of the words drawn
    struct columns columns;  // of these, with products of halves; else not there
    struct row_gradients gradients;
};

// ---- memory -----------------------------------------------------------------------------------

static void end(void *data)
{
    struct blocks *blocks = data;
    nce_noise_free(&blocks->noise);
    free(blocks->drawn);
    free(blocks->word);
    free(blocks->place);
    free(blocks->times);
    free(blocks->offset);
    free(blocks->bias_sum);
    free(blocks->begin);
    free(blocks->row);
    free(blocks->own_error);
    free(blocks->error);
    parameter_free(&blocks->copies);
    columns_free(&blocks->columns);
    row_gradients_free(&blocks->gradients);
    free(blocks);
}

static void *begin(const struct network *network, const struct columns *columns, size_t most_rows,
                   bool halves, struct pool *pool, struct error *error)
{
    struct blocks *blocks = memory_new(1, sizeof *blocks, error);
    size_t words = network->shape.words;
    (void)columns;
    if (blocks == NULL)
        return NULL;
    blocks->network = network;
    blocks->own = full_parameters(network);
    blocks->pool = pool;
    blocks->most_rows = most_rows;
    blocks->halves = halves;
    blocks->place = memory_new(words, sizeof *blocks->place, error);
    blocks->begin = memory_new(most_rows + 1, sizeof *blocks->begin, error);
    blocks->row = memory_new(most_rows, sizeof *blocks->row, error);
    blocks->own_error = memory_new(most_rows, sizeof(float), error);
    bool ok =
        blocks->place != NULL && blocks->begin != NULL && blocks->row != NULL &&
        blocks->own_error != NULL &&
        row_gradients_init(&blocks->gradients, blocks->own.words, most_rows, halves, pool, error);
    for (size_t w = 0; ok && w < words; w++)
        blocks->place[w] = -1;
    if (ok)
        return blocks;
    end(blocks);
    return NULL;
}

// What is as large as the noise of a block.
static bool set_noise(void *data, const struct output_noise *noise, struct error *error)
{
    struct blocks *blocks = data;
    const struct parameter *words = blocks->own.words;
    size_t most = noise->words;
    if (!nce_noise_init(&blocks->noise, words->rows, noise, error))
        return false;
    blocks->copies = (struct parameter){.name = "noise",
                                        .use = PARAMETER_EACH_WORD,
                                        .rows = most,
                                        .width = words->width,
                                        .stride = words->stride};
    blocks->error_row = memory_row(most);
    if (blocks->error_row / MEMORY_ROW % 2 == 0) // as in full_blocks.c
        blocks->error_row += MEMORY_ROW;
    blocks->drawn = memory_new(most, sizeof *blocks->drawn, error);
    blocks->word = memory_new(most + blocks->most_rows, sizeof *blocks->word, error);
    blocks->times = memory_new(most, sizeof(float), error);
    blocks->offset = memory_new(most, sizeof(float), error);
    blocks->error = memory_new(blocks->most_rows, blocks->error_row * sizeof(float), error);
    if (blocks->own.bias != NULL)
        blocks->bias_sum = memory_new(most + blocks->most_rows, sizeof(float), error);
    return blocks->drawn != NULL && blocks->word != NULL && blocks->times != NULL &&
           blocks->offset != NULL && blocks->error != NULL &&
           (blocks->bias_sum != NULL || blocks->own.bias == NULL) &&
           parameter_allocate(&blocks->copies, error) &&
           (!blocks->halves ||
            columns_init(&blocks->columns, &blocks->copies, COLUMNS_PAIRS_BOTH_WAYS, error));
}

// ---- words of the block -----------------------------------------------------------------------

static void add_word(struct blocks *blocks, int32_t word)
{
    blocks->place[word] = (int32_t)blocks->words;
    blocks->word[blocks->words++] = word;
}

static void draw(struct blocks *blocks)
{
    nce_noise_draw(&blocks->noise, blocks->block.number, blocks->drawn);
    for (size_t i = 0; i < blocks->noise.words; i++) {
        int32_t word = blocks->drawn[i];
        if (blocks->place[word] < 0) {
            blocks->times[blocks->words] = 0;
            add_word(blocks, word);
        }
        blocks->times[blocks->place[word]]++;
    }
    blocks->noises = blocks->words;
}

// Number of a row's target among those that are no noise; -1 for others.
static int64_t other_target(const struct blocks *blocks, size_t r)
{
    int32_t target = blocks->block.target[r];
    int64_t place = target >= 0 ? blocks->place[target] - (int64_t)blocks->noises : -1;
    return place >= 0 ? place : -1;
}

static void sort_targets(struct blocks *blocks)
{
    const struct output_block *block = &blocks->block;
    size_t *begin = blocks->begin, others;
    for (size_t r = 0; r < block->rows; r++)
        if (block->target[r] >= 0 && blocks->place[block->target[r]] < 0)
            add_word(blocks, block->target[r]);
    others = blocks->words - blocks->noises;
    memset(begin, 0, (others + 1) * sizeof *begin);
    for (size_t r = 0; r < block->rows; r++)
        if (other_target(blocks, r) >= 0)
            begin[other_target(blocks, r)]++;
    for (size_t i = 0; i < others; i++)
        begin[i + 1] += begin[i];
    for (size_t r = block->rows; r-- > 0;) // backwards: from the end of each word's rows
        if (other_target(blocks, r) >= 0)
            blocks->row[--begin[other_target(blocks, r)]] = (int32_t)r;
}

static void forget_words(struct blocks *blocks)
{
    for (size_t i = 0; i < blocks->words; i++)
        blocks->place[blocks->word[i]] = -1;
    blocks->words = 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t parts(size_t count, size_t size)
{
    return (count + size - 1) / size;
}

// bias[w] - log(k q(w)): what the odds of a word have beside its row's product.
static float offset_of(const struct blocks *blocks, int32_t word)
{
    float bias = blocks->own.bias != NULL ? parameter_row(blocks->own.bias, 0)[word] : 0;
    return bias - blocks->noise.log_share[word];
}

// Copies of some rows of the words drawn, and the input as halves.
static void run_copy(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    const struct parameter *words = blocks->own.words;
    size_t first = item * NOISE_WORDS;
    (void)worker;
    if (first >= blocks->noises) {
        row_gradients_pair_input(&blocks->gradients, &blocks->block);
        return;
    }
    size_t count = least(NOISE_WORDS, blocks->noises - first);
    for (size_t i = first; i < first + count; i++) {
        memcpy(parameter_row(&blocks->copies, i), parameter_row(words, (size_t)blocks->word[i]),
               words->stride * sizeof(float));
        blocks->offset[i] = offset_of(blocks, blocks->word[i]);
    }
    if (blocks->halves)
        columns_fill_rows(&blocks->columns, &blocks->copies, first, count);
}

// ---- errors -----------------------------------------------------------------------------------

static float logistic(float x)
{
    return 1 / (1 + expf(-x));
}

// The errors of a row, d J / d score, from the logarithms of odds.
static void make_errors(struct blocks *blocks, size_t r)
{
    const struct output_block *block = &blocks->block;
    float *e = blocks->error + r * blocks->error_row;
    int32_t target = block->target[r];
    if (target < 0) {
        memset(e, 0, blocks->noises * sizeof *e);
        return;
    }
    size_t place = (size_t)blocks->place[target];
    float odds = place < blocks->noises ? e[place] : 0;
    kernels->sigmoid(e, blocks->noises);
    for (size_t i = 0; i < blocks->noises; i++)
        e[i] *= -blocks->times[i];
    if (place >= blocks->noises)
        return;
    e[place] += logistic(-odds);
    block->prob[r] = exp((double)odds + (double)blocks->noise.log_share[target]);
}

// That of a target which is no noise, and what it is for the layer below.
static void learn_target(struct blocks *blocks, size_t r)
{
    const struct output_block *block = &blocks->block;
    const struct parameter *words = blocks->own.words;
    int32_t target = block->target[r];
    float odds = offset_of(blocks, target);
    linear_add_products(words, (size_t)target, 1, block->input + r * block->stride, &odds);
    blocks->own_error[r] = logistic(-odds);
    block->prob[r] = exp((double)odds + (double)blocks->noise.log_share[target]);
    kernels->scale_add(block->error + r * block->stride, parameter_row(words, (size_t)target),
                       words->width, blocks->own_error[r], 1);
}

static void multiply(struct blocks *blocks, size_t first, size_t count)
{
    const struct output_block *block = &blocks->block;
    const float *input = block->input + first * block->stride;
    float *score = blocks->error + first * blocks->error_row;
    for (size_t i = 0; i < count; i++)
        memcpy(score + i * blocks->error_row, blocks->offset, blocks->noises * sizeof *score);
    if (blocks->halves)
        columns_multiply_part(score, blocks->error_row, &blocks->columns, 0, blocks->noises, input,
                              block->stride, count);
    else
        linear_rows_times(score, blocks->error_row, &blocks->copies, 0, blocks->noises, input,
                          block->stride, NULL, 0, count, 1);
}

static void run_rows(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    const struct output_block *block = &blocks->block;
    size_t first = item * CHUNK_ROWS, count = least(CHUNK_ROWS, block->rows - first);
    float *error = block->error + first * block->stride;
    (void)worker;
    multiply(blocks, first, count);
    for (size_t r = first; r < first + count; r++)
        make_errors(blocks, r);
    memset(error, 0, count * block->stride * sizeof *error);
    columns_errors(&blocks->columns, &blocks->copies, 0, blocks->noises,
                   blocks->error + first * blocks->error_row, blocks->error_row, count, error,
                   block->stride);
    for (size_t r = first; r < first + count; r++) {
        if (other_target(blocks, r) >= 0)
            learn_target(blocks, r);
        kernels->clamp(block->error + r * block->stride, blocks->network->width, block->cutoff);
    }
}

// ---- gradients --------------------------------------------------------------------------------

// Of the row of word number i of the block.
static void give_row(const struct blocks *blocks, size_t i, size_t terms, const float *row,
                     const float *power, size_t worker)
{
    const struct parameter *words = blocks->own.words;
    struct gradient gradient = {.parameter = (size_t)(words - blocks->network->parameter),
                                .form = GRADIENT_WHOLE,
                                .first = (size_t)blocks->word[i],
                                .count = 1,
                                .terms = terms,
                                .right = row,
                                .right_stride = words->stride,
                                .norm = power};
    blocks->block.sink->take(blocks->block.sink, worker, &gradient);
}

// Some of the words drawn, over all rows.
static void learn_noise(const struct blocks *blocks, size_t first, size_t worker)
{
    const struct output_block *block = &blocks->block;
    size_t count = least(NOISE_WORDS, blocks->noises - first);
    const float *error = blocks->error + first;
    float power[ROW_GRADIENTS];
    const float *rows = row_gradients_multiply(&blocks->gradients, block, error, blocks->error_row,
                                               count, worker, power);
    if (blocks->bias_sum != NULL)
        bias_sum(error, blocks->error_row, block->rows, count, blocks->bias_sum + first);
    for (size_t i = 0; i < count; i++)
        give_row(blocks, first + i, block->rows, rows + i * blocks->own.words->stride, &power[i],
                 worker);
}

// A target that is no noise, over its rows.
static void learn_other(const struct blocks *blocks, size_t other, size_t worker)
{
    const struct output_block *block = &blocks->block;
    size_t begin = blocks->begin[other], end = blocks->begin[other + 1];
    float *sum = blocks->gradients.rows[worker], power = 0, bias = 0;
    memset(sum, 0, blocks->own.words->stride * sizeof *sum);
    for (size_t i = begin; i < end; i++) {
        size_t r = (size_t)blocks->row[i];
        float e = blocks->own_error[r];
        kernels->scale_add(sum, block->input + r * block->stride, blocks->network->width, e, 1);
        power += block->norm != NULL ? e * e * block->norm[r] : 0;
        bias += e;
    }
    if (blocks->bias_sum != NULL)
        blocks->bias_sum[blocks->noises + other] = bias;
    give_row(blocks, blocks->noises + other, end - begin, sum, &power, worker);
}

static void run_words(void *context, size_t worker, size_t item)
{
    const struct blocks *blocks = context;
    size_t tiles = parts(blocks->noises, NOISE_WORDS), others = blocks->words - blocks->noises;
    if (item < tiles) {
        learn_noise(blocks, item * NOISE_WORDS, worker);
        return;
    }
    size_t first = (item - tiles) * TARGET_WORDS;
    for (size_t i = first; i < first + least(TARGET_WORDS, others - first); i++)
        learn_other(blocks, i, worker);
}

static bool learn(void *data, const struct output_block *block, struct error *error)
{
    struct blocks *blocks = data;
    (void)error;
    blocks->block = *block;
    forget_words(blocks);
    draw(blocks);
    sort_targets(blocks);
    size_t tiles = parts(blocks->noises, NOISE_WORDS);
    pool_run(blocks->pool, run_copy, blocks, tiles + (blocks->halves ? 1 : 0));
    pool_run(blocks->pool, run_rows, blocks, parts(block->rows, CHUNK_ROWS));
    pool_run(blocks->pool, run_words, blocks,
             tiles + parts(blocks->words - blocks->noises, TARGET_WORDS));
    return true;
}

// ---- biases -----------------------------------------------------------------------------------

enum { BIASES = 256 };

static size_t gradients(const void *data)
{
    const struct blocks *blocks = data;
    return blocks->bias_sum != NULL ? parts(blocks->words, BIASES) : 0;
}

static void give(const void *data, size_t item, size_t worker)
{
    const struct blocks *blocks = data;
    size_t first = item * BIASES, last = first + least(BIASES, blocks->words - first);
    for (size_t i = first; i < last; i++) {
        size_t other = i - blocks->noises;
        size_t terms = i < blocks->noises ? blocks->block.rows
                                          : blocks->begin[other + 1] - blocks->begin[other];
        bias_give(blocks->network, blocks->own.bias, (size_t)blocks->word[i], 1, terms,
                  &blocks->bias_sum[i], blocks->block.sink, worker);
    }
}

const struct output_blocks nce_blocks = {
    .begin = begin,
    .end = end,
    .set_noise = set_noise,
    .learn = learn,
    .gradients = gradients,
    .give = give,
};
