// What is left of a way to the end of a lattice, estimated by the lattice's own scores: so that
// hypotheses at different nodes can be compared. New scores differ from the lattice's own, and most
// of all where it has none; each word to come is therefore taken to differ as those before did on
// average.
#ifndef LATTICE_OUTLOOK_H
#define LATTICE_OUTLOOK_H

#include "lattice/lattice.h"

struct outlook {
    const struct lattice *lattice;
    double *to_end;    // [nodes] of the best way, once refreshed
    double per_word;   // in to_end, beside the lattice's own scores
    double difference; // new less own scores of the words so far, scaled
    uint64_t words;
};

// Of an arranged lattice, which stays the caller's. Error: no memory. outlook_free() in any case.
bool outlook_init(struct outlook *outlook, const struct lattice *lattice, struct error *error);
void outlook_free(struct outlook *outlook);

// Learns of a word's new score.
void outlook_add(struct outlook *outlook, const struct lattice_link *link, double new_lm);

// Brings to_end up to date where the average has moved.
void outlook_refresh(struct outlook *outlook);

// Estimate of a link's new total and of what is left behind it.
double outlook_behind(const struct outlook *outlook, const struct lattice_link *link);

#endif
