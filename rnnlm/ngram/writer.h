// Writing of ARPA files, line by line, as SRILM writes them: seven digits.
#ifndef NGRAM_WRITER_H
#define NGRAM_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "ngram/word_store.h"

struct writer {
    struct output *output;
    const struct word_store *words; // open
};

// Writes "\data\" and the number of n-grams of each order, count[1..orders]. After a failure there
// is nothing to free.
bool writer_open(struct writer *writer, const char *path, const struct word_store *words,
                 const uint64_t *count, size_t orders, struct error *error);

// Begins the n-grams of an order.
void writer_order(struct writer *writer, size_t order);

// One n-gram, in memory, by any number of threads: bytes that the line may have, and the line; returns
// its end. Words are in their order; `log10_backoff` NULL: none is written.
size_t writer_most(const struct writer *writer, const uint32_t *ids, size_t order);
char *writer_put(const struct writer *writer, double log10_prob, const uint32_t *ids, size_t order,
                 const float *log10_backoff, char *to);

// Writes the end. The writer is freed, also on failure.
bool writer_commit(struct writer *writer, struct error *error);
void writer_discard(struct writer *writer);

#endif
