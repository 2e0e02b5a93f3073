// The streams of a batch, divided into pieces and among processes.
//
// Piece p of P has the streams S p / P .. S (p + 1) / P - 1, process r of N the pieces P r / N ..
// P (r + 1) / N - 1. A process learns its pieces one after the other, on one tape. What becomes of a
// stream depends on its own number, not on where it is.
//
// Together (synchronous): a block of all pieces is one step of the weights (learn/share.h). Else each
// process has one piece, and moves weights of its own, which somebody averages now and then
// (learn/average.h).
#ifndef LEARN_PIECES_H
#define LEARN_PIECES_H

#include "learn/batch.h"
#include "learn/share.h"

struct pieces_rule {
    struct peers *peers; // not owned
    size_t pieces;       // at least 1; if weights are averaged, as many as processes
    bool average;
};

struct pieces_range {
    size_t first, count;
};

// What a layer carries on, of all streams; those of other processes after pieces_gather() alone.
struct pieces_layer {
    float *after, *norm; // [S][width], [S] as on a tape
};

struct pieces {
    struct pieces_rule rule;
    size_t streams;             // S
    struct pieces_layer *layer; // [advanced]
    int32_t *history;           // [S][SHAPE_MOST_ORDER] NULL without a hash
    struct share share;         // not of averages
};

// Streams that a tape has for `streams` in all: the largest piece's.
size_t pieces_streams(const struct pieces_rule *rule, size_t streams);

// For batch.c. Error: no memory.
bool pieces_init(struct batch *batch, size_t streams, struct error *error);
void pieces_free(struct batch *batch);
void pieces_kept(struct batch *batch, struct kept *kept);

// The streams of a piece, and the pieces of this process.
struct pieces_range pieces_range(const struct pieces *pieces, size_t piece);
struct pieces_range pieces_own(const struct pieces *pieces);

// As batch_start() and batch_values(), b < S.
void pieces_start(struct batch *batch, size_t b, const float *value, const int32_t *history);
void pieces_values(const struct batch *batch, size_t b, float *value);

// Learns a piece, which has `count` streams, from word[t count + b] and target[] of the tape; adds to
// note->log10_prob. Error: no memory.
bool pieces_learn(struct batch *batch, size_t piece, size_t steps, struct share_note *note,
                  struct error *error);

// The block is done: together, the weights move, and the note is that of all processes. Error: as
// share_step().
bool pieces_step(struct batch *batch, struct share_note *note, struct error *error);

// Has every process know what all streams carry on, and all of a common optimiser's memory; optimisers of
// their own become as the first one's.
bool pieces_gather(struct batch *batch, struct error *error);

#endif
