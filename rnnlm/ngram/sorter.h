// Sorting of any number of packed records: in memory as long as an allowance lasts, then as sorted
// runs in a temporary file that are merged while reading. Records with the same ids become one.
#ifndef NGRAM_SORTER_H
#define NGRAM_SORTER_H

#include "base/error.h"
#include "ngram/record.h"
#include "ngram/spill.h"

enum sorter_rule { SORTER_SUM, SORTER_LARGEST }; // payload of records with the same ids

struct sorter_run {
    uint64_t begin, end; // bytes of the file
    uint64_t *buffer;    // while merging: the run's next records
    size_t left, at;     // records in the buffer: not yet taken; the next one's place
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
    size_t *heap; // indices of runs, the one with the least record first
    size_t heap_count;
    size_t buffer_records;
    uint64_t merged[RECORD_MOST_WORDS];
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

// Ends the adding.
bool sorter_finish(struct sorter *sorter, struct error *error);

// Whether all records lie in sorter->records.
static inline bool sorter_in_memory(const struct sorter *sorter)
{
    return sorter->run_count == 0;
}

// Gives the block of an in-memory sorter to a sorter or sequence of the same record size, which
// writes over it from the start while `from` is still being read. It must not write further than
// `from` has been read.
void sorter_lend(struct sorter *from, struct sorter *to);
void sorter_become_sequence(struct sorter *from, struct sequence *sequence);

// Goes to the first record; after sorter_finish(), any number of times.
bool sorter_start(struct sorter *sorter, struct error *error);

// The next record, valid until the next call; NULL at the end. False only on failure.
bool sorter_next(struct sorter *sorter, const uint64_t **record, struct error *error);

#endif
