// Words to ids at the speed at which ARPA files are read.
#include "ngram/word_table.h"

#include <stdlib.h>

#include "base/memory.h"

enum { FIRST_BITS = 12, CHUNK = 8, INLINE_BYTES = 2 * CHUNK };

// ---- tokens -----------------------------------------------------------------------------------

static const uint64_t EACH = 0x0101010101010101u;

// Eight bytes, the first in the lowest bits; zeros behind `end`.
static inline uint64_t load_bytes(const char *at, const char *end)
{
    uint64_t bytes = 0;
    if (end - at >= CHUNK)
        memcpy(&bytes, at, CHUNK);
    else
        memcpy(&bytes, at, (size_t)(end - at));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap64(bytes);
#endif
    return bytes;
}

static inline bool is_separator(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

// How many of the eight bytes at `at` come before a separator or the end.
static inline unsigned bytes_before_separator(uint64_t bytes, const char *at, const char *end)
{
    // The lowest bit that is set marks the first byte below 0x21; above it there may be false ones.
    uint64_t low = (bytes - 0x21 * EACH) & ~bytes & 0x80 * EACH;
    if (low == 0)
        return CHUNK;
    unsigned n = (unsigned)__builtin_ctzll(low) / 8;
    if (at + n >= end || is_separator(at[n]))
        return n;
    while (n < CHUNK && at + n < end && !is_separator(at[n])) // a control character
        n++;
    return n;
}

static inline uint64_t first_bytes(uint64_t bytes, unsigned n)
{
    return n >= CHUNK ? bytes : bytes & (((uint64_t)1 << 8 * n) - 1);
}

static inline uint64_t mix(uint64_t hash, uint64_t bytes)
{
    hash = (hash ^ bytes) * 0xff51afd7ed558ccdu;
    return hash ^ hash >> 32;
}

// The next eight bytes of a token or what is left of it; `at` moves behind them. False if they are
// the last.
static inline bool take_chunk(const char **at, const char *end, uint64_t *chunk)
{
    uint64_t bytes = load_bytes(*at, end);
    unsigned n = bytes_before_separator(bytes, *at, end);
    *chunk = first_bytes(bytes, n);
    *at += n;
    return n == CHUNK;
}

const char *word_scan(const char *at, const char *end, struct word_span *word)
{
    word->text = at;
    word->key[1] = 0;
    if (take_chunk(&at, end, &word->key[0]) && take_chunk(&at, end, &word->key[1])) {
        uint64_t chunk;
        bool more = take_chunk(&at, end, &chunk);
        if (at - word->text > INLINE_BYTES) {
            uint64_t hash = mix(mix(word->key[0], word->key[1]), chunk);
            while (more) {
                more = take_chunk(&at, end, &chunk);
                hash = mix(hash, chunk);
            }
            word->key[0] = hash;
        }
    }
    word->length = (size_t)(at - word->text);
    return at;
}

// ---- table ------------------------------------------------------------------------------------

bool word_table_init(struct word_table *table, struct error *error)
{
    *table = (struct word_table){.bits = FIRST_BITS};
    table->entry = memory_new((size_t)1 << FIRST_BITS, sizeof *table->entry, error);
    return table->entry != NULL;
}

void word_table_free(struct word_table *table)
{
    free(table->entry);
    table->entry = NULL;
}

int32_t word_find(const struct word_table *table, const struct vocabulary *vocabulary,
                  const struct word_span *word)
{
    size_t mask = ((size_t)1 << table->bits) - 1, slot = word_slot(table, word->key);
    for (; table->entry[slot].length > 0; slot = (slot + 1) & mask) {
        const struct word_entry *entry = &table->entry[slot];
        if (entry->key[0] != word->key[0] || entry->key[1] != word->key[1] ||
            entry->length != (uint32_t)word->length)
            continue;
        if (word->length <= INLINE_BYTES)
            return entry->id;
        const char *there = vocabulary_word(vocabulary, entry->id);
        if (strncmp(there, word->text, word->length) == 0 && there[word->length] == '\0')
            return entry->id;
    }
    return WORD_OOV;
}

static void place(struct word_table *table, struct word_entry entry)
{
    size_t mask = ((size_t)1 << table->bits) - 1, slot = word_slot(table, entry.key);
    while (table->entry[slot].length > 0)
        slot = (slot + 1) & mask;
    table->entry[slot] = entry;
}

static bool enlarge(struct word_table *table, struct error *error)
{
    struct word_table larger = {.bits = table->bits + 1, .used = table->used};
    larger.entry = memory_new((size_t)1 << larger.bits, sizeof *larger.entry, error);
    if (larger.entry == NULL)
        return false;
    for (size_t i = 0; i < (size_t)1 << table->bits; i++)
        if (table->entry[i].length > 0)
            place(&larger, table->entry[i]);
    word_table_free(table);
    *table = larger;
    return true;
}

bool word_add(struct word_table *table, const struct word_span *word, int32_t id,
              struct error *error)
{
    if (word->length > UINT32_MAX)
        return error_set(error, "a word has %zu bytes", word->length);
    size_t slots = (size_t)1 << table->bits;
    if (table->used >= slots - slots / 4 && !enlarge(table, error))
        return false;
    place(table, (struct word_entry){{word->key[0], word->key[1]}, (uint32_t)word->length, id});
    table->used++;
    return true;
}
