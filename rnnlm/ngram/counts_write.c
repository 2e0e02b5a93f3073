// Counts of n-grams as files.
#include "ngram/counts_write.h"

#include <string.h>

#include "base/file.h"

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

static bool write_all(const struct counts *counts, struct sorter *all, struct output *output,
                      uint64_t *written, struct error *error)
{
    const uint64_t *record;
    if (!sorter_finish(all, error) || !sorter_start(all, error))
        return false;
    for (;;) {
        uint32_t words[RECORD_MOST_IDS] = {0};
        if (!sorter_next(all, &record, error))
            return false;
        if (record == NULL)
            return true;
        uint64_t count = record_payload(&all->shape, record);
        if (count == 0)
            continue; // there for longer ones' sake
        record_decode(&all->shape, record, words);
        for (size_t i = 0; i < counts->order && words[i] != 0; i++) {
            output_text(output, i > 0 ? " " : "");
            output_text(output, counts->word[words[i]]);
        }
        output_format(output, "\t%llu\n", (unsigned long long)count);
        ++*written;
    }
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
