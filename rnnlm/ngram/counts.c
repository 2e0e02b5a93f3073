// Counting: text to ids, ids to records of the highest order sorted by their last words, and from
// these in one scan the counts of all orders.
#include "ngram/counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/count_file.h"
#include "ngram/scan.h"
#include "text/reader.h"
#include "text/vocabulary.h"

// ---- text to ids -------------------------------------------------------------------------------

// Ids while reading are those of a struct vocabulary; </s> is 0 and ends a sentence.
enum { ID_END = WORD_END, ID_START = 1, ID_UNKNOWN = 2, SPECIAL_WORDS = 3 };

// Where the last word with a certain hash is: most tokens of a text are a few frequent words.
struct recent_word {
    size_t length; // 0: none
    int32_t id;
};

enum { RECENT_WORDS = 1 << 14 };

// Sums of counts have 60 bits in records.
static const uint64_t GIVEN_MOST = (uint64_t)1 << 59;

// An n-gram of a file, while the words are not known yet.
struct given {
    uint64_t count;
    int32_t length, id[RECORD_MOST_IDS];
};

struct text_reading {
    struct recent_word recent[RECENT_WORDS];
    struct counts *counts;
    const struct counts_options *options;
    struct vocabulary vocabulary;
    bool closed;           // no word enters any more
    struct sequence ids;   // int32_t
    struct sequence given; // struct given: the n-grams of files
    uint64_t given_total;
    bool inside, ended; // the sentence has words; it had a </s> before the line's end
};

static bool wrong_place(const struct reader *reader, const char *word, struct error *error)
{
    return error_set(error, "%s: line %llu: %s inside a sentence, a word is wanted",
                     reader_name(reader), (unsigned long long)reader_line_number(reader), word);
}

static struct recent_word *recent_word(struct text_reading *reading, const struct token *token)
{
    uint64_t hash = token->length;
    for (size_t i = 0; i < token->length; i += sizeof hash) {
        uint64_t part = 0;
        size_t left = token->length - i;
        memcpy(&part, token->text + i, left < sizeof part ? left : sizeof part);
        hash = (hash ^ part) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 32;
    }
    return &reading->recent[hash % RECENT_WORDS];
}

static bool word_id(struct text_reading *reading, const struct token *token, int32_t *id,
                    struct error *error)
{
    struct vocabulary *vocabulary = &reading->vocabulary;
    struct recent_word *recent = recent_word(reading, token);
    if (recent->length == token->length &&
        memcmp(vocabulary_word(vocabulary, recent->id), token->text, token->length) == 0) {
        *id = recent->id;
        return true;
    }
    if (reading->closed) {
        *id = vocabulary_find(vocabulary, token->text, token->length);
        if (*id == WORD_OOV) {
            *id = ID_UNKNOWN;
            return true;
        }
    } else {
        *id = vocabulary_add(vocabulary, token->text, token->length, error);
        if (*id < 0)
            return false;
    }
    *recent = (struct recent_word){token->length, *id};
    return true;
}

// Empty lines are no sentences; <s> at the start and </s> at the end of a line add nothing.
static bool take_token(struct text_reading *reading, const struct reader *reader,
                       const struct token *token, struct error *error)
{
    int32_t id = ID_END;
    if (token->sentence_end) {
        bool empty = !reading->inside;
        reading->inside = reading->ended = false;
        if (empty)
            return true;
        reading->counts->sentences++;
    } else {
        if (!word_id(reading, token, &id, error))
            return error_prefix(error, "%s: line %llu: ", reader_name(reader),
                                (unsigned long long)reader_line_number(reader));
        if (reading->ended)
            return wrong_place(reader, "</s>", error);
        if (id == ID_START)
            return !reading->inside || wrong_place(reader, "<s>", error);
        if (id == ID_END) {
            reading->ended = true;
            return true;
        }
        reading->inside = true;
    }
    reading->counts->tokens++;
    return sequence_add(&reading->ids, &id, error);
}

static bool read_text(struct text_reading *reading, const char *path, struct error *error)
{
    struct token token;
    struct reader *reader = reader_open(path, error);
    if (reader == NULL)
        return false;
    bool ok = true;
    while (ok && reader_next(reader, &token))
        ok = take_token(reading, reader, &token, error);
    ok = ok && reader_ok(reader, error);
    reader_close(reader);
    return ok;
}

// <s> alone is never predicted; n-grams longer than the model's are not wanted.
static bool take_counted(struct text_reading *reading, const struct counted *ngram,
                         struct error *error)
{
    struct given given = {.count = ngram->count, .length = (int32_t)ngram->length};
    if (ngram->length > reading->counts->order)
        return true;
    reading->given_total += ngram->count;
    if (reading->given_total > GIVEN_MOST)
        return error_set(error, "the counts add up to more than %llu",
                         (unsigned long long)GIVEN_MOST);
    for (size_t i = 0; i < ngram->length; i++) {
        if (!word_id(reading, &ngram->word[i], &given.id[i], error))
            return false;
        if ((given.id[i] == ID_START && i > 0) || (given.id[i] == ID_END && i + 1 < ngram->length))
            return error_set(error, "%s inside an n-gram, a word is wanted",
                             given.id[i] == ID_START ? "<s>" : "</s>");
    }
    return given.id[given.length - 1] == ID_START || sequence_add(&reading->given, &given, error);
}

