// The output that is factorised by classes, learning in blocks.
//
// Rows of a block are sorted by the classes of their targets. A class with few rows is one share of
// the work: its words' errors, what they are for the layer below, and at once its gradient, while
// weights are in the cache. One with many is divided, and its gradient follows when all is there.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bfloat16.h"
#include "base/kernels.h"
#include "base/memory.h"
#include "net/outputs/class.h"
#include "net/outputs/softmax.h"

// Slots of a class beyond which it is divided into several shares; rows of the words of such a class
// whose gradients are one item; rows of a block that take their classes together; rows of classes
// whose gradients are one item; classes the biases of whose words are; parts of the hash.
enum {
    SHARE_SLOTS = 64,
    SPLIT_ROWS = 256,
    CHUNK_ROWS = 48,
    GROUP_ROWS = 16,
    BIAS_CLASSES = 32,
    HASH_PARTS = 8
};

// Some of the words of one class of a block: the unit of work.
struct share {
    size_t class;
    size_t first, count; // slots; of a split: word rows of the class
    bool whole;          // all slots of the class
};

struct shares {
    struct share *share;
    size_t count, capacity;
};

struct blocks {
    const struct network *network;
    struct class_parameters own;
    const struct columns *columns; // of the class rows
    struct pool *pool;
    struct output_block block; // the one under way
    float *class_error;        // [R][class_row]
    size_t class_row;
    // Slots are rows sorted by the classes of their targets.
    size_t *class_begin;  // [C + 2] slots of class k: class_begin[k] .. class_begin[k + 1] - 1
    size_t *slot_row;     // [R]
    size_t *errors_begin; // [C] where a class's errors begin in word_error
    float *slot_input, *slot_below, *slot_norm; // [R][row], [R][row], [R]
    float *word_error; // [slots of k][memory_row(words of k)] for each class k
    size_t word_error_capacity;
    float *bias_sum, *class_bias_sum; // [V], [C] sums of errors, those of the words of classes that
                                      // are targets; NULL without biases
    struct shares shares, splits;     // work; parts of classes that are in several shares
    struct maxent_features *class_features, *word_features; // [R] NULL without a hash
    int32_t *same_word;                                     // [R] rows with the same word taken in
    int32_t *count_of;                                      // [V] scratch, 0
};

// ---- memory -----------------------------------------------------------------------------------

static void end(void *data)
{
    struct blocks *blocks = data;
    free(blocks->class_error);
    free(blocks->class_begin);
    free(blocks->slot_row);
    free(blocks->errors_begin);
    free(blocks->slot_input);
    free(blocks->slot_below);
    free(blocks->slot_norm);
    free(blocks->word_error);
    free(blocks->bias_sum);
    free(blocks->class_bias_sum);
    free(blocks->shares.share);
    free(blocks->splits.share);
    free(blocks->class_features);
    free(blocks->word_features);
    free(blocks->same_word);
    free(blocks->count_of);
    free(blocks);
}

static bool allocate(struct blocks *blocks, size_t rows, struct error *error)
{
    const struct network *network = blocks->network;
    size_t classes = network->shape.classes, row = memory_row(network->width) * sizeof(float);
    blocks->class_row = memory_row(classes);
    blocks->class_error = memory_new(rows, blocks->class_row * sizeof(float), error);
    blocks->class_begin = memory_new(classes + 2, sizeof *blocks->class_begin, error);
    blocks->errors_begin = memory_new(classes, sizeof *blocks->errors_begin, error);
    blocks->slot_row = memory_new(rows, sizeof *blocks->slot_row, error);
    blocks->slot_input = memory_new(rows, row, error);
    blocks->slot_below = memory_new(rows, row, error);
    blocks->slot_norm = memory_new(rows, sizeof(float), error);
    if (blocks->class_error == NULL || blocks->class_begin == NULL ||
        blocks->errors_begin == NULL || blocks->slot_row == NULL || blocks->slot_input == NULL ||
        blocks->slot_below == NULL || blocks->slot_norm == NULL)
        return false;
    return true;
}

