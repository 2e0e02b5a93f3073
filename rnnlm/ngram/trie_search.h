// Searching for a key among nodes that are sorted by keys which are spread evenly over 32 bits. The
// two forms in which a level of a trie can lie (ngram/trie.h, ngram/packed.h) give what is theirs: how
// a key is read, and where a node lies.
#ifndef NGRAM_TRIE_SEARCH_H
#define NGRAM_TRIE_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRIE_NONE UINT32_MAX // no such node

struct trie_search {
    const void *level;   // in either form
    uint32_t begin, end; // the nodes to search
    uint32_t key;
    uint32_t found; // the result: the node with that key, TRIE_NONE if there is none
};

typedef uint32_t trie_key_at(const void *level, uint32_t at);

#define TRIE_INLINE static inline __attribute__((always_inline))

enum {
    TRIE_INTERPOLATIONS = 6, // then halving, for keys that are not spread evenly
    TRIE_STEPS = 6,          // to where a key should be, that are taken one by one
    TRIE_FEW = 4             // nodes that are looked at one by one, which no branch has to foresee
};

// Where among the nodes the key should lie, if keys are spread evenly.
TRIE_INLINE uint32_t trie_guess(const struct trie_search *search)
{
    return search->begin + (uint32_t)((uint64_t)search->key * (search->end - search->begin) >> 32);
}

// By how many nodes the key should lie behind one that has the key `there`.
TRIE_INLINE int64_t trie_distance(const struct trie_search *search, uint32_t there)
{
    int64_t keys = (int64_t)search->key - (int64_t)there;
    return keys * (int64_t)(search->end - search->begin) / ((int64_t)1 << 32);
}

TRIE_INLINE uint32_t trie_within(int64_t at, int64_t low, int64_t high)
{
    return (uint32_t)(at < low ? low : at >= high ? high - 1 : at);
}

TRIE_INLINE uint32_t trie_find_among_few(const struct trie_search *search, trie_key_at *key_at)
{
    uint32_t found = TRIE_NONE;
    for (uint32_t i = search->begin; i < search->end; i++)
        found = key_at(search->level, i) == search->key ? i : found;
    return found;
}

// From `at` on: by interpolation, and from a node that is near step by step, which is easier to foresee.
TRIE_INLINE uint32_t trie_find_from(const struct trie_search *search, uint32_t at,
                                    trie_key_at *key_at)
{
    int64_t low = search->begin, high = search->end;
    if (high - low <= TRIE_FEW)
        return trie_find_among_few(search, key_at);
    for (int tries = 0; low < high; tries++) {
        uint32_t there = key_at(search->level, at);
        int64_t step = trie_distance(search, there);
        const bool up = there < search->key;
        if (-TRIE_STEPS <= step && step <= TRIE_STEPS) {
            int64_t last = trie_within(up ? at + TRIE_STEPS : (int64_t)at - TRIE_STEPS, low, high);
            for (; at != last && there != search->key && (there < search->key) == up;
                 there = key_at(search->level, at))
                at = up ? at + 1 : at - 1;
        }
        if (there == search->key)
            return at;
        if ((there < search->key) != up)
            return TRIE_NONE; // it would be between two that are side by side
        if (up)
            low = (int64_t)at + 1;
        else
            high = at;
        step = up ? (step > 0 ? step : 1) : (step < 0 ? step : -1);
        at = tries < TRIE_INTERPOLATIONS ? trie_within(at + step, low, high)
                                         : (uint32_t)(low + (high - low) / 2);
    }
    return TRIE_NONE;
}

#endif
