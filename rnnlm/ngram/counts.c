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
        ok = take_counted(reading, &ngram, error) &&
             text_ids_make_room(&reading->text, reading->given.count, error);
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

// Numbers of words while reading become ids in the order of the words' bytes. All words are there
// in memory, or in runs on disk, each with numbers of its own.
struct renumbering {
    struct word_runs *runs;
    size_t run; // the one whose map is there
    uint32_t *id;
};

static bool order_words(struct counts *counts, const struct vocabulary *vocabulary,
                        struct pool *pool, uint32_t *id, struct error *error)
{
    size_t size = vocabulary->size;
    uint32_t *number = word_order(vocabulary->letters, vocabulary->offset, size, pool, error);
    bool ok = number != NULL;
    for (size_t i = 0; i < size && ok; i++) {
        id[number[i]] = (uint32_t)i + 1;
        ok = word_store_add(&counts->store, vocabulary_word(vocabulary, (int32_t)number[i]), error);
    }
    free(number);
    return ok;
}

// `upto`: how many ids, or n-grams, there are.
static bool number_words(struct counts *counts, struct text_ids *text, uint64_t upto,
                         struct renumbering *renumbering, struct error *error)
{
    uint32_t fixed[FIXED_IDS];
    struct word_runs *runs = &text->runs;
    bool ok;
    *renumbering = (struct renumbering){.runs = runs};
    if (runs->count > 0) {
        ok = text_ids_put_aside(text, upto, error) &&
             word_runs_merge(runs, &counts->store, fixed, FIXED_IDS, error) &&
             (renumbering->id = word_runs_map(runs, 0, error)) != NULL;
    } else {
        renumbering->id = memory_new(text->vocabulary.size, sizeof *renumbering->id, error);
        ok = renumbering->id != NULL &&
             order_words(counts, &text->vocabulary, text->allowance->pool, renumbering->id, error);
        for (size_t i = 0; i < FIXED_IDS && ok; i++)
            fixed[i] = renumbering->id[i];
    }
    vocabulary_free(&text->vocabulary);
    if (!ok)
        return false;
    counts->words = counts->store.words;
    counts->end = fixed[ID_END];
    counts->start = fixed[ID_START];
    counts->unknown = fixed[ID_UNKNOWN];
    return true;
}

// Goes to the map for what comes behind the first `done` ids, or n-grams; *most: for how many it is at
// most.
static bool find_map(struct renumbering *renumbering, uint64_t done, uint64_t *most,
                     struct error *error)
{
    struct word_runs *runs = renumbering->runs;
    *most = UINT64_MAX;
    if (runs->count == 0)
        return true;
    while (runs->run[renumbering->run].upto <= done && renumbering->run + 1 < runs->count) {
        renumbering->run++;
        free(renumbering->id);
        renumbering->id = word_runs_map(runs, renumbering->run, error);
        if (renumbering->id == NULL)
            return false;
    }
    if (runs->run[renumbering->run].upto > done)
        *most = runs->run[renumbering->run].upto - done;
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
    const uint32_t *new_id;               // of what is in the chunk
    uint32_t id[RECORD_MOST_IDS + CHUNK]; // the first are those before the chunk
    size_t size;
    uint64_t *record; // [size] places
};

static void renumber_piece(void *context, size_t worker, size_t piece)
{
    struct encoding *encoding = context;
    size_t begin = piece * PIECE, end = begin + PIECE;
    uint32_t *id = encoding->id + RECORD_MOST_IDS;
    (void)worker;
    for (size_t i = begin; i < end && i < encoding->size; i++)
        id[i] = encoding->new_id[id[i]];
}

// The words before an id, the nearest first, then <s>, then nothing.
static void words_before(const struct encoding *encoding, size_t at, uint32_t *ids)
{
    size_t order = encoding->counts->order, k = 1;
    memset(ids, 0, (RECORD_MOST_IDS + 1) * sizeof *ids);
    for (; k < order && encoding->id[at - k] != encoding->counts->end; k++)
        ids[k] = encoding->id[at - k];
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
        ids[0] = encoding->id[RECORD_MOST_IDS + i];
        record_encode(shape, ids, 1, encoding->record + i * shape->words);
        if (ids[0] == encoding->counts->end) {
            memset(ids, 0, sizeof ids);
            ids[1] = encoding->counts->start;
        } else {
            memmove(ids + 1, ids, encoding->counts->order * sizeof *ids);
        }
    }
}

// The next ids, as many as there is room for, with one map.
static bool take_chunk(struct encoding *encoding, struct reading *reading,
                       struct renumbering *renumbering, size_t room, struct error *error)
{
    struct sequence *ids = &reading->text.ids;
    uint32_t *chunk = encoding->id + RECORD_MOST_IDS;
    uint64_t most;
    if (!find_map(renumbering, ids->next, &most, error))
        return false;
    memmove(encoding->id, chunk + encoding->size - RECORD_MOST_IDS,
            RECORD_MOST_IDS * sizeof *chunk);
    most = most < CHUNK ? most : CHUNK;
    encoding->new_id = renumbering->id;
    return sequence_take(ids, chunk, room < most ? room : (size_t)most, &encoding->size, error);
}

