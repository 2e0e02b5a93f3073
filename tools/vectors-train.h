// The command of rnnlm-vectors that learns vectors, `train`.
#ifndef TOOLS_VECTORS_TRAIN_H
#define TOOLS_VECTORS_TRAIN_H

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/threads.h"
#include "tool.h"
#include "vectors/clusters.h"
#include "vectors/training.h"
#include "vectors/words.h"

static struct {
    const char *train, *output, *save_vocab, *read_vocab, *unit;
    int64_t size, window, negative, tree, cbow, epochs, least, threads, classes, binary, debug,
        seed;
    double sample, alpha;
} train_set = {.size = 100,
               .window = 5,
               .negative = 5,
               .cbow = 1,
               .epochs = 5,
               .least = 5,
               .debug = 2,
               .seed = 1,
               .sample = 1e-3,
               .alpha = 0.05};

static bool train_has_alpha;

enum { TRAIN_MOST_WINDOW = 1000, TRAIN_MOST_NEGATIVE = 1000, TRAIN_MOST_SIZE = 1 << 16 };

static const struct option train_table[] = {
    {.type = OPTION_GROUP, .help = "Files (plain or gzip-compressed)"},
    {OPTION_TEXT, "train", "FILE", &train_set.train, NULL, 0, 0,
     "Text to learn from, a sentence a line; - is standard input. A context ends at the end of its "
     "line."},
    {OPTION_TEXT, "output", "FILE", &train_set.output, NULL, 0, 0,
     "The vectors: a first line with the numbers of words and of a vector's numbers, then a line "
     "for each word, by falling counts; compressed if the name ends in .gz. </s> is first, as "
     "word2vec has it; nothing is learnt of it. With -classes lines WORD CLASS instead. - is "
     "standard output."},
    {OPTION_COUNT, "binary", "0|1", &train_set.binary, NULL, 0, 1,
     "1: write word2vec's binary form, each word followed by its numbers as floats."},
    {OPTION_TEXT, "save-vocab", "FILE", &train_set.save_vocab, NULL, 0, 0,
     "Write lines WORD COUNT, by falling counts. Without -output, that is all that is done."},
    {OPTION_TEXT, "read-vocab", "FILE", &train_set.read_vocab, NULL, 0, 0,
     "Words and counts of such a file instead of those of the text."},
    {OPTION_TEXT, "unit", "NAME", &train_set.unit, NULL, 0, 0,
     "What has vectors: word, runs of anything but blanks; or char, characters. (word)"},
    {.type = OPTION_GROUP, .help = "What is learnt"},
    {OPTION_COUNT, "size", "N", &train_set.size, NULL, 1, TRAIN_MOST_SIZE, "Numbers of a vector."},
    {OPTION_COUNT, "window", "N", &train_set.window, NULL, 1, TRAIN_MOST_WINDOW,
     "Words of the context before and behind a word: 1 to N, drawn each time."},
    {OPTION_COUNT, "cbow", "0|1", &train_set.cbow, NULL, 0, 1,
     "1: the mean of the context's vectors tells the word in the middle (CBOW); 0: each word of "
     "the "
     "context does (skip-gram), which takes longer and is better for rare words."},
    {OPTION_COUNT, "negative", "N", &train_set.negative, NULL, 0, TRAIN_MOST_NEGATIVE,
     "Words drawn from the 3/4th power of the counts that a context is told from; 0: none. Eight "
     "neighbouring words share 3 N that count a third each."},
    {OPTION_COUNT, "hs", "0|1", &train_set.tree, NULL, 0, 1,
     "1: hierarchical softmax, by the ways to words in Huffman's tree; besides -negative, unless "
     "that is 0."},
    {OPTION_NUMBER, "sample", "X", &train_set.sample, NULL, 0, 1,
     "Words of more than this share of the text are left out now and then, so that share f is kept "
     "with probability (sqrt(f / X) + 1) X / f; 0: never."},
    {OPTION_COUNT, "min-count", "N", &train_set.least, NULL, 1, 9e15,
     "Words that occur less often have no vectors, and are taken out of the text."},
    {.type = OPTION_GROUP, .help = "How it is learnt"},
    {OPTION_COUNT, "iter", "N", &train_set.epochs, NULL, 1, 1000000, "Passes through the text."},
    {OPTION_NUMBER, "alpha", "X", &train_set.alpha, &train_has_alpha, 1e-30, 100,
     "Learning rate at first; it falls linearly to a ten-thousandth. With -cbow 0 it is 0.025, if "
     "it "
     "is not given."},
    {OPTION_COUNT, "threads", "N", &train_set.threads, NULL, 0, 1 << 12,
     "Threads; 0: as many as there are processors. The vectors are the same, bit by bit, for any "
     "number of them."},
    {OPTION_COUNT, "rand-seed", "N", &train_set.seed, NULL, 0, UINT32_MAX,
     "Of all that is drawn: vectors at first, contexts, what is left out."},
    {.type = OPTION_GROUP, .help = "Other"},
    {OPTION_COUNT, "classes", "N", &train_set.classes, NULL, 0, 1000000,
     "Divide the words into N classes by their vectors (k-means) and write these; 0: the vectors."},
    {OPTION_COUNT, "debug", "N", &train_set.debug, NULL, 0, 100,
     "0 is silent, 1 tells of the text and of the speed on standard error, 2 draws how far it is "
     "as well, where that is a terminal."}};

