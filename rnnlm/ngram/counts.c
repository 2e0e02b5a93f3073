// Counting: ids of texts to records of the highest order sorted by their last words, and from
// these in one scan the counts of all orders.
#include "ngram/counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/count_file.h"
#include "ngram/scan.h"
#include "ngram/text_ids.h"
#include "ngram/word_order.h"
#include "text/vocabulary.h"

// ---- texts and files of counts ------------------------------------------------------------------

// Sums of counts have 60 bits in records.
static const uint64_t GIVEN_MOST = (uint64_t)1 << 59;

// An n-gram of a file, while the words are not known yet.
struct given {
    uint64_t count;
    int32_t length, id[RECORD_MOST_IDS];
};

struct reading {
    struct counts *counts;
    const struct counts_options *options;
    struct text_ids text;
    struct sequence given; // struct given: the n-grams of files
    uint64_t given_total;
};

// <s> alone is never predicted; n-grams longer than the model's are not wanted.
static bool take_counted(struct reading *reading, const struct counted *ngram, struct error *error)
{
    struct given given = {.count = ngram->count, .length = (int32_t)ngram->length};
    if (ngram->length > reading->counts->order)
        return true;
    reading->given_total += ngram->count;
    if (reading->given_total > GIVEN_MOST)
        return error_set(error, "the counts add up to more than %llu",
                         (unsigned long long)GIVEN_MOST);
    for (size_t i = 0; i < ngram->length; i++) {
        if (!text_ids_word(&reading->text, &ngram->word[i], &given.id[i], error))
            return false;
        if ((given.id[i] == ID_START && i > 0) || (given.id[i] == ID_END && i + 1 < ngram->length))
            return error_set(error, "%s inside an n-gram, a word is wanted",
                             given.id[i] == ID_START ? "<s>" : "</s>");
    }
    return given.id[given.length - 1] == ID_START || sequence_add(&reading->given, &given, error);
}

static bool read_counts(struct reading *reading, const char *path, struct error *error)
{
    struct counted ngram;
    struct count_file *file = count_file_open(path, reading->counts->order, error);
    uint64_t read = 0;
    bool ok = file != NULL;
    while (ok && count_file_next(file, &ngram, &ok, error)) {
        ok = take_counted(reading, &ngram, error);
        if (!ok)
            error_prefix(error, "%s: line %llu: ", count_file_name(file),
                         (unsigned long long)ngram.line);
        if (++read % WATCH_EACH == 0)
            watch_add(reading->options->allowance->watch, WATCH_EACH);
    }
    watch_add(reading->options->allowance->watch, read % WATCH_EACH);
    count_file_close(file);
    return ok;
}

