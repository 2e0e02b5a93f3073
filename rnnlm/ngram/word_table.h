// Words to ids at the speed at which ARPA files are read: a hash table whose entries decide by
// themselves for words of up to sixteen bytes.
#ifndef NGRAM_WORD_TABLE_H
#define NGRAM_WORD_TABLE_H

#include <string.h>

#include "text/vocabulary.h"

// A token of a line: a run of bytes other than space, tab, carriage return and newline.
struct word_span {
    const char *text;
    size_t length;
    uint64_t key[2]; // the bytes themselves, zeros behind, if they are up to sixteen; else a hash
};

struct word_entry {
    uint64_t key[2];
    uint32_t length; // 0: free
    int32_t id;
};

struct word_table {
    struct word_entry *entry; // [2^bits]
    int bits;
    size_t used;
};

bool word_table_init(struct word_table *table, struct error *error);
void word_table_free(struct word_table *table);

// Takes the token at `at`, a byte that is none of the separators; returns where it ends. Bytes are
// there up to `end`.
const char *word_scan(const char *at, const char *end, struct word_span *word);

static inline size_t word_slot(const struct word_table *table, const uint64_t key[2])
{
    uint64_t hash = (key[0] ^ key[1] * 0xff51afd7ed558ccdu) * 0x9e3779b97f4a7c15u;
    return (size_t)(hash >> (64 - table->bits));
}

static inline void word_prefetch(const struct word_table *table, const struct word_span *word)
{
    __builtin_prefetch(&table->entry[word_slot(table, word->key)]);
}

// Id of a word, WORD_OOV if it has not been added.
int32_t word_find(const struct word_table *table, const struct vocabulary *vocabulary,
                  const struct word_span *word);

// Adds a word that is not there, with its id in the vocabulary.
bool word_add(struct word_table *table, const struct word_span *word, int32_t id,
              struct error *error);

#endif
