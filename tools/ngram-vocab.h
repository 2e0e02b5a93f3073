// The command of rnnlm-ngram that counts the words of texts and cuts vocabularies, `vocab`; and how
// `train` cuts its own.
#ifndef TOOLS_NGRAM_VOCAB_H
#define TOOLS_NGRAM_VOCAB_H

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/reader.h"
#include "tool.h"

// ---- counting ----------------------------------------------------------------------------------

// Adds the words of a text with their counts; <s> and </s> that it has are none.
static bool vocab_count_text(const char *path, enum text_unit unit, struct vocabulary *words,
                             struct error *error)
{
    struct token token;
    struct reader *reader = reader_open(path, error);
    bool ok = reader != NULL;
    if (ok)
        reader_set_unit(reader, unit);
    while (ok && reader_next(reader, &token)) {
        if (token.sentence_end || (token.length == 3 && memcmp(token.text, "<s>", 3) == 0))
            continue;
        int32_t id = vocabulary_add(words, token.text, token.length, error);
        ok = id >= 0 || error_prefix(error, "%s: line %llu: ", path,
                                     (unsigned long long)reader_line_number(reader));
        if (ok)
            words->count[id]++;
    }
    ok = ok && reader_ok(reader, error);
    reader_close(reader);
    return ok;
}

// The words of all texts, and which of them are kept [words->size], to be freed; NULL on failure.
static bool *vocab_choose(const struct option_list *texts, enum text_unit unit,
                          struct word_cut *cut, struct vocabulary *words, struct error *error)
{
    bool ok = vocabulary_init(words, error);
    for (size_t i = 0; ok && i < texts->count; i++)
        ok = vocab_count_text(texts->item[i], unit, words, error);
    if (ok && words->size == 1)
        ok = error_set(error, "%s: the text is empty", texts->item[0]);
    bool *kept = ok ? memory_new(words->size, sizeof *kept, error) : NULL;
    if (kept != NULL && word_cut_choose(cut, words, kept, error))
        return kept;
    free(kept);
    return NULL;
}

static bool vocab_check(const char *list, bool min_count, bool size, struct error *error)
{
    return list == NULL || (!min_count && !size) ||
           error_usage(error,
                       "-vocab and %s exclude each other: the list says which words there are",
                       min_count ? "-min-count" : "-vocab-size");
}

// Texts are read twice.
static bool vocab_are_files(const struct option_list *texts, const char *option,
                            struct error *error)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->item[i], "-") == 0)
            return error_usage(
                error, "%s reads the text twice: a file is wanted, not standard input", option);
    return true;
}

// ---- vocab -------------------------------------------------------------------------------------

static struct {
    struct option_list text;
    const char *list, *unknown, *output, *unk_probs, *written_text, *unit;
    int64_t min_count, size, debug;
    bool counts;
} vocab_set = {.output = "-"};

static struct {
    bool min_count, size;
} vocab_given;

