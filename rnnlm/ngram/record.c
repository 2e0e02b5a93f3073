// Sorting of packed records: in-place radix sort from the most significant differing byte,
// quicksort for small buckets.
#include "ngram/record.h"

#include <stdlib.h>

#include "base/memory.h"

enum { BUCKETS = 256, INSERTION_MOST = 16, QUICKSORT_MOST = 768, PARALLEL_LEAST = 1 << 14 };

typedef void sort_function(uint64_t *records, size_t count, unsigned words);

// The bodies are inlined into one function for each common record length, with `words` a constant
// there.
#define INLINE static inline __attribute__((always_inline))

INLINE void copy(uint64_t *to, const uint64_t *from, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        to[i] = from[i];
}

INLINE void swap(uint64_t *a, uint64_t *b, unsigned words)
{
    for (unsigned i = 0; i < words; i++) {
        uint64_t t = a[i];
        a[i] = b[i];
        b[i] = t;
    }
}

INLINE void insertion_sort(uint64_t *records, size_t count, unsigned words)
{
    uint64_t held[RECORD_MOST_WORDS];
    for (size_t i = 1; i < count; i++) {
        size_t j = i;
        copy(held, records + i * words, words);
        for (; j > 0 && record_less(words, held, records + (j - 1) * words); j--)
            copy(records + j * words, records + (j - 1) * words, words);
        copy(records + j * words, held, words);
    }
}

// Quicksort around the middle of first, middle and last; for at most QUICKSORT_MOST records, so
// its worst case is small.
INLINE void quicksort(uint64_t *records, size_t count, unsigned words, sort_function *self)
{
    uint64_t pivot[RECORD_MOST_WORDS];
    uint64_t *a = records, *b = records + count / 2 * words, *c = records + (count - 1) * words;
    if (record_less(words, b, a))
        swap(a, b, words);
    if (record_less(words, c, b))
        swap(b, c, words);
    if (record_less(words, b, a))
        swap(a, b, words);
    copy(pivot, b, words);
    size_t i = 0, j = count - 1;
    for (;;) {
        while (record_less(words, records + i * words, pivot))
            i++;
        while (record_less(words, pivot, records + j * words))
            j--;
        if (i >= j)
            break;
        swap(records + i * words, records + j * words, words);
        i++;
        j--;
    }
    self(records, i, words);
    self(records + i * words, count - i, words);
}

// The word and shift of the most significant byte in which records differ; false if all are the
// same.
INLINE int differing_byte(const uint64_t *records, size_t count, unsigned words, unsigned *word,
                          unsigned *shift)
{
    uint64_t differ[RECORD_MOST_WORDS] = {0};
    for (size_t i = 1; i < count; i++)
        for (unsigned j = 0; j < words; j++)
            differ[j] |= records[i * words + j] ^ records[j];
    for (unsigned j = 0; j < words; j++) {
        if (differ[j] == 0)
            continue;
        unsigned top = 63 - (unsigned)__builtin_clzll(differ[j]);
        *word = j;
        *shift = top >= 7 ? top - 7 : 0;
        return 1;
    }
    return 0;
}

// Puts the records in the order of one byte; start[b]..start[b+1] then hold those with byte b.
INLINE void partition(uint64_t *records, size_t count, unsigned words, unsigned word,
                      unsigned shift, size_t *start)
{
    size_t next[BUCKETS], size[BUCKETS] = {0};
    for (size_t i = 0; i < count; i++)
        size[records[i * words + word] >> shift & 0xff]++;
    start[0] = 0;
    for (unsigned b = 0; b < BUCKETS; b++) {
        next[b] = start[b];
        start[b + 1] = start[b] + size[b];
    }
    for (unsigned b = 0; b < BUCKETS; b++) {
        while (next[b] < start[b + 1]) {
            uint64_t held[RECORD_MOST_WORDS];
            copy(held, records + next[b] * words, words);
            unsigned to;
            while ((to = held[word] >> shift & 0xff) != b)
                swap(held, records + next[to]++ * words, words);
            copy(records + next[b]++ * words, held, words);
        }
    }
}

