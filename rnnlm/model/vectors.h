// Words as vectors: the rows by which a network takes words in, or puts them out; their files, of which
// other programs know the forms; and the words that are nearest to a place.
#ifndef MODEL_VECTORS_H
#define MODEL_VECTORS_H

#include "base/file.h"
#include "model/model.h"

struct vectors {
    const struct vocabulary *words; // not owned
    const float *row;               // row i, of word i, begins at i * stride; not owned
    size_t width, stride;
};

// Of a model that model_load() has read. Of a bottom layer of several gates without an embedding, a row
// has what the word adds to the sums of each. Error: an output that has no row for each word.
bool vectors_in(struct vectors *vectors, const struct model *model, struct error *error);
bool vectors_out(struct vectors *vectors, const struct model *model, struct error *error);

// ---- files ------------------------------------------------------------------------------------

enum vectors_format {
    VECTORS_WORD2VEC, // "WORDS WIDTH", then a line for each: the word and its numbers
    VECTORS_TEXT,     // the same without the first line, as GloVe writes them
    VECTORS_BINARY // word2vec's: the first line, then each word, a blank, floats (little-endian), a
                   // newline
};

// Error: the names there are.
bool vectors_format_named(const char *name, enum vectors_format *format, struct error *error);

// Failures are kept in the output.
void vectors_write(const struct vectors *vectors, enum vectors_format format,
                   struct output *output);

// Has the words of a file in any of these forms taken: `take` gets each word, which is not 0-terminated, and
// its numbers, until it returns false. *width is what the file has. Error: line, or word, what was found
// and what was wanted; or that of `take`.
bool vectors_read(const char *path, size_t *width,
                  bool (*take)(void *context, const char *word, size_t length, const float *row,
                               size_t width, struct error *error),
                  void *context, struct error *error);

// ---- neighbours -------------------------------------------------------------------------------

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
