// A hash table from pairs of numbers to numbers.
#include "lattice/pair_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { LEAST_SLOTS = 64 };

void pair_map_free(struct pair_map *map)
{
    free(map->entry);
    memset(map, 0, sizeof *map);
}

void pair_map_clear(struct pair_map *map)
{
    if (map->used > 0)
        memset(map->entry, 0, map->slots * sizeof *map->entry);
    map->used = 0;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t hash = (a * 0x9e3779b97f4a7c15u) ^ (b + 0x7f4a7c159e3779b9u);
    hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93u;
    return hash ^ (hash >> 32);
}

// The pair's slot, or the free one where it would be.
static struct pair_entry *locate(const struct pair_map *map, uint64_t a, uint64_t b)
{
    size_t at = (size_t)mix(a, b) & (map->slots - 1);
    while (map->entry[at].used && (map->entry[at].a != a || map->entry[at].b != b))
        at = (at + 1) & (map->slots - 1);
    return &map->entry[at];
}

static bool enlarge(struct pair_map *map, struct error *error)
{
    struct pair_map larger = {.slots = map->slots > 0 ? map->slots * 2 : LEAST_SLOTS,
                              .used = map->used};
    larger.entry = memory_new(larger.slots, sizeof *larger.entry, error);
    if (larger.entry == NULL)
        return false;
    for (size_t i = 0; i < map->slots; i++)
        if (map->entry[i].used)
            *locate(&larger, map->entry[i].a, map->entry[i].b) = map->entry[i];
    free(map->entry);
    *map = larger;
    return true;
}

const size_t *pair_map_find(const struct pair_map *map, uint64_t a, uint64_t b)
{
    if (map->slots == 0)
        return NULL;
    const struct pair_entry *entry = locate(map, a, b);
    return entry->used ? &entry->value : NULL;
}

bool pair_map_add(struct pair_map *map, uint64_t a, uint64_t b, size_t *value, bool *added,
                  struct error *error)
{
    if (map->used >= map->slots / 2 && !enlarge(map, error))
        return false;
    struct pair_entry *entry = locate(map, a, b);
    if (added != NULL)
        *added = !entry->used;
    if (!entry->used) {
        *entry = (struct pair_entry){a, b, *value, true};
        map->used++;
    }
    *value = entry->value;
    return true;
}
