// Packed levels: searching, and their sizes.
#include "ngram/packed.h"

#include <stdlib.h>

#include "base/memory.h"

// ---- searching --------------------------------------------------------------------------------

TRIE_INLINE const void *place(const void *level, uint32_t at)
{
    return packed_place(level, at);
}

TRIE_INLINE uint32_t key_at(const void *level, uint32_t at)
{
    return packed_word(level, at) * ((const struct packed_level *)level)->spread;
}

void packed_find_all(struct trie_search *search, size_t count)
{
    trie_search_all(search, count, key_at, place);
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
    level->spread = words > 1 ? (uint32_t)(UINT32_MAX / words) : 1;
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
