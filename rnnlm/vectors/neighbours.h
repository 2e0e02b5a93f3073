// The words whose vectors are nearest to a place, by the angle between them.
#ifndef VECTORS_NEIGHBOURS_H
#define VECTORS_NEIGHBOURS_H

#include "vectors/vectors.h"

struct neighbour {
    int32_t word;
    double cosine; // of the angle between its vector and the place
};

// The words nearest to a place [width], by angle, nearest first, but those of left_out[left]; returns how
// many there are, at most `most`. Words whose vectors are 0 are near to nothing.
size_t vectors_nearest(const struct vectors *vectors, const double *place, const int32_t *left_out,
                       size_t left, struct neighbour *found, size_t most);

// The place of `b - a + c`, of vectors of length 1: what is to c as b is to a (Mikolov et al. 2013). [width]
void vectors_analogy(const struct vectors *vectors, int32_t a, int32_t b, int32_t c, double *place);

// That of a word itself.
void vectors_place(const struct vectors *vectors, int32_t word, double *place);

#endif
