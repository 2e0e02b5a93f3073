// Word histories as numbers: equal histories have equal numbers.
#ifndef LATTICE_HISTORY_H
#define LATTICE_HISTORY_H

#include "lattice/pair_map.h"

struct history_word {
    size_t before; // the history without its last word
    int32_t word;
};

// All histories so far, as a tree; number 0 is the empty one.
struct histories {
    struct history_word *history; // [count]
    size_t count, capacity;
    size_t longest; // words that are kept; SIZE_MAX for all
    struct pair_map next;
    int32_t *recent; // scratch
    size_t recent_capacity;
};

// Error: no memory. histories_free() in any case.
bool histories_init(struct histories *histories, size_t longest, struct error *error);
void histories_free(struct histories *histories);

// *after = the history after `word` in `before`, without the words that are too far back.
bool history_after(struct histories *histories, size_t before, int32_t word, size_t *after,
                   struct error *error);

// Keeps number[0..count-1] and what they are made of; they get new numbers, which take the old ones'
// places. Error: no memory.
bool histories_keep(struct histories *histories, size_t *number, size_t count, struct error *error);

size_t histories_memory(const struct histories *histories); // bytes

#endif
