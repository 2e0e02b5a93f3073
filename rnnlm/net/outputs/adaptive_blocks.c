// The adaptive output, learning in blocks.
//
// All rows of a block take part in the head. Those whose target is in a cluster have a slot each,
// sorted by leaf: the slots of a cluster go through its projection and its topmost level, those of a
// softmax of a lower level through its rows, which move at once while they are in the cache; and what
// has come together for z then goes down through the projection. Nothing is done for a softmax that is
// on no target's way.
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/outputs/adaptive.h"

// Slots of a softmax beyond which it is divided into several shares; rows of such a softmax whose
// gradients are one item; rows of a block, or slots, that are taken together; rows of a matrix whose
// gradients are one item; softmaxes the biases of which are.
enum { SHARE_SLOTS = 64, SPLIT_ROWS = 256, CHUNK_ROWS = 48, GROUP_ROWS = 64, BIAS_SOFTMAXES = 8 };

enum { MOST_APART = ADAPTIVE_MOST_LEVELS - 1 };

// Some slots, or some rows, of a softmax or a cluster: the unit of work.
struct share {
    const struct adaptive_cluster *cluster;
    const struct adaptive_level *level; // NULL: the cluster's topmost
    size_t softmax;                     // of the level
    size_t first, count;                // slots; of a split: rows of the softmax
    bool whole;                         // all slots of the softmax
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
    float *top_error;                           // [R][top_row]
    size_t row, z_row, top_row;
    size_t *errors_begin; // [nodes] where the errors of a softmax begin in error
    float *error;         // [its slots][memory_row(its rows)] for each that is on a target's way
    size_t error_capacity;
    float *head_bias_sum, *bias_sum; // sums of errors, those of softmaxes on a target's way; NULL
    struct shares chunks;            // slots of clusters
    struct shares softmaxes; // of lower levels that are on a target's way, with all their slots
    struct shares shares[MOST_APART], splits; // slots of each level's softmaxes, rows of softmaxes
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
    free(blocks->top_error);
    free(blocks->errors_begin);
    free(blocks->error);
    free(blocks->head_bias_sum);
    free(blocks->bias_sum);
    free(blocks->chunks.share);
    free(blocks->softmaxes.share);
    for (size_t l = 0; l < MOST_APART; l++)
        free(blocks->shares[l].share);
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
    size_t width = 1, top = 1;
    for (size_t k = 0; k < own->clusters; k++) {
        const struct adaptive_level *level = adaptive_top(&own->cluster[k]);
        width = own->cluster[k].width > width ? own->cluster[k].width : width;
        top = level != NULL && level->rows > top ? level->rows : top;
    }
    blocks->head_row = memory_row(own->head->rows);
    blocks->row = memory_row(blocks->network->width);
    blocks->z_row = memory_row(width);
    blocks->top_row = memory_row(top);
    blocks->head_error = rows_of(rows, blocks->head_row, error);
    blocks->leaf_begin = memory_new(own->leaves + 2, sizeof *blocks->leaf_begin, error);
    blocks->errors_begin = memory_new(own->nodes + 1, sizeof *blocks->errors_begin, error);
    blocks->slot_row = memory_new(rows, sizeof *blocks->slot_row, error);
    blocks->slot_input = rows_of(rows, blocks->row, error);
    blocks->slot_below = rows_of(rows, blocks->row, error);
    blocks->slot_norm = rows_of(rows, 1, error);
    blocks->z = rows_of(rows, blocks->z_row, error);
    blocks->dz = rows_of(rows, blocks->z_row, error);
    blocks->z_norm = rows_of(rows, 1, error);
    blocks->top_error = rows_of(rows, blocks->top_row, error);
    if (own->head_bias != NULL)
        blocks->head_bias_sum = rows_of(1, own->head_bias->width, error);
    if (own->bias != NULL)
        blocks->bias_sum = rows_of(1, own->bias->width, error);
    return blocks->head_error != NULL && blocks->leaf_begin != NULL &&
           blocks->errors_begin != NULL && blocks->slot_row != NULL && blocks->slot_input != NULL &&
           blocks->slot_below != NULL && blocks->slot_norm != NULL && blocks->z != NULL &&
           blocks->dz != NULL && blocks->z_norm != NULL && blocks->top_error != NULL &&
           (blocks->head_bias_sum != NULL || own->head_bias == NULL) &&
           (blocks->bias_sum != NULL || own->bias == NULL);
}