static const struct options train_options = {
    .program = "rnnlm-vectors train",
    .summary = "learn word vectors from a text",
    .usage = "-train TEXT -output FILE [options]",
    .about =
        "Learns vectors of words: skip-gram and CBOW with negative sampling and hierarchical\n"
        "softmax (Mikolov et al. 2013), with the options of word2vec, its defaults and its\n"
        "files. What it learns does not depend on the number of threads: the gradients of\n"
        "1024 tokens are taken with the vectors as they were before, and steps are bounded so\n"
        "that they cannot go too far.",
    .table = train_table,
    .count = sizeof train_table / sizeof *train_table,
};

static bool train_options_ok(enum text_unit *unit, struct error *error)
{
    if (train_set.train == NULL)
        return error_usage(error, "no text given: -train FILE is wanted");
    if (train_set.output == NULL && train_set.save_vocab == NULL)
        return error_usage(error, "-output FILE is wanted, or -save-vocab FILE");
    if (train_set.negative == 0 && train_set.tree == 0)
        return error_usage(error, "-negative 0 wants -hs 1: there is nothing to learn otherwise");
    if (train_set.classes > 0 && train_set.binary > 0)
        return error_usage(error, "-binary 1 is for vectors: without -classes");
    return train_set.unit == NULL || unit_named(train_set.unit, unit, error);
}

static double train_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct train_watch {
    double begun, drawn;
};

static void train_draw(void *context, double alpha, uint64_t done, uint64_t total)
{
    enum { A_SECOND = 5 }; // lines drawn
    struct train_watch *watch = context;
    double now = train_seconds();
    char line[160];
    if (train_set.debug < 2 || now - watch->drawn < 1.0 / A_SECOND)
        return;
    double rate = (double)done / (now - watch->begun);
    long left = rate > 0 ? (long)((double)(total - done) / rate + 0.5) : 0;
    snprintf(line, sizeof line,
             "Alpha: %.6f  Progress: %.1f%%  Words/sec: %.0f  %ld:%02ld:%02ld left", alpha,
             100 * (double)done / (double)total, rate, left / 3600, left / 60 % 60, left % 60);
    program_draw(line);
    watch->drawn = now;
}

// Of -read-vocab the text may have none.
static bool train_tell(const struct vocabulary *words, const struct corpus_text *text,
                       struct error *error)
{
    const struct vocabulary *all = &text->ids.words;
    uint64_t left_out = 0;
    size_t found = 0;
    for (size_t i = 1; i < all->size; i++) {
        found += text->word[i] > WORD_END;
        left_out += text->word[i] < 0 ? all->count[i] : 0;
    }
    if (found == 0)
        return error_set(error, "%s: found none of its words in %s", train_set.read_vocab,
                         text->name);
    if (train_set.debug > 0)
        fprintf(stderr, "Vocab size: %zu\nWords in train file: %" PRIu64 "\n", words->size,
                text->ids.tokens);
    if (train_set.debug > 0 && left_out > 0)
        fprintf(stderr, "Words left out: %" PRIu64 "\n", left_out);
    return true;
}