static bool allocate_biases(struct blocks *blocks, struct error *error)
{
    if (blocks->own.bias == NULL)
        return true;
    blocks->bias_sum = memory_new(blocks->own.bias->width, sizeof(float), error);
    blocks->class_bias_sum = memory_new(blocks->own.class_bias->width, sizeof(float), error);
    return blocks->bias_sum != NULL && blocks->class_bias_sum != NULL;
}

static bool allocate_features(struct blocks *blocks, size_t rows, struct error *error)
{
    const struct network *network = blocks->network;
    if (blocks->own.hash == NULL)
        return true;
    blocks->class_features = memory_new(rows, sizeof *blocks->class_features, error);
    blocks->word_features = memory_new(rows, sizeof *blocks->word_features, error);
    blocks->same_word = memory_new(rows, sizeof *blocks->same_word, error);
    blocks->count_of = memory_new(network->shape.words, sizeof *blocks->count_of, error);
    return blocks->class_features != NULL && blocks->word_features != NULL &&
           blocks->same_word != NULL && blocks->count_of != NULL;
}

// Products with the words of a class are of few rows, and of floats in any case.
static void *begin(const struct network *network, const struct columns *columns, size_t most_rows,
                   bool halves, struct pool *pool, struct error *error)
{
    (void)halves;
    struct blocks *blocks = memory_new(1, sizeof *blocks, error);
    if (blocks == NULL)
        return NULL;
    blocks->network = network;
    blocks->own = class_parameters(network);
    blocks->columns = &columns[blocks->own.classes - network->parameter];
    blocks->pool = pool;
    if (allocate(blocks, most_rows, error) && allocate_biases(blocks, error) &&
        allocate_features(blocks, most_rows, error))
        return blocks;
    end(blocks);
    return NULL;
}

// ---- dividing the work ------------------------------------------------------------------------

static size_t slots_of(const struct blocks *blocks, size_t k)
{
    return blocks->class_begin[k + 1] - blocks->class_begin[k];
}

static bool add_share(struct shares *shares, struct share share, struct error *error)
{
    if (!memory_grow(&shares->share, &shares->capacity, shares->count + 1, sizeof share, error))
        return false;
    shares->share[shares->count++] = share;
    return true;
}

static bool share_class(struct blocks *blocks, size_t k, struct error *error)
{
    size_t first = blocks->class_begin[k], count = slots_of(blocks, k), part;
    size_t words = class_words(blocks->network, k);
    bool whole = count <= SHARE_SLOTS;
    for (size_t at = 0; at < count; at += part) {
        part = count - at < SHARE_SLOTS ? count - at : SHARE_SLOTS;
        if (!add_share(&blocks->shares, (struct share){k, first + at, part, whole}, error))
            return false;
    }
    for (size_t at = 0; at < words && !whole; at += part) {
        part = words - at < SPLIT_ROWS ? words - at : SPLIT_ROWS;
        if (!add_share(&blocks->splits, (struct share){k, at, part, false}, error))
            return false;
    }
    return true;
}

// Divides the work on the words of classes, and makes room for their errors.
static bool share_classes(struct blocks *blocks, struct error *error)
{
    size_t total = 0;
    blocks->shares.count = blocks->splits.count = 0;
    for (size_t k = 0; k < blocks->network->shape.classes; k++) {
        blocks->errors_begin[k] = total;
        total += slots_of(blocks, k) * memory_row(class_words(blocks->network, k));
        if (!share_class(blocks, k, error))
            return false;
    }
    return memory_grow(&blocks->word_error, &blocks->word_error_capacity, total + MEMORY_ROW,
                       sizeof(float), error);
}

static void count_same_words(struct blocks *blocks)
{
    const struct output_block *block = &blocks->block;
    for (size_t r = 0; r < block->rows; r++)
        if (block->word[r] >= 0)
            blocks->count_of[block->word[r]]++;
    for (size_t r = 0; r < block->rows; r++)
        blocks->same_word[r] = block->word[r] >= 0 ? blocks->count_of[block->word[r]] : 1;
    for (size_t r = 0; r < block->rows; r++)
        if (block->word[r] >= 0)
            blocks->count_of[block->word[r]] = 0;
}

// ---- errors -----------------------------------------------------------------------------------

static size_t class_of(const struct blocks *blocks, size_t r)
{
    return (size_t)blocks->network->classes.of_word[blocks->block.target[r]];
}