INLINE void sort_body(uint64_t *records, size_t count, unsigned words, sort_function *self)
{
    if (count <= INSERTION_MOST) {
        insertion_sort(records, count, words);
        return;
    }
    if (count <= QUICKSORT_MOST) {
        quicksort(records, count, words, self);
        return;
    }
    unsigned word, shift;
    size_t start[BUCKETS + 1];
    if (!differing_byte(records, count, words, &word, &shift))
        return;
    partition(records, count, words, word, shift, start);
    for (unsigned b = 0; b < BUCKETS; b++)
        if (start[b + 1] - start[b] > 1)
            self(records + start[b] * words, start[b + 1] - start[b], words);
}

static void sort_1(uint64_t *records, size_t count, unsigned words)
{
    (void)words;
    sort_body(records, count, 1, sort_1);
}

static void sort_2(uint64_t *records, size_t count, unsigned words)
{
    (void)words;
    sort_body(records, count, 2, sort_2);
}

static void sort_3(uint64_t *records, size_t count, unsigned words)
{
    (void)words;
    sort_body(records, count, 3, sort_3);
}

static void sort_any(uint64_t *records, size_t count, unsigned words)
{
    sort_body(records, count, words, sort_any);
}

// ---- threads -----------------------------------------------------------------------------------
//
// All threads put the records in the order of one byte, then each sorts buckets of it. The first is
// done in place as in PARADIS (Cho et al. 2015): of every bucket's place each thread has a strip, and
// permutes among its own strips; where its strips for a byte are full, records stay in wrong buckets.
// These are gathered at the buckets' ends, which are the places of the next round.

struct strip {
    uint64_t differ[RECORD_MOST_WORDS];
    size_t size[BUCKETS];
    size_t next[BUCKETS], end[BUCKETS]; // of the strip: not yet in order
};

struct shared_sort {
    uint64_t *records;
    size_t count;
    unsigned words, word, shift;
    sort_function *sort;
    size_t parts;
    struct strip *strip;       // [parts]
    size_t start[BUCKETS + 1]; // where buckets begin
    size_t open[BUCKETS];      // from where on they may hold records of others
    unsigned largest[BUCKETS]; // buckets, the one with most records first
};

static size_t part_begin(const struct shared_sort *shared, size_t part)
{
    return (size_t)((double)shared->count * (double)part / (double)shared->parts);
}

static unsigned byte_of(const struct shared_sort *shared, const uint64_t *record)
{
    return record[shared->word] >> shared->shift & 0xff;
}

static void find_differences(void *context, size_t worker, size_t part)
{
    struct shared_sort *shared = context;
    struct strip *strip = &shared->strip[part];
    (void)worker;
    for (size_t i = part_begin(shared, part); i < part_begin(shared, part + 1); i++)
        for (unsigned j = 0; j < shared->words; j++)
            strip->differ[j] |= shared->records[i * shared->words + j] ^ shared->records[j];
}

static void count_bytes(void *context, size_t worker, size_t part)
{
    struct shared_sort *shared = context;
    struct strip *strip = &shared->strip[part];
    (void)worker;
    for (size_t i = part_begin(shared, part); i < part_begin(shared, part + 1); i++)
        strip->size[byte_of(shared, shared->records + i * shared->words)]++;
}

INLINE void permute(struct shared_sort *shared, struct strip *strip, unsigned words)
{
    uint64_t held[RECORD_MOST_WORDS], *records = shared->records;
    size_t *next = strip->next;
    const size_t *end = strip->end;
    for (unsigned b = 0; b < BUCKETS; b++) {
        for (size_t i = next[b]; i < end[b]; i++) {
            unsigned to;
            copy(held, records + i * words, words);
            while ((to = byte_of(shared, held)) != b && next[to] < end[to])
                swap(held, records + next[to]++ * words, words);
            if (to == b) {
                copy(records + i * words, records + next[b] * words, words);
                copy(records + next[b]++ * words, held, words);
            } else {
                copy(records + i * words, held, words);
            }
        }
    }
}

static void permute_part(void *context, size_t worker, size_t part)
{
    struct shared_sort *shared = context;
    struct strip *strip = &shared->strip[part];
    (void)worker;
    switch (shared->words) {
    case 1:
        permute(shared, strip, 1);
        break;
    case 2:
        permute(shared, strip, 2);
        break;
    case 3:
        permute(shared, strip, 3);
        break;
    default:
        permute(shared, strip, shared->words);
    }
}

