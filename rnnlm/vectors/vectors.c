// Files of vectors.
#include "vectors/vectors.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

// ---- writing ----------------------------------------------------------------------------------

static const char *const format_name[] = {
    [VECTORS_WORD2VEC] = "word2vec", [VECTORS_TEXT] = "text", [VECTORS_BINARY] = "binary"};

bool vectors_format_named(const char *name, enum vectors_format *format, struct error *error)
{
    for (size_t i = 0; i < sizeof format_name / sizeof *format_name; i++)
        if (strcmp(name, format_name[i]) == 0) {
            *format = (enum vectors_format)i;
            return true;
        }
    return error_usage(error, "format of vectors: found \"%.60s\", wanted word2vec, text or binary",
                       name);
}

static uint32_t little_endian(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bits = __builtin_bswap32(bits);
#endif
    return bits;
}

static void write_row(const struct vectors *vectors, const float *row, bool binary,
                      struct output *output)
{
    for (size_t j = 0; j < vectors->width; j++) {
        char text[NUMBER_SIZE];
        uint32_t bits = little_endian(row[j]);
        if (binary) {
            output_write(output, &bits, sizeof bits);
            continue;
        }
        output_text(output, j > 0 ? " " : "");
        number_format(text, row[j]);
        output_text(output, text);
    }
    output_text(output, "\n");
}

void vectors_write(const struct vectors *vectors, enum vectors_format format, struct output *output)
{
    if (format != VECTORS_TEXT)
        output_format(output, "%zu %zu\n", vectors->words->size, vectors->width);
    for (size_t i = 0; i < vectors->words->size; i++) {
        output_text(output, vocabulary_word(vectors->words, (int32_t)i));
        output_text(output, " ");
        write_row(vectors, vectors->row + i * vectors->stride, format == VECTORS_BINARY, output);
    }
}

// ---- reading ----------------------------------------------------------------------------------

enum { MOST_WIDTH = 1 << 20 };

struct vectors_reader {
    struct input *input;
    float *row; // [capacity]
    size_t capacity, width;
    uint64_t words; // that have come
    bool (*take)(void *context, const char *word, size_t length, const float *row, size_t width,
                 struct error *error);
    void *context;
};

// The next run of anything but blanks; NULL at the end.
static const char *next_field(const char **at, size_t *length)
{
    const char *begin = *at + strspn(*at, " \t\r");
    *length = strcspn(begin, " \t\r");
    *at = begin + *length;
    return *length > 0 ? begin : NULL;
}

// "WORDS WIDTH"
static bool parse_head(const char *line, uint64_t *words, size_t *width)
{
    double number[2];
    size_t length;
    for (size_t i = 0; i < 2; i++) {
        const char *field = next_field(&line, &length);
        if (field == NULL || length >= 16 || strspn(field, "0123456789") < length ||
            !number_parse(field, length, &number[i]))
            return false;
    }
    *words = (uint64_t)number[0];
    *width = (size_t)number[1];
    return next_field(&line, &length) == NULL && *width > 0 && *width <= MOST_WIDTH;
}

static bool take_line(struct vectors_reader *reader, const char *line, struct error *error)
{
    size_t word_length, length, count = 0;
    const char *word = next_field(&line, &word_length), *field;
    if (word == NULL)
        return error_set(error, "found an empty line, wanted a word and its numbers");
    while ((field = next_field(&line, &length)) != NULL) {
        double value;
        if (!number_parse(field, length, &value) || !(fabs(value) <= (double)FLT_MAX))
            return error_set(error, "found \"%.*s\", wanted a number",
                             (int)(length < 40 ? length : 40), field);
        if (count == MOST_WIDTH)
            return error_set(error, "found more than %d numbers", MOST_WIDTH);
        if (!memory_grow(&reader->row, &reader->capacity, count + 1, sizeof *reader->row, error))
            return false;
        reader->row[count++] = (float)value;
    }
    if (reader->width == 0)
        reader->width = count;
    if (count != reader->width || count == 0)
        return error_set(error, "found %zu numbers behind the word, wanted %zu", count,
                         reader->width > 0 ? reader->width : 1);
    reader->words++;
    return reader->take(reader->context, word, word_length, reader->row, count, error);
}

static bool read_lines(struct vectors_reader *reader, const char *first, struct error *error)
{
    const char *line = first;
    if (line == NULL)
        line = input_line(reader->input, NULL);
    for (; line != NULL; line = input_line(reader->input, NULL))
        if (!take_line(reader, line, error))
            return error_prefix(error, "%s: line %" PRIu64 ": ", input_name(reader->input),
                                input_line_number(reader->input));
    return input_ok(reader->input, error);
}

// Letters up to a blank, behind newlines.
static bool read_word(struct input *input, char *word, size_t most, size_t *length)
{
    int byte;
    *length = 0;
    while ((byte = input_byte(input)) == '\n')
        ;
    for (; byte >= 0 && byte != ' ' && *length < most; byte = input_byte(input))
        word[(*length)++] = (char)byte;
    return byte == ' ' && *length > 0;
}