// Logits to probabilities to errors; returns the target's probability. `lesson`: what a teacher says, or NULL.
static double softmax_errors(const struct output_block *block, float *e, size_t n, size_t target,
                             const uint16_t *lesson)
{
    struct softmax_sum sum = SOFTMAX_NOTHING;
    float fall = 1, share = lesson != NULL ? block->lesson_share : 0;
    if (block->self_normalise > 0) {
        softmax_add(&sum, e, n);
        fall = softmax_self_normalise(&sum, block->self_normalise);
    }
    kernels->softmax(e, n);
    double prob = (double)e[target];
    for (size_t i = 0; i < n; i++)
        e[i] *= -fall;
    for (size_t i = 0; lesson != NULL && i < n; i++)
        e[i] += share * bfloat16_to(lesson[i]);
    e[target] += 1 - share;
    return prob;
}

// What is said of row r, of classes or of words.
static struct output_lesson lesson_of(const struct output_block *block, size_t r)
{
    return block->lesson != NULL ? block->lesson[r] : (struct output_lesson){NULL, NULL};
}

static void class_errors(struct blocks *blocks, size_t r)
{
    const struct output_block *block = &blocks->block;
    size_t classes = blocks->network->shape.classes;
    float *e = blocks->class_error + r * blocks->class_row;
    if (block->target[r] < 0) {
        memset(e, 0, blocks->class_row * sizeof *e);
        return;
    }
    if (blocks->class_features != NULL) {
        struct maxent_features *features = &blocks->class_features[r];
        maxent_class_features(blocks->network, block->history + r * SHAPE_MOST_ORDER, features);
        maxent_add(blocks->own.hash, features, e, classes);
    }
    block->prob[r] =
        softmax_errors(block, e, classes, class_of(blocks, r), lesson_of(block, r).classes);
}

// Classes, and their errors down to the output's input, for a chunk of rows.
static void run_classes(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    const struct output_block *block = &blocks->block;
    size_t first = item * CHUNK_ROWS, left = block->rows - first, row = blocks->class_row;
    size_t count = left < CHUNK_ROWS ? left : CHUNK_ROWS, stride = block->stride;
    float *e = blocks->class_error + first * row, *error = block->error + first * stride;
    (void)worker;
    for (size_t i = 0; i < count; i++)
        bias_begin(blocks->own.class_bias, 0, blocks->own.classes->rows, e + i * row);
    columns_multiply_rows(e, row, blocks->columns, block->input + first * stride, stride, count);
    for (size_t i = 0; i < count; i++)
        class_errors(blocks, first + i);
    memset(error, 0, count * stride * sizeof *error);
    columns_errors(blocks->columns, blocks->own.classes, 0, blocks->own.classes->rows, e, row,
                   count, error, stride);
}

static float *errors_of(const struct blocks *blocks, size_t k, size_t slot)
{
    return blocks->word_error + blocks->errors_begin[k] +
           (slot - blocks->class_begin[k]) * memory_row(class_words(blocks->network, k));
}

static void word_errors(struct blocks *blocks, size_t k, size_t slot)
{
    const struct network *network = blocks->network;
    const struct output_block *block = &blocks->block;
    size_t r = blocks->slot_row[slot], n = class_words(network, k);
    float *e = errors_of(blocks, k, slot);
    bias_add(blocks->own.bias, class_first(network, k), n, e);
    if (blocks->word_features != NULL) {
        struct maxent_features *features = &blocks->word_features[r];
        maxent_word_features(network, block->history + r * SHAPE_MOST_ORDER, k, features);
        maxent_add(blocks->own.hash, features, e, n);
    }
    size_t target = (size_t)block->target[r] - class_first(network, k);
    block->prob[r] *= softmax_errors(block, e, n, target, lesson_of(block, r).words);
}

static void add_below(struct blocks *blocks, size_t slot)
{
    const struct output_block *block = &blocks->block;
    size_t width = blocks->network->width;
    float *to = block->error + blocks->slot_row[slot] * block->stride;
    kernels->scale_add(to, blocks->slot_below + slot * memory_row(width), width, 1, 1);
    kernels->clamp(to, width, block->cutoff);
}

