// How far a search through a lattice may go, and how it narrows where it would go further: what
// looks worst goes, by the score so far and the outlook, so that a search always ends.
//
// The work is spread over the lattice: each level gets the share of what is left that its links are
// of those left. A part of the work is free, so that lattices that need no more are searched as if
// there were no bound.
#ifndef LATTICE_BOUNDS_H
#define LATTICE_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

// 0 anywhere: no bound.
struct search_bounds {
    size_t live;    // links behind hypotheses that wait for the level of their node
    uint64_t steps; // probabilities and states computed
    size_t memory;  // bytes
    double seconds;
};

enum bound { BOUND_LIVE = 1, BOUND_STEPS = 2, BOUND_MEMORY = 4, BOUND_SECONDS = 8 };

// What narrowing did.
struct narrowing {
    unsigned bounds;  // those that were met
    uint64_t dropped; // links behind hypotheses that did not go on
    double nearest; // the least that one of them was behind the best way, estimated: log10, scaled
};

// One line for the user; false if nothing was narrowed.
bool narrowing_remark(const struct narrowing *narrowing, const struct search_bounds *bounds,
                      struct error *remark);

// ---- the work ---------------------------------------------------------------------------------

struct allowance {
    struct search_bounds bounds;
    double begin;      // seconds on the clock
    uint64_t used;     // steps
    uint64_t weight;   // links of the levels to come, the next one included
    unsigned pressing; // the bound that the last quota came from; 0: none
};

void allowance_begin(struct allowance *allowance, const struct search_bounds *bounds,
                     uint64_t links);

// Steps that the next level may take, whose nodes `links` links leave; SIZE_MAX if any number.
size_t allowance_quota(struct allowance *allowance, uint64_t links);

// ---- what goes --------------------------------------------------------------------------------

// What is above `threshold` stays, and so much of what is equal to it as there is room for.
struct cut {
    double best, threshold;
    size_t room;
};

// The cut that leaves the best `most` of the values, whose order changes; most >= 1.
struct cut cut_to(double *value, size_t count, size_t most);

// Whether a value stays; asked once for each.
bool cut_stays(struct cut *cut, double value, struct narrowing *narrowing);

#endif
