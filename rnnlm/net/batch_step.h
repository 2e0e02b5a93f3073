// The steps of the weights after a block; for batch.c.
#ifndef NET_BATCH_STEP_H
#define NET_BATCH_STEP_H

#include "net/batch.h"

enum { GROUP_ROWS = 16 }; // rows of a matrix that move together

// Rows first..first+count-1 of a matrix into its transposed copy.
void batch_transpose(struct batch_matrix *matrix, size_t first, size_t count);

// Word rows first..first+count-1 (counted within the class) of class k, all of whose slots are
// known.
void batch_move_words(struct batch *batch, size_t k, size_t first, size_t count);

// All other rows that a block has touched, as items for the pool; none writes what another reads.
size_t batch_moves(const struct batch *batch);
void batch_move(void *context, size_t worker, size_t item);

#endif
