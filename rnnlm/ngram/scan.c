// Counts of all orders in one scan through the n-grams of the highest.
#include "ngram/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

// The scan goes through the records in order of their last words, so that all records with the
// same last k words stand together: the k-gram is complete when they change.
struct scan {
    struct counts *counts;
    struct sorter *from;
    size_t next, end;              // of the part's records, where they are in memory
    uint64_t *place;               // there: where the next n-gram of the highest order is written
    struct sorter *prefixes;       // NULL if counts come from text
    const uint64_t *prefix;        // read next, NULL at the end
    uint32_t ids[RECORD_MOST_IDS]; // of the record before: last word first
    size_t length;                 // its words, up to <s>
    // [k] for the n-gram that is its last k words:
    uint64_t own[RECORD_MOST_IDS + 1];    // the count that is given, 0 if none is
    uint64_t longer[RECORD_MOST_IDS + 1]; // what the n-grams that end in it have together
    uint64_t begun[RECORD_MOST_IDS + 1];  // what those that begin with it have together
    uint64_t kinds[RECORD_MOST_IDS + 1];  // different words before it
    uint64_t occurring[NGRAM_MOST_ORDER + 1][COUNTS_OF_COUNTS];
    struct sorter_batch batch[NGRAM_MOST_ORDER + 1];
    size_t seen; // records since that was said
    bool failed;
    struct error error;
};

static bool contradiction(struct scan *scan, size_t k, uint64_t sum, const char *how,
                          struct error *error)
{
    char text[200] = "";
    struct word_store *words = &scan->counts->store;
    if (!word_store_open(words, error))
        return false;
    for (size_t i = k; i-- > 0;) {
        strncat(text, word_text(words, scan->ids[i]), sizeof text - 1 - strlen(text));
        strncat(text, i > 0 ? " " : "", sizeof text - 1 - strlen(text));
    }
    return error_set(error,
                     "contradictory counts: \"%s\" has %llu, but the n-grams that %s it have %llu "
                     "together",
                     text, (unsigned long long)scan->own[k], how, (unsigned long long)sum);
}

// How often the k-gram occurs.
static bool occurrences(struct scan *scan, size_t k, uint64_t *occurs, struct error *error)
{
    uint64_t longer = scan->longer[k], begun = scan->begun[k];
    *occurs = scan->own[k];
    if (*occurs == 0) {
        *occurs = longer > begun ? longer : begun;
        return true;
    }
    if (longer > *occurs)
        return contradiction(scan, k, longer, "end in", error);
    return begun <= *occurs || contradiction(scan, k, begun, "begin with", error);
}

static uint64_t count_of(const struct scan *scan, size_t k, uint64_t occurs)
{
    const struct counts *counts = scan->counts;
    uint32_t first = scan->ids[k - 1];
    // Words that are never predicted have no different words before them.
    bool plain = !counts->kinds || k == counts->order || first == counts->start ||
                 (first == counts->unknown && !counts->unk);
    return plain ? occurs : scan->kinds[k];
}

// What a text tells while it is read.
static void count_tokens(struct counts *counts, uint32_t word, uint64_t occurs)
{
    counts->tokens += occurs;
    if (word == counts->end)
        counts->sentences = occurs;
}