static const struct option vocab_table[] = {
    {.type = OPTION_GROUP, .help = "Words (without these, all words of the text)"},
    {OPTION_LIST, "text", "FILE", &vocab_set.text, NULL, 0, 0,
     "Text to count, a sentence a line, plain or gzip-compressed; - is standard input. May be "
     "given several times."},
    {OPTION_TEXT, "unit", "NAME", &vocab_set.unit, NULL, 0, 0,
     "What words are: word, runs of anything but blanks; or char, characters, with a ▁ between two "
     "words of a line, as networks of rnnlm -unit char have them. -write-text is then a text of "
     "such "
     "words, for the other commands. (word)"},
    {OPTION_TEXT, "vocab", "FILE", &vocab_set.list, NULL, 0, 0,
     "Only words of this list: blanks or newlines between them, or lines WORD COUNT."},
    {OPTION_COUNT, "min-count", "N", &vocab_set.min_count, &vocab_given.min_count, 1, 9e15,
     "Only words that the text has at least N times."},
    {OPTION_COUNT, "vocab-size", "N", &vocab_set.size, &vocab_given.size, 1, INT32_MAX,
     "Only the N most frequent words, </s> and <unk> not counted. Of words with the same count "
     "those "
     "later in the order of their bytes are taken first, as sort -nr puts lines COUNT WORD."},
    {OPTION_TEXT, "unk-word", "WORD", &vocab_set.unknown, NULL, 0, 0,
     "What the words left out are called, instead of <unk>. Where the text has it, it is none that "
     "is listed."},
    {.type = OPTION_GROUP, .help = "Output"},
    {OPTION_TEXT, "o", "FILE", &vocab_set.output, NULL, 0, 0,
     "Write the list here, by falling count, for -vocab of rnnlm, rnnlm-ngram and SRILM; "
     "compressed "
     "if the name ends in .gz."},
    {OPTION_FLAG, "counts", NULL, &vocab_set.counts, NULL, 0, 0,
     "Lines WORD COUNT instead of WORD."},
    {OPTION_TEXT, "unk-probs", "FILE", &vocab_set.unk_probs, NULL, 0, 0,
     "Write a line WORD PROBABILITY for each word left out, its share of all that they occur: "
     "Kaldi's unk.probs, for -unk-probs of the programs that score."},
    {OPTION_TEXT, "write-text", "FILE", &vocab_set.written_text, NULL, 0, 0,
     "Write the texts with <unk> for each word left out, and single blanks."},
    {OPTION_COUNT, "debug", "N", &vocab_set.debug, NULL, 0, 1,
     "1: how many words and how much of the text are left out, on standard error."}};

static const struct options vocab_options = {
    .program = "rnnlm-ngram vocab",
    .summary = "count the words of a text and cut its vocabulary",
    .usage = "-text FILE [-min-count N] [-vocab-size N] [-counts] [-o FILE]",
    .about =
        "Counts the words of texts and writes those that are frequent enough, the most frequent\n"
        "ones first.",
    .table = vocab_table,
    .count = sizeof vocab_table / sizeof *vocab_table,
};

// What the command makes.
struct vocab {
    enum text_unit unit;
    struct vocabulary words;
    struct word_cut cut;
    bool *kept;
    int32_t *order; // [words.size - 1] by falling count
};

static void vocab_write_list(const struct vocab *vocab, struct output *output)
{
    for (size_t i = 0; i + 1 < vocab->words.size; i++) {
        int32_t id = vocab->order[i];
        if (!vocab->kept[id])
            continue;
        output_text(output, vocabulary_word(&vocab->words, id));
        if (vocab_set.counts)
            output_format(output, " %llu", (unsigned long long)vocab->words.count[id]);
        output_text(output, "\n");
    }
}

// Six digits, as awk prints them.
static void vocab_write_probs(const struct vocab *vocab, struct output *output)
{
    const char *unknown = word_cut_unknown(&vocab->cut);
    for (size_t i = 0; i + 1 < vocab->words.size; i++) {
        int32_t id = vocab->order[i];
        const char *word = vocabulary_word(&vocab->words, id);
        if (!vocab->kept[id] && strcmp(word, unknown) != 0)
            output_format(output, "%s %g\n", word,
                          (double)vocab->words.count[id] / (double)vocab->cut.tokens_left_out);
    }
}

static bool vocab_map_text(const struct vocab *vocab, const char *path, struct output *output,
                           struct error *error)
{
    const char *unknown = word_cut_unknown(&vocab->cut);
    struct token token;
    bool inside = false;
    struct reader *reader = reader_open(path, error);
    if (reader != NULL)
        reader_set_unit(reader, vocab->unit);
    while (reader != NULL && reader_next(reader, &token)) {
        if (inside && !token.sentence_end)
            output_text(output, " ");
        inside = !token.sentence_end;
        int32_t id = vocabulary_find(&vocab->words, token.text, token.length);
        bool mark = token.length == 3 && memcmp(token.text, "<s>", 3) == 0;
        if (token.sentence_end)
            output_text(output, "\n");
        else if (mark || (id >= 0 && vocab->kept[id]))
            output_write(output, token.text, token.length);
        else
            output_text(output, unknown);
    }
    bool ok = reader != NULL && reader_ok(reader, error);
    reader_close(reader);
    return ok;
}

