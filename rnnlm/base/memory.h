// Allocation with overflow checks, alignment for vector arithmetic, and a hook that makes any
// allocation fail in tests.
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { MEMORY_ALIGNMENT = 64, MEMORY_ROW = 16, MEMORY_HALF_ROW = 32 }; // bytes; floats; bfloat16

// Zeroed array of `count` elements of `size` bytes, 64-byte aligned; free() it. NULL and `error`
// filled on failure: no memory, or more wanted than the machine has. An empty array is a valid pointer.
void *memory_new(size_t count, size_t size, struct error *error);

// Grows *array (from realloc; NULL at first) to hold at least `needed` elements, doubling
// *capacity. What was there stays; new elements are not initialised. On failure the array is as
// before.
bool memory_grow(void *array, size_t *capacity, size_t needed, size_t size, struct error *error);

// Copy of `length` bytes with a 0 byte behind them; free() it.
char *memory_text(const char *text, size_t length, struct error *error);

// Row length in floats for vectors of `width` floats: the next multiple of 16.
static inline size_t memory_row(size_t width)
{
    return (width + MEMORY_ROW - 1) / MEMORY_ROW * MEMORY_ROW;
}

// The same for bfloat16.
static inline size_t memory_half_row(size_t width)
{
    return (width + MEMORY_HALF_ROW - 1) / MEMORY_HALF_ROW * MEMORY_HALF_ROW;
}

// Asks for memory that is soon to be read or written, so that it is in the cache by then.
static inline void memory_fetch(const void *data, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += MEMORY_ALIGNMENT)
        __builtin_prefetch((const char *)data + at);
}

// For tests: the allocation after `count` successful ones fails, and all later ones; a negative
// count switches this off.
void memory_fail_after(int64_t count);

#endif
