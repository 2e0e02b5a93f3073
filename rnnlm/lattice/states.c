// Nodes by the numbers that states have in a file.
#include "lattice/states.h"

#include <inttypes.h>
#include <math.h>

void states_init(struct states *states, const struct input *input, struct lattice *lattice)
{
    *states = (struct states){.input = input, .lattice = lattice, .final = NO_NODE};
    lattice->start = 0;
}

void states_free(struct states *states)
{
    pair_map_free(&states->index);
}

bool states_take(struct states *states, const struct piece *piece, size_t *node,
                 struct error *error)
{
    uint64_t number, line = input_line_number(states->input);
    bool added = false;
    *node = states->lattice->nodes;
    if (!piece_number(piece, &number))
        return piece_complain(states->input, line, piece, "the number of a state", error);
    if (!pair_map_add(&states->index, number, 0, node, &added, error))
        return false;
    return !added || lattice_add_node(states->lattice, NAN, number, line, error);
}

bool states_end(struct states *states, struct lattice_link *link, struct error *error)
{
    struct lattice *lattice = states->lattice;
    if (states->final == NO_NODE) {
        states->final = lattice->end = lattice->nodes;
        if (!lattice_add_node(lattice, NAN, lattice->node[link->from].number, link->line, error))
            return false;
    }
    link->to = states->final;
    return lattice_add_link(lattice, link, error);
}

bool states_have_end(const struct states *states, struct error *error)
{
    return states->final != NO_NODE ||
           error_set(error, "%s: line %" PRIu64 ": %s ends without a final state",
                     input_name(states->input), input_line_number(states->input),
                     states->lattice->id);
}