// Before the first token a sentence has ended.
static bool add_records(struct counts *counts, struct reading *reading,
                        struct renumbering *renumbering, struct sorter *sorter, struct error *error)
{
    struct pool *pool = sorter->allowance->pool;
    struct encoding *encoding = memory_new(1, sizeof *encoding, error);
    bool ok = encoding != NULL && sequence_start(&reading->text.ids, error);
    for (size_t i = 0; i < RECORD_MOST_IDS && ok; i++)
        encoding->id[i] = counts->end;
    for (size_t room = 0; ok;) {
        encoding->counts = counts;
        encoding->shape = &sorter->shape;
        ok = sorter_room(sorter, &encoding->record, &room, error) &&
             take_chunk(encoding, reading, renumbering, room, error);
        if (!ok || encoding->size == 0)
            break;
        size_t pieces = (encoding->size + PIECE - 1) / PIECE;
        pool_run(pool, renumber_piece, encoding, pieces);
        pool_run(pool, encode_piece, encoding, pieces);
        sorter->count += encoding->size;
        watch_add(sorter->allowance->watch, encoding->size);
    }
    free(encoding);
    return ok;
}

// The n-grams of files as records, and what those that begin with each n-gram have together. An n-gram
// that others begin with is there, too, be it with a count of 0.
static bool add_given(struct counts *counts, struct reading *reading,
                      struct renumbering *renumbering, struct sorter *sorter,
                      struct sorter *prefixes, struct error *error)
{
    const void *element;
    struct given given;
    uint64_t most;
    if (!sequence_start(&reading->given, error))
        return false;
    while (find_map(renumbering, reading->given.next, &most, error) &&
           sequence_next(&reading->given, &element, error)) {
        uint32_t ids[RECORD_MOST_IDS] = {0};
        uint64_t record[RECORD_MOST_WORDS];
        if (element == NULL)
            return true;
        memcpy(&given, element, sizeof given);
        for (int32_t i = 0; i < given.length; i++)
            ids[i] = renumbering->id[given.id[given.length - 1 - i]];
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

static bool new_unigrams(struct counts *counts, struct allowance *allowance, struct error *error)
{
    counts->unigram = memory_new(counts->words + 1, sizeof *counts->unigram, error);
    if (counts->unigram == NULL)
        return false;
    counts->taken = (counts->words + 1) * sizeof *counts->unigram;
    allowance_keep(allowance, counts->taken);
    return true;
}

// ---- the whole ---------------------------------------------------------------------------------

// The highest order may take half of the memory, all orders three quarters: what comes later wants
// some, too.
static bool sort_and_scan(struct counts *counts, struct reading *reading,
                          struct renumbering *renumbering, struct error *error)
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
    bool ok = from_files ? add_given(counts, reading, renumbering, &sorter, &prefixes, error)
                         : add_records(counts, reading, renumbering, &sorter, error);
    text_ids_free(&reading->text);
    sequence_free(&reading->given);
    free(renumbering->id);
    renumbering->id = NULL;
    ok = ok && sorter_finish(&sorter, error) && sorter_finish(&prefixes, error);
    allowance->limit = whole / 4 * 3;
    watch_end(allowance->watch);
    ok = ok && new_unigrams(counts, allowance, error) &&
         scan_ngrams(counts, &sorter, from_files ? &prefixes : NULL, error);
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
    struct renumbering renumbering = {.id = NULL};
    word_store_init(&counts->store, options->allowance, options->temporary);
    struct reading reading = {.counts = counts, .options = options};
    const char *unknown = options->unknown != NULL ? options->unknown : "<unk>";
    sequence_init(&reading.given, sizeof(struct given), &ids, options->temporary);
    bool ok = text_ids_init(&reading.text, unknown, options->vocabulary, &ids, options->temporary,
                            error) &&
              read_all(&reading, error) &&
              number_words(counts, &reading.text, reading.text.ids.count + reading.given.count,
                           &renumbering, error) &&
              sort_and_scan(counts, &reading, &renumbering, error);
    text_ids_free(&reading.text);
    sequence_free(&reading.given);
    free(renumbering.id);
    return ok;
}

void counts_free(struct counts *counts)
{
    for (size_t k = 0; k <= NGRAM_MOST_ORDER; k++)
        sorter_free(&counts->ngrams[k]);
    word_store_free(&counts->store);
    counts_free_unigrams(counts);
}

void counts_free_unigrams(struct counts *counts)
{
    if (counts->unigram != NULL)
        allowance_drop(counts->ngrams[0].allowance, counts->taken);
    free(counts->unigram);
    counts->unigram = NULL;
}
