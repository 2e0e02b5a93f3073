// The adaptive output, learning in blocks.
//
// All rows of a block take part in the head. Those whose target is in a cluster have a slot each,
// sorted by leaf: the slots of a cluster go through its projection and its classes, those of a leaf
// through its words, whose rows move at once while they are in the cache; and what has come together
// for z then goes down through the projection. Nothing is done for a leaf that is no target's.
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/outputs/adaptive.h"

// Slots of a leaf beyond which it is divided into several shares; rows of the words of such a leaf whose
// gradients are one item; rows of a block, or slots, that are taken together; rows of a matrix whose
// gradients are one item; leaves the biases of whose words are; words of a leaf that are asked for ahead.
enum {
    SHARE_SLOTS = 64,
    SPLIT_ROWS = 256,
    CHUNK_ROWS = 48,
    GROUP_ROWS = 64,
    BIAS_LEAVES = 32,
    FETCH_ROWS = 256
};

// Some slots, or some rows of words, of a leaf or a cluster: the unit of work.
struct share {
    const struct adaptive_cluster *cluster;
    size_t leaf;         // counted within the cluster
    size_t first, count; // slots; of a split: rows of words of the leaf
    bool whole;          // all slots of the leaf
};

struct shares {
    struct share *share;
    size_t count, capacity;
};

struct blocks {
    const struct network *network;
    struct adaptive_parameters own;
    const struct columns *columns; // of all parameters
    struct pool *pool;
    struct output_block block; // the one under way
    float *head_error;         // [R][head_row]
    size_t head_row;
    size_t *leaf_begin; // [leaves + 2] slots of leaf l: leaf_begin[l] and on
    size_t *slot_row;   // [R]
    float *slot_input, *slot_below, *slot_norm; // [R][row], [R][row], [R]
    float *z, *dz, *z_norm;                     // [R][z_row], [R][z_row], [R]
    float *class_error;                         // [R][class_row]
    size_t row, z_row, class_row;
    size_t *errors_begin; // [leaves] where a leaf's errors begin in word_error
    float *word_error;    // [slots of l][memory_row(words of l)] for each leaf l
    size_t word_error_capacity;
    float *head_bias_sum, *bias_sum;      // sums of errors, those of leaves that are targets; NULL
    struct shares chunks, shares, splits; // slots of clusters, slots of leaves, rows of leaves
    size_t item_begin[SHAPE_MOST_CLUSTERS + 1]; // gradients of a cluster: item_begin[k] and on
};

static void count_items(struct blocks *blocks);

// ---- memory -----------------------------------------------------------------------------------

static void end(void *data)
{
    struct blocks *blocks = data;
    free(blocks->head_error);
    free(blocks->leaf_begin);
    free(blocks->slot_row);
    free(blocks->slot_input);
    free(blocks->slot_below);
    free(blocks->slot_norm);
    free(blocks->z);
    free(blocks->dz);
    free(blocks->z_norm);
    free(blocks->class_error);
    free(blocks->errors_begin);
    free(blocks->word_error);
    free(blocks->head_bias_sum);
    free(blocks->bias_sum);
    free(blocks->chunks.share);
    free(blocks->shares.share);
    free(blocks->splits.share);
    free(blocks);
}

static float *rows_of(size_t rows, size_t row, struct error *error)
{
    return memory_new(rows, row * sizeof(float), error);
}

