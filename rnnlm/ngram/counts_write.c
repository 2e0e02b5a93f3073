// Counts of n-grams as files.
#include "ngram/counts_write.h"

#include <string.h>

#include "base/file.h"
#include "ngram/lines.h"

// The n-grams of all orders, words in their order with nothing behind them: sorted, they stand as they
// are to be written.
static bool gather(struct counts *counts, size_t order, struct sorter *all, struct error *error)
{
    struct sorter *from = &counts->ngrams[order];
    const uint64_t *record;
    if (!sorter_start(from, error))
        return false;
    for (;;) {
        uint32_t ids[RECORD_MOST_IDS], words[RECORD_MOST_IDS] = {0};
        uint64_t to[RECORD_MOST_WORDS];
        if (!sorter_next(from, &record, error))
            return false;
        if (record == NULL)
            return true;
        record_decode(&from->shape, record, ids);
        for (size_t i = 0; i + 1 < order; i++)
            words[i] = ids[order - 2 - i];
        words[order - 1] = ids[order - 1];
        record_encode(&all->shape, words, record_payload(&from->shape, record), to);
        if (!sorter_add(all, to, error))
            return false;
    }
}

static bool gather_words(struct counts *counts, struct sorter *all, struct error *error)
{
    for (uint32_t word = 1; word <= counts->words; word++) {
        uint64_t to[RECORD_MOST_WORDS];
        uint32_t words[RECORD_MOST_IDS] = {word};
        uint64_t count = word == counts->start ? counts->sentences : counts->unigram[word];
        record_encode(&all->shape, words, count, to);
        if (count > 0 && !sorter_add(all, to, error))
            return false;
    }
    return true;
}

// Counts on their way to lines.
struct count_lines {
    const struct counts *counts;
    struct sorter *all;
    uint64_t written;
};

enum { COUNT_SIZE = 24 }; // of the number, tab and newline

static bool next_count(void *context, void *element, size_t *most, bool *ok, struct error *error)
{
    struct count_lines *lines = context;
    const struct record_shape *shape = &lines->all->shape;
    const uint64_t *record;
    uint32_t words[RECORD_MOST_IDS] = {0};
    do {
        *ok = sorter_next(lines->all, &record, error);
        if (!*ok || record == NULL)
            return false;
    } while (record_payload(shape, record) == 0); // there for longer ones' sake
    memcpy(element, record, shape->words * sizeof *record);
    record_decode(shape, record, words);
    *most = COUNT_SIZE;
    for (size_t i = 0; i < lines->counts->order && words[i] != 0; i++)
        *most += strlen(lines->counts->word[words[i]]) + 1;
    lines->written++;
    return true;
}

static char *format_count(const void *context, const void *element, char *to)
{
    const struct count_lines *lines = context;
    const struct record_shape *shape = &lines->all->shape;
    uint32_t words[RECORD_MOST_IDS] = {0};
    record_decode(shape, element, words);
    for (size_t i = 0; i < lines->counts->order && words[i] != 0; i++) {
        if (i > 0)
            *to++ = ' ';
        to = stpcpy(to, lines->counts->word[words[i]]);
    }
    *to++ = '\t';
    char digits[COUNT_SIZE], *begin = digits + sizeof digits;
    for (uint64_t count = record_payload(shape, element); count > 0; count /= 10)
        *--begin = (char)('0' + count % 10);
    memcpy(to, begin, (size_t)(digits + sizeof digits - begin));
    to += digits + sizeof digits - begin;
    *to++ = '\n';
    return to;
}

static bool write_all(const struct counts *counts, struct sorter *all, struct output *output,
                      uint64_t *written, struct error *error)
{
    struct count_lines context = {counts, all, 0};
    struct lines lines = {&context, all->shape.words * sizeof(uint64_t), next_count, format_count};
    struct watch *watch = all->allowance->watch;
    watch_begin(watch, "writing", "n-grams", sorter_most(all));
    bool ok = sorter_finish(all, error) && sorter_start(all, error) &&
              lines_write(&lines, output, all->allowance->pool, watch, error);
    if (ok)
        watch_end(watch);
    *written = context.written;
    return ok;
}

bool counts_write(struct counts *counts, const char *path, struct allowance *allowance,
                  const char *temporary, uint64_t *written, struct error *error)
{
    struct sorter all;
    uint64_t unwanted = 0;
    written = written != NULL ? written : &unwanted;
    *written = 0;
    struct record_shape shape =
        counts->order > 1 ? counts->ngrams[counts->order].shape : record_shape(1, 31, 64);
    sorter_init(&all, shape, SORTER_SUM, allowance, temporary);
    bool ok = gather_words(counts, &all, error);
    for (size_t k = 2; ok && k <= counts->order; k++) {
        ok = gather(counts, k, &all, error);
        sorter_free(&counts->ngrams[k]);
    }
    struct output *output = ok ? output_create(path, error) : NULL;
    if (output != NULL && !write_all(counts, &all, output, written, error)) {
        output_discard(output);
        output = NULL;
    }
    sorter_free(&all);
    return output != NULL && output_commit(output, error);
}