static bool read_binary(struct vectors_reader *reader, uint64_t words, struct error *error)
{
    enum { MOST_WORD = 1 << 12 };
    char word[MOST_WORD];
    size_t length;
    if (!memory_grow(&reader->row, &reader->capacity, reader->width, sizeof *reader->row, error))
        return false;
    for (uint64_t i = 0; i < words; i++) {
        if (!read_word(reader->input, word, MOST_WORD, &length))
            return input_ok(reader->input, error) &&
                   error_set(error,
                             "%s: byte %" PRIu64 ": found no word, wanted number %" PRIu64
                             " of %" PRIu64,
                             input_name(reader->input), input_offset(reader->input), i + 1, words);
        if (!input_read(reader->input, (char *)reader->row, reader->width * sizeof(float), error))
            return false;
        for (size_t j = 0; j < reader->width; j++) {
            uint32_t bits = little_endian(reader->row[j]);
            memcpy(&reader->row[j], &bits, sizeof bits);
            if (!isfinite(reader->row[j]))
                return error_set(error, "%s: byte %" PRIu64 ": found no finite number",
                                 input_name(reader->input), input_offset(reader->input));
        }
        if (!reader->take(reader->context, word, length, reader->row, reader->width, error))
            return error_prefix(error, "%s: word %" PRIu64 ": ", input_name(reader->input), i + 1);
    }
    return true;
}

// Whether what follows the head are lines of text: the first one has as many numbers as the head says, as
// far as it can be seen.
static bool is_text(struct vectors_reader *reader)
{
    size_t size, length, count = 0;
    const char *ahead = input_ahead(reader->input, INPUT_AHEAD, &size);
    const char *end = memchr(ahead, '\n', size);
    char *line = memory_text(ahead, end != NULL ? (size_t)(end - ahead) : size, NULL);
    const char *at = line, *field = line != NULL ? next_field(&at, &length) : NULL;
    bool text =
        field != NULL && strlen(line) == (size_t)(end != NULL ? (size_t)(end - ahead) : size);
    while (text && (field = next_field(&at, &length)) != NULL) {
        double value;
        bool cut = end == NULL && *at == '\0';
        text = number_parse(field, length, &value) || cut;
        count++;
    }
    free(line);
    return text && (count == reader->width || end == NULL);
}

static bool read_all(struct vectors_reader *reader, struct error *error)
{
    uint64_t words;
    const char *first = input_line(reader->input, NULL);
    if (first == NULL)
        return input_ok(reader->input, error) &&
               error_set(error, "%s: the file is empty", input_name(reader->input));
    if (!parse_head(first, &words, &reader->width)) {
        reader->width = 0;
        return read_lines(reader, first, error);
    }
    if (!is_text(reader))
        return read_binary(reader, words, error);
    return read_lines(reader, NULL, error) &&
           (reader->words == words ||
            error_set(error,
                      "%s: found %" PRIu64 " words, wanted %" PRIu64 ", as its first line says",
                      input_name(reader->input), reader->words, words));
}

bool vectors_read(const char *path, size_t *width,
                  bool (*take)(void *context, const char *word, size_t length, const float *row,
                               size_t width, struct error *error),
                  void *context, struct error *error)
{
    struct vectors_reader reader = {
        .input = input_open(path, error), .take = take, .context = context};
    if (reader.input == NULL)
        return false;
    bool ok = read_all(&reader, error);
    *width = reader.width;
    input_close(reader.input);
    free(reader.row);
    return ok;
}

// ---- tables -----------------------------------------------------------------------------------

struct table_reading {
    struct vector_table *table;
    bool end; // </s>, which a vocabulary has from the beginning, has come
};

static bool make_row(struct vector_table *table, int32_t id, const float *row, struct error *error)
{
    size_t stride = table->stride;
    if (!memory_grow(&table->row, &table->capacity, ((size_t)id + 1) * stride, sizeof *table->row,
                     error))
        return false;
    float *own = table->row + (size_t)id * stride;
    memset(own, 0, stride * sizeof *own);
    if (row != NULL)
        memcpy(own, row, table->width * sizeof *own);
    return true;
}

static bool take_row(void *context, const char *word, size_t length, const float *row, size_t width,
                     struct error *error)
{
    struct table_reading *reading = context;
    struct vector_table *table = reading->table;
    size_t before = table->words.size;
    if (table->width == 0) {
        table->width = width;
        table->stride = memory_row(width);
        if (!make_row(table, WORD_END, NULL, error))
            return false;
    }
    if (memchr(word, '\0', length) != NULL || memchr(word, '\n', length) != NULL)
        return error_set(error, "found a word with a zero byte or a line's end in it");
    int32_t id = vocabulary_add(&table->words, word, length, error);
    if (id < 0)
        return false;
    if (table->words.size == before && (id != WORD_END || reading->end))
        return error_set(error, "found \"%.*s\" for the second time",
                         (int)(length < 60 ? length : 60), word);
    reading->end = reading->end || id == WORD_END;
    return make_row(table, id, row, error);
}

bool vector_table_read(struct vector_table *table, const char *path, struct error *error)
{
    size_t width;
    struct table_reading reading = {.table = table};
    memset(table, 0, sizeof *table);
    return vocabulary_init(&table->words, error) &&
           vectors_read(path, &width, take_row, &reading, error) &&
           (table->width > 0 || error_set(error, "%s: found no words", path));
}

void vector_table_free(struct vector_table *table)
{
    vocabulary_free(&table->words);
    free(table->row);
    memset(table, 0, sizeof *table);
}
