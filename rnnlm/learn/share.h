// Gradients that several pieces of a block, on several processes, have a part in: the synchronous way
// to learn on many machines.
//
// The streams of a block are divided into P pieces, and these among N processes, in their order. The
// gradient of the block is
//
//   g = ((g[1] + g[2]) + g[3]) + ... + g[P]
//
// with the sums taken in this order, row by row, whichever process has which piece: the weights depend
// on P, in their last bits, but not on N, nor on which process is where. Each stretch of rows has an
// owner, to whom everybody sends its own part of it: of matrices all rows, of tables of words those that
// the block has to do with. The owner adds up, moves the rows by the optimiser's rule, whose memory of
// them it alone keeps up, and sends the weights to all. A process thus sends and receives, with G the
// floats of the rows that have a gradient,
//
//   G P/N (N - 1)/N  +  G (N - 1)/N
//
// of them in a block, whatever N is, and does 1/N of the optimiser's work. All have the same weights
// behind a block, bit by bit.
#ifndef LEARN_SHARE_H
#define LEARN_SHARE_H

#include <stdatomic.h>

#include "base/peers.h"
#include "learn/optimiser.h"

// What a piece says beside its gradient, or all of them together.
struct share_note {
    double log10_prob; // of its words: a sum, in the order of pieces
    int32_t asked;     // not 0: its process has been asked to end; the first that is not 0
    int32_t due;       // its process wants a save; or any does
};

struct share {
    struct peers *peers;         // not owned
    struct optimiser *optimiser; // not owned
    struct pool *pool;           // not owned
    struct peers_bytes *send;    // [processes]
    struct peers_parts received;
    double *power;      // [stretches]
    atomic_bool failed; // memory ran out in a thread
};

// The optimiser shares its gradients from here on. Error: no memory. share_free() in any case.
bool share_init(struct share *share, struct peers *peers, struct optimiser *optimiser,
                struct pool *pool, struct error *error);
void share_free(struct share *share);

// Of the next of the process's own pieces: takes what the optimiser holds, which is forgotten. Error: no
// memory.
bool share_piece(struct share *share, const struct share_note *note, struct error *error);

// Moves the weights, when all own pieces have been taken; *note is that of all pieces. Error: no memory,
// or that of a connexion; the other processes must be told then (abort).
bool share_step(struct share *share, struct share_note *note, struct error *error);

// Makes the optimiser's memory whole on every process: before anybody looks at it.
bool share_memory(struct share *share, struct error *error);

#endif
