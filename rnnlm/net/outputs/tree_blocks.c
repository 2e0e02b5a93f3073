// The tree of words, learning in blocks.
//
// First every row goes its target's way, from which it has its errors; then each node that was on some
// way moves, by what the rows that passed have to say: work that grows with the ways, not with the
// vocabulary.
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/outputs/tree.h"

enum { CHUNK_ROWS = 48, GIVE_NODES = 64 }; // that are an item

// A row that passes a node.
struct pass {
    size_t node;
    uint32_t row;
    bool second; // child
    float error; // 1 or 0 - probability of the second child
};

struct blocks {
    const struct network *network;
    struct tree tree;
    struct pool *pool;
    struct output_block block; // the one under way
    struct pass *pass;         // by rows
    size_t pass_capacity;
    size_t *row_begin;    // [R + 1] passes of row r: pass[row_begin[r]] and on
    struct pass *by_node; // the same by nodes
    size_t by_node_capacity;
    size_t *node_begin; // passes of the i-th node that is on a way: by_node[node_begin[i]] and on
    size_t node_capacity, nodes;
    uint32_t *number; // [V - 1] 1 + i of the i-th such node, else 0
    float *bias_sum;  // of such nodes
    size_t bias_capacity;
    float **gradient; // [threads][stride of nodes]
};

// ---- memory -----------------------------------------------------------------------------------

static void end(void *data)
{
    struct blocks *blocks = data;
    for (size_t i = 0; blocks->gradient != NULL && i < pool_threads(blocks->pool); i++)
        free(blocks->gradient[i]);
    free(blocks->gradient);
    free(blocks->pass);
    free(blocks->row_begin);
    free(blocks->by_node);
    free(blocks->node_begin);
    free(blocks->number);
    free(blocks->bias_sum);
    free(blocks);
}

static bool allocate(struct blocks *blocks, size_t rows, struct error *error)
{
    size_t threads = pool_threads(blocks->pool);
    blocks->row_begin = memory_new(rows + 1, sizeof *blocks->row_begin, error);
    blocks->number = memory_new(blocks->tree.nodes->rows, sizeof *blocks->number, error);
    blocks->gradient = memory_new(threads, sizeof *blocks->gradient, error);
    bool ok = blocks->row_begin != NULL && blocks->number != NULL && blocks->gradient != NULL;
    for (size_t i = 0; ok && i < threads; i++) {
        blocks->gradient[i] = memory_new(1, blocks->tree.nodes->stride * sizeof(float), error);
        ok = blocks->gradient[i] != NULL;
    }
    return ok;
}

// Rows of nodes are multiplied one by one, and as floats in any case.
static void *begin(const struct network *network, const struct columns *columns, size_t most_rows,
                   bool halves, struct pool *pool, struct error *error)
{
    struct blocks *blocks = memory_new(1, sizeof *blocks, error);
    (void)columns;
    (void)halves;
    if (blocks == NULL)
        return NULL;
    blocks->network = network;
    blocks->tree = tree_of(network);
    blocks->pool = pool;
    if (allocate(blocks, most_rows, error))
        return blocks;
    end(blocks);
    return NULL;
}

// ---- ways -------------------------------------------------------------------------------------

static bool find_passes(struct blocks *blocks, struct error *error)
{
    const struct output_block *block = &blocks->block;
    struct tree_step path[TREE_MOST_DEPTH];
    size_t count = 0;
    for (size_t r = 0; r < block->rows; r++) {
        size_t length =
            block->target[r] >= 0 ? tree_path(&blocks->tree, block->target[r], path) : 0;
        blocks->row_begin[r] = count;
        if (!memory_grow(&blocks->pass, &blocks->pass_capacity, count + length + 1,
                         sizeof *blocks->pass, error))
            return false;
        for (size_t d = 0; d < length; d++)
            blocks->pass[count++] = (struct pass){path[d].node, (uint32_t)r, path[d].second, 0};
    }
    blocks->row_begin[block->rows] = count;
    return memory_grow(&blocks->by_node, &blocks->by_node_capacity, count + 1,
                       sizeof *blocks->by_node, error) &&
           memory_grow(&blocks->node_begin, &blocks->node_capacity, count + 2,
                       sizeof *blocks->node_begin, error) &&
           memory_grow(&blocks->bias_sum, &blocks->bias_capacity, count + 1, sizeof(float), error);
}

// Nodes in the order in which rows come to them first.
static void sort_by_node(struct blocks *blocks)
{
    size_t count = blocks->row_begin[blocks->block.rows], *begin = blocks->node_begin;
    blocks->nodes = 0;
    memset(begin, 0, (count + 2) * sizeof *begin);
    for (size_t i = 0; i < count; i++) {
        uint32_t *number = &blocks->number[blocks->pass[i].node];
        if (*number == 0)
            *number = (uint32_t)++blocks->nodes;
        begin[*number + 1]++;
    }
    for (size_t i = 2; i <= blocks->nodes + 1; i++)
        begin[i] += begin[i - 1];
    for (size_t i = 0; i < count; i++)
        blocks->by_node[begin[blocks->number[blocks->pass[i].node]]++] = blocks->pass[i];
    for (size_t i = 0; i < count; i++)
        blocks->number[blocks->pass[i].node] = 0;
}