static bool allocate(struct blocks *blocks, size_t rows, struct error *error)
{
    const struct adaptive_parameters *own = &blocks->own;
    size_t width = 1, classes = 1;
    for (size_t k = 0; k < own->clusters; k++) {
        width = own->cluster[k].width > width ? own->cluster[k].width : width;
        classes = own->cluster[k].classes > classes ? own->cluster[k].classes : classes;
    }
    blocks->head_row = memory_row(own->head->rows);
    blocks->row = memory_row(blocks->network->width);
    blocks->z_row = memory_row(width);
    blocks->class_row = memory_row(classes);
    blocks->head_error = rows_of(rows, blocks->head_row, error);
    blocks->leaf_begin = memory_new(own->leaves + 2, sizeof *blocks->leaf_begin, error);
    blocks->errors_begin = memory_new(own->leaves + 1, sizeof *blocks->errors_begin, error);
    blocks->slot_row = memory_new(rows, sizeof *blocks->slot_row, error);
    blocks->slot_input = rows_of(rows, blocks->row, error);
    blocks->slot_below = rows_of(rows, blocks->row, error);
    blocks->slot_norm = rows_of(rows, 1, error);
    blocks->z = rows_of(rows, blocks->z_row, error);
    blocks->dz = rows_of(rows, blocks->z_row, error);
    blocks->z_norm = rows_of(rows, 1, error);
    blocks->class_error = rows_of(rows, blocks->class_row, error);
    if (own->head_bias != NULL)
        blocks->head_bias_sum = rows_of(1, own->head_bias->width, error);
    if (own->bias != NULL)
        blocks->bias_sum = rows_of(1, own->bias->width, error);
    return blocks->head_error != NULL && blocks->leaf_begin != NULL &&
           blocks->errors_begin != NULL && blocks->slot_row != NULL && blocks->slot_input != NULL &&
           blocks->slot_below != NULL && blocks->slot_norm != NULL && blocks->z != NULL &&
           blocks->dz != NULL && blocks->z_norm != NULL && blocks->class_error != NULL &&
           (blocks->head_bias_sum != NULL || own->head_bias == NULL) &&
           (blocks->bias_sum != NULL || own->bias == NULL);
}

// Products with the words of a leaf are of few rows, and of floats in any case.
static void *begin(const struct network *network, const struct columns *columns, size_t most_rows,
                   bool halves, struct pool *pool, struct error *error)
{
    (void)halves;
    struct blocks *blocks = memory_new(1, sizeof *blocks, error);
    if (blocks == NULL)
        return NULL;
    blocks->network = network;
    blocks->own = adaptive_parameters(network);
    blocks->columns = columns;
    blocks->pool = pool;
    count_items(blocks);
    if (allocate(blocks, most_rows, error))
        return blocks;
    end(blocks);
    return NULL;
}

// ---- dividing the work ------------------------------------------------------------------------

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t first_slot(const struct blocks *blocks, const struct adaptive_cluster *cluster,
                         size_t leaf)
{
    return blocks->leaf_begin[cluster->leaf + leaf];
}

static size_t slots_of(const struct blocks *blocks, const struct adaptive_cluster *cluster,
                       size_t leaf)
{
    return first_slot(blocks, cluster, leaf + 1) - first_slot(blocks, cluster, leaf);
}

static size_t slots_of_cluster(const struct blocks *blocks, const struct adaptive_cluster *cluster)
{
    return first_slot(blocks, cluster, cluster->leaves) - first_slot(blocks, cluster, 0);
}

// Divides first..first+count-1 into shares of at most `most`.
static bool divide(struct shares *shares, struct share share, size_t most, struct error *error)
{
    size_t end = share.first + share.count;
    for (; share.first < end; share.first += share.count) {
        share.count = least(most, end - share.first);
        if (!memory_grow(&shares->share, &shares->capacity, shares->count + 1, sizeof share, error))
            return false;
        shares->share[shares->count++] = share;
    }
    return true;
}

static bool share_leaf(struct blocks *blocks, const struct adaptive_cluster *cluster, size_t leaf,
                       struct error *error)
{
    size_t count = slots_of(blocks, cluster, leaf);
    bool whole = count <= SHARE_SLOTS;
    struct share slots = {cluster, leaf, first_slot(blocks, cluster, leaf), count, whole};
    struct share rows = {cluster, leaf, 0, adaptive_leaf_words(cluster, leaf), false};
    return divide(&blocks->shares, slots, SHARE_SLOTS, error) &&
           (whole || divide(&blocks->splits, rows, SPLIT_ROWS, error));
}