static bool read_all(struct reading *reading, struct error *error)
{
    const struct counts_options *options = reading->options;
    struct watch *watch = options->allowance->watch;
    watch_begin(watch, "reading", options->files > 0 ? "n-grams" : "tokens", 0);
    for (size_t i = 0; i < options->texts; i++)
        if (!text_ids_read(&reading->text, options->text[i], error))
            return false;
    for (size_t i = 0; i < options->files; i++)
        if (!read_counts(reading, options->file[i], error))
            return false;
    watch_end(watch);
    reading->counts->tokens = reading->text.tokens;
    reading->counts->sentences = reading->text.sentences;
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

// Sorts the words; *new_id[old id] is the place from 1 on.
static bool order_words(struct counts *counts, struct vocabulary *vocabulary, struct pool *pool,
                        uint32_t **new_id, struct error *error)
{
    size_t size = vocabulary->size;
    counts->words = size;
    counts->word = memory_new(size + 1, sizeof *counts->word, error);
    *new_id = memory_new(size, sizeof **new_id, error);
    counts->unigram = memory_new(size + 1, sizeof *counts->unigram, error);
    if (counts->word == NULL || *new_id == NULL || counts->unigram == NULL)
        return false;
    uint32_t *old_id = word_order(vocabulary->letters, vocabulary->offset, size, pool, error);
    if (old_id == NULL)
        return false;
    for (size_t i = 0; i < size; i++) {
        counts->word[i + 1] = vocabulary->letters + vocabulary->offset[old_id[i]];
        (*new_id)[old_id[i]] = (uint32_t)i + 1;
    }
    free(old_id);
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

enum { CHUNK = 1 << 16, PIECE = 1 << 12 };

// Records made side by side, from a chunk of ids.
struct encoding {
    const struct counts *counts;
    const struct record_shape *shape;
    const uint32_t *new_id;
    int32_t id[RECORD_MOST_IDS + CHUNK]; // the first are those before the chunk
    size_t size;
    uint64_t *record; // [size] places
};

// The words before an id, the nearest first, then <s>, then nothing.
static void words_before(const struct encoding *encoding, size_t at, uint32_t *ids)
{
    size_t order = encoding->counts->order, k = 1;
    memset(ids, 0, (RECORD_MOST_IDS + 1) * sizeof *ids);
    for (; k < order && encoding->id[at - k] != ID_END; k++)
        ids[k] = encoding->new_id[encoding->id[at - k]];
    if (k < order)
        ids[k] = encoding->counts->start;
}

// A record for each token: the token, then the words before it.
static void encode_piece(void *context, size_t worker, size_t piece)
{
    const struct encoding *encoding = context;
    const struct record_shape *shape = encoding->shape;
    size_t begin = piece * PIECE, end = begin + PIECE;
    uint32_t ids[RECORD_MOST_IDS + 1];
    (void)worker;
    words_before(encoding, RECORD_MOST_IDS + begin, ids);
    for (size_t i = begin; i < end && i < encoding->size; i++) {
        int32_t old = encoding->id[RECORD_MOST_IDS + i];
        ids[0] = encoding->new_id[old];
        record_encode(shape, ids, 1, encoding->record + i * shape->words);
        if (old == ID_END) {
            memset(ids, 0, sizeof ids);
            ids[1] = encoding->counts->start;
        } else {
            memmove(ids + 1, ids, encoding->counts->order * sizeof *ids);
        }
    }
}

// Before the first token a sentence has ended.
static bool add_records(struct counts *counts, struct reading *reading, const uint32_t *new_id,
                        struct sorter *sorter, struct error *error)
{
    struct encoding *encoding = memory_new(1, sizeof *encoding, error);
    bool ok = encoding != NULL && sequence_start(&reading->text.ids, error);
    for (size_t room = 0; ok;) {
        encoding->counts = counts;
        encoding->shape = &sorter->shape;
        encoding->new_id = new_id;
        int32_t *chunk = encoding->id + RECORD_MOST_IDS;
        memmove(encoding->id, chunk + encoding->size - RECORD_MOST_IDS,
                RECORD_MOST_IDS * sizeof *chunk);
        ok = sorter_room(sorter, &encoding->record, &room, error) &&
             sequence_take(&reading->text.ids, chunk, room < CHUNK ? room : CHUNK, &encoding->size,
                           error);
        if (!ok || encoding->size == 0)
            break;
        pool_run(sorter->allowance->pool, encode_piece, encoding,
                 (encoding->size + PIECE - 1) / PIECE);
        sorter->count += encoding->size;
        watch_add(sorter->allowance->watch, encoding->size);
    }
    free(encoding);
    return ok;
}

// The n-grams of files as records, and what those that begin with each n-gram have together. An n-gram
// that others begin with is there, too, be it with a count of 0.
static bool add_given(struct counts *counts, struct reading *reading, const uint32_t *new_id,
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
static bool sort_and_scan(struct counts *counts, struct reading *reading, const uint32_t *new_id,
                          struct error *error)
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
    watch_begin(allowance->watch, "sorting", "n-grams", from_files ? 0 : counts->tokens);
    bool ok = from_files ? add_given(counts, reading, new_id, &sorter, &prefixes, error)
                         : add_records(counts, reading, new_id, &sorter, error);
    sequence_free(&reading->text.ids);
    sequence_free(&reading->given);
    ok = ok && sorter_finish(&sorter, error) && sorter_finish(&prefixes, error);
    allowance->limit = whole / 4 * 3;
    watch_end(allowance->watch);
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
    struct allowance ids = {.limit = options->allowance->limit / 8,
                            .pool = options->allowance->pool,
                            .watch = options->allowance->watch};
    uint32_t *new_id = NULL;
    struct reading reading = {.counts = counts, .options = options};
    const char *unknown = options->unknown != NULL ? options->unknown : "<unk>";
    sequence_init(&reading.given, sizeof(struct given), &ids, options->temporary);
    bool ok =
        text_ids_init(&reading.text, unknown, options->vocabulary, &ids, options->temporary,
                      error) &&
        read_all(&reading, error) &&
        order_words(counts, &reading.text.vocabulary, options->allowance->pool, &new_id, error);
    vocabulary_free(&reading.text.vocabulary);
    ok = ok && sort_and_scan(counts, &reading, new_id, error);
    text_ids_free(&reading.text);
    sequence_free(&reading.given);
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