static bool read_counts(struct text_reading *reading, const char *path, struct error *error)
{
    struct counted ngram;
    struct count_file *file = count_file_open(path, error);
    bool ok = file != NULL;
    while (ok && count_file_next(file, &ngram, &ok, error)) {
        ok = take_counted(reading, &ngram, error);
        if (!ok)
            error_prefix(error, "%s: line %llu: ", path, (unsigned long long)ngram.line);
    }
    count_file_close(file);
    return ok;
}

static bool take_vocabulary(struct text_reading *reading, const struct vocabulary *words,
                            struct error *error)
{
    for (size_t i = 0; i < words->size; i++) {
        const char *word = vocabulary_word(words, (int32_t)i);
        if (vocabulary_add(&reading->vocabulary, word, strlen(word), error) < 0)
            return false;
    }
    reading->closed = true;
    return true;
}

static bool read_all(struct text_reading *reading, struct error *error)
{
    const struct counts_options *options = reading->options;
    const char *unknown = options->unknown != NULL ? options->unknown : "<unk>";
    if (!vocabulary_init(&reading->vocabulary, error) ||
        vocabulary_add(&reading->vocabulary, "<s>", 3, error) != ID_START)
        return false;
    int32_t id = vocabulary_add(&reading->vocabulary, unknown, strlen(unknown), error);
    if (id != ID_UNKNOWN)
        return id != WORD_OOV &&
               error_set(error, "%s cannot be the word for unknown words", unknown);
    if (options->vocabulary != NULL && !take_vocabulary(reading, options->vocabulary, error))
        return false;
    for (size_t i = 0; i < options->texts; i++)
        if (!read_text(reading, options->text[i], error))
            return false;
    for (size_t i = 0; i < options->files; i++)
        if (!read_counts(reading, options->file[i], error))
            return false;
    if (options->files > 0)
        return reading->given.count > 0 ||
               error_set(error, "%s: no n-gram of up to %zu words is there", options->file[0],
                         options->order);
    if (reading->counts->sentences == 0)
        return error_set(error, "%s: the text is empty, at least one word is wanted",
                         options->texts > 0 ? options->text[0] : "no file");
    return true;
}

// ---- words -------------------------------------------------------------------------------------

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// Sorts the words; *new_id[old id] is the place from 1 on.
static bool order_words(struct counts *counts, struct vocabulary *vocabulary, uint32_t **new_id,
                        struct error *error)
{
    size_t size = vocabulary->size;
    counts->words = size;
    counts->word = memory_new(size + 1, sizeof *counts->word, error);
    *new_id = memory_new(size, sizeof **new_id, error);
    counts->unigram = memory_new(size + 1, sizeof *counts->unigram, error);
    if (counts->word == NULL || *new_id == NULL || counts->unigram == NULL)
        return false;
    for (size_t i = 0; i < size; i++)
        counts->word[i + 1] = vocabulary->letters + vocabulary->offset[i];
    qsort(counts->word + 1, size, sizeof *counts->word, compare_words);
    for (size_t i = 1; i <= size; i++) {
        int32_t old = vocabulary_find(vocabulary, counts->word[i], strlen(counts->word[i]));
        (*new_id)[old] = (uint32_t)i;
    }
    counts->end = (*new_id)[ID_END];
    counts->start = (*new_id)[ID_START];
    counts->unknown = (*new_id)[ID_UNKNOWN];
    counts->letters = vocabulary->letters; // the words stay where they are
    vocabulary->letters = NULL;
    return true;
}

// ---- records of the highest order --------------------------------------------------------------

static unsigned bits_for(uint64_t largest)
{
    return 64 - (unsigned)__builtin_clzll(largest | 1);
}

// A record for each token: the token, then the words before it, the nearest first, then nothing.
static bool add_records(struct counts *counts, struct text_reading *reading, const uint32_t *new_id,
                        struct sorter *sorter, struct error *error)
{
    uint32_t ids[RECORD_MOST_IDS + 1] = {0, counts->start};
    uint64_t record[RECORD_MOST_WORDS];
    const void *id;
    if (!sequence_start(&reading->ids, error))
        return false;
    while (sequence_next(&reading->ids, &id, error)) {
        if (id == NULL)
            return true;
        int32_t old;
        memcpy(&old, id, sizeof old);
        ids[0] = new_id[old];
        record_encode(&sorter->shape, ids, 1, record);
        if (!sorter_add(sorter, record, error))
            return false;
        if (old == ID_END) {
            memset(ids, 0, sizeof ids);
            ids[1] = counts->start;
        } else {
            memmove(ids + 1, ids, counts->order * sizeof *ids);
        }
    }
    return false;
}

