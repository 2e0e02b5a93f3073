// Parameters: the named matrices that a network is made of. Whoever stores, copies, checks or moves
// weights goes through their list, and knows nothing of what they are for.
#ifndef NET_PARAMETER_H
#define NET_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum parameter_type { PARAMETER_FLOAT, PARAMETER_BFLOAT16 };

// Which rows take part in a word.
enum parameter_use {
    PARAMETER_EACH_WORD, // all of them, in every word: a matrix
    PARAMETER_DIAGONAL,  // one row, multiplied number by number in every word (floats only)
    PARAMETER_BIAS,      // one row, added in every word
    PARAMETER_BY_INPUT,  // the row of the word taken in
    PARAMETER_BY_OUTPUT, // rows of words that compete with the one predicted
    PARAMETER_BY_BOTH,   // both: a tied table
    PARAMETER_HASH       // one row, of which each n-gram feature has a run
};

enum { PARAMETER_NAME = 32 };

struct parameter {
    char name[PARAMETER_NAME]; // "layer0.recurrent": what files and messages call it
    enum parameter_use use;
    enum parameter_type type;   // bfloat16 is for scoring only
    size_t rows, width, stride; // row i begins at element i * stride; zeros behind `width`
    void *data;                 // floats or bfloat16, 64-byte aligned; NULL before it is allocated
    bool borrowed;              // `data` belongs to somebody else (a mapped file), and is only read
};

// The stride of rows of `width` elements of a type; a hash has no padding.
size_t parameter_stride(enum parameter_use use, enum parameter_type type, size_t width);

// All weights 0. Error: no memory.
bool parameter_allocate(struct parameter *parameter, struct error *error);
void parameter_free(struct parameter *parameter);

// Elements with their padding, and the bytes of all of them.
size_t parameter_count(const struct parameter *parameter);
size_t parameter_bytes(const struct parameter *parameter);

// Row i of floats.
static inline float *parameter_row(const struct parameter *parameter, size_t i)
{
    return (float *)parameter->data + i * parameter->stride;
}

// Row i of bfloat16.
static inline uint16_t *parameter_half_row(const struct parameter *parameter, size_t i)
{
    return (uint16_t *)parameter->data + i * parameter->stride;
}

// Error: its name, and the first NaN or infinity in it (floats only).
bool parameter_is_finite(const struct parameter *parameter, struct error *error);

#endif
