// Words are sorted as records of their first eight bytes and their numbers; those that have these bytes
// in common are then put in order among themselves.
#include "ngram/word_order.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/record.h"

enum { FIRST_BYTES = sizeof(uint64_t) };

struct word_record {
    uint64_t first; // bytes, the first the most significant; zeros behind a shorter word
    uint64_t word;
};

struct words {
    const char *letters;
    const size_t *offset;
};

static uint64_t first_bytes(const char *word)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < FIRST_BYTES && word[i] != '\0'; i++)
        bytes |= (uint64_t)(unsigned char)word[i] << (8 * (FIRST_BYTES - 1 - i));
    return bytes;
}

static const char *rest(const struct words *words, const struct word_record *record)
{
    return words->letters + words->offset[record->word] + FIRST_BYTES;
}

// A word of fewer bytes has them in common with none.
static int compare_rest(const void *a, const void *b, void *words)
{
    return strcmp(rest(words, a), rest(words, b));
}

uint32_t *word_order(const char *letters, const size_t *offset, size_t words, struct pool *pool,
                     struct error *error)
{
    struct words all = {letters, offset};
    struct word_record *record = memory_new(words, sizeof *record, error);
    uint32_t *order = record != NULL ? memory_new(words, sizeof *order, error) : NULL;
    for (size_t i = 0; i < words && order != NULL; i++)
        record[i] = (struct word_record){first_bytes(letters + offset[i]), i};
    if (order != NULL)
        record_sort(&record->first, words, 2, pool);
    for (size_t i = 0, end; i < words && order != NULL; i = end) {
        for (end = i + 1; end < words && record[end].first == record[i].first;)
            end++;
        if (end - i > 1)
            qsort_r(record + i, end - i, sizeof *record, compare_rest, &all);
        for (size_t j = i; j < end; j++)
            order[j] = (uint32_t)record[j].word;
    }
    free(record);
    return order;
}
