// External sorting: blocks sorted in memory, runs on disk, a heap that merges them.
#include "ngram/sorter.h"

#include <stdlib.h>

#include "base/memory.h"

enum {
    FIRST_RECORDS = 256,
    RUNS_MOST = 256,        // then they are merged into one
    BUFFER_LEAST = 1 << 12, // bytes read at once from a run
    BUFFER_MOST = 1 << 20,
    AHEAD_LEAST = 1 << 17, // bytes merged at once
    AHEAD_MOST = 1 << 22,
};

void sorter_init(struct sorter *sorter, struct record_shape shape, enum sorter_rule rule,
                 struct allowance *allowance, const char *folder)
{
    *sorter = (struct sorter){.shape = shape, .rule = rule, .allowance = allowance};
    temporary_init(&sorter->file, folder);
}

static size_t record_bytes(const struct sorter *sorter)
{
    return sorter->shape.words * sizeof(uint64_t);
}

static void release_block(struct sorter *sorter)
{
    if (!sorter->lent) {
        allowance_give(sorter->allowance, sorter->capacity * record_bytes(sorter));
        free(sorter->records);
    }
    sorter->records = NULL;
    sorter->count = sorter->capacity = 0;
}

static void release_buffers(struct sorter *sorter)
{
    if (sorter->ahead.running)
        errand_end(&sorter->ahead.errand, NULL);
    for (size_t i = 0; i < 2; i++)
        free(sorter->ahead.block[i]);
    sorter->ahead = (struct sorter_ahead){.capacity = 0};
    for (size_t i = 0; i < sorter->run_count; i++) {
        free(sorter->runs[i].buffer);
        sorter->runs[i].buffer = NULL;
    }
    free(sorter->heap);
    sorter->heap = NULL;
    if (sorter->buffer_bytes > 0)
        allowance_give(sorter->allowance, sorter->buffer_bytes);
    sorter->buffer_bytes = 0;
}

void sorter_free(struct sorter *sorter)
{
    release_block(sorter);
    release_buffers(sorter);
    free(sorter->runs);
    sorter->runs = NULL;
    sorter->run_count = 0;
    temporary_close(&sorter->file);
}

// ---- blocks ------------------------------------------------------------------------------------

static void combine_into(const struct sorter *sorter, uint64_t *kept, const uint64_t *record)
{
    uint64_t a = record_payload(&sorter->shape, kept), b = record_payload(&sorter->shape, record);
    if (sorter->rule == SORTER_SUM)
        record_set_payload(&sorter->shape, kept, a + b);
    else if (b > a)
        record_set_payload(&sorter->shape, kept, b);
}

// Sorts the block and makes one record of those with the same ids.
static void sort_block(struct sorter *sorter)
{
    unsigned words = sorter->shape.words;
    if (sorter->count == 0)
        return;
    record_sort(sorter->records, sorter->count, words, sorter->allowance->pool);
    uint64_t *kept = sorter->records;
    for (size_t i = 1; i < sorter->count; i++) {
        const uint64_t *record = sorter->records + i * words;
        if (record_same_ids(&sorter->shape, kept, record)) {
            combine_into(sorter, kept, record);
        } else {
            kept += words;
            for (unsigned j = 0; j < words; j++)
                kept[j] = record[j];
        }
    }
    sorter->count = (size_t)(kept - sorter->records) / words + 1;
}

// ---- runs --------------------------------------------------------------------------------------

static bool fill_buffer(struct sorter *sorter, struct sorter_run *run, struct error *error)
{
    size_t bytes = record_bytes(sorter);
    uint64_t there = (run->end - run->begin) / bytes;
    run->at = 0;
    run->left = there < sorter->buffer_records ? (size_t)there : sorter->buffer_records;
    if (run->left == 0)
        return true;
    if (!temporary_read(&sorter->file, run->buffer, run->left * bytes, run->begin, error))
        return false;
    run->begin += run->left * bytes;
    return true;
}

static const uint64_t *record_of(const struct sorter *sorter, const struct sorter_head *head)
{
    const struct sorter_run *run = &sorter->runs[head->run];
    return run->buffer + run->at * sorter->shape.words;
}

static inline bool head_less(const struct sorter *sorter, const struct sorter_head *a,
                             const struct sorter_head *b)
{
    return a->first != b->first
               ? a->first < b->first
               : record_less(sorter->shape.words, record_of(sorter, a), record_of(sorter, b));
}