// The n-grams of files as records, and what those that begin with each n-gram have together. An n-gram
// that others begin with is there, too, be it with a count of 0.
static bool add_given(struct counts *counts, struct text_reading *reading, const uint32_t *new_id,
                      struct sorter *sorter, struct sorter *prefixes, struct error *error)
{
    const void *element;
    struct given given;
    if (!sequence_start(&reading->given, error))
        return false;
    while (sequence_next(&reading->given, &element, error)) {
        uint32_t ids[RECORD_MOST_IDS] = {0};
        uint64_t record[RECORD_MOST_WORDS];
        if (element == NULL)
            return true;
        memcpy(&given, element, sizeof given);
        for (int32_t i = 0; i < given.length; i++)
            ids[i] = new_id[given.id[given.length - 1 - i]];
        record_encode(&sorter->shape, ids, given.count, record);
        if (!sorter_add(sorter, record, error))
            return false;
        if (given.length == 1 || (given.length == 2 && ids[1] == counts->start))
            continue;
        memmove(ids, ids + 1, (RECORD_MOST_IDS - 1) * sizeof *ids);
        ids[RECORD_MOST_IDS - 1] = 0;
        record_encode(&sorter->shape, ids, 0, record);
        if (!sorter_add(sorter, record, error))
            return false;
        record_encode(&sorter->shape, ids, given.count, record);
        if (!sorter_add(prefixes, record, error))
            return false;
    }
    return false;
}

// ---- the whole ---------------------------------------------------------------------------------

// The highest order may take half of the memory, all orders three quarters: what comes later wants
// some, too.
static bool sort_and_scan(struct counts *counts, struct text_reading *reading,
                          const uint32_t *new_id, struct error *error)
{
    enum {
        LEAST_BITS = 32,
        FILE_BITS = 60
    }; // a float takes the count's place later; sums of counts
    const struct counts_options *options = reading->options;
    struct allowance *allowance = options->allowance;
    bool from_files = options->files > 0;
    size_t whole = allowance->limit;
    unsigned bits = bits_for(counts->words), payload = bits_for(counts->tokens);
    payload = from_files ? FILE_BITS : payload < LEAST_BITS ? LEAST_BITS : payload;
    struct record_shape shape = record_shape((unsigned)counts->order, bits, payload);
    for (size_t k = 2; k <= counts->order; k++)
        sorter_init(&counts->ngrams[k], record_shape((unsigned)k, bits, payload), SORTER_SUM,
                    allowance, options->temporary);
    struct sorter sorter, prefixes;
    sorter_init(&sorter, shape, SORTER_SUM, allowance, options->temporary);
    sorter_init(&prefixes, shape, SORTER_SUM, allowance, options->temporary);
    allowance->limit = whole / 2;
    bool ok = from_files ? add_given(counts, reading, new_id, &sorter, &prefixes, error)
                         : add_records(counts, reading, new_id, &sorter, error);
    sequence_free(&reading->ids);
    sequence_free(&reading->given);
    ok = ok && sorter_finish(&sorter, error) && sorter_finish(&prefixes, error);
    allowance->limit = whole / 4 * 3;
    ok = ok && scan_ngrams(counts, &sorter, from_files ? &prefixes : NULL, error);
    sorter_free(&sorter);
    sorter_free(&prefixes);
    for (size_t k = 2; ok && k <= counts->order; k++)
        ok = sorter_finish(&counts->ngrams[k], error);
    allowance->limit = whole;
    return ok;
}

bool counts_read(struct counts *counts, const struct counts_options *options, struct error *error)
{
    memset(counts, 0, sizeof *counts);
    counts->order = options->order;
    counts->unk = options->unk;
    counts->kinds = options->kinds;
    for (size_t k = 0; k <= NGRAM_MOST_ORDER; k++)
        sorter_init(&counts->ngrams[k], record_shape(1, 1, 1), SORTER_SUM, options->allowance,
                    options->temporary);
    struct allowance ids = {.limit = options->allowance->limit / 8};
    uint32_t *new_id = NULL;
    struct text_reading *reading = memory_new(1, sizeof *reading, error);
    if (reading == NULL)
        return false;
    reading->counts = counts;
    reading->options = options;
    sequence_init(&reading->ids, sizeof(int32_t), &ids, options->temporary);
    sequence_init(&reading->given, sizeof(struct given), &ids, options->temporary);
    bool ok = read_all(reading, error) && order_words(counts, &reading->vocabulary, &new_id, error);
    vocabulary_free(&reading->vocabulary);
    ok = ok && sort_and_scan(counts, reading, new_id, error);
    sequence_free(&reading->ids);
    sequence_free(&reading->given);
    free(reading);
    free(new_id);
    return ok;
}

void counts_free(struct counts *counts)
{
    for (size_t k = 0; k <= NGRAM_MOST_ORDER; k++)
        sorter_free(&counts->ngrams[k]);
    free(counts->word);
    free(counts->letters);
    free(counts->unigram);
}
