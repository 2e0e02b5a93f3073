// A hash table from pairs of numbers to numbers.
#ifndef LATTICE_PAIR_MAP_H
#define LATTICE_PAIR_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct pair_entry {
    uint64_t a, b;
    size_t value;
    bool used;
};

// Starts as {0}.
struct pair_map {
    struct pair_entry *entry; // [slots] open-addressed
    size_t slots, used;       // a power of two, or 0
};

void pair_map_free(struct pair_map *map);

// Forgets all pairs.
void pair_map_clear(struct pair_map *map);

// The value of a pair, NULL if it is not there.
const size_t *pair_map_find(const struct pair_map *map, uint64_t a, uint64_t b);

// The value of a pair in *value; if it is not there it is added with the value that *value has, and
// *added (may be NULL) is set. Error: no memory.
bool pair_map_add(struct pair_map *map, uint64_t a, uint64_t b, size_t *value, bool *added,
                  struct error *error);

#endif
