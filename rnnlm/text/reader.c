// Text as tokens.
#include "text/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "text/span.h"
#include "text/utf8.h"

struct reader {
    struct input *input;
    char *word;
    size_t capacity;
    uint64_t line; // of the token read last
    bool inside;   // the current line has begun but its newline is not read yet
    enum text_unit unit;
    size_t at, left; // of characters: of `word`, where the next one begins, and bytes from there on
    bool space;      // the next one is behind a space
    bool failed;
    struct error failure;
};

struct reader *reader_open(const char *path, struct error *error)
{
    struct reader *reader = memory_new(1, sizeof *reader, error);
    if (reader == NULL)
        return NULL;
    reader->input = input_open_text(path, error);
    if (reader->input == NULL) {
        reader_close(reader);
        return NULL;
    }
    return reader;
}

void reader_close(struct reader *reader)
{
    if (reader == NULL)
        return;
    input_close(reader->input);
    free(reader->word);
    free(reader);
}

const char *reader_name(const struct reader *reader)
{
    return input_name(reader->input);
}

uint64_t reader_line_number(const struct reader *reader)
{
    return reader->line;
}

bool reader_ok(const struct reader *reader, struct error *error)
{
    if (reader->failed && error != NULL)
        *error = reader->failure;
    return !reader->failed && input_ok(reader->input, error);
}

// Takes blanks; false at the end of the text.
static bool skip_blanks(struct reader *reader)
{
    for (;;) {
        size_t size, i = 0;
        const char *block = input_block(reader->input, &size);
        while (i < size && span_is_blank(block[i]))
            i++;
        bool found = i < size;
        input_skip(reader->input, i);
        if (found || size == 0)
            return found;
    }
}

static bool too_long(struct reader *reader)
{
    reader->failed = true;
    return error_set(
        &reader->failure, "%s: line %llu: found a word of more than %d bytes, wanted a blank",
        reader_name(reader), (unsigned long long)input_line_number(reader->input), READER_LONGEST);
}

// Gathers bytes up to the next blank or newline into reader->word. False if memory ran out, or if
// none comes.
static bool gather_word(struct reader *reader, size_t *length)
{
    *length = 0;
    for (;;) {
        size_t size, i = 0;
        const char *block = input_block(reader->input, &size);
        while (i < size && block[i] != '\n' && !span_is_blank(block[i]))
            i++;
        if (*length + i > READER_LONGEST)
            return too_long(reader);
        if (!memory_grow(&reader->word, &reader->capacity, *length + i + 1, 1, &reader->failure)) {
            reader->failed = true;
            return false;
        }
        memcpy(reader->word + *length, block, i);
        *length += i;
        bool complete = i < size || size == 0;
        input_skip(reader->input, i);
        if (complete)
            return true;
    }
}

static bool end_sentence(struct reader *reader, struct token *token)
{
    reader->inside = false;
    *token = (struct token){"</s>", 4, true};
    return true;
}

void reader_set_unit(struct reader *reader, enum text_unit unit)
{
    reader->unit = unit;
}

static bool no_character(struct reader *reader)
{
    reader->failed = true;
    return error_set(
        &reader->failure,
        "%s: line %llu: byte %llu: found 0x%02x, wanted UTF-8, of which characters are "
        "made",
        reader_name(reader), (unsigned long long)reader->line,
        (unsigned long long)(input_offset(reader->input) - reader->left + 1),
        (unsigned char)reader->word[reader->at]);
}

// What comes of a word that has been gathered.
static bool next_character(struct reader *reader, struct token *token)
{
    if (reader->space) {
        reader->space = false;
        *token = (struct token){UNIT_SPACE, sizeof UNIT_SPACE - 1, false};
        return true;
    }
    size_t length = utf8_length(reader->word + reader->at, reader->left);
    if (length == 0)
        return no_character(reader);
    *token = (struct token){reader->word + reader->at, length, false};
    reader->at += length;
    reader->left -= length;
    return true;
}

bool reader_next(struct reader *reader, struct token *token)
{
    if (reader->failed)
        return false;
    if (reader->left > 0)
        return next_character(reader, token);
    if (!skip_blanks(reader))
        return reader->inside && input_ok(reader->input, NULL) && end_sentence(reader, token);
    if (input_peek(reader->input) == '\n') {
        input_skip(reader->input, 1);
        reader->line = input_line_number(reader->input);
        return end_sentence(reader, token);
    }
    reader->space = reader->inside;
    reader->inside = true;
    size_t length;
    if (!gather_word(reader, &length))
        return false;
    reader->line = input_line_number(reader->input);
    if (!input_ok(reader->input, NULL))
        return false;
    if (reader->unit == UNIT_CHAR) {
        reader->at = 0;
        reader->left = length;
        return next_character(reader, token);
    }
    *token = (struct token){reader->word, length, false};
    return true;
}
