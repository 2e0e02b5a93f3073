// Words in the order of their bytes, with ids from 1 on. While nobody asks for them, many of them lie on
// disk.
#ifndef NGRAM_WORD_STORE_H
#define NGRAM_WORD_STORE_H

#include <string.h>

#include "base/error.h"
#include "ngram/spill.h"

enum { WORD_BLOCK = 1 << 16, WORD_PAD = 16 };

struct word_store {
    size_t words;
    struct sequence letters; // bytes: the words one behind the other, each with a 0 byte behind it
    // When they are open, else NULL: where word `id` begins is base[id / WORD_BLOCK] + offset[id].
    char *text; // with WORD_PAD bytes behind it
    uint64_t *base;
    uint32_t *offset; // [words + 2]
    size_t longest;   // length of a word
    size_t taken;     // of the allowance, for these
};

// word_store_free() also after a failure.
void word_store_init(struct word_store *store, struct allowance *allowance, const char *temporary);
void word_store_free(struct word_store *store);

// Adds the word that comes next in the order.
bool word_store_add(struct word_store *store, const char *word, struct error *error);

// Brings them into memory, where they stay; any number of times.
bool word_store_open(struct word_store *store, struct error *error);

// A word, and its length; when they are open.
static inline const char *word_text(const struct word_store *store, uint32_t id)
{
    return store->text + store->base[id / WORD_BLOCK] + store->offset[id];
}

// For a word that will be asked for: first where it begins, later its letters.
static inline void word_ahead(const struct word_store *store, uint32_t id, bool letters)
{
    if (letters)
        __builtin_prefetch(word_text(store, id));
    else
        __builtin_prefetch(&store->offset[id]);
}

static inline size_t word_length(const struct word_store *store, uint32_t id)
{
    return (size_t)(word_text(store, id + 1) - word_text(store, id)) - 1;
}

// Copies a word to where there is room for it and WORD_PAD bytes more; returns its end.
static inline char *word_put(const struct word_store *store, uint32_t id, char *to)
{
    const char *from = word_text(store, id);
    size_t length = word_length(store, id);
    memcpy(to, from, WORD_PAD); // most words are not longer, and this is no call
    if (length > WORD_PAD)
        memcpy(to + WORD_PAD, from + WORD_PAD, length - WORD_PAD);
    return to + length;
}

#endif
