// Words in the order of their bytes.
#ifndef NGRAM_WORD_ORDER_H
#define NGRAM_WORD_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/threads.h"

// The order in which `words` different words stand that begin at letters + offset[], each with a 0 byte
// behind it: the first of the result is that of the first one. On the threads of a pool, or NULL. Free
// it; NULL on failure.
uint32_t *word_order(const char *letters, const size_t *offset, size_t words, struct pool *pool,
                     struct error *error);

#endif