static void sift_down(struct sorter *sorter, size_t place)
{
    struct sorter_head *heap = sorter->heap, moved = heap[place];
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= sorter->heap_count)
            break;
        if (child + 1 < sorter->heap_count && head_less(sorter, &heap[child + 1], &heap[child]))
            child++;
        if (!head_less(sorter, &heap[child], &moved))
            break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = moved;
}

// Each time a thread is begun.
static size_t bytes_ahead(const struct sorter *sorter)
{
    size_t share = allowance_share(sorter->allowance) / 4;
    return share < AHEAD_LEAST ? AHEAD_LEAST : share > AHEAD_MOST ? AHEAD_MOST : share;
}

// `begin` of a run moves as it is read; the run before it ends where it begins, which restores it.
static bool merge_start(struct sorter *sorter, struct error *error)
{
    release_buffers(sorter);
    size_t bytes = record_bytes(sorter);
    size_t share = allowance_share(sorter->allowance) / sorter->run_count;
    share = share < BUFFER_LEAST ? BUFFER_LEAST : share > BUFFER_MOST ? BUFFER_MOST : share;
    sorter->buffer_records = share / bytes;
    sorter->buffer_bytes = share * sorter->run_count + 2 * bytes_ahead(sorter);
    sorter->allowance->used += sorter->buffer_bytes;
    sorter->heap = memory_new(sorter->run_count, sizeof *sorter->heap, error);
    if (sorter->heap == NULL)
        return false;
    sorter->heap_count = sorter->run_count;
    for (size_t i = 0; i < sorter->run_count; i++) {
        struct sorter_run *run = &sorter->runs[i];
        run->begin = i > 0 ? sorter->runs[i - 1].end : 0;
        run->buffer = memory_new(sorter->buffer_records, bytes, error);
        if (run->buffer == NULL || !fill_buffer(sorter, run, error))
            return false;
        sorter->heap[i] = (struct sorter_head){run->buffer[0], i};
    }
    for (size_t i = sorter->heap_count / 2; i-- > 0;)
        sift_down(sorter, i);
    return true;
}

// Takes the least record off the heap into `record`.
static bool merge_take(struct sorter *sorter, uint64_t *record, struct error *error)
{
    struct sorter_run *run = &sorter->runs[sorter->heap[0].run];
    unsigned words = sorter->shape.words;
    const uint64_t *from = run->buffer + run->at * words;
    for (unsigned i = 0; i < words; i++)
        record[i] = from[i];
    run->at++;
    if (--run->left == 0 && !fill_buffer(sorter, run, error))
        return false;
    if (run->left == 0)
        sorter->heap[0] = sorter->heap[--sorter->heap_count];
    else
        sorter->heap[0].first = run->buffer[run->at * words];
    if (sorter->heap_count > 0)
        sift_down(sorter, 0);
    return true;
}

static bool merge_next(struct sorter *sorter, const uint64_t **record, struct error *error)
{
    *record = NULL;
    if (sorter->heap_count == 0)
        return true;
    if (!merge_take(sorter, sorter->merged, error))
        return false;
    uint64_t same[RECORD_MOST_WORDS];
    while (sorter->heap_count > 0 &&
           record_same_ids(&sorter->shape, sorter->merged, record_of(sorter, &sorter->heap[0]))) {
        if (!merge_take(sorter, same, error))
            return false;
        combine_into(sorter, sorter->merged, same);
    }
    *record = sorter->merged;
    return true;
}

static bool add_run(struct sorter *sorter, uint64_t bytes, struct error *error)
{
    if (!memory_grow(&sorter->runs, &sorter->run_capacity, sorter->run_count + 1,
                     sizeof *sorter->runs, error))
        return false;
    sorter->runs[sorter->run_count++] =
        (struct sorter_run){.begin = sorter->file_size, .end = sorter->file_size + bytes};
    sorter->file_size += bytes;
    return true;
}

// Makes one run of all, in a new file.
static bool merge_runs(struct sorter *sorter, struct error *error)
{
    struct sorter whole;
    const uint64_t *record;
    // The new sorter has a block that is written as a part of the one run, not as a run of its
    // own.
    sorter_init(&whole, sorter->shape, sorter->rule, sorter->allowance, sorter->file.folder);
    size_t bytes = record_bytes(sorter), capacity = BUFFER_MOST / bytes;
    uint64_t *block = memory_new(capacity, bytes, error);
    bool ok = block != NULL && temporary_open(&whole.file, error) && merge_start(sorter, error);
    uint64_t written = 0;
    size_t held = 0;
    while (ok && (ok = merge_next(sorter, &record, error)) && record != NULL) {
        memcpy(block + held++ * sorter->shape.words, record, bytes);
        if (held == capacity) {
            ok = temporary_write(&whole.file, block, held * bytes, written, error);
            written += held * bytes;
            held = 0;
        }
    }
    ok = ok && temporary_write(&whole.file, block, held * bytes, written, error);
    free(block);
    release_buffers(sorter);
    if (!ok) {
        temporary_close(&whole.file);
        return false;
    }
    temporary_close(&sorter->file);
    sorter->file = whole.file;
    sorter->file_size = sorter->run_count = 0;
    return add_run(sorter, written + held * bytes, error);
}

