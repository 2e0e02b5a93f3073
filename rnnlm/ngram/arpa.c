// Reading of ARPA files: lines in place, numbers and words without a copy.
#include "ngram/arpa.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "ngram/arpa_batch.h"

enum place { BEFORE_DATA, COUNTS, NGRAMS, BEHIND_END };
enum { SHOWN = 100 }; // bytes of a token in a message

struct arpa_reader {
    struct ngram_model *model;
    struct input *input;
    const char *path;
    struct word_table table;
    struct arpa_batch batch;
    uint64_t line;
    enum place place;
    int order;                          // of the n-grams that are being read
    uint64_t begin;                     // line at which they begin
    uint64_t read;                      // how many of them
    uint64_t wanted[NGRAM_LONGEST + 1]; // by \data\.
    bool counted[NGRAM_LONGEST + 1];
};

// ---- messages ---------------------------------------------------------------------------------

#define FAIL(reader, error, format, ...)                                                           \
    error_set(error, "%s: line %llu: " format, input_name((reader)->input),                        \
              (unsigned long long)(reader)->line, __VA_ARGS__)

static int shown(size_t length)
{
    return length < SHOWN ? (int)length : SHOWN;
}

// ---- tokens -----------------------------------------------------------------------------------

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

static bool line_ends(const char *at, const char *end)
{
    return at == end || *at == '\n';
}

// Behind the line that `at` is in.
static const char *next_line(const char *at, const char *end)
{
    const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    return newline != NULL ? newline + 1 : end;
}

// ---- numbers ----------------------------------------------------------------------------------

