// Lines of text cut into pieces at blanks, as Kaldi's and OpenFst's text forms have them.
#ifndef LATTICE_PIECES_H
#define LATTICE_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"

enum { MOST_PIECES = 6 }; // one more than any line has

struct piece {
    char *text; // with a 0 byte behind it
    size_t length;
};

// Cuts a line; returns the number of pieces, MOST_PIECES if there are as many or more.
size_t pieces_cut(char *line, struct piece piece[MOST_PIECES]);

// Goes behind the next empty line, or to the end of the file.
void pieces_skip(struct input *input);

// A number of digits alone.
bool piece_number(const struct piece *piece, uint64_t *number);

// A cost, a natural logarithm with the sign turned, as a score in log10; Infinity is LATTICE_ZERO.
bool piece_cost(const struct piece *piece, double *score);

// Fails with the file, a line of it, the piece that was found there, and what was wanted. Returns
// false.
bool piece_complain(const struct input *input, uint64_t line, const struct piece *piece,
                    const char *wanted, struct error *error);

#endif
