// Batch learning: B streams of text side by side, and one step of the weights for a block of T
// words of each.
//
// The work of a block is divided among threads that meet after each phase. This synchronous way
// was chosen over lock-free updates because results then depend on the number of streams but not
// on that of threads, nor on their luck; all that it costs is six meetings a block, microseconds
// against milliseconds of arithmetic.
//
// How `alpha` becomes a step. The gradient of a block is the sum of those of R = B T words; alpha
// times a sum is too long for weights that take part in each word, alpha times a mean too short for
// those of rare words. Let p be the sum over the words of |gradient|^2 of a row.
//   - Rows that take part in every word (recurrent matrix, class rows, compression) move by
//         alpha / sqrt(running mean of p)  times the sum
//     (RMSprop, Tieleman & Hinton 2012, with one number a row).
//   - Rows of words move by
//         g alpha / (1 + g alpha p)  times the sum:
//     by g alpha as online while they are rare, and never further than where steps after one
//     another would settle, p being the Fisher information along the row. g is
//     BATCH_WORD_GAIN for output rows and BATCH_EMBEDDING_GAIN for input rows, whose gradients are
//     short.
//   - Entries of the hash move by alpha / (1 + alpha n / 10) times the sum, where n words of the
//     block share the feature.
// So the learning rates that are good online are good here, whatever B and T. No weight of a row
// moves by more than BATCH_BOUND in a block, and errors carried down are bounded: weights stay
// finite at any rate.
#ifndef NET_BATCH_H
#define NET_BATCH_H

#include "base/threads.h"
#include "net/maxent.h"
#include "net/network.h"

static const float BATCH_BOUND = 4, BATCH_WORD_GAIN = 3, BATCH_EMBEDDING_GAIN = 50;

struct batch_rule {
    float alpha;           // learning rate, as in online learning
    float beta;            // L2 penalty
    float gradient_cutoff; // bound on each error carried down; 0 for the least that is safe
    bool through_time;     // errors go back to the beginning of the block, or not at all
    bool independent;      // sentences are
};

// A matrix whose rows take part in every word, and what its step needs of a block.
struct batch_matrix {
    float *rows; // [count][stride] in the network
    size_t count, width, stride;
    float *transposed; // [width][transposed_row] copy
    size_t transposed_row;
    const float *error; // [R][error_row] d log P / d (row . input)
    size_t error_row;
    const float *input; // [R][stride] what the rows are multiplied with
    const float *norm;  // [R] square of its length
    float *mean;        // [count] see above
};

// Some of the words of one class of a block: the unit of work on the output layer.
struct batch_share {
    size_t class;
    size_t first, count; // slots
    bool whole;          // all slots of the class
};

struct batch {
    struct network *network; // not owned
    struct pool *pool;       // not owned
    struct batch_rule rule;  // may be changed between blocks, `independent` excepted
    size_t streams, steps;   // B, T: step t of stream b is row t B + b in all that follows
    int32_t *word, *target;  // [R] filled by the caller: taken in, and to be predicted; or WORD_OOV

    // The rest belongs to batch.c and batch_step.c.
    size_t steps_now, rows_now; // of the current block
    float *hidden;              // [R + B][hidden_row] layers before the block, then after each step
    float *own_before;          // [R][hidden_row] only if sentences are independent
    const float *before; // [R][hidden_row] layer that a step starts from: own_before or hidden
    float *compressed;   // [R][output_row] NULL without compression layer
    const float *input;  // [R][output_row] of the output layer: compressed or hidden
    float *below;        // [R][output_row] its error
    float *own_error;    // [R][hidden_row] only with a compression layer
    float *error;        // [R][hidden_row] of the hidden layer: own_error or below
    float *class_error;  // [R][class_row]
    size_t class_row;
    float *norm_before, *norm_hidden, *norm_compressed; // [R] squares of lengths
    const float *norm_input;                            // [R]
    double *prob;                                       // [R] of the targets
    // Slots are rows sorted by the classes of their targets.
    size_t *class_begin;  // [C + 2] slots of class k: class_begin[k] .. class_begin[k + 1] - 1
    size_t *errors_begin; // [C] where a class's errors begin in word_error
    uint32_t *slot_row;   // [R]
    float *slot_input, *slot_below; // [R][output_row]
    float *word_error;              // [slots of k][memory_row(words of k)] for each class k
    float *word_move;               // the same times the steps: only with a hash
    size_t word_error_capacity, word_move_capacity;
    struct batch_share *share; // [shares] most work first
    size_t shares, share_capacity;
    struct batch_share *split; // [splits] parts of the rows of classes that are in several shares
    size_t splits, split_capacity;
    // Rows by the word taken in.
    int32_t *first_row; // [V] or -1
    int32_t *next_row;  // [R] or -1
    int32_t *distinct;  // [distinct_count] words of the block
    int32_t *same_word; // [R] rows with the same word
    size_t distinct_count;
    int32_t *history; // [R + B][MAXENT_MOST_ORDER] NULL without a hash
    struct maxent_features *class_features, *word_features; // [R]
    struct batch_matrix matrix[3]; // recurrent, class rows of the output, compression
    size_t matrices;
    float **scratch; // [threads]
};

// Error: no memory. batch_free() in any case.
bool batch_init(struct batch *batch, struct network *network, const struct batch_rule *rule,
                size_t streams, size_t steps, struct pool *pool, struct error *error);
void batch_free(struct batch *batch);

// Takes over weights that somebody else has written: before the first block and after any change.
void batch_refresh(struct batch *batch);

// Stream b begins with every unit of the hidden layer at `activation`, after `history`
// [MAXENT_MOST_ORDER] (without the first word that it will take in; NULL: all </s>).
void batch_start(struct batch *batch, size_t b, float activation, const int32_t *history);

// Learns a block of `steps` steps (at most T) from word[] and target[], and adds the log
// probability of its known targets to *log10_prob. Error: no memory; nothing is learnt then.
bool batch_learn(struct batch *batch, size_t steps, double *log10_prob, struct error *error);

// The hidden layer of stream b after the last block, [hidden_row].
const float *batch_hidden(const struct batch *batch, size_t b);

#endif
