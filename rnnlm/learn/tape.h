// The tape: what a network computed along stretches of text, and the errors that go back through it
// (back-propagation through time, Werbos 1990).
//
// B streams of text run side by side, T steps long; step t of stream b is row t B + b of every array
// here. Learning word by word has one stream, whose oldest steps are dropped as new ones come;
// learning in batches begins at step 0 with every block. Forward, backward and gradients are the
// same for both.
#ifndef LEARN_TAPE_H
#define LEARN_TAPE_H

#include "net/linear.h"
#include "net/network.h"
#include "net/state.h"

// One layer's part. States have `width` floats, as in struct layer (one vector where the layer
// carries nothing on), and errors too; row r + B of `after` is the state after row r, and rows
// 0..B-1 are those before the first step.
struct tape_layer {
    const struct layer *layer;
    size_t width;        // floats of a state
    float *after;        // [R + B][width]
    float *own_before;   // [R][width] only in batches of independent sentences
    const float *before; // [R][width] own_before, or `after` one step earlier
    float *error;        // [R][width] d log P / d after
    float *sums;         // [R][delta_row] NULL for a layer in place
    float *delta; // [R][delta_row] d log P / d sums, once errors have gone back: in `error`, in
                  // `sums`, or of its own
    size_t delta_row;
    float *norm;        // [R + B] squares of the lengths of the outputs; NULL if nobody wants them
    float *norm_before; // [R] likewise of what the map from the state reads, one step before;
                        // `norm`, or an array of its own
    float *diagonal;    // [R][its row] each row's part of the gradient of a diagonal map; else NULL
    uint32_t *delta_pairs, *before_pairs, *out_pairs; // tape_pair(); NULL with products of floats
    // What is handed up, to the layer above or the output: `after`, but for dropout.
    const float *out;      // [R][width] own_out, or `after` behind row r
    const float *out_norm; // [R] squares of lengths; own_out_norm, or `norm` behind row r
    float *own_out, *own_out_norm;
    size_t masks; // B or R: row r has number r % masks
    float
        *mask; // [masks][layer.row] factors of units (learn/dropout.h); NULL where none is dropped
};

struct tape {
    struct network *network; // not owned
    size_t streams, steps;   // B, T
    bool independent;        // sentences are: states before rows that follow </s> begin anew
    bool batches; // blocks with transposed copies of the matrices; else one row at a time
    bool norms;
    bool halves;              // products with matrices are of bfloat16, but for one row at a time
    float cutoff;             // bound on each part of an error carried down, 0 for none
    int32_t *word;            // [R] taken in, or WORD_OOV
    int32_t *target;          // [R] to be predicted, or WORD_OOV
    struct tape_layer *layer; // [layers]
    struct columns *columns;  // [parameters] transposed copies in batches: columns_fill() or
                              // columns_fill_rows() keeps them true
    float *restart;           // [network.state] before an independent sentence
    size_t scratch_row;
    // What learn/dropout.h draws, NULL where nothing is dropped.
    float *word_factor;        // [R] of the rows of words taken in
    float *kept_word;          // [scratch_row] that of a word kept, for each weight of its row
    float **weight_factor;     // [parameters][rows][stride], NULL for most
    float kept_weight;         // that of weights kept
    struct parameter *dropped; // [parameters] matrices times their factors; `columns` are of these
};

// Error: no memory. tape_free() in any case.
bool tape_init(struct tape *tape, struct network *network, size_t streams, size_t steps,
               bool batches, bool independent, bool norms, bool halves, struct error *error);
void tape_free(struct tape *tape);

// From here on it has as many streams, at least one and at most those that it was made for.
void tape_use_streams(struct tape *tape, size_t streams);

// The values of the state before row b < B, and of that behind any row: [network.state].
void tape_set_start(struct tape *tape, size_t b, const float *value);
void tape_get_after(const struct tape *tape, size_t row, float *value);

// Whether the next step of a row's stream begins a sentence of its own.
bool tape_ends_sentence(const struct tape *tape, size_t row);

// Rows of streams first..last-1.
struct tape_rows {
    size_t begin, count;
};

// One step of some streams through one layer: rows side by side at the same step, whose layer below
// is done. `inputs_done`: the sums have had their input's part from tape_inputs(), or the layer is the
// bottom one.
void tape_forward(struct tape *tape, size_t l, struct tape_rows rows, bool inputs_done);

// The part of the sums of layer l > 0 that comes from below, for any rows whose layer below is done.
void tape_inputs(struct tape *tape, size_t l, struct tape_rows rows);

// One step of some streams back through one layer. The errors of the rows are complete but for what
// comes from the next step, whose rows are done (`next`; false if there is none or nothing may
// come). `earlier`: the states before are rows of the tape whose errors are wanted. `scratch` has
// scratch_row floats a row.
void tape_backward(struct tape *tape, size_t l, struct tape_rows rows, bool next, bool earlier,
                   float *scratch);

// Errors of what a layer has handed up, which are in `error`, become those of its output.
void tape_errors_out(struct tape *tape, size_t l, struct tape_rows rows);

// Adds what the errors of rows of layer l > 0 are for the outputs below. `scratch` has scratch_row
// floats.
void tape_errors_below(struct tape *tape, size_t l, struct tape_rows rows, float *scratch);

// With `halves`: rounds what the gradients of matrices are products of, for rows that are done, from
// an even one on, and as many unless they are the last.
void tape_pair(struct tape *tape, size_t l, struct tape_rows rows);

// The gradients of `count` rows from `first` on of map m of a layer, over `rows`. The state before
// `known` of them, the last ones, is to be taken as it is, and as 0 for the others. A look-up table
// has one gradient for each word and is left to the caller.
void tape_gradient(const struct tape *tape, size_t l, size_t m, struct tape_rows rows, size_t known,
                   size_t first, size_t count, struct gradient *gradient);

#endif
