// Nodes by the numbers that states have in a file, and one node that all final states lead to.
#ifndef LATTICE_STATES_H
#define LATTICE_STATES_H

#include "lattice/lattice.h"
#include "lattice/pair_map.h"
#include "lattice/pieces.h"

struct states {
    const struct input *input;
    struct lattice *lattice;
    struct pair_map index; // of nodes, by the number of the state
    size_t final;          // the end; NO_NODE before the first final state
};

// The lattice has no nodes yet, the first state to be taken is its start. states_free() in any case.
void states_init(struct states *states, const struct input *input, struct lattice *lattice);
void states_free(struct states *states);

// The node of a state, which is made if the state has not been there before. Error: no number.
bool states_take(struct states *states, const struct piece *piece, size_t *node,
                 struct error *error);

// Adds a link, whose `to` is nothing yet, from a final state to the end.
bool states_end(struct states *states, struct lattice_link *link, struct error *error);

// Whether there has been a final state; an error otherwise, for a lattice that has been read.
bool states_have_end(const struct states *states, struct error *error);

#endif
