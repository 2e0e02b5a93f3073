// Words as a sequence of letters, and where each begins.
#include "ngram/word_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { SHARE = 16 }; // of the memory allowed, for words that nobody asks for

void word_store_init(struct word_store *store, struct allowance *allowance, const char *temporary)
{
    *store = (struct word_store){.words = 0};
    sequence_init(&store->letters, 1, allowance, temporary);
    store->letters.most = allowance->limit / SHARE;
}

void word_store_free(struct word_store *store)
{
    if (store->letters.data != store->text)
        free(store->text);
    free(store->base);
    free(store->offset);
    if (store->taken > 0)
        allowance_drop(store->letters.allowance, store->taken);
    sequence_free(&store->letters);
    *store = (struct word_store){.words = 0};
    temporary_init(&store->letters.file, NULL);
}

bool word_store_add(struct word_store *store, const char *word, struct error *error)
{
    store->words++;
    return sequence_add_all(&store->letters, word, strlen(word) + 1, error);
}

// The letters that lie on disk are taken out of there.
static bool open_text(struct word_store *store, struct error *error)
{
    struct sequence *letters = &store->letters;
    static const char pad[WORD_PAD];
    size_t bytes = (size_t)letters->count + WORD_PAD, taken = 0;
    if (!sequence_add_all(letters, pad, WORD_PAD, error))
        return false;
    if (letters->file.descriptor < 0) {
        store->text = letters->data;
        return true;
    }
    store->text = memory_new(bytes, 1, error);
    if (store->text == NULL)
        return false;
    store->taken += bytes;
    return sequence_start(letters, error) &&
           sequence_take(letters, store->text, bytes, &taken, error);
}

bool word_store_open(struct word_store *store, struct error *error)
{
    if (store->text != NULL)
        return true;
    store->base = memory_new(store->words / WORD_BLOCK + 2, sizeof *store->base, error);
    store->offset = memory_new(store->words + 2, sizeof *store->offset, error);
    if (store->base == NULL || store->offset == NULL || !open_text(store, error))
        return false;
    store->taken += (store->words + 2) * sizeof *store->offset;
    allowance_keep(store->letters.allowance, store->taken);
    uint64_t at = 0;
    for (size_t id = 1; id <= store->words + 1; id++) {
        uint64_t *base = &store->base[id / WORD_BLOCK];
        if (id == 1 || id % WORD_BLOCK == 0)
            *base = at;
        store->offset[id] = (uint32_t)(at - *base);
        size_t length = id <= store->words ? strlen(store->text + at) : 0;
        store->longest = length > store->longest ? length : store->longest;
        at += length + 1;
    }
    return true;
}
