// N-grams as nodes, whichever of its two forms a model's trie has.
//
// `packed` is ngram_is_packed(model): a constant where scoring is inlined, so that there is one
// scoring for both forms and none of it asks at every node which it is.
#ifndef NGRAM_NODE_H
#define NGRAM_NODE_H

#include "ngram/backoff.h"

struct node {
    float log10_prob, log10_backoff;
    uint32_t begin, end; // of its successors, in the next level
};

TRIE_INLINE struct node node_at(const struct ngram_model *model, bool packed, int order,
                                uint32_t index)
{
    struct node node;
    if (packed) {
        const struct packed_level *level = &model->packed[order];
        packed_successors(level, index, &node.begin, &node.end);
        node.log10_prob = packed_prob(level, index);
        node.log10_backoff = packed_backoff(level, index);
    } else {
        const struct trie_node *there = &model->level[order].node[index];
        node =
            (struct node){there->log10_prob, there->log10_backoff, there[0].first, there[1].first};
    }
    return node;
}

// The last word of an n-gram of two words or more.
TRIE_INLINE int32_t node_word(const struct ngram_model *model, bool packed, int order,
                              uint32_t index)
{
    if (!packed)
        return trie_word(model->level[order].node[index].key);
    uint32_t word = packed_word(&model->packed[order], index);
    return word < model->packed[1].count ? (int32_t)word : WORD_END;
}

TRIE_INLINE void node_prefetch(const struct ngram_model *model, bool packed, int order,
                               uint32_t index)
{
    if (packed)
        __builtin_prefetch(packed_place(&model->packed[order], index));
    else
        __builtin_prefetch(&model->level[order].node[index]);
}

// The search for a word among the nodes begin..end-1 of an order.
TRIE_INLINE struct trie_search node_search(const struct ngram_model *model, bool packed, int order,
                                           int32_t word, uint32_t begin, uint32_t end)
{
    const struct packed_level *level = &model->packed[order];
    return packed ? (struct trie_search){level, begin, end, packed_key(level, word), TRIE_NONE}
                  : (struct trie_search){model->level[order].node, begin, end, trie_key(word),
                                         TRIE_NONE};
}

TRIE_INLINE void node_find_all(bool packed, struct trie_search *search, size_t count)
{
    if (packed)
        packed_find_all(search, count);
    else
        trie_find_all(search, count);
}

#endif