// Divides the work on clusters, and makes room for errors of words.
static bool share_clusters(struct blocks *blocks, struct error *error)
{
    const struct adaptive_parameters *own = &blocks->own;
    size_t total = 0;
    blocks->chunks.count = blocks->shares.count = blocks->splits.count = 0;
    for (size_t k = 0; k < own->clusters; k++) {
        const struct adaptive_cluster *cluster = &own->cluster[k];
        struct share slots = {cluster, 0, first_slot(blocks, cluster, 0),
                              slots_of_cluster(blocks, cluster), false};
        if (!divide(&blocks->chunks, slots, CHUNK_ROWS, error))
            return false;
        for (size_t leaf = 0; leaf < cluster->leaves; leaf++) {
            blocks->errors_begin[cluster->leaf + leaf] = total;
            total +=
                slots_of(blocks, cluster, leaf) * memory_row(adaptive_leaf_words(cluster, leaf));
            if (!share_leaf(blocks, cluster, leaf, error))
                return false;
        }
    }
    return memory_grow(&blocks->word_error, &blocks->word_error_capacity, total + MEMORY_ROW,
                       sizeof(float), error);
}

// ---- errors -----------------------------------------------------------------------------------

// Logits to probabilities to errors; returns the target's probability.
static double softmax_errors(float *e, size_t n, size_t target)
{
    kernels->softmax(e, n);
    double prob = (double)e[target];
    for (size_t i = 0; i < n; i++)
        e[i] = -e[i];
    e[target] += 1;
    return prob;
}

// The head, and its errors down to the output's input, for a chunk of rows.
static void run_head(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    const struct output_block *block = &blocks->block;
    const struct adaptive_parameters *own = &blocks->own;
    const struct columns *columns = &blocks->columns[own->head - blocks->network->parameter];
    size_t first = item * CHUNK_ROWS, count = least(block->rows - first, CHUNK_ROWS);
    size_t row = blocks->head_row, stride = block->stride, n = own->head->rows;
    float *e = blocks->head_error + first * row, *error = block->error + first * stride;
    (void)worker;
    for (size_t i = 0; i < count; i++)
        bias_begin(own->head_bias, 0, n, e + i * row);
    columns_multiply_rows(e, row, columns, block->input + first * stride, stride, count);
    for (size_t i = 0; i < count; i++) {
        int32_t target = block->target[first + i];
        if (target >= 0)
            block->prob[first + i] =
                softmax_errors(e + i * row, n, adaptive_head_target(own, target));
        else
            memset(e + i * row, 0, row * sizeof *e);
    }
    memset(error, 0, count * stride * sizeof *error);
    columns_errors(columns, own->head, 0, n, e, row, count, error, stride);
    for (size_t i = 0; i < count; i++)
        kernels->clamp(error + i * stride, blocks->network->width, block->cutoff);
}

static void gather(struct blocks *blocks, size_t slot)
{
    const struct output_block *block = &blocks->block;
    size_t r = blocks->slot_row[slot];
    memcpy(blocks->slot_input + slot * blocks->row, block->input + r * block->stride,
           blocks->row * sizeof(float));
    if (block->norm != NULL)
        blocks->slot_norm[slot] = block->norm[r];
}

static void class_errors(struct blocks *blocks, const struct share *chunk)
{
    const struct adaptive_cluster *cluster = chunk->cluster;
    size_t row = blocks->class_row, n = cluster->classes;
    float *e = blocks->class_error + chunk->first * row;
    for (size_t i = 0; i < chunk->count; i++)
        bias_begin(blocks->own.bias, cluster->bias + cluster->count, n, e + i * row);
    linear_rows_times(e, row, cluster->words, cluster->count, n,
                      blocks->z + chunk->first * blocks->z_row, blocks->z_row, NULL, 0,
                      chunk->count, 1);
    for (size_t i = 0; i < chunk->count; i++) {
        size_t r = blocks->slot_row[chunk->first + i];
        size_t leaf = adaptive_leaf_of(cluster, blocks->block.target[r]);
        blocks->block.prob[r] *= softmax_errors(e + i * row, n, leaf);
    }
    linear_errors(cluster->words, cluster->count, n, e, row, chunk->count,
                  blocks->dz + chunk->first * blocks->z_row, blocks->z_row);
}

