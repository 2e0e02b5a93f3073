// Ways to words.
#include "vectors/word_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/huffman.h"
#include "base/memory.h"

// Nodes are numbered as base/huffman.h has them: leaf i is the word that is i-th from the end.
struct making {
    size_t leaves;
    double *weight;  // [2 leaves - 1]
    uint32_t *above; // [2 leaves - 1]
    uint8_t *second; // [2 leaves - 1] whether a node is the second of the two below its parent
};

static void find_seconds(struct making *making)
{
    size_t nodes = 2 * making->leaves - 1;
    uint8_t *seen = making->second; // of inner nodes: one below has come
    for (size_t i = 0; i + 1 < nodes; i++) {
        size_t parent = making->above[i];
        making->second[i] = (uint8_t)((seen[i] & 2) | (seen[parent] >> 1 & 1));
        seen[parent] |= 2;
    }
}

static size_t depth_of(const struct making *making, size_t node)
{
    size_t depth = 0;
    for (; making->above[node] != node; node = making->above[node])
        depth++;
    return depth;
}

static bool make_room(struct word_tree *tree, const struct making *making, size_t words,
                      struct error *error)
{
    size_t all = 0;
    for (size_t w = 1; w < words; w++) {
        size_t depth = depth_of(making, words - 1 - w);
        tree->begin[w] = all;
        tree->deepest = depth > tree->deepest ? depth : tree->deepest;
        all += depth;
    }
    tree->begin[words] = all;
    tree->node = memory_new(all, sizeof *tree->node, error);
    tree->bit = memory_new(all, sizeof *tree->bit, error);
    return tree->node != NULL && tree->bit != NULL;
}

static void find_ways(struct word_tree *tree, const struct making *making, size_t words)
{
    for (size_t w = 1; w < words; w++) {
        size_t node = words - 1 - w;
        for (size_t at = tree->begin[w + 1]; at-- > tree->begin[w]; node = making->above[node]) {
            tree->node[at] = (uint32_t)(making->above[node] - making->leaves);
            tree->bit[at] = making->second[node] & 1;
        }
    }
}

bool word_tree_init(struct word_tree *tree, const struct vocabulary *words, struct error *error)
{
    struct making making = {.leaves = words->size - 1};
    *tree = (struct word_tree){.inner = making.leaves - 1};
    making.weight = memory_new(2 * making.leaves, sizeof *making.weight, error);
    making.above = memory_new(2 * making.leaves, sizeof *making.above, error);
    making.second = memory_new(2 * making.leaves, sizeof *making.second, error);
    tree->begin = memory_new(words->size + 1, sizeof *tree->begin, error);
    bool ok = making.weight != NULL && making.above != NULL && making.second != NULL &&
              tree->begin != NULL;
    if (ok) {
        for (size_t w = 1; w < words->size; w++)
            making.weight[words->size - 1 - w] = (double)words->count[w];
        huffman_join(making.weight, making.above, making.leaves);
        find_seconds(&making);
        ok = make_room(tree, &making, words->size, error);
    }
    if (ok)
        find_ways(tree, &making, words->size);
    free(making.weight);
    free(making.above);
    free(making.second);
    return ok;
}

void word_tree_free(struct word_tree *tree)
{
    free(tree->begin);
    free(tree->node);
    free(tree->bit);
    memset(tree, 0, sizeof *tree);
}
