// The command `count` of rnnlm-ngram: counts of n-grams from texts, and several files of counts as one.
#ifndef TOOLS_NGRAM_COUNT_H
#define TOOLS_NGRAM_COUNT_H

#include <stdio.h>

#include "base/machine.h"
#include "endings.h"
#include "ngram-watch.h"
#include "ngram/counts_write.h"
#include "ngram/estimate.h"
#include "options.h"
#include "text/word_cut.h"

static struct {
    struct option_list text, counts;
    const char *vocabulary, *unknown, *memory, *temporary, *output, *folder;
    int64_t order, each, threads, debug;
} count_set = {.order = 3, .each = 10000000, .memory = "1G"};

static const struct option count_table[] = {
    {.type = OPTION_GROUP, .help = "Text or counts"},
    {OPTION_LIST, "text", "FILE", &count_set.text, NULL, 0, 0,
     "Text to count, a sentence a line, plain or gzip-compressed; - is standard input. May be "
     "given several times."},
    {OPTION_LIST, "counts", "FILE", &count_set.counts, NULL, 0, 0,
     "Counts to add up, instead of a text: words and count a line; or a folder in Google's form "
     "(1gms/vocab.gz, 2gms/2gm.idx...). May be given several times."},
    {OPTION_TEXT, "vocab", "FILE", &count_set.vocabulary, NULL, 0, 0,
     "Words to keep, with blanks or newlines between; all others become <unk>."},
    {OPTION_TEXT, "unk-word", "WORD", &count_set.unknown, NULL, 0, 0, "Call it so."},
    {.type = OPTION_GROUP, .help = "Counts"},
    {OPTION_COUNT, "order", "N", &count_set.order, NULL, 1, NGRAM_MOST_ORDER,
     "Longest n-grams, 1 to 9."},
    {OPTION_TEXT, "o", "FILE", &count_set.output, NULL, 0, 0,
     "Write the counts here, instead of to standard output; compressed if the name ends in .gz."},
    {OPTION_TEXT, "google", "FOLDER", &count_set.folder, NULL, 0, 0,
     "Write them as a new folder in the form of Google's Web 1T collection, which SRILM's "
     "-read-google takes."},
    {OPTION_COUNT, "google-each", "N", &count_set.each, NULL, 1, 9e15, "N-grams of a file there."},
    {.type = OPTION_GROUP, .help = "Resources"},
    {OPTION_TEXT, "memory", "BYTES", &count_set.memory, NULL, 0, 0,
     "Memory for all, such as 500M or 2G, at least 1M; words and counts beyond it go to disk. "
     "Some 26 bytes for each different word there must be, and some 10 MB."},
    {OPTION_TEXT, "temp", "FOLDER", &count_set.temporary, NULL, 0, 0,
     "Folder for what does not fit in memory; without it, $TMPDIR or /tmp."},
    {OPTION_COUNT, "threads", "N", &count_set.threads, NULL, 0, 1 << 12,
     "Threads; 0 for one for each processor. Counts do not depend on it."},
    {OPTION_COUNT, "debug", "N", &count_set.debug, NULL, 0, 1,
     "1: steps and their times on standard error."}};

static const struct options count_options = {
    .program = "rnnlm-ngram count",
    .summary = "count the n-grams of a text",
    .usage = "-text FILE [-order N] [-o COUNTS[.gz] | -google FOLDER]\n-counts FILE -counts FILE "
             "[...] [-o COUNTS[.gz] | -google FOLDER]",
    .about =
        "Counts the n-grams of all orders up to N in texts, or adds up files of counts, and\n"
        "writes them sorted, words and count a line, as SRILM's `ngram-count -sort -write FILE`\n"
        "does. rnnlm-ngram train -counts estimates a model from them.",
    .table = count_table,
    .count = sizeof count_table / sizeof *count_table,
};

static const char *count_output(void)
{
    return count_set.output != NULL ? count_set.output : "-";
}

static bool count_read_and_write(const struct counts_options *options, struct error *error)
{
    struct counts counts;
    struct allowance *allowance = options->allowance;
    bool ok =
        counts_read(&counts, options, error) &&
        (count_set.folder != NULL
             ? counts_write_folder(&counts, count_set.folder, (uint64_t)count_set.each, allowance,
                                   count_set.temporary, NULL, error)
             : counts_write(&counts, count_output(), allowance, count_set.temporary, NULL, error));
    counts_free(&counts);
    return ok;
}

static bool count_work(struct error *error)
{
    size_t memory;
    if (count_set.text.count + count_set.counts.count == 0)
        return error_usage(error, "no text given: -text FILE is wanted, or -counts FILE");
    if (count_set.text.count > 0 && count_set.counts.count > 0)
        return error_usage(error, "-text and -counts do not go together: count the text first");
    if (!estimate_parse_memory(count_set.memory, &memory, error) ||
        !machine_has_memory((double)memory, error))
        return error_option(error, "memory");
    if (memory < ESTIMATE_MEMORY_LEAST)
        return error_usage(error, "option -memory: found %zu bytes, wanted at least %d", memory,
                           ESTIMATE_MEMORY_LEAST);
    struct step_watch steps;
    struct allowance allowance;
    size_t threads = count_set.threads > 0 ? (size_t)count_set.threads : threads_available();
    struct vocabulary words = {.size = 0};
    struct counts_options options = {.order = (size_t)count_set.order,
                                     .text = count_set.text.item,
                                     .texts = count_set.text.count,
                                     .file = count_set.counts.item,
                                     .files = count_set.counts.count,
                                     .vocabulary = count_set.vocabulary != NULL ? &words : NULL,
                                     .unk = true,
                                     .unknown = count_set.unknown,
                                     .allowance = &allowance,
                                     .temporary = count_set.temporary};
    if (count_set.output != NULL && count_set.folder != NULL)
        return error_usage(error, "-o and -google do not go together: one of them is wanted");
    if (count_set.folder != NULL ? !counts_try_folder(count_set.folder, options.order, error)
                                 : !output_try(count_output(), error))
        return false;
    machine_free_at_once();
    struct pool *pool = pool_new(threads, error);
    allowance = allowance_of(memory, pool, &steps.watch);
    step_watch_init(&steps, count_set.debug > 0);
    bool ok = pool != NULL &&
              (count_set.vocabulary == NULL ||
               word_list_read(&words, count_set.vocabulary, false, error)) &&
              count_read_and_write(&options, error);
    vocabulary_free(&words);
    pool_free(pool);
    step_watch_free(&steps);
    return ok;
}

// `argv[0]` is not looked at. Returns the exit status.
static int ngram_count_main(int argc, char **argv)
{
    struct error error;
    enum options_result result = options_parse(&count_options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    endings_catch();
    return count_work(&error) ? 0 : options_error(count_options.program, &error);
}

#endif
