// Words as vectors, and their files, of which other programs know the forms.
#ifndef VECTORS_VECTORS_H
#define VECTORS_VECTORS_H

#include "base/file.h"
#include "text/vocabulary.h"

struct vectors {
    const struct vocabulary *words; // not owned
    const float *row;               // row i, of word i, begins at i * stride; not owned
    size_t width, stride;
};

// The same, owned: what a file has.
struct vector_table {
    struct vocabulary words; // </s> first, whose vector is 0 where the file has none
    float *row;              // [words.size][stride], padded as base/kernels.h wants it
    size_t width, stride, capacity;
};

void vector_table_free(struct vector_table *table);

static inline struct vectors vectors_of(const struct vector_table *table)
{
    return (struct vectors){&table->words, table->row, table->width, table->stride};
}

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

// The whole of such a file. Error: the same; a word for the second time; no words. vector_table_free() in any case.
bool vector_table_read(struct vector_table *table, const char *path, struct error *error);

#endif
