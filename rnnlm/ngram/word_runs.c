// Runs of words: written, merged by a heap, and their maps.
#include "ngram/word_runs.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/word_order.h"

enum {
    WRITTEN = 1 << 16,    // bytes at once
    READ_LEAST = 1 << 12, // of a run
    READ_MOST = 1 << 18,
    PAIRS = 1 << 8, // of a map written at once
    NUMBER = sizeof(uint32_t),
};

void word_runs_init(struct word_runs *runs, struct allowance *allowance, const char *temporary)
{
    *runs = (struct word_runs){.allowance = allowance};
    temporary_init(&runs->file, temporary);
    temporary_init(&runs->maps, temporary);
}

void word_runs_free(struct word_runs *runs)
{
    temporary_close(&runs->file);
    temporary_close(&runs->maps);
    free(runs->run);
    runs->run = NULL;
    runs->count = runs->capacity = 0;
}

// ---- writing -----------------------------------------------------------------------------------

struct run_writer {
    struct word_runs *runs;
    char *buffer; // WRITTEN bytes
    size_t used;
};

static bool put(struct run_writer *writer, const void *data, size_t size, struct error *error)
{
    const char *from = data;
    while (size > 0) {
        size_t room = WRITTEN - writer->used, part = size < room ? size : room;
        memcpy(writer->buffer + writer->used, from, part);
        writer->used += part;
        from += part;
        size -= part;
        if (writer->used < WRITTEN)
            continue;
        if (!temporary_write(&writer->runs->file, writer->buffer, WRITTEN, writer->runs->size,
                             error))
            return false;
        writer->runs->size += WRITTEN;
        writer->used = 0;
    }
    return true;
}

static bool write_run(struct word_runs *runs, const struct vocabulary *words, const uint32_t *order,
                      struct error *error)
{
    struct run_writer writer = {.runs = runs, .buffer = memory_new(WRITTEN, 1, error)};
    bool ok = writer.buffer != NULL && temporary_open(&runs->file, error);
    for (size_t i = 0; i < words->size && ok; i++) {
        const char *word = vocabulary_word(words, (int32_t)order[i]);
        ok = put(&writer, &order[i], NUMBER, error) && put(&writer, word, strlen(word) + 1, error);
    }
    ok = ok && temporary_write(&runs->file, writer.buffer, writer.used, runs->size, error);
    runs->size += ok ? writer.used : 0;
    free(writer.buffer);
    return ok;
}

bool word_runs_add(struct word_runs *runs, const struct vocabulary *words, uint64_t upto,
                   struct error *error)
{
    uint64_t begin = runs->size;
    uint32_t *order =
        word_order(words->letters, words->offset, words->size, runs->allowance->pool, error);
    bool ok = order != NULL &&
              memory_grow(&runs->run, &runs->capacity, runs->count + 1, sizeof *runs->run, error) &&
              write_run(runs, words, order, error);
    if (ok)
        runs->run[runs->count++] = (struct word_run){begin, runs->size, upto, words->size};
    free(order);
    return ok;
}

// ---- merging -----------------------------------------------------------------------------------

struct run_reader {
    uint64_t at, end; // bytes of the file that are still to be read
    char *buffer;     // [capacity]; the run's next word, after its number, begins at `next`
    size_t capacity, next, held;
    size_t length; // of that word; none left: 0
    uint64_t map;  // place in the file of maps
    uint32_t pair[PAIRS][2];
    size_t pairs;
};

struct merging {
    struct word_runs *runs;
    struct run_reader *reader; // [runs]
    size_t *heap, heap_count;  // readers, the one with the least word first
};

static const char *word_of(const struct run_reader *reader)
{
    return reader->buffer + reader->next + NUMBER;
}

// More bytes behind those that are held; a word may be longer than the buffer.
static bool fill(struct merging *merging, struct run_reader *reader, struct error *error)
{
    memmove(reader->buffer, reader->buffer + reader->next, reader->held - reader->next);
    reader->held -= reader->next;
    reader->next = 0;
    if (reader->held == reader->capacity &&
        !memory_grow(&reader->buffer, &reader->capacity, 2 * reader->capacity, 1, error))
        return false;
    uint64_t left = reader->end - reader->at;
    size_t room = reader->capacity - reader->held, size = left < room ? (size_t)left : room;
    if (!temporary_read(&merging->runs->file, reader->buffer + reader->held, size, reader->at,
                        error))
        return false;
    reader->at += size;
    reader->held += size;
    return true;
}

// Goes to the next word.
static bool advance(struct merging *merging, struct run_reader *reader, struct error *error)
{
    reader->next += reader->length > 0 ? NUMBER + reader->length + 1 : 0;
    reader->length = 0;
    for (;;) {
        size_t there = reader->held - reader->next;
        const char *end = there > NUMBER ? memchr(word_of(reader), '\0', there - NUMBER) : NULL;
        if (end != NULL) {
            reader->length = (size_t)(end - word_of(reader));
            return true;
        }
        if (reader->at == reader->end)
            return true;
        if (!fill(merging, reader, error))
            return false;
    }
}

static bool less(const struct merging *merging, size_t a, size_t b)
{
    return strcmp(word_of(&merging->reader[a]), word_of(&merging->reader[b])) < 0;
}

