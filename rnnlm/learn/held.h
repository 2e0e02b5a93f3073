// Gradients that are held until they are complete: those of a tied table, which come from both ends;
// with clip_norm, which depends on all of them, all but runs; and where others have a part in them
// (learn/share.h), all. A block has a gradient for few of a large vocabulary's words: what is done for
// each block is done for those, which groups of rows know by a bit each.
#ifndef LEARN_HELD_H
#define LEARN_HELD_H

#include "learn/optimiser.h"

enum { HELD_GROUP = 64 };

// Rows that get a gradient together, and again together if they get several in a block.
struct held_band {
    uint32_t place; // where in held.rows the first of them is: bands lie as they come
    uint32_t count; // rows
    uint32_t terms; // words that have a part in them; 0: no gradient in this block
    double power;   // the square of the length of their gradient, where it is clipped
};

// Of one parameter.
struct held {
    float *rows; // [rows][stride] NULL if nothing is held; of words taken in [most_terms][stride]
    struct held_band *band; // [rows], each at its first row, where few of many rows have a gradient;
                            // else NULL, and row i lies at place i
    uint32_t places;        // taken by bands
    uint32_t *terms; // [rows] words that have a part in it; 0: no gradient in this block; not with bands
    size_t stretch, stretch_rows; // its first; rows of each but the last
    float *power;    // [rows] sums over the words of a block of the squares; NULL without norms
    uint64_t *group; // [rows / HELD_GROUP] a bit for each that has a gradient, or begins a band that
                     // has; not of runs
    bool runs;       // they come as runs: each element is a row of its own
};

// For blocks of at most `most_terms` words. Error: no memory. held_free() in any case.
bool held_init(struct optimiser *optimiser, size_t most_terms, struct error *error);
void held_free(struct optimiser *optimiser);

// From the first block on all gradients are held. The network has no hash. Error: no memory.
bool held_share(struct optimiser *optimiser, struct error *error);

// Adds a gradient to what is held of its parameter, or a run. Threads may do so for different rows. Where
// there are bands, rows come in the same company each time within a block.
void held_add(struct optimiser *optimiser, size_t worker, const struct gradient *gradient);
void held_add_run(struct optimiser *optimiser, const struct gradient *gradient);

// A gradient of row i is about to be added: what is known of the row is asked for of memory.
void held_fetch(const struct optimiser *optimiser, size_t parameter, size_t i);

// Rows first..first+count-1 of a parameter that is not one of runs have a gradient: for who has added it
// up elsewhere. Threads may mark different rows.
void held_mark(struct held *held, size_t first, size_t count);

// What is held is forgotten.
void held_forget(struct optimiser *optimiser);

// What is held, as rows; those of runs have one element each.
struct held_rows {
    size_t rows, width, stride; // `rows` 0: nothing is held
};
struct held_rows held_rows_of(const struct optimiser *optimiser, size_t parameter);

// Stretches of these rows, in which they move together: item by item, optimiser->stretches of them.
struct held_stretch {
    size_t parameter, first, count;
};
struct held_stretch held_stretch(const struct optimiser *optimiser, size_t item);

// The square of the length of what is held of a stretch, a band where it begins; and its step, after
// which nothing is held of it, unless it is shared.
double held_measure(const struct optimiser *optimiser, size_t item);
void held_move(struct optimiser *optimiser, size_t worker, size_t item);

// The step of all stretches, which ends the block: bands lie from the first place on again.
void held_move_all(struct optimiser *optimiser, struct pool *pool);

#endif
