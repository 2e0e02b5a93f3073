// Batch learning: B streams of text side by side, and one step of the weights for a block of T
// words of each.
//
// The work of a block is divided among threads that meet after each phase. This synchronous way
// was chosen over lock-free updates because results then depend on the number of streams but not
// on that of threads, nor on their luck; all that it costs is some meetings a block, microseconds
// against milliseconds of arithmetic. Items of work are cut the same whatever the number of threads.
#ifndef LEARN_BATCH_H
#define LEARN_BATCH_H

#include "base/threads.h"
#include "learn/dropout.h"
#include "learn/kept.h"
#include "learn/optimiser.h"
#include "learn/penalty.h"
#include "learn/tape.h"
#include "net/output.h"

struct batch_rule {
    const struct optimiser_type *optimiser;
    struct optimiser_rule step;
    float gradient_cutoff; // bound on each part of an error carried down; 0 for the least that is
                           // safe
    bool through_time;     // errors go back to the beginning of the block, or not at all
    bool independent;      // sentences are
    bool halves; // products of layers' matrices and of a full softmax are of bfloat16, their
                 // sums of floats
    struct dropout_rule dropout;
    struct penalty_rule penalty;
    struct output_noise noise; // of outputs that learn against some
    float self_normalise;      // of outputs that can
    float lesson_share; // of what a teacher says, of outputs that can be taught; 0: there is none
    // Where the streams are divided (learn/pieces.h); NULL: they are not.
    const struct pieces_rule *pieces;
};

// Words that a block takes in, each with its rows.
struct batch_words {
    int32_t *distinct; // [count]
    size_t count;
    size_t *begin;  // [count + 1] rows of distinct[i]: row[begin[i]] and on
    int32_t *row;   // [R]
    int32_t *place; // [V] in `distinct`, or -1
};

struct batch {
    struct network *network; // not owned
    struct pool *pool;       // not owned
    struct batch_rule rule;  // step.alpha may be changed between blocks
    struct tape tape; // its word[] and target[] are filled by the caller: taken in, and to be
                      // predicted; or WORD_OOV
    struct optimiser optimiser;
    struct dropout dropout;
    uint64_t
        block; // number of the next block, which its masks and noise depend on; each one counts
               // on
    struct pieces *pieces; // NULL if the streams are not divided
    void *output;          // the output's own
    struct output_lesson *lesson; // [R] filled by the caller, as word[] is; NULL without a teacher
    // The rest belongs to batch.c.
    size_t steps_now, rows_now; // of the current block
    double *prob;               // [R] of the targets
    int32_t *history;           // [R + B][SHAPE_MOST_ORDER] as states are; NULL without a hash
    struct batch_words words;
    float **scratch; // [threads][streams of a group][tape.scratch_row]
    float *value;    // [network.state]
    size_t layer;    // that a phase is at
};

// Where the streams are divided, the tape has those of a piece, and blocks are learnt with pieces_learn().
// Error: no memory. batch_free() in any case.
bool batch_init(struct batch *batch, struct network *network, const struct batch_rule *rule,
                size_t streams, size_t steps, struct pool *pool, struct error *error);
void batch_free(struct batch *batch);

// Takes over weights that somebody else has written: after any change.
void batch_refresh(struct batch *batch);

// Stream b begins with these values [network.state], after `history` [SHAPE_MOST_ORDER] (without the
// first word that it will take in; NULL: all </s>).
void batch_start(struct batch *batch, size_t b, const float *value, const int32_t *history);

// Learns a block of `steps` steps (at most T) from word[] and target[], and adds the log
// probability of its known targets to *log10_prob. Error: no memory; nothing is learnt then.
bool batch_learn(struct batch *batch, size_t steps, double *log10_prob, struct error *error);

// The state of stream b behind the last word taken in: [network.state].
void batch_values(const struct batch *batch, size_t b, float *value);

// All that a batch of the same network and rule needs to go on from here, between two blocks, the
// network aside; batch_refresh() follows when it has been read.
void batch_kept(struct batch *batch, struct kept *kept);

// ---- a block in parts, for learn/pieces.c --------------------------------------------------------

// All but the step of the weights: adds log probabilities of the known targets, and leaves gradients,
// which are given as items. Then states are carried over to the next block.
bool batch_compute(struct batch *batch, size_t steps, double *log10_prob, struct error *error);
size_t batch_items(const struct batch *batch);
void batch_give(void *batch, size_t worker, size_t item);
void batch_carry_over(struct batch *batch);

#endif