// The words, and the text in their ids.
static bool train_read(struct vocabulary *words, struct corpus *text, enum text_unit unit,
                       struct error *error)
{
    uint64_t least = (uint64_t)train_set.least;
    corpus_set_unit(text, unit);
    bool ok = train_set.read_vocab != NULL
                  ? vector_words_read(words, train_set.read_vocab, least, error)
                  : vector_words_learn(words, text, least, error);
    if (ok && train_set.save_vocab != NULL)
        ok = vector_words_write(words, train_set.save_vocab, error);
    if (!ok || train_set.output == NULL)
        return ok;
    return corpus_start(text, words, error) && train_tell(words, corpus_text(text, 0), error) &&
           output_may_replace(train_set.output, error);
}

static bool train_learn(struct vector_table *table, const struct corpus *text, struct error *error)
{
    size_t threads = train_set.threads > 0 ? (size_t)train_set.threads : threads_available();
    struct train_watch watch = {.begun = train_seconds()};
    bool given = train_has_alpha || train_set.cbow > 0;
    const struct vectors_training training = {.cbow = train_set.cbow > 0,
                                              .tree = train_set.tree > 0,
                                              .negative = (size_t)train_set.negative,
                                              .width = (size_t)train_set.size,
                                              .window = (size_t)train_set.window,
                                              .epochs = (size_t)train_set.epochs,
                                              .threads = threads,
                                              .sample = train_set.sample,
                                              .alpha = given ? train_set.alpha : 0.025,
                                              .seed = (uint32_t)train_set.seed,
                                              .progress = train_draw,
                                              .context = &watch};
    const struct corpus_text *of = corpus_text(text, 0);
    bool ok = vectors_train(table, &training, &of->ids, of->word, error);
    double seconds = train_seconds() - watch.begun;
    program_draw("");
    if (ok && train_set.debug > 0)
        fprintf(stderr, "Words/sec: %.0f, %.1f seconds\n",
                (double)(of->ids.tokens * training.epochs) / seconds, seconds);
    return ok;
}

static bool train_write_classes(const struct vector_table *table, struct output *output,
                                struct error *error)
{
    int32_t *of_word = memory_new(table->words.size, sizeof *of_word, error);
    bool ok = of_word != NULL && vector_clusters(table, (size_t)train_set.classes, of_word, error);
    for (size_t w = 0; ok && w < table->words.size; w++)
        output_format(output, "%s %d\n", vocabulary_word(&table->words, (int32_t)w),
                      (int)of_word[w]);
    free(of_word);
    return ok;
}

static bool train_write(const struct vector_table *table, struct output *standard,
                        struct error *error)
{
    bool is_standard = strcmp(train_set.output, "-") == 0, ok = true;
    struct output *output = is_standard ? standard : output_create(train_set.output, error);
    const struct vectors vectors = vectors_of(table);
    if (output == NULL)
        return false;
    if (train_set.classes > 0)
        ok = train_write_classes(table, output, error);
    else
        vectors_write(&vectors, train_set.binary > 0 ? VECTORS_BINARY : VECTORS_WORD2VEC, output);
    return is_standard ? ok : output_end(output, ok, error);
}

static bool train(const struct option_list *operands, struct output *standard, struct error *error)
{
    (void)operands;
    enum text_unit unit = UNIT_WORD;
    struct vector_table table = {.row = NULL};
    if (!train_options_ok(&unit, error) ||
        (train_set.output != NULL && !output_try(train_set.output, error)) ||
        (train_set.save_vocab != NULL && !output_try(train_set.save_vocab, error)))
        return false;
    struct corpus *text = corpus_open(train_set.train, error);
    bool ok = text != NULL && train_read(&table.words, text, unit, error);
    if (ok && train_set.output != NULL)
        ok = train_learn(&table, text, error) && train_write(&table, standard, error);
    vector_table_free(&table);
    corpus_close(text);
    return ok;
}

static int vectors_train_main(int argc, char **argv)
{
    enum options_result result = options_parse(&train_options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    return tool_run(train_options.program, train, NULL);
}

#endif