// A block on its way to the file, in pieces that several threads write.
struct spilling {
    struct sorter *sorter;
    size_t bytes;
    pthread_mutex_t lock;
    bool failed;
    struct error failure;
};

enum { PIECE = 1 << 20 };

static void write_piece(void *context, size_t worker, size_t item)
{
    struct spilling *spilling = context;
    struct sorter *sorter = spilling->sorter;
    struct error error;
    size_t begin = item * PIECE, left = spilling->bytes - begin;
    (void)worker;
    if (temporary_write(&sorter->file, (const char *)sorter->records + begin,
                        left < PIECE ? left : PIECE, sorter->file_size + begin, &error))
        return;
    pthread_mutex_lock(&spilling->lock);
    spilling->failed = true;
    spilling->failure = error;
    pthread_mutex_unlock(&spilling->lock);
}

static bool write_block(struct sorter *sorter, size_t bytes, struct error *error)
{
    struct spilling spilling = {.sorter = sorter, .bytes = bytes};
    pthread_mutex_init(&spilling.lock, NULL);
    pool_run(sorter->allowance->pool, write_piece, &spilling, (bytes + PIECE - 1) / PIECE);
    pthread_mutex_destroy(&spilling.lock);
    if (spilling.failed && error != NULL)
        *error = spilling.failure;
    return !spilling.failed;
}

// Writes the sorted block as a run.
static bool spill(struct sorter *sorter, struct error *error)
{
    size_t bytes = sorter->count * record_bytes(sorter);
    if (sorter->count == 0)
        return true;
    if (!temporary_open(&sorter->file, error) || !write_block(sorter, bytes, error) ||
        !add_run(sorter, bytes, error))
        return false;
    sorter->count = 0;
    return sorter->run_count < RUNS_MOST || merge_runs(sorter, error);
}

// Records that the block may grow by: it doubles as long as the allowance lasts, then takes what
// is left of that if it is worth it. A share each sorter has, whatever others have taken.
static size_t take_more(struct sorter *sorter)
{
    struct allowance *allowance = sorter->allowance;
    size_t bytes = record_bytes(sorter), more = sorter->capacity;
    if (more == 0 || 2 * more * bytes <= allowance_share(allowance)) {
        more = more == 0 ? FIRST_RECORDS : more;
        allowance->used += more * bytes;
        return more;
    }
    size_t left = allowance->limit > allowance->used ? allowance->limit - allowance->used : 0;
    if (more > left / bytes)
        more = left / bytes;
    if (more < sorter->capacity / 8 || !allowance_take(allowance, more * bytes))
        return 0;
    return more;
}

static bool resize(struct sorter *sorter, size_t capacity, struct error *error)
{
    size_t none = 0;
    if (!memory_grow(&sorter->records, &none, capacity, record_bytes(sorter), error))
        return false;
    sorter->capacity = capacity;
    return true;
}

bool sorter_make_room(struct sorter *sorter, struct error *error)
{
    size_t more = take_more(sorter);
    if (more > 0) {
        if (resize(sorter, sorter->capacity + more, error))
            return true;
        allowance_give(sorter->allowance, more * record_bytes(sorter));
        return false;
    }
    // Where the same n-grams come often, sorting alone may make room enough.
    sort_block(sorter);
    return sorter->count <= sorter->capacity / 2 || spill(sorter, error);
}

bool sorter_room(struct sorter *sorter, uint64_t **records, size_t *room, struct error *error)
{
    if (sorter->count == sorter->capacity && !sorter_make_room(sorter, error))
        return false;
    *records = sorter->records + sorter->count * sorter->shape.words;
    *room = sorter->capacity - sorter->count;
    return true;
}

bool sorter_add_all(struct sorter *sorter, const uint64_t *records, size_t count,
                    struct error *error)
{
    uint64_t *to;
    size_t room;
    while (count > 0) {
        if (!sorter_room(sorter, &to, &room, error))
            return false;
        room = room < count ? room : count;
        memcpy(to, records, room * record_bytes(sorter));
        sorter->count += room;
        records += room * sorter->shape.words;
        count -= room;
    }
    return true;
}

