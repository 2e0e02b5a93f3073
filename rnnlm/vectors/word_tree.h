// The words of a vocabulary as the leaves of Huffman's tree: hierarchical softmax (Morin & Bengio 2005; Mikolov et al.
// 2013). The way from the root to a word is a choice at each inner node: of the two nodes below it the first one
// (its bit is 0) or the second (1).
#ifndef VECTORS_WORD_TREE_H
#define VECTORS_WORD_TREE_H

#include "text/vocabulary.h"

struct word_tree {
    size_t inner;   // nodes with two below: one less than there are words, </s> aside
    size_t *begin;  // [words + 1] where the way to a word begins
    uint32_t *node; // inner nodes on the ways, each from the root on
    uint8_t *bit;
    size_t deepest; // the longest way
};

// Of words in the order of falling counts, two at least besides </s>, which is none of the leaves. Error: no memory.
// word_tree_free() in any case.
bool word_tree_init(struct word_tree *tree, const struct vocabulary *words, struct error *error);
void word_tree_free(struct word_tree *tree);

#endif
