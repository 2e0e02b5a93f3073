// Packed levels: searching, and their sizes.
#include "ngram/packed.h"

#include <stdlib.h>

#include "base/memory.h"

// ---- searching --------------------------------------------------------------------------------

TRIE_INLINE uint32_t key_at(const void *level, uint32_t at)
{
    return packed_word(level, at) * ((const struct packed_level *)level)->spread;
}

// Between two places that have a drift it is that of both, by their distance.
TRIE_INLINE uint32_t guess(const struct trie_search *search)
{
    const struct packed_level *level = search->level;
    const uint32_t even = trie_guess(search);
    if (level->drift == NULL || search->begin == search->end)
        return even;
    const uint64_t step = even / PACKED_STEP;
    const int32_t before = step * PACKED_STEP > search->begin ? level->drift[step] : 0;
    const int32_t behind = (step + 1) * PACKED_STEP < search->end ? level->drift[step + 1] : 0;
    const int32_t part = (behind - before) * (int32_t)(even % PACKED_STEP) / PACKED_STEP;
    return trie_within((int64_t)even + before + part, search->begin, search->end);
}

// Many at once: they mostly wait for memory, and can wait together.
void packed_find_all(struct trie_search *search, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        search[i].found = guess(&search[i]);
        __builtin_prefetch(packed_place(search[i].level, search[i].found));
    }
    for (size_t i = 0; i < count; i++)
        search[i].found = trie_find_from(&search[i], search[i].found, key_at);
}

void packed_set_drift(int16_t *drift, uint32_t begin, uint32_t count, packed_key_of *key_of,
                      const void *successors)
{
    uint32_t below = 0; // successors with smaller keys
    for (uint64_t step = begin / PACKED_STEP + 1; step * PACKED_STEP < (uint64_t)begin + count;
         step++) {
        const uint64_t even = step * PACKED_STEP - begin;
        const uint32_t key = (uint32_t)((even << 32) / count);
        while (below < count && key_of(successors, below) < key)
            below++;
        const int64_t further = (int64_t)below - (int64_t)even;
        drift[step] = (int16_t)(further < INT16_MIN   ? INT16_MIN
                                : further > INT16_MAX ? INT16_MAX
                                                      : further);
    }
}

// ---- sizes ------------------------------------------------------------------------------------

// Of numbers from 0 to `largest`.
static uint8_t bits_for(uint64_t largest)
{
    uint8_t bits = 0;
    for (; largest > 0; largest >>= 1)
        bits++;
    return bits;
}

struct packed_shape packed_shape_of(int order, bool last, uint64_t words, uint64_t below,
                                    unsigned code)
{
    code = order > 1 ? code : 0;
    return (struct packed_shape){.key = order > 1 ? bits_for(words - 1) : 0,
                                 .first = last ? 0 : bits_for(below),
                                 .prob = (uint8_t)(code > 0 ? code : PACKED_PROB),
                                 .backoff = (uint8_t)(last       ? 0
                                                      : code > 0 ? code
                                                                 : PACKED_BACKOFF)};
}

void packed_level_init(struct packed_level *level, uint64_t words)
{
    level->bits = packed_width(&level->shape);
    level->spread = packed_spread(words);
}

uint32_t packed_spread(uint64_t words)
{
    return words > 1 ? (uint32_t)(UINT32_MAX / words) : 1;
}

uint64_t packed_bytes_of(const struct packed_shape *shape, uint64_t count)
{
    return ((count + 1) * packed_width(shape) + 7) / 8 + PACKED_BEHIND;
}

// ---- order of words ---------------------------------------------------------------------------

static int compare_keys(const void *left, const void *right)
{
    uint32_t a = trie_key(*(const int32_t *)left), b = trie_key(*(const int32_t *)right);
    return a < b ? -1 : a > b;
}

int32_t *packed_order(size_t words, struct error *error)
{
    int32_t *order = memory_new(words, sizeof *order, error);
    for (size_t i = 0; order != NULL && i < words; i++)
        order[i] = (int32_t)i;
    if (order != NULL)
        qsort(order, words, sizeof *order, compare_keys);
    return order;
}
