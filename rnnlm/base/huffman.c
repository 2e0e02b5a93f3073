// Huffman's algorithm with two queues: leaves, and inner nodes as they are made, each heavier than those before.
#include "base/huffman.h"

// Takes the lightest node that has no parent yet.
static size_t take_lightest(const double *weight, size_t *leaf, size_t *inner, size_t leaves,
                            size_t made)
{
    if (*leaf < leaves && (*inner >= made || weight[*leaf] <= weight[*inner]))
        return (*leaf)++;
    return (*inner)++;
}

void huffman_join(double *weight, uint32_t *above, size_t leaves)
{
    size_t leaf = 0, inner = leaves, made = leaves;
    for (; made < 2 * leaves - 1; made++) {
        size_t a = take_lightest(weight, &leaf, &inner, leaves, made);
        size_t b = take_lightest(weight, &leaf, &inner, leaves, made);
        weight[made] = weight[a] + weight[b];
        above[a] = above[b] = (uint32_t)made;
    }
    above[2 * leaves - 2] = (uint32_t)(2 * leaves - 2);
}