// The projection and the classes for some slots of a cluster.
static void run_projection(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    const struct share *chunk = &blocks->chunks.share[item];
    const struct adaptive_cluster *cluster = chunk->cluster;
    size_t row = blocks->z_row, floats = chunk->count * row;
    float *z = blocks->z + chunk->first * row;
    (void)worker;
    for (size_t i = 0; i < chunk->count; i++)
        gather(blocks, chunk->first + i);
    memset(z, 0, floats * sizeof *z);
    memset(blocks->dz + chunk->first * row, 0, floats * sizeof *z);
    columns_multiply_rows(
        z, row, &blocks->columns[cluster->projection - blocks->network->parameter],
        blocks->slot_input + chunk->first * blocks->row, blocks->row, chunk->count);
    for (size_t i = 0; i < chunk->count && blocks->block.norm != NULL; i++) {
        float *norm = &blocks->z_norm[chunk->first + i];
        *norm = 0;
        kernels->rows_times(norm, z + i * row, row, 1, z + i * row, cluster->width);
    }
    if (cluster->classes > 0)
        class_errors(blocks, chunk);
}

static float *errors_of(const struct blocks *blocks, const struct adaptive_cluster *cluster,
                        size_t leaf, size_t slot)
{
    return blocks->word_error + blocks->errors_begin[cluster->leaf + leaf] +
           (slot - first_slot(blocks, cluster, leaf)) *
               memory_row(adaptive_leaf_words(cluster, leaf));
}

// Of some words of a leaf; the sums that are the gradient of their biases are left for later.
static void word_gradient(const struct blocks *blocks, const struct adaptive_cluster *cluster,
                          size_t leaf, size_t first, size_t count, size_t worker)
{
    size_t begin = first_slot(blocks, cluster, leaf);
    struct gradient gradient = {.parameter = (size_t)(cluster->words - blocks->network->parameter),
                                .form = GRADIENT_PRODUCTS,
                                .first = leaf * cluster->class_words + first,
                                .count = count,
                                .terms = slots_of(blocks, cluster, leaf),
                                .left = errors_of(blocks, cluster, leaf, begin) + first,
                                .left_stride = memory_row(adaptive_leaf_words(cluster, leaf)),
                                .right = blocks->z + begin * blocks->z_row,
                                .right_stride = blocks->z_row,
                                .norm = blocks->z_norm + begin};
    blocks->block.sink->take(blocks->block.sink, worker, &gradient);
    if (blocks->bias_sum != NULL)
        bias_sum(gradient.left, gradient.left_stride, gradient.terms, count,
                 blocks->bias_sum + cluster->bias + gradient.first);
}

// The words of the leaf that comes next, which are in no cache if they are rare, come while those of this
// one are computed. Of a large leaf the first, for it takes long enough to be read on by the processor.
static void fetch_words(const struct blocks *blocks, size_t item)
{
    if (item >= blocks->shares.count)
        return;
    const struct share *share = &blocks->shares.share[item];
    size_t first = share->leaf * share->cluster->class_words;
    size_t n = least(adaptive_leaf_words(share->cluster, share->leaf), FETCH_ROWS);
    linear_fetch_rows(share->cluster->words, first, n);
    if (blocks->own.bias != NULL)
        memory_fetch((float *)blocks->own.bias->data + share->cluster->bias + first,
                     n * sizeof(float));
}

// The words of a leaf for some of its slots.
static void run_words(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    const struct output_block *block = &blocks->block;
    const struct share *share = &blocks->shares.share[item];
    const struct adaptive_cluster *cluster = share->cluster;
    size_t n = adaptive_leaf_words(cluster, share->leaf), error_row = memory_row(n);
    size_t first = share->leaf * cluster->class_words, row = blocks->z_row;
    float *e = errors_of(blocks, cluster, share->leaf, share->first);
    fetch_words(blocks, item + 1);
    for (size_t i = 0; i < share->count; i++)
        bias_begin(blocks->own.bias, cluster->bias + first, n, e + i * error_row);
    linear_rows_times(e, error_row, cluster->words, first, n, blocks->z + share->first * row, row,
                      NULL, 0, share->count, 1);
    for (size_t i = 0; i < share->count; i++) {
        size_t r = blocks->slot_row[share->first + i];
        block->prob[r] *=
            softmax_errors(e + i * error_row, n, (size_t)block->target[r] - cluster->first - first);
    }
    linear_errors(cluster->words, first, n, e, error_row, share->count,
                  blocks->dz + share->first * row, row);
    if (share->whole)
        word_gradient(blocks, cluster, share->leaf, 0, n, worker);
}