// Products with the rows of a softmax are of few rows, and of floats in any case.
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

// Slots of the leaves from one of the cluster's on; behind the last one they end.
static size_t slots_from(const struct blocks *blocks, const struct adaptive_cluster *cluster,
                         size_t leaf)
{
    return blocks->leaf_begin[cluster->leaf + least(leaf, cluster->leaves)];
}

static struct share all_slots(const struct blocks *blocks, const struct adaptive_cluster *cluster,
                              const struct adaptive_level *level, size_t softmax)
{
    size_t leaf = level != NULL ? softmax * level->leaves : 0;
    size_t end = level != NULL ? leaf + level->leaves : cluster->leaves;
    size_t first = slots_from(blocks, cluster, leaf);
    return (struct share){.cluster = cluster,
                          .level = level,
                          .softmax = softmax,
                          .first = first,
                          .count = slots_from(blocks, cluster, end) - first,
                          .whole = true};
}

static bool add(struct shares *shares, const struct share *share, struct error *error)
{
    if (!memory_grow(&shares->share, &shares->capacity, shares->count + 1, sizeof *share, error))
        return false;
    shares->share[shares->count++] = *share;
    return true;
}

// Divides first..first+count-1 into shares of at most `most`.
static bool divide(struct shares *shares, struct share share, size_t most, struct error *error)
{
    size_t end = share.first + share.count;
    share.whole = share.count <= most;
    for (; share.first < end; share.first += share.count) {
        share.count = least(most, end - share.first);
        if (!add(shares, &share, error))
            return false;
    }
    return true;
}

// Divides the work on a softmax that has slots, and finds a place for its errors, which are `floats`
// with those before it.
static bool share_softmax(struct blocks *blocks, const struct share *all, size_t *floats,
                          struct error *error)
{
    struct share rows = *all;
    rows.first = 0;
    rows.count = adaptive_rows(all->level, all->softmax);
    blocks->errors_begin[all->level->node + all->softmax] = *floats;
    *floats += all->count * memory_row(rows.count);
    return add(&blocks->softmaxes, all, error) &&
           divide(&blocks->shares[all->level - all->cluster->level], *all, SHARE_SLOTS, error) &&
           (all->count <= SHARE_SLOTS || divide(&blocks->splits, rows, SPLIT_ROWS, error));
}

// Those of the levels apart: the softmaxes that the slots pass, and no others, are looked at.
static bool share_levels(struct blocks *blocks, const struct adaptive_cluster *cluster,
                         size_t *floats, struct error *error)
{
    struct share slots = all_slots(blocks, cluster, NULL, 0);
    for (size_t l = 0; l < adaptive_levels_apart(cluster); l++)
        for (size_t at = slots.first, end = at + slots.count; at < end;) {
            int32_t word = blocks->block.target[blocks->slot_row[at]];
            struct share all = all_slots(blocks, cluster, &cluster->level[l],
                                         adaptive_place(cluster, l, word).softmax);
            if (!share_softmax(blocks, &all, floats, error))
                return false;
            at += all.count;
        }
    return true;
}

// Divides the work on clusters, and makes room for errors of their rows.
static bool share_clusters(struct blocks *blocks, struct error *error)
{
    const struct adaptive_parameters *own = &blocks->own;
    size_t floats = 0;
    blocks->chunks.count = blocks->softmaxes.count = blocks->splits.count = 0;
    for (size_t l = 0; l < MOST_APART; l++)
        blocks->shares[l].count = 0;
    for (size_t k = 0; k < own->clusters; k++) {
        const struct adaptive_cluster *cluster = &own->cluster[k];
        if (!divide(&blocks->chunks, all_slots(blocks, cluster, NULL, 0), CHUNK_ROWS, error) ||
            !share_levels(blocks, cluster, &floats, error))
            return false;
    }
    return memory_grow(&blocks->error, &blocks->error_capacity, floats + MEMORY_ROW, sizeof(float),
                       error);
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

static void top_errors(struct blocks *blocks, const struct share *chunk)
{
    const struct adaptive_cluster *cluster = chunk->cluster;
    const struct adaptive_level *top = adaptive_top(cluster);
    size_t row = blocks->top_row, n = top->rows;
    float *e = blocks->top_error + chunk->first * row;
    for (size_t i = 0; i < chunk->count; i++)
        bias_begin(blocks->own.bias, cluster->bias + top->first, n, e + i * row);
    linear_rows_times(e, row, cluster->words, top->first, n,
                      blocks->z + chunk->first * blocks->z_row, blocks->z_row, NULL, 0,
                      chunk->count, 1);
    for (size_t i = 0; i < chunk->count; i++) {
        size_t r = blocks->slot_row[chunk->first + i];
        size_t target = adaptive_place(cluster, cluster->levels - 1, blocks->block.target[r]).row;
        blocks->block.prob[r] *= softmax_errors(e + i * row, n, target);
    }
    linear_errors(cluster->words, top->first, n, e, row, chunk->count,
                  blocks->dz + chunk->first * blocks->z_row, blocks->z_row);
}

// The projection and the topmost level for some slots of a cluster.
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
    if (adaptive_top(cluster) != NULL)
        top_errors(blocks, chunk);
}

