// The n-grams of a back-off model as a trie: an array of nodes for each order, in which the
// successors of a context lie side by side.
//
// Successors are sorted by a key that scatters word ids evenly over 32 bits. Where a word lies
// among n of them can then be computed to about the square root of n, so that a search touches one
// or two cache lines, where one by id would need log2(n).
#ifndef NGRAM_TRIE_H
#define NGRAM_TRIE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ngram/trie_search.h"

#define TRIE_MOST_NODES (UINT32_MAX - 2) // of one order

struct trie_node {
    uint32_t key; // of the last word, trie_key()
    float log10_prob;
    float log10_backoff;
    uint32_t first; // its successors are nodes first..(next node).first-1 of the next level
};

struct trie_level {
    struct trie_node *node; // [count + 1], the last only for the end of the successors before it
    size_t count, capacity;
};

// One to one: 2654435769 is 2^32 over the golden ratio, made odd.
static inline uint32_t trie_key(int32_t word)
{
    return (uint32_t)word * 0x9e3779b1u;
}

static inline int32_t trie_word(uint32_t key)
{
    return (int32_t)(key * 0x0e8b2f51u);
}

// Does many searches at once: they mostly wait for memory, and can wait together.
// `level` of each is an array of nodes.
void trie_find_all(struct trie_search *search, size_t count);

// One search: the node with that key among begin..end-1, TRIE_NONE if there is none.
uint32_t trie_find(const struct trie_node *node, uint32_t begin, uint32_t end, uint32_t key);

// Makes room for `count` nodes and the one behind them.
bool trie_reserve(struct trie_level *level, size_t count, struct error *error);

// Building a level: nodes are appended in any order, each with its parent's index as `first`, for
// which the parent's `first` is counted up from 0. trie_arrange() then puts them in their places,
// sets `first` of all parents, and leaves 0 in that of the nodes themselves. Returns the index of a
// node that has the same parent and key as the one before it, 0 if there is none.
size_t trie_arrange(struct trie_level *parents, struct trie_level *level);

// Index of the node whose successor `child` of the next level is.
uint32_t trie_parent(const struct trie_level *parents, uint32_t child);

#endif
