// Writing of ARPA files, line by line, as SRILM writes them: seven digits.
#ifndef NGRAM_WRITER_H
#define NGRAM_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"

struct writer {
    struct output *output;
    char *const *word; // [words + 1] ids are 1..words
    size_t *length;    // of each word
    char *buffer;
    size_t used, size, longest; // longest: bytes that a line can have
};

// Writes "\data\" and the number of n-grams of each order, count[1..orders]. After a failure there
// is nothing to free.
bool writer_open(struct writer *writer, const char *path, char *const *word, size_t words,
                 const uint64_t *count, size_t orders, struct error *error);

// Begins the n-grams of an order.
void writer_order(struct writer *writer, size_t order);

// One n-gram: words in their order. `log10_backoff` NULL: none is written.
void writer_ngram(struct writer *writer, double log10_prob, const uint32_t *ids, size_t order,
                  const float *log10_backoff);

// The same in memory, by any number of threads: bytes that the line may have, and the line; returns
// its end.
size_t writer_most(const struct writer *writer, const uint32_t *ids, size_t order);
char *writer_put(const struct writer *writer, double log10_prob, const uint32_t *ids, size_t order,
                 const float *log10_backoff, char *to);

// Hands on all that has been written, so that lines may be written to the output.
void writer_flush(struct writer *writer);

// Writes the end. The writer is freed, also on failure.
bool writer_commit(struct writer *writer, struct error *error);
void writer_discard(struct writer *writer);

#endif