static float *errors_of(const struct blocks *blocks, const struct share *share)
{
    return blocks->error + blocks->errors_begin[share->level->node + share->softmax];
}

// Of some rows of a softmax; the sums that are the gradient of their biases are left for later.
static void row_gradient(const struct blocks *blocks, const struct share *all, size_t first,
                         size_t count, size_t worker)
{
    const struct adaptive_cluster *cluster = all->cluster;
    struct gradient gradient = {.parameter = (size_t)(cluster->words - blocks->network->parameter),
                                .form = GRADIENT_PRODUCTS,
                                .first = adaptive_first_row(all->level, all->softmax) + first,
                                .count = count,
                                .terms = all->count,
                                .left = errors_of(blocks, all) + first,
                                .left_stride = memory_row(adaptive_rows(all->level, all->softmax)),
                                .right = blocks->z + all->first * blocks->z_row,
                                .right_stride = blocks->z_row,
                                .norm = blocks->z_norm + all->first};
    blocks->block.sink->take(blocks->block.sink, worker, &gradient);
    if (blocks->bias_sum != NULL)
        bias_sum(gradient.left, gradient.left_stride, gradient.terms, count,
                 blocks->bias_sum + cluster->bias + gradient.first);
}

// The rows of a softmax of level `l` for some of its slots.
static void run_rows(struct blocks *blocks, size_t l, size_t item, size_t worker)
{
    const struct output_block *block = &blocks->block;
    const struct share *share = &blocks->shares[l].share[item];
    const struct adaptive_cluster *cluster = share->cluster;
    struct share all = all_slots(blocks, cluster, share->level, share->softmax);
    size_t n = adaptive_rows(share->level, share->softmax), error_row = memory_row(n);
    size_t first = adaptive_first_row(share->level, share->softmax), row = blocks->z_row;
    float *e = errors_of(blocks, share) + (share->first - all.first) * error_row;
    // Those of the next share, if they are rare words', are in no cache.
    if (item + 1 < blocks->shares[l].count)
        adaptive_fetch(&blocks->own, share[1].cluster, share[1].level, share[1].softmax);
    for (size_t i = 0; i < share->count; i++)
        bias_begin(blocks->own.bias, cluster->bias + first, n, e + i * error_row);
    linear_rows_times(e, error_row, cluster->words, first, n, blocks->z + share->first * row, row,
                      NULL, 0, share->count, 1);
    for (size_t i = 0; i < share->count; i++) {
        size_t r = blocks->slot_row[share->first + i];
        block->prob[r] *=
            softmax_errors(e + i * error_row, n, adaptive_place(cluster, l, block->target[r]).row);
    }
    linear_errors(cluster->words, first, n, e, error_row, share->count,
                  blocks->dz + share->first * row, row);
    if (share->whole)
        row_gradient(blocks, &all, 0, n, worker);
}

static void run_words(void *context, size_t worker, size_t item)
{
    run_rows(context, 0, item, worker);
}

static void run_classes(void *context, size_t worker, size_t item)
{
    run_rows(context, 1, item, worker);
}

// Some rows of a softmax that has been divided.
static void run_split(void *context, size_t worker, size_t item)
{
    const struct blocks *blocks = context;
    const struct share *split = &blocks->splits.share[item];
    struct share all = all_slots(blocks, split->cluster, split->level, split->softmax);
    row_gradient(blocks, &all, split->first, split->count, worker);
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
    pool_run(blocks->pool, run_words, blocks, blocks->shares[0].count);
    pool_run(blocks->pool, run_classes, blocks, blocks->shares[1].count);
    pool_run(blocks->pool, run_split, blocks, blocks->splits.count);
    pool_run(blocks->pool, run_down, blocks, blocks->chunks.count);
    return true;
}

