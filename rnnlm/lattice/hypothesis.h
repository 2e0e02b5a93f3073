// Hypotheses of a lattice's node, and which of them one can stand for.
#ifndef LATTICE_HYPOTHESIS_H
#define LATTICE_HYPOTHESIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lattice/language.h"

#define NO_HYPOTHESIS SIZE_MAX
#define NO_STATE SIZE_MAX

// A node of the expanded lattice.
struct lattice_hypothesis {
    size_t node;    // of the lattice
    size_t history; // number of its words
    size_t group;   // number of its last words, which -merge-order goes by
    size_t first;   // the best hypothesis of its group at this node
    size_t next;    // the next best one that is kept, or NO_HYPOTHESIS
    size_t state;   // in the language; NO_STATE once nothing can come behind it any more
    size_t merged;  // another hypothesis that stands for this one, or NO_HYPOTHESIS
    int32_t word;   // last one, WORD_OOV before the first
    bool ended;     // </s> was the last word
    size_t waiting; // links behind it that wait for their node's level
    double score;   // of the best way to it
};

// When one hypothesis stands for another that is no better.
struct merging {
    double margin;   // in a group: if it leads by this much score times language_distance()
    double distance; // with the same last word: below this distance; 0: never
    size_t most;     // kept, where not every group needs one of its own; 0: no limit
};

// Merges hypotheses begin..end-1, which are those of a node, the best first, and have states;
// states of those that are merged are released.
void lattice_hypotheses_merge(struct lattice_hypothesis *hypothesis, size_t begin, size_t end,
                              const struct merging *merging, struct language *language);

void lattice_hypothesis_drop_state(struct lattice_hypothesis *hypothesis,
                                   struct language *language);

#endif