// Hands on the k-gram at the end of the record before. Without -unk, n-grams that end in <unk> do
// not exist, and those that hold it elsewhere have no probabilities but are among the counts of
// counts, as in SRILM.
static bool complete(struct scan *scan, size_t k, struct error *error)
{
    struct counts *counts = scan->counts;
    const uint32_t *ids = scan->ids;
    uint64_t occurs, record[RECORD_MOST_WORDS];
    if (!occurrences(scan, k, &occurs, error))
        return false;
    scan->longer[k - 1] += occurs;
    scan->kinds[k - 1]++;
    if (k == 1 && scan->prefixes != NULL)
        count_tokens(counts, ids[0], occurs);
    if (ids[0] == counts->unknown && !counts->unk)
        return true;
    uint64_t count = count_of(scan, k, occurs);
    if (count > 0 && count <= COUNTS_OF_COUNTS)
        scan->occurring[k][count - 1]++;
    if (k == 1) {
        counts->unigram[ids[0]].count = count;
        return true;
    }
    uint32_t reordered[RECORD_MOST_IDS];
    for (size_t i = 1; i < k; i++) {
        if (ids[i] == counts->unknown && !counts->unk)
            return true;
        reordered[i - 1] = ids[i];
    }
    reordered[k - 1] = ids[0];
    if (k == counts->order && scan->place != NULL) {
        record_encode(&scan->from->shape, reordered, count, scan->place);
        scan->place += scan->from->shape.words;
        return true;
    }
    record_encode(&counts->ngrams[k].shape, reordered, count, record);
    return sorter_batch_add(&scan->batch[k], record, error);
}

// What the n-grams that begin with this one have; each of those has a record here.
static bool take_begun(struct scan *scan, const uint64_t *record, struct error *error)
{
    struct sorter *prefixes = scan->prefixes;
    if (prefixes == NULL || scan->prefix == NULL ||
        !record_same_ids(&prefixes->shape, scan->prefix, record))
        return true;
    scan->begun[scan->length] = record_payload(&prefixes->shape, scan->prefix);
    return sorter_next(prefixes, &scan->prefix, error);
}

static bool scan_record(struct scan *scan, const uint64_t *record, struct error *error)
{
    const struct record_shape *shape = &scan->from->shape;
    uint32_t ids[RECORD_MOST_IDS] = {0};
    size_t order = scan->counts->order, common = 0, length = 0;
    record_decode(shape, record, ids);
    while (length < order && ids[length] != 0)
        length++;
    while (common < scan->length && common < length && ids[common] == scan->ids[common])
        common++;
    for (size_t k = scan->length; k > common; k--)
        if (!complete(scan, k, error))
            return false;
    for (size_t k = common + 1; k <= length; k++)
        scan->own[k] = scan->longer[k] = scan->begun[k] = scan->kinds[k] = 0;
    scan->own[length] = record_payload(shape, record);
    scan->length = length;
    memcpy(scan->ids, ids, order * sizeof *ids);
    return take_begun(scan, record, error);
}

static bool complete_rest(struct scan *scan, struct error *error)
{
    for (size_t k = scan->length; k > 0; k--)
        if (!complete(scan, k, error))
            return false;
    scan->length = 0;
    return true;
}

static bool next_record(struct scan *scan, const uint64_t **record, struct error *error)
{
    if (!sorter_in_memory(scan->from))
        return sorter_next(scan->from, record, error);
    *record = scan->next < scan->end ? scan->from->records + scan->next++ * scan->from->shape.words
                                     : NULL;
    return true;
}

static bool scan_all(struct scan *scan, struct error *error)
{
    struct watch *watch = scan->from->allowance->watch;
    const uint64_t *record;
    while (next_record(scan, &record, error)) {
        if (record == NULL || ++scan->seen == WATCH_EACH) {
            watch_add(watch, scan->seen);
            scan->seen = 0;
        }
        if (record == NULL)
            return complete_rest(scan, error);
        if (!scan_record(scan, record, error))
            return false;
    }
    return false;
}

// ---- parts -------------------------------------------------------------------------------------

// In memory, the records are cut into parts by their last words, for several threads. Each writes the
// n-grams of the highest order over the part's records, and hands on others, whose order is not yet
// that of their records, as they come.
struct scan_part {
    size_t begin, end; // records
    size_t written;    // n-grams of the highest order
};

enum { PARTS_A_THREAD = 8 };

struct scan_run {
    struct sorter *from;
    struct scan *scan; // [threads]
    struct scan_part *part;
    size_t parts;
};

static void cut_parts(struct scan_run *run)
{
    const struct sorter *from = run->from;
    for (size_t i = 0; i < run->parts; i++) {
        size_t begin = (size_t)((double)from->count * (double)i / (double)run->parts);
        run->part[i].begin =
            i > 0 ? sorter_find(from, record_first_id(&from->shape,
                                                      from->records + begin * from->shape.words))
                  : 0;
        run->part[i].end = from->count;
        if (i > 0)
            run->part[i - 1].end = run->part[i].begin;
    }
}