// Some words of a leaf that has been divided.
static void run_split(void *context, size_t worker, size_t item)
{
    const struct blocks *blocks = context;
    const struct share *split = &blocks->splits.share[item];
    word_gradient(blocks, split->cluster, split->leaf, split->first, split->count, worker);
}

// Errors of some slots down through the projection.
static void run_down(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    const struct output_block *block = &blocks->block;
    const struct share *chunk = &blocks->chunks.share[item];
    const struct parameter *projection = chunk->cluster->projection;
    size_t row = blocks->row, width = blocks->network->width;
    float *below = blocks->slot_below + chunk->first * row;
    float *dz = blocks->dz + chunk->first * blocks->z_row;
    (void)worker;
    for (size_t i = 0; i < chunk->count; i++)
        kernels->clamp(dz + i * blocks->z_row, projection->rows, block->cutoff);
    memset(below, 0, chunk->count * row * sizeof *below);
    columns_errors(&blocks->columns[projection - blocks->network->parameter], projection, 0,
                   projection->rows, dz, blocks->z_row, chunk->count, below, row);
    for (size_t i = 0; i < chunk->count; i++) {
        float *to = block->error + blocks->slot_row[chunk->first + i] * block->stride;
        kernels->scale_add(to, below + i * row, width, 1, 1);
        kernels->clamp(to, width, block->cutoff);
    }
}

static bool learn(void *data, const struct output_block *block, struct error *error)
{
    struct blocks *blocks = data;
    blocks->block = *block;
    adaptive_sort(&blocks->own, block->target, block->rows, blocks->leaf_begin, blocks->slot_row);
    if (!share_clusters(blocks, error))
        return false;
    pool_run(blocks->pool, run_head, blocks, (block->rows + CHUNK_ROWS - 1) / CHUNK_ROWS);
    pool_run(blocks->pool, run_projection, blocks, blocks->chunks.count);
    pool_run(blocks->pool, run_words, blocks, blocks->shares.count);
    pool_run(blocks->pool, run_split, blocks, blocks->splits.count);
    pool_run(blocks->pool, run_down, blocks, blocks->chunks.count);
    return true;
}

// ---- gradients --------------------------------------------------------------------------------

// Items are groups of rows: of the head, then of each cluster's projection, of its classes, and its
// leaves, for their biases.
static size_t groups(size_t rows)
{
    return (rows + GROUP_ROWS - 1) / GROUP_ROWS;
}

static size_t bias_parts(const struct blocks *blocks, const struct adaptive_cluster *cluster)
{
    return blocks->own.bias != NULL ? (cluster->leaves + BIAS_LEAVES - 1) / BIAS_LEAVES : 0;
}

static void count_items(struct blocks *blocks)
{
    const struct adaptive_parameters *own = &blocks->own;
    blocks->item_begin[0] = groups(own->head->rows);
    for (size_t k = 0; k < own->clusters; k++)
        blocks->item_begin[k + 1] = blocks->item_begin[k] + groups(own->cluster[k].width) +
                                    groups(own->cluster[k].classes) +
                                    bias_parts(blocks, &own->cluster[k]);
}

static size_t gradients(const void *data)
{
    const struct blocks *blocks = data;
    return blocks->item_begin[blocks->own.clusters];
}

// The gradient of a group of rows of a softmax or a projection, and of their biases, if they have some.
static void give_group(const struct blocks *blocks, struct gradient gradient, size_t group,
                       size_t rows, const struct parameter *bias, size_t bias_at, float *sum,
                       size_t worker)
{
    struct gradient_sink *sink = blocks->block.sink;
    size_t at = group * GROUP_ROWS;
    gradient.form = GRADIENT_PRODUCTS;
    gradient.first += at;
    gradient.count = least(GROUP_ROWS, rows - at);
    gradient.left += at;
    sink->take(sink, worker, &gradient);
    if (bias == NULL)
        return;
    bias_at += at;
    bias_sum(gradient.left, gradient.left_stride, gradient.terms, gradient.count, sum + bias_at);
    bias_give(blocks->network, bias, bias_at, gradient.count, gradient.terms, sum + bias_at, sink,
              worker);
}

