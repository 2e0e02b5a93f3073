// Probability streams: recognising the form, reading, and keeping step with a text.
#include "score/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "score/stream_line.h"
#include "text/vocabulary.h"

enum { SHOWN_WORD = 60 }; // bytes of a word that a message quotes

struct stream {
    struct input *input;
    enum stream_form form;
    enum stream_column column;
    size_t columns; // of a table
    bool inside;    // a table: between header and blank line
    char *first;    // copy of a line that was read for recognising the form; comes before `held`
    size_t first_length;
    uint64_t first_line;
    bool first_waits;
    const char *held; // the line read last for that, still in the input's buffer; NULL if used up
    size_t held_length;
    uint64_t line; // of the item read last
    struct stream_item ahead;
    bool has_ahead;
    uint64_t sentence, word; // of the text: where stream_match() stands
    bool failed;
    struct error failure;
};

static int shown(size_t length)
{
    return length < SHOWN_WORD ? (int)length : SHOWN_WORD;
}

void stream_close(struct stream *stream)
{
    if (stream == NULL)
        return;
    input_close(stream->input);
    free(stream->first);
    free(stream);
}

const char *stream_name(const struct stream *stream)
{
    return input_name(stream->input);
}

enum stream_form stream_form(const struct stream *stream)
{
    return stream->form;
}

uint64_t stream_line_number(const struct stream *stream)
{
    return stream->line;
}

bool stream_ok(const struct stream *stream, struct error *error)
{
    if (stream->failed && error != NULL)
        *error = stream->failure;
    return !stream->failed && input_ok(stream->input, error);
}

// ---- recognising the form ---------------------------------------------------------------------

static bool keep_first(struct stream *stream, const char *line, size_t length, struct error *error)
{
    stream->first = memory_text(line, length, error);
    stream->first_length = length;
    stream->first_line = input_line_number(stream->input);
    return stream->first != NULL;
}

static bool found_form(struct stream *stream, enum stream_form form, const char *held,
                       size_t length)
{
    stream->form = form;
    stream->held = held;
    stream->held_length = length;
    stream->inside = form == STREAM_TABLE;
    stream->first_waits = form == STREAM_NUMBERS;
    return true;
}

// No line has told the form: the file is one number, SRILM's output for an empty text, or no
// stream.
static bool form_at_end(struct stream *stream, bool total, uint64_t words, struct error *error)
{
    if (!input_ok(stream->input, error))
        return false;
    if (stream->first == NULL)
        return error_set(error, "%s: the file is empty, probabilities are wanted",
                         stream_name(stream));
    if (stream_line_is_numeric(stream->first, stream->first_length))
        return found_form(stream, STREAM_NUMBERS, NULL, 0);
    if (total && words == 0)
        return found_form(stream, STREAM_SRILM, NULL, 0);
    if (total)
        return error_set(error,
                         "%s: only statistics found, probabilities of words are wanted: ngram -ppl "
                         "TEXT -debug 2",
                         stream_name(stream));
    return error_set(error,
                     "%s: line %llu: found \"%.*s\", wanted one probability a line, the output of "
                     "ngram -ppl TEXT -debug 2, or that of rnnlm -test TEXT -debug 2",
                     stream_name(stream), (unsigned long long)stream->first_line,
                     shown(stream->first_length), stream->first);
}

// A file of numbers has a number in its first line. So has SRILM's output where the first sentence
// is a number, but there the next line tells. Otherwise any lines may come before the first that
// tells.
static bool recognise(struct stream *stream, struct error *error)
{
    const char *line;
    size_t length;
    bool total = false;
    uint64_t words = 0;
    while ((line = input_line(stream->input, &length)) != NULL) {
        if (stream_line_is_blank(line, length))
            continue;
        if (stream_line_is_srilm(line, length))
            return found_form(stream, STREAM_SRILM, line, length);
        if (stream_line_is_header(line, length, &stream->columns))
            return found_form(stream, STREAM_TABLE, NULL, 0);
        if (stream->first != NULL && stream_line_is_numeric(stream->first, stream->first_length))
            return found_form(stream, STREAM_NUMBERS, line, length);
        total = stream_line_is_total(line, length, &words) || total;
        if (stream->first == NULL && !keep_first(stream, line, length, error))
            return false;
    }
    return form_at_end(stream, total, words, error);
}

struct stream *stream_open(const char *path, enum stream_column column, struct error *error)
{
    struct stream *stream = memory_new(1, sizeof *stream, error);
    if (stream == NULL)
        return NULL;
    stream->column = column;
    stream->sentence = stream->word = 1;
    stream->input = input_open_text(path, error);
    bool ok = stream->input != NULL && recognise(stream, error);
    if (ok && stream->form == STREAM_TABLE && stream->columns == 1 && column == STREAM_OTHER)
        ok = error_set(
            error,
            "%s: line %llu: the table has one column of probabilities, the second is wanted: "
            "-column net takes the first",
            stream_name(stream), (unsigned long long)input_line_number(stream->input));
    if (ok)
        return stream;
    stream_close(stream);
    return NULL;
}

// ---- reading ----------------------------------------------------------------------------------

static const char *next_line(struct stream *stream, size_t *length)
{
    if (stream->first_waits) {
        stream->first_waits = false;
        stream->line = stream->first_line;
        *length = stream->first_length;
        return stream->first;
    }
    const char *line = stream->held;
    *length = stream->held_length;
    stream->held = NULL;
    if (line == NULL)
        line = input_line(stream->input, length);
    if (line != NULL)
        stream->line = input_line_number(stream->input);
    return line;
}