// ---- errors -----------------------------------------------------------------------------------

// Passes of a row: from what the target wants to errors.
static void row_errors(struct blocks *blocks, size_t r)
{
    const struct output_block *block = &blocks->block;
    const struct parameter *nodes = blocks->tree.nodes;
    const float *input = block->input + r * block->stride;
    float *error = block->error + r * block->stride;
    double prob = 1;
    memset(error, 0, block->stride * sizeof *error);
    for (size_t i = blocks->row_begin[r]; i < blocks->row_begin[r + 1]; i++) {
        struct pass *pass = &blocks->pass[i];
        float logit;
        bias_begin(blocks->tree.bias, pass->node, 1, &logit);
        linear_add_products(nodes, pass->node, 1, input, &logit);
        float way = tree_way(logit, pass->second);
        prob *= (double)way;
        pass->error = pass->second ? 1 - way : way - 1;
        kernels->scale_add(error, parameter_row(nodes, pass->node), nodes->width, pass->error, 1);
    }
    kernels->clamp(error, nodes->width, block->cutoff);
    if (block->target[r] >= 0)
        block->prob[r] = tree_prob(prob);
}

static void run_rows(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    size_t first = item * CHUNK_ROWS, rows = blocks->block.rows;
    (void)worker;
    for (size_t r = first; r < first + CHUNK_ROWS && r < rows; r++)
        row_errors(blocks, r);
}

// ---- gradients --------------------------------------------------------------------------------

// The gradient of the i-th node; its bias is left for later.
static void node_gradient(struct blocks *blocks, size_t i, size_t worker)
{
    const struct output_block *block = &blocks->block;
    const struct parameter *nodes = blocks->tree.nodes;
    size_t begin = blocks->node_begin[i], end = blocks->node_begin[i + 1];
    float *sum = blocks->gradient[worker], power = 0;
    blocks->bias_sum[i] = 0;
    for (size_t at = begin; at < end; at++) {
        const struct pass *pass = &blocks->by_node[at];
        const float *input = block->input + pass->row * block->stride;
        kernels->scale_add(sum, input, nodes->width, pass->error, at == begin ? 0 : 1);
        blocks->bias_sum[i] += pass->error;
        if (block->norm != NULL)
            power += pass->error * pass->error * block->norm[pass->row];
    }
    struct gradient gradient = {.parameter = (size_t)(nodes - blocks->network->parameter),
                                .form = GRADIENT_WHOLE,
                                .first = blocks->by_node[begin].node,
                                .count = 1,
                                .terms = end - begin,
                                .right = sum,
                                .right_stride = nodes->stride,
                                .norm = &power};
    block->sink->take(block->sink, worker, &gradient);
}

static size_t items(const struct blocks *blocks)
{
    return (blocks->nodes + GIVE_NODES - 1) / GIVE_NODES;
}

static void run_nodes(void *context, size_t worker, size_t item)
{
    struct blocks *blocks = context;
    size_t first = item * GIVE_NODES;
    for (size_t i = first; i < first + GIVE_NODES && i < blocks->nodes; i++)
        node_gradient(blocks, i, worker);
}

static bool learn(void *data, const struct output_block *block, struct error *error)
{
    struct blocks *blocks = data;
    blocks->block = *block;
    if (!find_passes(blocks, error))
        return false;
    pool_run(blocks->pool, run_rows, blocks, (block->rows + CHUNK_ROWS - 1) / CHUNK_ROWS);
    sort_by_node(blocks);
    pool_run(blocks->pool, run_nodes, blocks, items(blocks));
    return true;
}

static size_t gradients(const void *data)
{
    const struct blocks *blocks = data;
    return blocks->tree.bias != NULL ? items(blocks) : 0;
}

static void give(const void *data, size_t item, size_t worker)
{
    const struct blocks *blocks = data;
    size_t first = item * GIVE_NODES;
    for (size_t i = first; i < first + GIVE_NODES && i < blocks->nodes; i++) {
        size_t begin = blocks->node_begin[i];
        bias_give(blocks->network, blocks->tree.bias, blocks->by_node[begin].node, 1,
                  blocks->node_begin[i + 1] - begin, &blocks->bias_sum[i], blocks->block.sink,
                  worker);
    }
}

const struct output_blocks tree_blocks = {
    .begin = begin,
    .end = end,
    .learn = learn,
    .gradients = gradients,
    .give = give,
};
