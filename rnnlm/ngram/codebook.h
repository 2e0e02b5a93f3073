// Codebooks: the 2^bits numbers that many numbers are rounded to, so that the squared error is small
// (Lloyd 1982, Max 1960).
#ifndef NGRAM_CODEBOOK_H
#define NGRAM_CODEBOOK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { CODEBOOK_LEAST_BITS = 2 };

struct codebook {
    float *value; // [size] rising
    size_t size;  // 2^bits
};

// Makes a codebook of CODEBOOK_LEAST_BITS bits or more from `count` numbers, which it changes. 0 and
// minus infinity, of which an n-gram model has many that mean something, are in it if they are among
// the numbers, and so are all numbers if there are no more than fit. codebook_free() it, also after a
// failure. Error: no memory.
bool codebook_make(struct codebook *book, float *number, size_t count, unsigned bits,
                   struct error *error);
void codebook_free(struct codebook *book);

// Place of the value that is nearest to a number.
uint32_t codebook_code(const struct codebook *book, float number);

#endif