static bool vocab_write_texts(const struct vocab *vocab, struct output *output, struct error *error)
{
    bool ok = true;
    for (size_t i = 0; ok && i < vocab_set.text.count; i++)
        ok = vocab_map_text(vocab, vocab_set.text.item[i], output, error);
    return ok;
}

static void vocab_tell(const struct vocab *vocab)
{
    uint64_t tokens = 0, kept = 0, left = 0;
    for (size_t i = 1; i < vocab->words.size; i++) {
        tokens += vocab->words.count[i];
        left += vocab->kept[i];
        kept += vocab->kept[i] ? vocab->words.count[i] : 0;
    }
    fprintf(stderr, "%llu of %zu words kept, %llu of %llu in the text\n", (unsigned long long)left,
            vocab->words.size - 1, (unsigned long long)kept, (unsigned long long)tokens);
}

// One of the outputs; nothing for a path that is NULL.
static bool vocab_write(const struct vocab *vocab, const char *path,
                        void (*write)(const struct vocab *vocab, struct output *output),
                        struct error *error)
{
    struct output *output = path != NULL ? output_create(path, error) : NULL;
    if (output == NULL)
        return path == NULL;
    write(vocab, output);
    return output_commit(output, error);
}

static bool vocab_write_all(struct vocab *vocab, struct error *error)
{
    vocab->order = memory_new(vocab->words.size, sizeof *vocab->order, error);
    if (vocab->order == NULL || !words_by_count(&vocab->words, vocab->order, error) ||
        !vocab_write(vocab, vocab_set.output, vocab_write_list, error) ||
        !vocab_write(vocab, vocab_set.unk_probs, vocab_write_probs, error))
        return false;
    struct output *output =
        vocab_set.written_text != NULL ? output_create(vocab_set.written_text, error) : NULL;
    if (output == NULL)
        return vocab_set.written_text == NULL;
    return output_end(output, vocab_write_texts(vocab, output, error), error);
}

static bool vocab_run(struct vocab *vocab, struct error *error)
{
    if (vocab_set.text.count == 0)
        return error_usage(error, "no text given: -text FILE is wanted");
    if (!vocab_check(vocab_set.list, vocab_given.min_count, vocab_given.size, error) ||
        (vocab_set.written_text != NULL && !vocab_are_files(&vocab_set.text, "-write-text", error)))
        return false;
    vocab->cut = (struct word_cut){.list = vocab_set.list,
                                   .least = (uint64_t)vocab_set.min_count,
                                   .most = (uint64_t)vocab_set.size,
                                   .unknown = vocab_set.unknown};
    if (vocab_set.unit != NULL && !unit_named(vocab_set.unit, &vocab->unit, error))
        return false;
    vocab->kept = vocab_choose(&vocab_set.text, vocab->unit, &vocab->cut, &vocab->words, error);
    if (vocab->kept == NULL || !vocab_write_all(vocab, error))
        return false;
    if (vocab_set.debug > 0)
        vocab_tell(vocab);
    return true;
}

static int ngram_vocab(int argc, char **argv)
{
    struct error error;
    struct vocab vocab = {.kept = NULL};
    enum options_result result = options_parse(&vocab_options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    endings_catch();
    bool ok = vocab_run(&vocab, &error);
    vocabulary_free(&vocab.words);
    free(vocab.kept);
    free(vocab.order);
    return ok ? 0 : options_error(vocab_options.program, &error);
}

#endif
