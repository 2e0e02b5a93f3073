// The best ways through a lattice.
#ifndef LATTICE_PATHS_H
#define LATTICE_PATHS_H

#include "lattice/lattice.h"

struct lattice_path {
    size_t *link; // [links] indices, from the start on
    size_t links;
    size_t words;                       // links with words that count
    double total;                       // scaled, as lattice_total()
    double acoustic, lm, pronunciation; // log10, unscaled
};

struct lattice_paths {
    struct lattice_path *path; // [count] by falling total
    size_t count, capacity;
};

// The best `most` ways of an arranged lattice that differ in their words (those that are ignored
// included), the best one of each wording. Error: no memory. lattice_paths_free() in any case.
bool lattice_paths_find(const struct lattice *lattice, size_t most, struct lattice_paths *paths,
                        struct error *error);
void lattice_paths_free(struct lattice_paths *paths);

#endif