static void sift_down(struct merging *merging, size_t place)
{
    size_t moved = merging->heap[place];
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= merging->heap_count)
            break;
        if (child + 1 < merging->heap_count &&
            less(merging, merging->heap[child + 1], merging->heap[child]))
            child++;
        if (!less(merging, merging->heap[child], moved))
            break;
        merging->heap[place] = merging->heap[child];
        place = child;
    }
    merging->heap[place] = moved;
}

static bool start_merging(struct merging *merging, struct error *error)
{
    struct word_runs *runs = merging->runs;
    size_t share = runs->allowance->limit / 8 / runs->count;
    uint64_t map = 0;
    share = share < READ_LEAST ? READ_LEAST : share > READ_MOST ? READ_MOST : share;
    merging->reader = memory_new(runs->count, sizeof *merging->reader, error);
    merging->heap = memory_new(runs->count, sizeof *merging->heap, error);
    if (merging->reader == NULL || merging->heap == NULL || !temporary_open(&runs->maps, error))
        return false;
    for (size_t i = 0; i < runs->count; i++) {
        struct run_reader *reader = &merging->reader[i];
        *reader =
            (struct run_reader){.at = runs->run[i].begin, .end = runs->run[i].end, .map = map};
        map += runs->run[i].words * sizeof *reader->pair;
        if (!memory_grow(&reader->buffer, &reader->capacity, share, 1, error) ||
            !advance(merging, reader, error))
            return false;
        merging->heap[merging->heap_count++] = i;
    }
    for (size_t i = merging->heap_count / 2; i-- > 0;)
        sift_down(merging, i);
    return true;
}

static bool write_pairs(struct merging *merging, struct run_reader *reader, struct error *error)
{
    size_t bytes = reader->pairs * sizeof *reader->pair;
    if (!temporary_write(&merging->runs->maps, reader->pair, bytes, reader->map, error))
        return false;
    reader->map += bytes;
    reader->pairs = 0;
    return true;
}

// Takes the least word off the heap, which has this id.
static bool take(struct merging *merging, uint32_t id, uint32_t *fixed_id, size_t fixed,
                 struct error *error)
{
    struct run_reader *reader = &merging->reader[merging->heap[0]];
    uint32_t number;
    memcpy(&number, reader->buffer + reader->next, sizeof number);
    if (number < fixed)
        fixed_id[number] = id;
    reader->pair[reader->pairs][0] = number;
    reader->pair[reader->pairs++][1] = id;
    if ((reader->pairs == PAIRS && !write_pairs(merging, reader, error)) ||
        !advance(merging, reader, error))
        return false;
    if (reader->length == 0)
        merging->heap[0] = merging->heap[--merging->heap_count];
    if (merging->heap_count > 0)
        sift_down(merging, 0);
    return true;
}

static bool merge(struct merging *merging, struct word_store *store, uint32_t *id, size_t fixed,
                  struct error *error)
{
    char *last = NULL;
    size_t capacity = 0;
    bool ok = start_merging(merging, error);
    while (ok && merging->heap_count > 0) {
        const struct run_reader *least = &merging->reader[merging->heap[0]];
        if (last == NULL || strcmp(last, word_of(least)) != 0) {
            ok = (store->words < INT32_MAX ||
                  error_set(error, "too many different words: %zu", store->words + 1)) &&
                 memory_grow(&last, &capacity, least->length + 1, 1, error) &&
                 word_store_add(store, word_of(least), error);
            if (ok)
                memcpy(last, word_of(least), least->length + 1);
        }
        ok = ok && take(merging, (uint32_t)store->words, id, fixed, error);
    }
    for (size_t i = 0; i < merging->runs->count && ok; i++)
        ok = write_pairs(merging, &merging->reader[i], error);
    free(last);
    return ok;
}

bool word_runs_merge(struct word_runs *runs, struct word_store *store, uint32_t *id, size_t fixed,
                     struct error *error)
{
    struct merging merging = {.runs = runs};
    bool ok = merge(&merging, store, id, fixed, error);
    for (size_t i = 0; i < runs->count && merging.reader != NULL; i++)
        free(merging.reader[i].buffer);
    free(merging.reader);
    free(merging.heap);
    temporary_close(&runs->file);
    return ok;
}

// ---- maps --------------------------------------------------------------------------------------

uint32_t *word_runs_map(struct word_runs *runs, size_t run, struct error *error)
{
    size_t words = runs->run[run].words;
    uint32_t(*pair)[2] = memory_new(PAIRS, sizeof *pair, error);
    uint32_t *id = pair != NULL ? memory_new(words, sizeof *id, error) : NULL;
    uint64_t at = 0;
    for (size_t i = 0; i < run; i++)
        at += runs->run[i].words * sizeof *pair;
    for (size_t i = 0, size; i < words && id != NULL; i += size) {
        size = words - i < PAIRS ? words - i : PAIRS;
        if (!temporary_read(&runs->maps, pair, size * sizeof *pair, at + i * sizeof *pair, error)) {
            free(id);
            id = NULL;
        }
        for (size_t j = 0; j < size && id != NULL; j++)
            if (pair[j][0] < words)
                id[pair[j][0]] = pair[j][1];
    }
    free(pair);
    return id;
}
