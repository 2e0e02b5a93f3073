// Sorting of any number of packed records: in memory as long as an allowance lasts, then as sorted
// runs in a temporary file that are merged while reading. Records with the same ids become one.
#ifndef NGRAM_SORTER_H
#define NGRAM_SORTER_H

#include "base/error.h"
#include "base/threads.h"
#include "ngram/record.h"
#include "ngram/spill.h"

enum sorter_rule { SORTER_SUM, SORTER_LARGEST }; // payload of records with the same ids

struct sorter_run {
    uint64_t begin, end; // bytes of the file
    uint64_t *buffer;    // while merging: the run's next records
    size_t left, at;     // records in the buffer: not yet taken; the next one's place
};

// A run that is being merged, and the first word of its next record.
struct sorter_head {
    uint64_t first;
    size_t run;
};

// Records merged from runs: a block that is being read, and one that is merged meanwhile.
struct sorter_ahead {
    uint64_t *block[2];
    size_t count[2], capacity; // records
    unsigned current;
    size_t next;
    bool running;
    struct errand errand;
};

struct sorter {
    struct record_shape shape;
    enum sorter_rule rule;
    struct allowance *allowance;
    uint64_t *records; // the block being filled, or all records, sorted, when nothing is on disk
    size_t count, capacity;
    bool lent; // the block now belongs to another
    struct temporary file;
    uint64_t file_size;
    struct sorter_run *runs;
    size_t run_count, run_capacity;
    // reading
    size_t next;
    struct sorter_head *heap; // the one with the least record first
    size_t heap_count;
    size_t buffer_records, buffer_bytes; // of a run; of the allowance for all of them
    uint64_t merged[RECORD_MOST_WORDS];
    struct sorter_ahead ahead; // with more than one thread
};

void sorter_init(struct sorter *sorter, struct record_shape shape, enum sorter_rule rule,
                 struct allowance *allowance, const char *folder);
void sorter_free(struct sorter *sorter);

bool sorter_make_room(struct sorter *sorter, struct error *error);

static inline bool sorter_add(struct sorter *sorter, const uint64_t *record, struct error *error)
{
    if (sorter->count == sorter->capacity && !sorter_make_room(sorter, error))
        return false;
    uint64_t *to = sorter->records + sorter->count++ * sorter->shape.words;
    for (unsigned i = 0; i < sorter->shape.words; i++)
        to[i] = record[i];
    return true;
}

// Adds `count` records that lie one behind the other.
bool sorter_add_all(struct sorter *sorter, const uint64_t *records, size_t count,
                    struct error *error);

// Room for records that the caller writes himself: *records is where, and *room how many there is
// room for, one at least; then sorter->count tells how many there are.
bool sorter_room(struct sorter *sorter, uint64_t **records, size_t *room, struct error *error);

// Ends the adding.
bool sorter_finish(struct sorter *sorter, struct error *error);

// Whether all records lie in sorter->records.
static inline bool sorter_in_memory(const struct sorter *sorter)
{
    return sorter->run_count == 0;
}

// Records at most: those of runs on disk may be the same.
uint64_t sorter_most(const struct sorter *sorter);

// Where, of the records in memory, those begin whose first id is `id` or a larger one; after
// sorter_finish().
size_t sorter_find(const struct sorter *sorter, uint32_t id);

// Gives the block of an in-memory sorter to a sorter or sequence of the same record size, which
// writes over it from the start while `from` is still being read. It must not write further than
// `from` has been read.
void sorter_lend(struct sorter *from, struct sorter *to);
void sorter_become_sequence(struct sorter *from, struct sequence *sequence);

// Goes to the first record; after sorter_finish(), any number of times.
bool sorter_start(struct sorter *sorter, struct error *error);

// The next record, valid until the next call; NULL at the end. False only on failure.
bool sorter_next(struct sorter *sorter, const uint64_t **record, struct error *error);

// ---- from several threads ----------------------------------------------------------------------

enum { SORTER_BATCH = 1 << 10 };

// Records on their way to a sorter that several threads add to, each with a batch of its own.
struct sorter_batch {
    struct sorter *to;
    pthread_mutex_t *lock; // the same for all sorters of an allowance
    size_t words;          // used
    uint64_t records[SORTER_BATCH];
};

// Hands on what is held.
bool sorter_batch_end(struct sorter_batch *batch, struct error *error);

static inline bool sorter_batch_add(struct sorter_batch *batch, const uint64_t *record,
                                    struct error *error)
{
    unsigned words = batch->to->shape.words;
    if (batch->words + words > SORTER_BATCH && !sorter_batch_end(batch, error))
        return false;
    for (unsigned i = 0; i < words; i++)
        batch->records[batch->words++] = record[i];
    return true;
}

#endif