// Of some words of a class; the sums that are the gradient of their biases are left for later.
static void word_gradient(const struct blocks *blocks, size_t k, size_t first, size_t count,
                          size_t worker)
{
    size_t row = memory_row(blocks->network->width), begin = blocks->class_begin[k];
    struct gradient gradient = {.parameter =
                                    (size_t)(blocks->own.words - blocks->network->parameter),
                                .form = GRADIENT_PRODUCTS,
                                .first = class_first(blocks->network, k) + first,
                                .count = count,
                                .terms = slots_of(blocks, k),
                                .left = errors_of(blocks, k, begin) + first,
                                .left_stride = memory_row(class_words(blocks->network, k)),
                                .right = blocks->slot_input + begin * row,
                                .right_stride = row,
                                .norm = blocks->slot_norm + begin};
    blocks->block.sink->take(blocks->block.sink, worker, &gradient);
    if (blocks->bias_sum != NULL)
        bias_sum(gradient.left, gradient.left_stride, gradient.terms, count,
                 blocks->bias_sum + gradient.first);
}

// The words of a class for some of its slots.
static void run_words(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    const struct output_block *block = &blocks->block;
    const struct share *share = &blocks->shares.share[item];
    size_t k = share->class, n = class_words(blocks->network, k), error_row = memory_row(n);
    size_t row = memory_row(blocks->network->width), first = class_first(blocks->network, k);
    float *e = errors_of(blocks, k, share->first);
    float *input = blocks->slot_input + share->first * row;
    float *below = blocks->slot_below + share->first * row;
    for (size_t i = 0; i < share->count; i++) {
        size_t r = blocks->slot_row[share->first + i];
        memcpy(input + i * row, block->input + r * block->stride, row * sizeof *input);
        if (block->norm != NULL)
            blocks->slot_norm[share->first + i] = block->norm[r];
    }
    memset(below, 0, share->count * row * sizeof *below);
    linear_rows_times(e, error_row, blocks->own.words, first, n, input, row, NULL, 0, share->count,
                      0);
    for (size_t i = 0; i < share->count; i++)
        word_errors(blocks, k, share->first + i);
    linear_errors(blocks->own.words, first, n, e, error_row, share->count, below, row);
    for (size_t i = 0; i < share->count; i++)
        add_below(blocks, share->first + i);
    if (share->whole)
        word_gradient(blocks, k, 0, n, worker);
}

// Some words of a class that has been divided.
static void run_split(void *context, size_t worker, size_t item)
{
    const struct blocks *blocks = context;
    const struct share *split = &blocks->splits.share[item];
    word_gradient(blocks, split->class, split->first, split->count, worker);
}

static bool learn(void *data, const struct output_block *block, struct error *error)
{
    struct blocks *blocks = data;
    blocks->block = *block;
    classes_sort(&blocks->network->classes, block->target, block->rows, blocks->class_begin,
                 blocks->slot_row);
    if (!share_classes(blocks, error))
        return false;
    if (blocks->same_word != NULL)
        count_same_words(blocks);
    pool_run(blocks->pool, run_classes, blocks, (block->rows + CHUNK_ROWS - 1) / CHUNK_ROWS);
    pool_run(blocks->pool, run_words, blocks, blocks->shares.count);
    pool_run(blocks->pool, run_split, blocks, blocks->splits.count);
    return true;
}

// ---- gradients --------------------------------------------------------------------------------

// Part of the hash that is an item of its own, because runs of different features may overlap.
struct range {
    size_t low, high;
};

// Features of order 0 belong to `all` words, the others to those with the same last word at most.
static void give_runs(const struct blocks *blocks, const struct maxent_features *features,
                      const struct range *range, size_t all, size_t same, const float *error,
                      size_t n, size_t worker)
{
    struct gradient_sink *sink = blocks->block.sink;
    for (int i = 0; i < features->count; i++) {
        size_t begin = features->start[i], end = begin + maxent_run(features, i, n);
        size_t from = begin > range->low ? begin : range->low;
        size_t to = end < range->high ? end : range->high;
        if (from >= to)
            continue;
        struct gradient gradient = {.parameter =
                                        (size_t)(blocks->own.hash - blocks->network->parameter),
                                    .form = GRADIENT_RUN,
                                    .first = from,
                                    .count = to - from,
                                    .terms = i == 0 ? all : same,
                                    .left = error + (from - begin)};
        sink->take(sink, worker, &gradient);
    }
}