// Takes a number, and with it the token that it is; false if it is none. The usual form, a few
// digits around a point, is read while its end is looked for.
static bool take_number(const char **at, const char *end, struct word_span *token, double *value)
{
    static const double power_of_ten[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *digit = *at + (**at == '-'), *point = NULL, *first = digit;
    uint64_t mantissa = 0;
    for (; digit < end; digit++) {
        if ((unsigned)(*digit - '0') < 10)
            mantissa = mantissa * 10 + (unsigned)(*digit - '0');
        else if (*digit == '.' && point == NULL)
            point = digit;
        else
            break;
    }
    ptrdiff_t digits = digit - first - (point != NULL);
    if (digits < 1 || digits > 15 || digit == end ||
        (*digit != ' ' && *digit != '\t' && *digit != '\n')) {
        *at = word_scan(*at, end, token);
        return number_parse(token->text, token->length, value);
    }
    *value = (double)mantissa / power_of_ten[point != NULL ? digit - point - 1 : 0];
    if (**at == '-')
        *value = -*value;
    *token = (struct word_span){.text = *at, .length = (size_t)(digit - *at)};
    *at = digit;
    return true;
}

static bool take_prob(struct arpa_reader *reader, const char **at, const char *end,
                      float *log10_prob, struct error *error)
{
    struct word_span token;
    double value;
    if (!take_number(at, end, &token, &value) || !(value <= 0))
        return FAIL(reader, error, "found \"%.*s\", wanted a log10 probability, 0 or below",
                    shown(token.length), token.text);
    *log10_prob = value == -99 ? -INFINITY : (float)value;
    return true;
}

static bool take_backoff(struct arpa_reader *reader, const char **at, const char *end,
                         float *log10_backoff, struct error *error)
{
    struct word_span token;
    double value;
    if (!take_number(at, end, &token, &value) || !((float)value < INFINITY))
        return FAIL(reader, error, "found \"%.*s\", wanted the log10 of a back-off weight",
                    shown(token.length), token.text);
    *log10_backoff = value == -99 ? -INFINITY : (float)value;
    *at = skip_blanks(*at, end);
    return line_ends(*at, end) || FAIL(reader, error, "found something behind the weight %.*s",
                                       shown(token.length), token.text);
}

// ---- n-grams ----------------------------------------------------------------------------------

static bool repeated(struct arpa_reader *reader, const struct word_span *word, struct error *error)
{
    return FAIL(reader, error, "the word \"%.*s\" stands among the 1-grams twice",
                shown(word->length), word->text);
}

static bool add_word(struct arpa_reader *reader, const struct word_span *word, float log10_prob,
                     float log10_backoff, struct error *error)
{
    struct ngram_model *model = reader->model;
    struct trie_level *level = &model->level[1];
    bool is_end = word->length == 4 && memcmp(word->text, "</s>", 4) == 0;
    if (is_end ? model->has_end : word_find(&reader->table, &model->words, word) != WORD_OOV)
        return repeated(reader, word, error);
    int32_t id = vocabulary_add(&model->words, word->text, word->length, error);
    if (id == WORD_OOV || (!is_end && !word_add(&reader->table, word, id, error)) ||
        !trie_reserve(level, model->words.size, error))
        return error_prefix(error, "%s: line %llu: ", input_name(reader->input),
                            (unsigned long long)reader->line);
    model->has_end |= is_end;
    level->node[id] = (struct trie_node){trie_key(id), log10_prob, log10_backoff, 0};
    level->count = model->words.size;
    return true;
}

static bool insert_batch(struct arpa_reader *reader, struct error *error)
{
    if (reader->batch.count == 0)
        return true;
    return arpa_batch_insert(&reader->batch, reader->model, &reader->table, reader->order, error) ||
           error_prefix(error, "%s: ", input_name(reader->input));
}

// The words of an n-gram into place i of the batch; `at` moves behind them.
static bool take_words(struct arpa_reader *reader, const char **at, const char *end, size_t i,
                       struct error *error)
{
    for (int j = 0; j < reader->order; j++) {
        struct word_span *word = &reader->batch.word[j][i];
        *at = skip_blanks(*at, end);
        if (line_ends(*at, end))
            return FAIL(reader, error, "found %d words, wanted the %d of a %d-gram", j,
                        reader->order, reader->order);
        *at = word_scan(*at, end, word);
        word_prefetch(&reader->table, word);
    }
    return true;
}

// "PROBABILITY WORDS [WEIGHT]"
static bool take_ngram(struct arpa_reader *reader, const char **at, const char *end,
                       struct error *error)
{
    struct arpa_batch *batch = &reader->batch;
    size_t i = batch->count;
    batch->line[i] = reader->line;
    batch->log10_backoff[i] = 0;
    if (!take_prob(reader, at, end, &batch->log10_prob[i], error) ||
        !take_words(reader, at, end, i, error))
        return false;
    *at = skip_blanks(*at, end);
    if (!line_ends(*at, end) && !take_backoff(reader, at, end, &batch->log10_backoff[i], error))
        return false;
    if (++reader->read > reader->wanted[reader->order])
        return FAIL(reader, error, "found another %d-gram, wanted the %llu of \\data\\",
                    reader->order, (unsigned long long)reader->wanted[reader->order]);
    if (reader->order == 1)
        return add_word(reader, &batch->word[0][0], batch->log10_prob[0], batch->log10_backoff[0],
                        error);
    if (reader->order == reader->model->order)
        batch->log10_backoff[i] = 0; // of no use
    return ++batch->count < ARPA_BATCH || insert_batch(reader, error);
}

// ---- repeated n-grams -------------------------------------------------------------------------

struct sought {
    int order;
    struct word_span word[NGRAM_LONGEST];
};

static bool line_holds(const char *at, const char *end, const struct sought *sought)
{
    struct word_span token;
    at = skip_blanks(at, end);
    if (line_ends(at, end))
        return false;
    at = word_scan(at, end, &token);
    for (int j = 0; j < sought->order; j++) {
        at = skip_blanks(at, end);
        if (line_ends(at, end))
            return false;
        at = word_scan(at, end, &token);
        if (token.length != sought->word[j].length ||
            memcmp(token.text, sought->word[j].text, token.length) != 0)
            return false;
    }
    return true;
}

// The line at which an n-gram stands for the second time, 0 if the file cannot be read again. The
// trie does not keep lines, which only this error wants.
static uint64_t find_second(const struct arpa_reader *reader, const struct sought *sought)
{
    struct stat status;
    if (stat(reader->path, &status) != 0 || !S_ISREG(status.st_mode))
        return 0;
    struct input *input = input_open_text(reader->path, NULL);
    uint64_t found = 0;
    size_t length;
    int times = 0;
    for (char *line; input != NULL && found == 0 && (line = input_line(input, &length)) != NULL;)
        if (input_line_number(input) >= reader->begin && line_holds(line, line + length, sought) &&
            ++times == 2)
            found = input_line_number(input);
    input_close(input);
    return found;
}

static bool twin_found(struct arpa_reader *reader, size_t twin, struct error *error)
{
    const struct trie_level *level = reader->model->level;
    struct sought sought = {.order = reader->order};
    uint32_t at = (uint32_t)twin;
    char text[SHOWN * 2] = "";
    for (int k = reader->order; k >= 1; k--) {
        const char *word = vocabulary_word(&reader->model->words,
                                           k > 1 ? trie_word(level[k].node[at].key) : (int32_t)at);
        sought.word[k - 1] = (struct word_span){.text = word, .length = strlen(word)};
        at = k > 1 ? trie_parent(&level[k - 1], at) : at;
    }
    for (int k = 0; k < reader->order; k++) {
        strncat(text, k > 0 ? " " : "", sizeof text - 1 - strlen(text));
        strncat(text, sought.word[k].text, sizeof text - 1 - strlen(text));
    }
    uint64_t second = strcmp(reader->path, "-") == 0 ? 0 : find_second(reader, &sought);
    if (second > 0)
        reader->line = second;
    return FAIL(reader, error, "\"%s\" stands twice among the %d-grams that begin at line %llu",
                text, reader->order, (unsigned long long)reader->begin);
}

// ---- sections ---------------------------------------------------------------------------------

// Ends the n-grams of the present order: the level is complete.
static bool end_order(struct arpa_reader *reader, struct error *error)
{
    struct trie_level *level = reader->model->level;
    int k = reader->order;
    if (k < 1)
        return true;
    if (!insert_batch(reader, error))
        return false;
    if (reader->read != reader->wanted[k])
        return FAIL(reader, error, "found %llu %d-grams, wanted the %llu of \\data\\",
                    (unsigned long long)reader->read, k, (unsigned long long)reader->wanted[k]);
    size_t twin = k > 1 ? trie_arrange(&level[k - 1], &level[k]) : 0;
    return twin == 0 || twin_found(reader, twin, error);
}

// Room for as many n-grams as \data\ announces, if the file is large enough to hold them.
static bool make_room(struct arpa_reader *reader, struct error *error)
{
    enum { UNKNOWN = 1 << 12 };
    uint64_t left = input_bytes_left(reader->input), wanted = reader->wanted[reader->order];
    uint64_t most = left == UINT64_MAX ? UNKNOWN : left / (2 * (uint64_t)reader->order + 2) + 1;
    return trie_reserve(&reader->model->level[reader->order], wanted < most ? wanted : most,
                        error) ||
           error_prefix(error, "%s: ", input_name(reader->input));
}

// Goes on to the n-grams of a higher order; orders between the two have none.
static bool begin_order(struct arpa_reader *reader, int order, struct error *error)
{
    while (reader->order < order) {
        if (!end_order(reader, error))
            return false;
        reader->order++;
        reader->read = 0;
        reader->begin = reader->line;
        if (!make_room(reader, error))
            return false;
    }
    return true;
}

// </s> is word 0, even where the model lacks it.
static bool begin_ngrams(struct arpa_reader *reader, struct error *error)
{
    struct ngram_model *model = reader->model;
    while (model->order < NGRAM_LONGEST && reader->counted[model->order + 1])
        model->order++;
    for (int k = model->order + 1; k <= NGRAM_LONGEST; k++)
        if (reader->counted[k])
            return FAIL(reader, error, "found a count of %d-grams but none of %d-grams", k,
                        model->order + 1);
    if (model->order == 0)
        return FAIL(reader, error, "found no counts in %s, wanted \"ngram 1=N\"", "\\data\\");
    if (!trie_reserve(&model->level[1], 1, error))
        return false;
    model->level[1].node[WORD_END] = (struct trie_node){.log10_prob = -INFINITY};
    model->level[1].count = 1;
    reader->place = NGRAMS;
    return true;
}

// Digits at `at`; false if there are none or they make a number above 2^63.
static bool take_digits(const char **at, const char *end, uint64_t *value)
{
    const char *begin = *at;
    *value = 0;
    for (; *at < end && (unsigned)(**at - '0') < 10; ++*at)
        if (*value < UINT64_MAX / 20)
            *value = *value * 10 + (uint64_t)(**at - '0');
    return *at > begin;
}

// "ngram ORDER=COUNT"
static bool take_count(struct arpa_reader *reader, const char *text, const char *end,
                       struct error *error)
{
    const char *at = text;
    uint64_t order = 0, count = 0;
    bool ok = end - at > 5 && memcmp(at, "ngram", 5) == 0 && skip_blanks(at + 5, end) > at + 5;
    at = ok ? skip_blanks(at + 5, end) : at;
    ok = ok && take_digits(&at, end, &order);
    at = skip_blanks(at, end);
    ok = ok && at < end && *at++ == '=';
    at = skip_blanks(at, end);
    if (!ok || !take_digits(&at, end, &count) || at != end)
        return FAIL(reader, error, "found \"%.*s\", wanted \"ngram ORDER=COUNT\"",
                    shown((size_t)(end - text)), text);
    if (order < 1 || order > NGRAM_LONGEST)
        return FAIL(reader, error, "found order %llu, wanted one from 1 to %d",
                    (unsigned long long)order, NGRAM_LONGEST);
    if (count > TRIE_MOST_NODES - 1)
        return FAIL(reader, error, "found %llu %d-grams, at most %llu are possible",
                    (unsigned long long)count, (int)order, (unsigned long long)TRIE_MOST_NODES - 1);
    if (reader->counted[order])
        return FAIL(reader, error, "found a second count of %d-grams", (int)order);
    reader->counted[order] = true;
    reader->wanted[order] = count;
    return true;
}

// "\ORDER-grams:"
static bool take_header(struct arpa_reader *reader, const char *text, const char *end,
                        struct error *error)
{
    static const char rest[] = "-grams:";
    const char *at = text + 1;
    uint64_t order;
    if (!take_digits(&at, end, &order) || (size_t)(end - at) != sizeof rest - 1 ||
        memcmp(at, rest, sizeof rest - 1) != 0)
        return FAIL(reader, error, "found \"%.*s\", wanted \"\\N-grams:\" or \"\\end\\\"",
                    shown((size_t)(end - text)), text);
    if (reader->place == COUNTS && !begin_ngrams(reader, error))
        return false;
    if (order <= (uint64_t)reader->order || order > (uint64_t)reader->model->order)
        return FAIL(reader, error,
                    "found the %llu-grams behind the %d-grams of a model of order %d",
                    (unsigned long long)order, reader->order, reader->model->order);
    return begin_order(reader, (int)order, error);
}

static bool take_end(struct arpa_reader *reader, struct error *error)
{
    if (reader->place == COUNTS && !begin_ngrams(reader, error))
        return false;
    if (!begin_order(reader, reader->model->order, error) || !end_order(reader, error))
        return false;
    reader->place = BEHIND_END;
    return true;
}

static bool is_line(const char *text, const char *end, const char *wanted)
{
    return (size_t)(end - text) == strlen(wanted) && memcmp(text, wanted, strlen(wanted)) == 0;
}

// Any line that is no n-gram.
static bool take_other(struct arpa_reader *reader, const char *text, const char *end,
                       struct error *error)
{
    while (end > text && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    if (reader->place == BEFORE_DATA) {
        if (is_line(text, end, "\\data\\"))
            reader->place = COUNTS;
        return true;
    }
    if (is_line(text, end, "\\end\\"))
        return take_end(reader, error);
    if (*text == '\\')
        return take_header(reader, text, end, error);
    return take_count(reader, text, end, error);
}

// ---- lines ------------------------------------------------------------------------------------

// Of two failures, the one that stands first in the file is told: that of a line in the batch.
static bool earlier_failure(struct arpa_reader *reader, struct error *error)
{
    struct error earlier;
    if (!insert_batch(reader, &earlier) && error != NULL)
        *error = earlier;
    return false;
}

// The lines from `at` to `end`. Words of the batch point into them, so that it is emptied in the
// end.
static bool take_lines(struct arpa_reader *reader, const char *at, const char *end,
                       struct error *error)
{
    while (at < end && reader->place != BEHIND_END) {
        reader->line++;
        at = skip_blanks(at, end);
        bool ok = true;
        if (line_ends(at, end)) {
            at += at < end;
            continue;
        }
        if (reader->place == NGRAMS && *at != '\\') {
            ok = take_ngram(reader, &at, end, error);
            at += ok && at < end; // the newline
        } else {
            const char *next = next_line(at, end);
            ok = take_other(reader, at, next > at && next[-1] == '\n' ? next - 1 : next, error);
            at = next;
        }
        if (!ok)
            return earlier_failure(reader, error);
    }
    return insert_batch(reader, error);
}

// Whole lines lie in the input's buffer, but for one at its end.
static bool take_input(struct arpa_reader *reader, struct error *error)
{
    size_t size;
    const char *block;
    while ((block = input_block(reader->input, &size)), size > 0) {
        const char *newline = memrchr(block, '\n', size);
        bool ok;
        if (newline != NULL) {
            ok = take_lines(reader, block, newline + 1, error);
            input_skip(reader->input, (size_t)(newline + 1 - block));
        } else {
            const char *line = input_line(reader->input, &size);
            ok = line == NULL || take_lines(reader, line, line + size, error);
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool check_end(struct arpa_reader *reader, struct error *error)
{
    if (!input_ok(reader->input, error))
        return false;
    if (reader->place == BEHIND_END)
        return true;
    if (reader->place == BEFORE_DATA)
        return FAIL(reader, error, "the file ends, wanted the line \"%s\" of an ARPA file",
                    "\\data\\");
    return FAIL(reader, error, "the file ends, wanted %s", "\"\\end\\\"");
}

bool arpa_read(struct ngram_model *model, struct input *input, const char *path,
               struct error *error)
{
    if (!input_as_text(input, error))
        return false;
    struct arpa_reader *reader = memory_new(1, sizeof *reader, error);
    if (reader == NULL)
        return false;
    reader->model = model;
    reader->path = path;
    reader->input = input;
    bool ok = word_table_init(&reader->table, error);
    static const char text[] = "</s>";
    struct word_span end;
    word_scan(text, text + strlen(text), &end);
    ok = ok && word_add(&reader->table, &end, WORD_END, error);
    ok = ok && take_input(reader, error) && check_end(reader, error);
    word_table_free(&reader->table);
    free(reader);
    return ok;
}