// Of what the strips have left in a bucket, others' records go to its end.
static void gather_others(void *context, size_t worker, size_t bucket)
{
    struct shared_sort *shared = context;
    unsigned words = shared->words, b = (unsigned)bucket;
    uint64_t *records = shared->records;
    size_t end = shared->start[b + 1];
    (void)worker;
    for (size_t part = 0; part < shared->parts; part++) {
        const struct strip *strip = &shared->strip[part];
        for (size_t i = strip->next[b]; i < strip->end[b] && i < end; i++) {
            if (byte_of(shared, records + i * words) == b)
                continue;
            do
                end--;
            while (end > i && byte_of(shared, records + end * words) != b);
            if (end > i)
                swap(records + i * words, records + end * words, words);
        }
    }
    shared->open[b] = end;
}

static size_t records_open(const struct shared_sort *shared)
{
    size_t open = 0;
    for (unsigned b = 0; b < BUCKETS; b++)
        open += shared->start[b + 1] - shared->open[b];
    return open;
}

// One part alone leaves nothing in a wrong bucket.
static void partition_together(struct shared_sort *shared, struct pool *pool)
{
    size_t open = shared->count, before;
    memcpy(shared->open, shared->start, sizeof shared->open);
    do {
        for (size_t part = 0; part < shared->parts; part++) {
            for (unsigned b = 0; b < BUCKETS; b++) {
                size_t first = shared->open[b], size = shared->start[b + 1] - first;
                shared->strip[part].next[b] = first + size / shared->parts * part;
                shared->strip[part].end[b] = part + 1 < shared->parts
                                                 ? first + size / shared->parts * (part + 1)
                                                 : shared->start[b + 1];
            }
        }
        pool_run(pool, permute_part, shared, shared->parts);
        pool_run(pool, gather_others, shared, BUCKETS);
        before = open;
        open = records_open(shared);
        if (open < PARALLEL_LEAST || open > before / 2)
            shared->parts = 1;
    } while (open > 0);
}

// False if all records are the same.
static int find_buckets(struct shared_sort *shared, struct pool *pool)
{
    uint64_t extremes[2 * RECORD_MOST_WORDS] = {0};
    pool_run(pool, find_differences, shared, shared->parts);
    for (size_t part = 0; part < shared->parts; part++)
        for (unsigned j = 0; j < shared->words; j++)
            extremes[shared->words + j] |= shared->strip[part].differ[j];
    if (!differing_byte(extremes, 2, shared->words, &shared->word, &shared->shift))
        return 0;
    pool_run(pool, count_bytes, shared, shared->parts);
    for (unsigned b = 0; b < BUCKETS; b++) {
        shared->start[b + 1] = shared->start[b];
        for (size_t part = 0; part < shared->parts; part++)
            shared->start[b + 1] += shared->strip[part].size[b];
    }
    return 1;
}

static void order_buckets(struct shared_sort *shared)
{
    const size_t *start = shared->start;
    for (unsigned b = 0; b < BUCKETS; b++) {
        unsigned i = b;
        for (; i > 0; i--) {
            unsigned other = shared->largest[i - 1];
            if (start[other + 1] - start[other] >= start[b + 1] - start[b])
                break;
            shared->largest[i] = other;
        }
        shared->largest[i] = b;
    }
}

static void sort_bucket(void *context, size_t worker, size_t item)
{
    const struct shared_sort *shared = context;
    unsigned bucket = shared->largest[item];
    size_t begin = shared->start[bucket], count = shared->start[bucket + 1] - begin;
    (void)worker;
    if (count > 1)
        shared->sort(shared->records + begin * shared->words, count, shared->words);
}

void record_sort(uint64_t *records, size_t count, unsigned words, struct pool *pool)
{
    static sort_function *const sorts[] = {sort_any, sort_1, sort_2, sort_3};
    struct shared_sort shared = {.records = records,
                                 .count = count,
                                 .words = words,
                                 .sort = sorts[words <= 3 ? words : 0],
                                 .parts = pool_ready(pool)};
    // Sorting has no way to fail: where there is no memory, this thread does all.
    if (count >= PARALLEL_LEAST && shared.parts > 1)
        shared.strip = memory_new(shared.parts, sizeof *shared.strip, NULL);
    if (shared.strip == NULL) {
        shared.sort(records, count, words);
    } else if (find_buckets(&shared, pool)) {
        partition_together(&shared, pool);
        order_buckets(&shared);
        pool_run(pool, sort_bucket, &shared, BUCKETS);
    }
    free(shared.strip);
}