static void give_hash(const struct blocks *blocks, size_t part, size_t worker)
{
    const struct network *network = blocks->network;
    size_t entries = network->shape.maxent;
    struct range range = {entries / HASH_PARTS * part, entries / HASH_PARTS * (part + 1)};
    if (part + 1 == HASH_PARTS)
        range.high = entries;
    for (size_t k = 0; k < network->shape.classes; k++)
        for (size_t slot = blocks->class_begin[k]; slot < blocks->class_begin[k + 1]; slot++) {
            size_t r = blocks->slot_row[slot], same = (size_t)blocks->same_word[r];
            give_runs(blocks, &blocks->class_features[r], &range, blocks->block.rows, same,
                      blocks->class_error + r * blocks->class_row, network->shape.classes, worker);
            give_runs(blocks, &blocks->word_features[r], &range, slots_of(blocks, k), same,
                      errors_of(blocks, k, slot), class_words(network, k), worker);
        }
}

static void give_classes(const struct blocks *blocks, size_t group, size_t worker)
{
    const struct output_block *block = &blocks->block;
    size_t first = group * GROUP_ROWS, left = blocks->network->shape.classes - first;
    struct gradient gradient = {.parameter =
                                    (size_t)(blocks->own.classes - blocks->network->parameter),
                                .form = GRADIENT_PRODUCTS,
                                .first = first,
                                .count = left < GROUP_ROWS ? left : GROUP_ROWS,
                                .terms = block->rows,
                                .left = blocks->class_error + first,
                                .left_stride = blocks->class_row,
                                .right = block->input,
                                .right_stride = block->stride,
                                .norm = block->norm};
    block->sink->take(block->sink, worker, &gradient);
    if (blocks->class_bias_sum == NULL)
        return;
    float *sum = blocks->class_bias_sum + first;
    bias_sum(gradient.left, gradient.left_stride, gradient.terms, gradient.count, sum);
    bias_give(blocks->network, blocks->own.class_bias, first, gradient.count, gradient.terms, sum,
              block->sink, worker);
}

static void give_word_biases(const struct blocks *blocks, size_t part, size_t worker)
{
    const struct network *network = blocks->network;
    size_t from = part * BIAS_CLASSES, left = network->shape.classes - from;
    for (size_t k = from; k < from + (left < BIAS_CLASSES ? left : BIAS_CLASSES); k++)
        if (slots_of(blocks, k) > 0)
            bias_give(network, blocks->own.bias, class_first(network, k), class_words(network, k),
                      slots_of(blocks, k), blocks->bias_sum + class_first(network, k),
                      blocks->block.sink, worker);
}

static size_t hash_parts(const struct blocks *blocks)
{
    return blocks->own.hash != NULL ? HASH_PARTS : 0;
}

static size_t class_groups(const struct blocks *blocks)
{
    return (blocks->network->shape.classes + GROUP_ROWS - 1) / GROUP_ROWS;
}

static size_t bias_parts(const struct blocks *blocks)
{
    return blocks->bias_sum != NULL
               ? (blocks->network->shape.classes + BIAS_CLASSES - 1) / BIAS_CLASSES
               : 0;
}

static size_t gradients(const void *data)
{
    const struct blocks *blocks = data;
    return hash_parts(blocks) + class_groups(blocks) + bias_parts(blocks);
}

static void give(const void *data, size_t item, size_t worker)
{
    const struct blocks *blocks = data;
    if (item < hash_parts(blocks)) { // the longest items first
        give_hash(blocks, item, worker);
        return;
    }
    item -= hash_parts(blocks);
    if (item < class_groups(blocks))
        give_classes(blocks, item, worker);
    else
        give_word_biases(blocks, item - class_groups(blocks), worker);
}

const struct output_blocks class_blocks = {
    .begin = begin,
    .end = end,
    .learn = learn,
    .gradients = gradients,
    .give = give,
};
