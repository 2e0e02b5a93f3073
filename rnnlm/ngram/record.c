// Sorting of packed records: in-place radix sort from the most significant differing byte,
// quicksort for small buckets.
#include "ngram/record.h"

#include "base/threads.h"

enum {
    BUCKETS = 256,
    INSERTION_MOST = 16,
    QUICKSORT_MOST = 768,
    PARALLEL_LEAST = 1 << 16,
    THREADS_MOST = 8
};

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

struct shared_sort {
    uint64_t *records;
    unsigned words;
    sort_function *sort;
    size_t start[BUCKETS + 1];
};

static void sort_bucket(void *context, size_t worker, size_t bucket)
{
    const struct shared_sort *shared = context;
    size_t begin = shared->start[bucket], count = shared->start[bucket + 1] - begin;
    (void)worker;
    if (count > 1)
        shared->sort(shared->records + begin * shared->words, count, shared->words);
}

void record_sort(uint64_t *records, size_t count, unsigned words)
{
    static sort_function *const sorts[] = {sort_any, sort_1, sort_2, sort_3};
    struct shared_sort shared = {records, words, sorts[words <= 3 ? words : 0], {0}};
    size_t threads = threads_available();
    unsigned word, shift;
    // Sorting has no way to fail: where threads cannot be had, this one does all.
    struct pool *pool = count < PARALLEL_LEAST || threads < 2
                            ? NULL
                            : pool_new(threads < THREADS_MOST ? threads : THREADS_MOST, NULL);
    if (pool == NULL) {
        shared.sort(records, count, words);
    } else if (differing_byte(records, count, words, &word, &shift)) {
        partition(records, count, words, word, shift, shared.start);
        pool_run(pool, sort_bucket, &shared, BUCKETS);
    }
    pool_free(pool);
}