// ---- gradients --------------------------------------------------------------------------------

// Items are groups of rows: of the head, then of each cluster's projection and of its topmost level; then
// softmaxes of the lower levels, for their biases.
static size_t groups(size_t rows)
{
    return (rows + GROUP_ROWS - 1) / GROUP_ROWS;
}

static size_t top_rows(const struct adaptive_cluster *cluster)
{
    const struct adaptive_level *top = adaptive_top(cluster);
    return top != NULL ? top->rows : 0;
}

static void count_items(struct blocks *blocks)
{
    const struct adaptive_parameters *own = &blocks->own;
    blocks->item_begin[0] = groups(own->head->rows);
    for (size_t k = 0; k < own->clusters; k++)
        blocks->item_begin[k + 1] = blocks->item_begin[k] + groups(own->cluster[k].width) +
                                    groups(top_rows(&own->cluster[k]));
}

static size_t gradients(const void *data)
{
    const struct blocks *blocks = data;
    size_t biases = blocks->own.bias != NULL ? blocks->softmaxes.count : 0;
    return blocks->item_begin[blocks->own.clusters] +
           (biases + BIAS_SOFTMAXES - 1) / BIAS_SOFTMAXES;
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

static void give_projection(const struct blocks *blocks, const struct share *all, size_t group,
                            size_t worker)
{
    const struct adaptive_cluster *cluster = all->cluster;
    struct gradient gradient = {.parameter =
                                    (size_t)(cluster->projection - blocks->network->parameter),
                                .terms = all->count,
                                .left = blocks->dz + all->first * blocks->z_row,
                                .left_stride = blocks->z_row,
                                .right = blocks->slot_input + all->first * blocks->row,
                                .right_stride = blocks->row,
                                .norm = blocks->slot_norm + all->first};
    give_group(blocks, gradient, group, cluster->width, NULL, 0, NULL, worker);
}

static void give_top(const struct blocks *blocks, const struct share *all, size_t group,
                     size_t worker)
{
    const struct adaptive_cluster *cluster = all->cluster;
    const struct adaptive_level *top = adaptive_top(cluster);
    struct gradient gradient = {.parameter = (size_t)(cluster->words - blocks->network->parameter),
                                .first = top->first,
                                .terms = all->count,
                                .left = blocks->top_error + all->first * blocks->top_row,
                                .left_stride = blocks->top_row,
                                .right = blocks->z + all->first * blocks->z_row,
                                .right_stride = blocks->z_row,
                                .norm = blocks->z_norm + all->first};
    give_group(blocks, gradient, group, top->rows, blocks->own.bias, cluster->bias + top->first,
               blocks->bias_sum, worker);
}

static void give_biases(const struct blocks *blocks, size_t part, size_t worker)
{
    size_t from = part * BIAS_SOFTMAXES;
    size_t end = least(from + BIAS_SOFTMAXES, blocks->softmaxes.count);
    for (size_t i = from; i < end; i++) {
        const struct share *all = &blocks->softmaxes.share[i];
        size_t at = all->cluster->bias + adaptive_first_row(all->level, all->softmax);
        bias_give(blocks->network, blocks->own.bias, at, adaptive_rows(all->level, all->softmax),
                  all->count, blocks->bias_sum + at, blocks->block.sink, worker);
    }
}

static void give_cluster(const struct blocks *blocks, const struct adaptive_cluster *cluster,
                         size_t item, size_t worker)
{
    struct share all = all_slots(blocks, cluster, NULL, 0);
    size_t rows = groups(cluster->width);
    if (all.count > 0 && item < rows)
        give_projection(blocks, &all, item, worker);
    else if (all.count > 0)
        give_top(blocks, &all, item - rows, worker);
}

static void give(const void *data, size_t item, size_t worker)
{
    const struct blocks *blocks = data;
    size_t k = 0;
    if (item < blocks->item_begin[0]) {
        give_head(blocks, item, worker);
        return;
    }
    while (k < blocks->own.clusters && item >= blocks->item_begin[k + 1])
        k++;
    if (k < blocks->own.clusters)
        give_cluster(blocks, &blocks->own.cluster[k], item - blocks->item_begin[k], worker);
    else
        give_biases(blocks, item - blocks->item_begin[k], worker);
}

const struct output_blocks adaptive_blocks = {
    .begin = begin,
    .end = end,
    .learn = learn,
    .gradients = gradients,
    .give = give,
};
