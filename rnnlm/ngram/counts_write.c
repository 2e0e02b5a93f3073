// Counts of n-grams as files.
#include "ngram/counts_write.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
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

static uint64_t count_of_word(const struct counts *counts, uint32_t word)
{
    return word == counts->start ? counts->sentences : counts->unigram[word].count;
}

static bool gather_words(struct counts *counts, struct sorter *all, struct error *error)
{
    for (uint32_t word = 1; word <= counts->words; word++) {
        uint64_t to[RECORD_MOST_WORDS];
        uint32_t words[RECORD_MOST_IDS] = {word};
        uint64_t count = count_of_word(counts, word);
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
    size_t order;           // of the longest
    LINES_APART const uint64_t *record; // the next one, NULL at the end
    uint64_t left, written; // that may be in the file; that are
};

enum { COUNT_SIZE = 24 }; // of the number, tab and newline

// Goes to the next n-gram that occurs: others are there for longer ones' sake.
static bool find_next(struct count_lines *lines, struct error *error)
{
    do {
        if (!sorter_next(lines->all, &lines->record, error))
            return false;
    } while (lines->record != NULL && record_payload(&lines->all->shape, lines->record) == 0);
    return true;
}

static bool start_lines(struct count_lines *lines, struct error *error)
{
    return sorter_finish(lines->all, error) && sorter_start(lines->all, error) &&
           find_next(lines, error);
}

static bool next_count(void *context, void *element, size_t *most, bool *ok, struct error *error)
{
    struct count_lines *lines = context;
    const struct record_shape *shape = &lines->all->shape;
    uint32_t words[RECORD_MOST_IDS] = {0};
    if (lines->record == NULL || lines->left == 0)
        return false;
    memcpy(element, lines->record, shape->words * sizeof *lines->record);
    record_decode(shape, lines->record, words);
    *most = COUNT_SIZE;
    for (size_t i = 0; i < lines->order && words[i] != 0; i++)
        *most += word_length(&lines->counts->store, words[i]) + 1;
    lines->left--;
    lines->written++;
    *ok = find_next(lines, error);
    return *ok;
}

static char *put_count(uint64_t count, char *to)
{
    char digits[COUNT_SIZE], *begin = digits + sizeof digits;
    *to++ = '\t';
    for (; count > 0; count /= 10)
        *--begin = (char)('0' + count % 10);
    memcpy(to, begin, (size_t)(digits + sizeof digits - begin));
    to += digits + sizeof digits - begin;
    *to++ = '\n';
    return to;
}

static char *format_count(const void *context, const void *element, char *to)
{
    const struct count_lines *lines = context;
    const struct record_shape *shape = &lines->all->shape;
    uint32_t words[RECORD_MOST_IDS] = {0};
    record_decode(shape, element, words);
    for (size_t i = 0; i < lines->order && words[i] != 0; i++) {
        if (i > 0)
            *to++ = ' ';
        to = word_put(&lines->counts->store, words[i], to);
    }
    return put_count(record_payload(shape, element), to);
}

static bool write_all(const struct counts *counts, struct sorter *all, struct output *output,
                      uint64_t *written, struct error *error)
{
    struct count_lines context = {
        .counts = counts, .all = all, .order = counts->order, .left = UINT64_MAX};
    struct lines lines = {&context, all->shape.words * sizeof(uint64_t), next_count, NULL,
                          format_count};
    struct watch *watch = all->allowance->watch;
    watch_begin(watch, "writing", "n-grams", sorter_most(all));
    bool ok = start_lines(&context, error) && lines_write(&lines, output, all->allowance, error);
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
    counts_free_unigrams(counts);
    ok = ok && word_store_open(&counts->store, error);
    struct output *output = ok ? output_create(path, error) : NULL;
    ok = output != NULL && write_all(counts, &all, output, written, error);
    sorter_free(&all);
    return output_end(output, ok, error);
}

// ---- folders -----------------------------------------------------------------------------------

enum { NAME_SIZE = 40 };

struct folder {
    struct counts *counts;
    const char *path;
    uint64_t each; // n-grams of a file
    struct allowance *allowance;
    const char *temporary;
    char *file; // path of the one that is being written
    size_t file_size;
    uint64_t *written;
};

// "2gms"
static bool is_order(const char *name, size_t order)
{
    return name[0] >= '1' && name[0] <= (char)('0' + order) && strcmp(name + 1, "gms") == 0;
}

// What a writing that has been cut off has left may be written over: it has no list of words.
static bool is_free(const char *path, size_t order, struct error *error)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return error_set(error, "cannot open %s: %s", path, strerror(errno));
    bool is_free = true;
    for (struct dirent *entry; is_free && (entry = readdir(folder)) != NULL;)
        is_free = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                  is_order(entry->d_name, order);
    is_free = is_free && faccessat(dirfd(folder), "1gms/vocab.gz", F_OK, 0) != 0 &&
              faccessat(dirfd(folder), "1gms/vocab", F_OK, 0) != 0;
    closedir(folder);
    return is_free || error_set(error, "%s is not empty: a new folder is wanted for counts", path);
}

bool counts_try_folder(const char *path, size_t order, struct error *error)
{
    struct stat status;
    return stat(path, &status) != 0 ||
           (output_try_folder(path, error) && is_free(path, order, error));
}

static bool make_folder(const char *path, struct error *error)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST ||
           error_set(error, "cannot make %s: %s", path, strerror(errno));
}

// PATH/Ngms/NAME.
static struct output *open_file(struct folder *folder, size_t order, const char *name,
                                struct error *error)
{
    snprintf(folder->file, folder->file_size, "%s/%zugms/%s", folder->path, order, name);
    return output_create(folder->file, error);
}

