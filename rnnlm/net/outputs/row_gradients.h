// Gradients of words' rows of an output, over all rows of a block in one product: for outputs whose
// words each have one from every row.
#ifndef NET_OUTPUTS_ROW_GRADIENTS_H
#define NET_OUTPUTS_ROW_GRADIENTS_H

#include "net/output.h"

enum { ROW_GRADIENTS = 64 }; // words at a time

struct row_gradients {
    const struct parameter *words; // not owned
    struct pool *pool;             // not owned
    float **rows;                  // [threads][ROW_GRADIENTS][stride of words]
    // With products of halves, else not there: the block's input, and errors of some words, as pairs.
    uint32_t *input_pairs;  // [(R + 1) / 2][stride of words]
    uint32_t **error_pairs; // [threads][(R + 1) / 2][ROW_GRADIENTS]
};

// Error: no memory. row_gradients_free() in any case.
bool row_gradients_init(struct row_gradients *gradients, const struct parameter *words,
                        size_t most_rows, bool halves, struct pool *pool, struct error *error);
void row_gradients_free(struct row_gradients *gradients);

// With halves, before the first product of a block: rounds its input.
void row_gradients_pair_input(const struct row_gradients *gradients,
                              const struct output_block *block);

// Rows i < count of the result, which is the worker's until it asks again, with the words' stride: the
// sum over the rows r of the block of error[r * error_row + i] input[r]. power[i] is the sum of the
// squares of the lengths of these, if the block's sink wants it.
float *row_gradients_multiply(const struct row_gradients *gradients,
                              const struct output_block *block, const float *error,
                              size_t error_row, size_t count, size_t worker,
                              float power[ROW_GRADIENTS]);

#endif