static void scan_part(void *context, size_t worker, size_t item)
{
    struct scan_run *run = context;
    struct scan *scan = &run->scan[worker];
    struct scan_part *part = &run->part[item];
    unsigned words = run->from->shape.words;
    bool here = sorter_in_memory(run->from);
    uint64_t *begin =
        here && scan->counts->order > 1 ? run->from->records + part->begin * words : NULL;
    if (scan->failed)
        return;
    scan->next = part->begin;
    scan->end = part->end;
    scan->place = begin;
    scan->failed = !scan_all(scan, &scan->error);
    part->written = begin != NULL ? (size_t)(scan->place - begin) / words : 0;
}

static bool start_scans(struct scan_run *run, struct counts *counts, struct sorter *prefixes,
                        pthread_mutex_t *lock, size_t threads, struct error *error)
{
    for (size_t i = 0; i < threads; i++) {
        struct scan *scan = &run->scan[i];
        scan->counts = counts;
        scan->from = run->from;
        scan->prefixes = prefixes;
        for (size_t k = 2; k <= counts->order; k++)
            scan->batch[k] = (struct sorter_batch){.to = &counts->ngrams[k], .lock = lock};
    }
    return sorter_start(run->from, error) &&
           (prefixes == NULL ||
            (sorter_start(prefixes, error) && sorter_next(prefixes, &run->scan[0].prefix, error)));
}

static bool end_scan(struct scan *scan, struct error *error)
{
    struct counts *counts = scan->counts;
    for (size_t k = 1; k <= counts->order; k++)
        for (size_t i = 0; i < COUNTS_OF_COUNTS; i++)
            counts->discount[k].occurring[i] += scan->occurring[k][i];
    if (scan->failed && error != NULL)
        *error = scan->error;
    for (size_t k = 2; k <= counts->order && !scan->failed; k++)
        scan->failed = !sorter_batch_end(&scan->batch[k], error);
    return !scan->failed;
}

// Puts what the parts have written in place one behind the other.
static void take_places(struct scan_run *run, struct sorter *to)
{
    unsigned words = run->from->shape.words;
    sorter_lend(run->from, to);
    for (size_t i = 0; i < run->parts; i++) {
        const struct scan_part *part = &run->part[i];
        if (part->written > 0)
            memmove(to->records + to->count * words, to->records + part->begin * words,
                    part->written * words * sizeof *to->records);
        to->count += part->written;
    }
}

bool scan_ngrams(struct counts *counts, struct sorter *from, struct sorter *prefixes,
                 struct error *error)
{
    struct pool *pool = from->allowance->pool;
    bool here = sorter_in_memory(from);
    size_t threads = here && from->count > 0 && prefixes == NULL ? pool_ready(pool) : 1;
    struct scan_run run = {.from = from, .parts = threads > 1 ? threads * PARTS_A_THREAD : 1};
    pthread_mutex_t lock;
    run.scan = memory_new(threads, sizeof *run.scan, error);
    run.part = memory_new(run.parts, sizeof *run.part, error);
    pthread_mutex_init(&lock, NULL);
    bool ok = run.scan != NULL && run.part != NULL &&
              start_scans(&run, counts, prefixes, &lock, threads, error);
    if (ok) {
        watch_begin(from->allowance->watch, "counting", "n-grams", sorter_most(from));
        cut_parts(&run);
        pool_run(pool, scan_part, &run, run.parts);
        for (size_t i = 0; i < threads; i++)
            ok = end_scan(&run.scan[i], ok ? error : NULL) && ok;
        if (here && counts->order > 1)
            take_places(&run, &counts->ngrams[counts->order]);
        watch_end(from->allowance->watch);
    }
    pthread_mutex_destroy(&lock);
    free(run.scan);
    free(run.part);
    return ok;
}
