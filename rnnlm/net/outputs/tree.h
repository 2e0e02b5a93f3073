// The output that is a binary tree with the words as its leaves (Morin & Bengio 2005), Huffman's for
// their counts (Mikolov et al. 2013): with the inner nodes 0, 1, ... D - 1 on the way from the root to w,
//
//   P(w) = product over d < D of  g(node_d x + bias_d)      where the way goes on to the second child,
//                                 1 - g(node_d x + bias_d)  where to the first,       g the logistic function
//
// so that a word takes some log2 V rows, and frequent words fewer.
//
// The tree is canonical: at each depth the words come first, in the order of their numbers, and then
// the inner nodes; children of the i-th inner node are the places 2i and 2i + 1 of the next depth.
// It follows from the depths of the words, which do not fall with the words' numbers, and is kept in
// the network's classes: class k are the words at depth k. Where words are not in the order of their
// counts, the i-th word has the i-th lowest depth all the same.
//
// Shared by its files: tree.c (parameters, scoring), tree_depths.c, tree_online.c, tree_blocks.c.
#ifndef NET_OUTPUTS_TREE_H
#define NET_OUTPUTS_TREE_H

#include "net/output.h"
#include "net/outputs/bias.h"

enum {
    TREE_MOST_DEPTH = 160
}; // counts of 64 bits, of any number of words, do not make deeper ones

struct tree {
    struct parameter *nodes,
        *bias; // [V - 1] from the root down; the bias is NULL in a network without
    size_t begin[TREE_MOST_DEPTH + 2]; // words at depth d: begin[d] .. begin[d + 1] - 1
    size_t inner[TREE_MOST_DEPTH + 2]; // inner nodes at depth d likewise
    size_t depth;                      // of the deepest words
};

struct tree_step {
    size_t node;
    bool second; // child
};

// The tree of a network; cheap, and no memory.
struct tree tree_of(const struct network *network);

// The way to a word, from the root down; returns its length.
size_t tree_path(const struct tree *tree, int32_t word, struct tree_step path[TREE_MOST_DEPTH]);

// Depths of words with these counts: shape->classes and `classes`. Error: no memory.
bool tree_divide(struct network_shape *shape, const uint64_t *count, struct classes *classes,
                 struct error *error);

// Whether the depths are those of a tree. Error: how many places are missing, or too few.
bool tree_divided_ok(const struct classes *classes, struct error *error);

// The probability of going on to the second child, or to the first; never 0.
float tree_way(float logit, bool second);

// What is left of a product of these where it leaves the range of numbers: not 0.
static inline double tree_prob(double product)
{
    return product < 1e-300 ? 1e-300 : product;
}

extern const struct output_online tree_online;
extern const struct output_blocks tree_blocks;

#endif
