// Times of nodes from the alignments of Kaldi's compact lattices.
#ifndef LATTICE_FRAMES_H
#define LATTICE_FRAMES_H

#include "lattice/lattice.h"

// Sets the times of an arranged lattice's nodes that was read from Kaldi's form: a frame of `shift`
// seconds for each number of an alignment on the way there. Error: ways of other lengths to one node,
// or no alignments at all.
bool lattice_take_frames(struct lattice *lattice, double shift, struct error *error);

#endif