static void give_head(const struct blocks *blocks, size_t group, size_t worker)
{
    const struct output_block *block = &blocks->block;
    const struct adaptive_parameters *own = &blocks->own;
    struct gradient gradient = {.parameter = (size_t)(own->head - blocks->network->parameter),
                                .terms = block->rows,
                                .left = blocks->head_error,
                                .left_stride = blocks->head_row,
                                .right = block->input,
                                .right_stride = block->stride,
                                .norm = block->norm};
    give_group(blocks, gradient, group, own->head->rows, own->head_bias, 0, blocks->head_bias_sum,
               worker);
}

static void give_projection(const struct blocks *blocks, const struct adaptive_cluster *cluster,
                            size_t group, size_t worker)
{
    size_t begin = first_slot(blocks, cluster, 0);
    struct gradient gradient = {.parameter =
                                    (size_t)(cluster->projection - blocks->network->parameter),
                                .terms = slots_of_cluster(blocks, cluster),
                                .left = blocks->dz + begin * blocks->z_row,
                                .left_stride = blocks->z_row,
                                .right = blocks->slot_input + begin * blocks->row,
                                .right_stride = blocks->row,
                                .norm = blocks->slot_norm + begin};
    if (gradient.terms > 0)
        give_group(blocks, gradient, group, cluster->width, NULL, 0, NULL, worker);
}

static void give_classes(const struct blocks *blocks, const struct adaptive_cluster *cluster,
                         size_t group, size_t worker)
{
    size_t begin = first_slot(blocks, cluster, 0);
    struct gradient gradient = {.parameter = (size_t)(cluster->words - blocks->network->parameter),
                                .first = cluster->count,
                                .terms = slots_of_cluster(blocks, cluster),
                                .left = blocks->class_error + begin * blocks->class_row,
                                .left_stride = blocks->class_row,
                                .right = blocks->z + begin * blocks->z_row,
                                .right_stride = blocks->z_row,
                                .norm = blocks->z_norm + begin};
    if (gradient.terms > 0)
        give_group(blocks, gradient, group, cluster->classes, blocks->own.bias,
                   cluster->bias + cluster->count, blocks->bias_sum, worker);
}

static void give_biases(const struct blocks *blocks, const struct adaptive_cluster *cluster,
                        size_t part, size_t worker)
{
    size_t from = part * BIAS_LEAVES, end = least(from + BIAS_LEAVES, cluster->leaves);
    for (size_t leaf = from; leaf < end; leaf++) {
        size_t at = cluster->bias + leaf * cluster->class_words;
        if (slots_of(blocks, cluster, leaf) > 0)
            bias_give(blocks->network, blocks->own.bias, at, adaptive_leaf_words(cluster, leaf),
                      slots_of(blocks, cluster, leaf), blocks->bias_sum + at, blocks->block.sink,
                      worker);
    }
}

static void give(const void *data, size_t item, size_t worker)
{
    const struct blocks *blocks = data;
    if (item < blocks->item_begin[0]) {
        give_head(blocks, item, worker);
        return;
    }
    size_t k = 0;
    while (item >= blocks->item_begin[k + 1])
        k++;
    const struct adaptive_cluster *cluster = &blocks->own.cluster[k];
    size_t rows = groups(cluster->width), classes = groups(cluster->classes);
    item -= blocks->item_begin[k];
    if (item < rows)
        give_projection(blocks, cluster, item, worker);
    else if (item < rows + classes)
        give_classes(blocks, cluster, item - rows, worker);
    else
        give_biases(blocks, cluster, item - rows - classes, worker);
}

const struct output_blocks adaptive_blocks = {
    .begin = begin,
    .end = end,
    .learn = learn,
    .gradients = gradients,
    .give = give,
};