static bool make_order(struct folder *folder, size_t order, struct error *error)
{
    snprintf(folder->file, folder->file_size, "%s/%zugms", folder->path, order);
    return make_folder(folder->file, error);
}

// The line of the index for the file that begins with the next n-gram.
static void add_to_index(const struct count_lines *lines, struct output *index, const char *name)
{
    uint32_t words[RECORD_MOST_IDS];
    record_decode(&lines->all->shape, lines->record, words);
    output_text(index, name);
    for (size_t i = 0; i < lines->order; i++) {
        output_write(index, i > 0 ? " " : "\t", 1);
        output_text(index, word_text(&lines->counts->store, words[i]));
    }
    output_write(index, "\n", 1);
}

// Of a writing that has been cut off.
static void remove_others(struct folder *folder, size_t order, unsigned long long number)
{
    do
        snprintf(folder->file, folder->file_size, "%s/%zugms/%zugm-%04llu.gz", folder->path, order,
                 order, number++);
    while (unlink(folder->file) == 0);
}

static bool write_files(struct folder *folder, struct count_lines *context, struct output *index,
                        struct error *error)
{
    unsigned long long number = 0;
    struct lines lines = {context, context->all->shape.words * sizeof(uint64_t), next_count, NULL,
                          format_count};
    for (; context->record != NULL; number++) {
        char name[NAME_SIZE];
        snprintf(name, sizeof name, "%zugm-%04llu.gz", context->order, number);
        add_to_index(context, index, name);
        context->left = folder->each;
        struct output *output = open_file(folder, context->order, name, error);
        if (output == NULL ||
            !output_end(output, lines_write(&lines, output, folder->allowance, error), error))
            return false;
    }
    remove_others(folder, context->order, number);
    return true;
}

static bool write_order(struct folder *folder, size_t order, struct error *error)
{
    struct counts *counts = folder->counts;
    struct sorter all;
    struct count_lines context = {.counts = counts, .all = &all, .order = order};
    char name[NAME_SIZE];
    sorter_init(&all, counts->ngrams[order].shape, SORTER_SUM, folder->allowance,
                folder->temporary);
    bool ok = make_order(folder, order, error) && gather(counts, order, &all, error);
    sorter_free(&counts->ngrams[order]);
    snprintf(name, sizeof name, "%zugm.idx", order);
    struct output *index =
        ok && start_lines(&context, error) ? open_file(folder, order, name, error) : NULL;
    ok = index != NULL && output_end(index, write_files(folder, &context, index, error), error);
    *folder->written += context.written;
    sorter_free(&all);
    return ok;
}

static void write_word(const struct folder *folder, struct output *output, uint32_t word)
{
    char count[COUNT_SIZE];
    output_text(output, word_text(&folder->counts->store, word));
    output_write(output, count,
                 (size_t)(put_count(count_of_word(folder->counts, word), count) - count));
}

// In the order of their bytes, and by falling counts.
static bool write_words(struct folder *folder, bool by_count, struct error *error)
{
    const struct counts *counts = folder->counts;
    uint64_t(*record)[2] = memory_new(counts->words, sizeof *record, error);
    struct output *output = NULL;
    size_t words = 0;
    if (record != NULL)
        output = open_file(folder, 1, by_count ? "vocab_cs.gz" : "vocab.gz", error);
    for (uint32_t word = 1; word <= counts->words && output != NULL; word++) {
        record[words][0] = by_count ? ~count_of_word(counts, word) : 0;
        record[words][1] = word;
        words += count_of_word(counts, word) > 0;
    }
    if (words > 0)
        record_sort(record[0], words, 2, folder->allowance->pool);
    for (size_t i = 0; i < words; i++)
        write_word(folder, output, (uint32_t)record[i][1]);
    free(record);
    *folder->written += by_count ? 0 : words;
    return output != NULL && output_commit(output, error);
}

static bool write_total(struct folder *folder, struct error *error)
{
    struct output *output = open_file(folder, 1, "total", error);
    if (output == NULL)
        return false;
    output_format(output, "%llu\n", (unsigned long long)folder->counts->tokens);
    return output_commit(output, error);
}

// The words come last: without them, nothing can take a folder for a whole one.
static bool write_folder(struct folder *folder, struct error *error)
{
    const struct counts *counts = folder->counts;
    struct watch *watch = folder->allowance->watch;
    uint64_t ngrams = 0;
    for (size_t k = 2; k <= counts->order; k++)
        ngrams += sorter_most(&counts->ngrams[k]);
    if (!counts_try_folder(folder->path, counts->order, error) ||
        !word_store_open(&folder->counts->store, error) || !make_folder(folder->path, error))
        return false;
    watch_begin(watch, "writing", "n-grams", ngrams);
    for (size_t k = 2; k <= counts->order; k++)
        if (!write_order(folder, k, error))
            return false;
    watch_end(watch);
    return make_order(folder, 1, error) && write_words(folder, true, error) &&
           write_total(folder, error) && write_words(folder, false, error);
}

bool counts_write_folder(struct counts *counts, const char *path, uint64_t each,
                         struct allowance *allowance, const char *temporary, uint64_t *written,
                         struct error *error)
{
    uint64_t unwanted = 0;
    struct folder folder = {.counts = counts,
                            .path = path,
                            .each = each,
                            .allowance = allowance,
                            .temporary = temporary,
                            .file_size = strlen(path) + NAME_SIZE + NAME_SIZE,
                            .written = written != NULL ? written : &unwanted};
    *folder.written = 0;
    folder.file = memory_new(folder.file_size, 1, error);
    bool ok = folder.file != NULL && write_folder(&folder, error);
    free(folder.file);
    return ok;
}
