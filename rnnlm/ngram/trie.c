// The n-grams of a back-off model as a trie.
#include "ngram/trie.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

// ---- searching --------------------------------------------------------------------------------

TRIE_INLINE uint32_t key_at(const void *level, uint32_t at)
{
    return ((const struct trie_node *)level)[at].key;
}

TRIE_INLINE void prefetch(const struct trie_search *search)
{
    __builtin_prefetch((const struct trie_node *)search->level + search->found);
}

void trie_find_all(struct trie_search *search, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        search[i].found = trie_guess(&search[i]);
        prefetch(&search[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (search[i].end - search[i].begin <= TRIE_FEW)
            continue;
        int64_t better =
            search[i].found + trie_distance(&search[i], key_at(search[i].level, search[i].found));
        search[i].found = trie_within(better, search[i].begin, search[i].end);
        prefetch(&search[i]);
    }
    for (size_t i = 0; i < count; i++)
        search[i].found = trie_find_from(&search[i], search[i].found, key_at);
}

uint32_t trie_find(const struct trie_node *node, uint32_t begin, uint32_t end, uint32_t key)
{
    const struct trie_search search = {node, begin, end, key, TRIE_NONE};
    return begin < end ? trie_find_from(&search, trie_guess(&search), key_at) : TRIE_NONE;
}

uint32_t trie_parent(const struct trie_level *parents, uint32_t child)
{
    size_t low = 0, high = parents->count; // the last node whose `first` is not behind the child
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (parents->node[middle].first <= child)
            low = middle;
        else
            high = middle;
    }
    return (uint32_t)low;
}

// ---- building ---------------------------------------------------------------------------------

// Large pages spare most of the address translation that random access costs.
static void prefer_large_pages(void *array, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = ((uintptr_t)array + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)array + bytes) / page * page;
    if (end > begin && end - begin >= (uintptr_t)1 << 21)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
    (void)array, (void)bytes;
#endif
}

bool trie_reserve(struct trie_level *level, size_t count, struct error *error)
{
    size_t before = level->capacity;
    if (!memory_grow(&level->node, &level->capacity, count + 1, sizeof *level->node, error))
        return false;
    if (level->capacity > before)
        prefer_large_pages(level->node, level->capacity * sizeof *level->node);
    return true;
}

// From the numbers of successors to the ends of their ranges.
static void add_up(struct trie_level *parents)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < parents->count; i++) {
        sum += parents->node[i].first;
        parents->node[i].first = sum;
    }
    parents->node[parents->count].first = sum;
}

enum { FLIGHT = 48 };
static const uint32_t SETTLED = UINT32_MAX, HOLE = UINT32_MAX - 1; // instead of a parent's index

// Takes unsettled nodes off their places into the free part of flight[].
static size_t take_off(struct trie_level *level, size_t *scanned, struct trie_node *flight,
                       size_t flying)
{
    for (; flying < FLIGHT && *scanned < level->count; ++*scanned) {
        struct trie_node *node = &level->node[*scanned];
        if (node->first < HOLE) {
            flight[flying++] = *node;
            node->first = HOLE;
        }
    }
    return flying;
}

// Moves every node into its parent's range, in place, filling the ranges from their ends, so that
// parents' `first` come to be the beginnings. Many nodes move at once because each move waits for
// two places in memory, that of the parent and that of the destination.
static void settle(struct trie_level *parents, struct trie_level *level)
{
    struct trie_node flight[FLIGHT];
    struct trie_node *destination[FLIGHT];
    size_t scanned = 0, flying = 0;
    while ((flying = take_off(level, &scanned, flight, flying)) > 0) {
        for (size_t i = 0; i < flying; i++)
            __builtin_prefetch(&parents->node[flight[i].first], 1);
        for (size_t i = 0; i < flying; i++) {
            destination[i] = &level->node[--parents->node[flight[i].first].first];
            __builtin_prefetch(destination[i], 1);
        }
        size_t displaced = 0;
        for (size_t i = 0; i < flying; i++) {
            struct trie_node there = *destination[i];
            *destination[i] = flight[i];
            destination[i]->first = SETTLED;
            if (there.first < HOLE)
                flight[displaced++] = there;
        }
        flying = displaced;
    }
}

static int compare_keys(const void *left, const void *right)
{
    uint32_t a = ((const struct trie_node *)left)->key, b = ((const struct trie_node *)right)->key;
    return a < b ? -1 : a > b;
}

enum { FEW = 24 };

static void sort_by_key(struct trie_node *node, size_t count)
{
    if (count > FEW) {
        qsort(node, count, sizeof *node, compare_keys);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct trie_node moved = node[i];
        size_t j = i;
        for (; j > 0 && node[j - 1].key > moved.key; j--)
            node[j] = node[j - 1];
        node[j] = moved;
    }
}

size_t trie_arrange(struct trie_level *parents, struct trie_level *level)
{
    add_up(parents);
    settle(parents, level);
    for (size_t i = 0; i < parents->count; i++) {
        uint32_t begin = parents->node[i].first, end = parents->node[i + 1].first;
        sort_by_key(level->node + begin, end - begin);
    }
    size_t twin = 0;
    for (size_t i = 0; i < parents->count; i++)
        for (uint32_t j = parents->node[i].first + 1; j < parents->node[i + 1].first; j++)
            if (level->node[j].key == level->node[j - 1].key)
                twin = j;
    for (size_t i = 0; i < level->count; i++)
        level->node[i].first = 0;
    level->node[level->count] = (struct trie_node){0};
    return twin;
}