// False for a line that holds no item.
static bool holds_item(struct stream *stream, const char *line, size_t length)
{
    if (stream->form == STREAM_SRILM)
        return stream_line_is_srilm(line, length);
    bool blank = stream_line_is_blank(line, length);
    if (stream->form == STREAM_NUMBERS)
        return !blank;
    bool inside = stream->inside && !blank;
    stream->inside = inside;
    return inside && strncmp(line, "---", 3) != 0; // the line below the header
}

static bool read_item(struct stream *stream, const char *line, size_t length,
                      struct stream_item *item)
{
    struct error *error = &stream->failure;
    bool ok = stream->form == STREAM_NUMBERS ? stream_line_number_alone(line, length, item, error)
              : stream->form == STREAM_SRILM
                  ? stream_line_srilm(line, length, item, error)
                  : stream_line_table(line, length, stream->columns, stream->column, item, error);
    if (!ok) {
        error_prefix(error, "%s: line %llu: ", stream_name(stream),
                     (unsigned long long)stream->line);
        stream->failed = true;
    }
    return ok;
}

bool stream_next(struct stream *stream, struct stream_item *item)
{
    if (stream->has_ahead) {
        *item = stream->ahead;
        stream->has_ahead = false;
        return true;
    }
    if (stream->failed)
        return false;
    const char *line;
    size_t length;
    while ((line = next_line(stream, &length)) != NULL)
        if (holds_item(stream, line, length))
            return read_item(stream, line, length, item);
    return false;
}

// ---- keeping step with a text -----------------------------------------------------------------

static const char end_word[] = "</s>";

static bool is_word(const struct stream_item *item, const char *word, size_t length)
{
    return item->length == length && memcmp(item->word, word, length) == 0;
}

bool stream_is_end(const struct stream_item *item)
{
    return item->word != NULL && is_word(item, end_word, sizeof end_word - 1);
}

// Its word is not known to the model, and therefore not (reliably) named.
static bool is_unknown(const struct stream_item *item)
{
    return item->unknown ||
           (item->word != NULL && vocabulary_is_unknown_name(item->word, item->length));
}

// True if the item can be that of a word of the text.
static bool fits(const struct stream_item *item, const struct stream_item *wanted)
{
    if (item->word != NULL && is_word(item, wanted->word, wanted->length))
        return true;
    return is_unknown(item) ? !stream_is_end(wanted) : item->word == NULL;
}

bool stream_same_word(const struct stream_item *a, const struct stream_item *b)
{
    if (a->word == NULL && b->word == NULL)
        return true;
    return (b->word != NULL && fits(a, b)) || (a->word != NULL && fits(b, a));
}

static bool too_short(struct stream *stream, const struct token *token, struct error *error)
{
    return stream_ok(stream, error) &&
           error_set(
               error,
               "%s: ends after line %llu; the text goes on with sentence %llu, word %llu: \"%.*s\"",
               stream_name(stream), (unsigned long long)stream->line,
               (unsigned long long)stream->sentence, (unsigned long long)stream->word,
               shown(token->length), token->text);
}

static bool wrong_word(struct stream *stream, const struct stream_item *item,
                       const struct token *token, struct error *error)
{
    const char *found = item->word != NULL ? item->word : "an unknown word";
    size_t length = item->word != NULL ? item->length : strlen(found);
    const char *quote = item->word != NULL ? "\"" : "";
    return error_set(error,
                     "%s: line %llu: found the probability of %s%.*s%s, wanted that of \"%.*s\" "
                     "(sentence %llu, word %llu)",
                     stream_name(stream), (unsigned long long)stream->line, quote, shown(length),
                     found, quote, shown(token->length), token->text,
                     (unsigned long long)stream->sentence, (unsigned long long)stream->word);
}

// Moves to the place of the next token.
static void advance(struct stream *stream, const struct token *token)
{
    stream->sentence += token->sentence_end;
    stream->word = token->sentence_end ? 1 : stream->word + 1;
}

// True if an empty line of the text has no entry here: the stream goes on with a word, or not at
// all.
static bool lacks_empty_line(struct stream *stream, const struct token *token)
{
    if (stream->form != STREAM_SRILM || !token->sentence_end || stream->word != 1 || stream->failed)
        return false;
    if (!stream->has_ahead)
        stream->has_ahead = stream_next(stream, &stream->ahead);
    return !stream->failed && (!stream->has_ahead || !stream_is_end(&stream->ahead));
}

bool stream_match(struct stream *stream, const struct token *token, double *prob,
                  struct error *error)
{
    struct stream_item item = {0};
    if (lacks_empty_line(stream, token)) {
        *prob = 0;
    } else {
        if (!stream_next(stream, &item))
            return too_short(stream, token, error);
        struct stream_item wanted = {.word = token->text, .length = token->length};
        if (!fits(&item, &wanted))
            return wrong_word(stream, &item, token, error);
        *prob = item.prob;
    }
    advance(stream, token);
    return stream_ok(stream, error);
}

bool stream_end(struct stream *stream, struct error *error)
{
    struct stream_item item;
    if (!stream_next(stream, &item))
        return stream_ok(stream, error);
    return error_set(
        error,
        "%s: line %llu: found one more probability, but the text has ended, after %llu sentences",
        stream_name(stream), (unsigned long long)stream->line,
        (unsigned long long)(stream->sentence - 1));
}