bool sorter_batch_end(struct sorter_batch *batch, struct error *error)
{
    pthread_mutex_lock(batch->lock);
    bool ok =
        sorter_add_all(batch->to, batch->records, batch->words / batch->to->shape.words, error);
    pthread_mutex_unlock(batch->lock);
    batch->words = 0;
    return ok;
}

// ---- reading -----------------------------------------------------------------------------------

bool sorter_finish(struct sorter *sorter, struct error *error)
{
    size_t capacity = sorter->capacity;
    sort_block(sorter);
    if (sorter->run_count == 0) {
        if (sorter->count >= FIRST_RECORDS && sorter->count < capacity) {
            if (!resize(sorter, sorter->count, error))
                return false;
            allowance_give(sorter->allowance, (capacity - sorter->count) * record_bytes(sorter));
        }
        return true;
    }
    if (!spill(sorter, error))
        return false;
    release_block(sorter);
    return true;
}

uint64_t sorter_most(const struct sorter *sorter)
{
    return sorter->count + sorter->file_size / record_bytes(sorter);
}

size_t sorter_find(const struct sorter *sorter, uint32_t id)
{
    unsigned words = sorter->shape.words;
    size_t low = 0, high = sorter->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (record_first_id(&sorter->shape, sorter->records + middle * words) < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void sorter_lend(struct sorter *from, struct sorter *to)
{
    to->records = from->records;
    to->capacity = from->capacity;
    from->lent = true;
}

void sorter_become_sequence(struct sorter *sorter, struct sequence *sequence)
{
    sequence_adopt(sequence, sorter->records, sorter->capacity);
    sorter->lent = true;
}

// Merges the block that is read next.
static bool merge_ahead(void *context, struct error *error)
{
    struct sorter *sorter = context;
    struct sorter_ahead *ahead = &sorter->ahead;
    unsigned block = 1 - ahead->current, words = sorter->shape.words;
    const uint64_t *record;
    for (size_t i = 0; i < ahead->capacity; i++) {
        if (!merge_next(sorter, &record, error))
            return false;
        if (record == NULL)
            break;
        memcpy(ahead->block[block] + i * words, record, words * sizeof *record);
        ahead->count[block]++;
    }
    return true;
}

static void begin_ahead(struct sorter *sorter)
{
    sorter->ahead.count[1 - sorter->ahead.current] = 0;
    sorter->ahead.running = true;
    errand_begin(&sorter->ahead.errand, merge_ahead, sorter);
}

static bool start_ahead(struct sorter *sorter, struct error *error)
{
    struct sorter_ahead *ahead = &sorter->ahead;
    ahead->capacity = bytes_ahead(sorter) / record_bytes(sorter);
    for (size_t i = 0; i < 2; i++) {
        ahead->block[i] = memory_new(ahead->capacity, record_bytes(sorter), error);
        if (ahead->block[i] == NULL)
            return false;
    }
    begin_ahead(sorter);
    return true;
}

// An empty block is the end.
static bool next_ahead(struct sorter *sorter, const uint64_t **record, struct error *error)
{
    struct sorter_ahead *ahead = &sorter->ahead;
    *record = NULL;
    if (ahead->next == ahead->count[ahead->current] && ahead->running) {
        ahead->running = false;
        if (!errand_end(&ahead->errand, error))
            return false;
        ahead->current = 1 - ahead->current;
        ahead->next = 0;
        if (ahead->count[ahead->current] > 0)
            begin_ahead(sorter);
    }
    if (ahead->next < ahead->count[ahead->current])
        *record = ahead->block[ahead->current] + ahead->next++ * sorter->shape.words;
    return true;
}

bool sorter_start(struct sorter *sorter, struct error *error)
{
    sorter->next = 0;
    return sorter_in_memory(sorter) ||
           (merge_start(sorter, error) &&
            (pool_ready(sorter->allowance->pool) == 1 || start_ahead(sorter, error)));
}

bool sorter_next(struct sorter *sorter, const uint64_t **record, struct error *error)
{
    if (!sorter_in_memory(sorter))
        return sorter->ahead.capacity > 0 ? next_ahead(sorter, record, error)
                                          : merge_next(sorter, record, error);
    *record = sorter->next < sorter->count ? sorter->records + sorter->next++ * sorter->shape.words
                                           : NULL;
    return true;
}
