// The arrays of weights in the reference's model files: hidden activations, then each matrix row by
// row, in text under a heading and one number a line, in binary as little-endian 32-bit floats
// without anything between.
#include "model/mikolov_weights.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/room.h"

// The reference keeps a hidden unit's V input weights and H recurrent weights together. We keep a
// word's weights together, so this many units at a time are read or written, to touch each cache
// line of ours once.
enum { UNITS = MEMORY_ROW, PIECE = FILE_BUFFER / 4 }; // PIECE: numbers at a time

bool mikolov_weights_fit(const struct input *input, const struct network_shape *shape, bool binary,
                         struct error *error)
{
    uint64_t left = input_bytes_left(input);
    if (left == UINT64_MAX)
        return true;
    double hidden = (double)shape->layer[0].units;
    double compression = shape->layers > 1 ? (double)shape->layer[1].units : 0;
    double below = compression > 0 ? compression : hidden;
    double floats = hidden * (1 + (double)shape->words + hidden) + compression * hidden +
                    ((double)shape->words + (double)shape->classes) * below + (double)shape->maxent;
    if (binary && floats * 4 != (double)left)
        return error_set(error,
                         "%" PRIu64 " bytes of weights found after the vocabulary, %.0f wanted",
                         left, floats * 4);
    if (!binary && floats * 2 > (double)left + 1)
        return error_set(
            error, "%" PRIu64 " bytes of weights found after the vocabulary, at least %.0f wanted",
            left, floats * 2);
    return true;
}

// ---- reading ----------------------------------------------------------------------------------

struct source {
    struct input *input;
    bool binary;
    const char *what; // the array being read
    struct error *error;
};

static bool is_big_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 0;
}

static void swap_bytes(float *data, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &data[i], sizeof bits);
        bits = __builtin_bswap32(bits);
        memcpy(&data[i], &bits, sizeof bits);
    }
}

static bool read_number(struct source *source, float *number)
{
    size_t length, blanks;
    uint64_t begin;
    char *line;
    do {
        begin = input_offset(source->input);
        line = input_line(source->input, &length);
        if (line == NULL)
            return input_ok(source->input, source->error) &&
                   error_set(source->error, "%s: file ends, more %s wanted",
                             input_name(source->input), source->what);
        blanks = strspn(line, " \t\r");
    } while (blanks == length);
    size_t digits = strcspn(line + blanks, " \t\r");
    double value;
    if (!number_parse(line + blanks, digits, &value) ||
        blanks + digits + strspn(line + blanks + digits, " \t\r") != length ||
        !isfinite((float)value))
        return error_set(
            source->error, "%s: line %" PRIu64 ": found \"%.60s\" among %s, wanted a finite number",
            input_name(source->input), input_line_number(source->input), line, source->what);
    // A number without a newline has perhaps lost its last digits.
    if (input_offset(source->input) - begin != length + 1)
        return error_set(source->error,
                         "%s: line %" PRIu64 ": file ends in \"%.60s\" among %s, wanted a newline",
                         input_name(source->input), input_line_number(source->input), line,
                         source->what);
    *number = (float)value;
    return true;
}

static bool read_floats(struct source *source, float *data, size_t count)
{
    if (!source->binary) {
        for (size_t i = 0; i < count; i++)
            if (!read_number(source, &data[i]))
                return false;
        return true;
    }
    if (!input_read(source->input, data, count * sizeof *data, source->error))
        return error_prefix(source->error, "%s: ", source->what);
    if (is_big_endian())
        swap_bytes(data, count);
    return true;
}

// In text each array has a heading, a line with a colon, and perhaps blank lines before it.
static bool begin_array(struct source *source, const char *what)
{
    source->what = what;
    size_t length;
    char *line = "";
    while (!source->binary && strchr(line, ':') == NULL) {
        line = input_line(source->input, &length);
        if (line == NULL)
            return input_ok(source->input, source->error) &&
                   error_set(source->error, "%s: file ends, the heading of the %s wanted",
                             input_name(source->input), what);
        if (line[strspn(line, " \t\r")] != '\0' && strchr(line, ':') == NULL)
            return error_set(source->error,
                             "%s: line %" PRIu64 ": found \"%.60s\", wanted the heading of the %s",
                             input_name(source->input), input_line_number(source->input), line,
                             what);
    }
    return true;
}

// `count` numbers to place `at` of a room, which grows as they arrive.
static bool read_into(struct source *source, struct room *room, size_t at, size_t count)
{
    for (size_t done = 0, piece; done < count; done += piece) {
        piece = count - done < PIECE ? count - done : PIECE;
        if (!room_reserve(room, source->input, (at + done + piece) * sizeof(float),
                          source->error) ||
            !read_floats(source, (float *)room->data + at + done, piece))
            return false;
    }
    return true;
}

static struct room room_for(const struct parameter *parameter)
{
    return (struct room){.total = parameter_bytes(parameter)};
}

// What has been read becomes the parameter's.
static void keep(struct parameter *parameter, struct room *room)
{
    parameter->data = room->data;
    parameter->borrowed = false;
}

static bool read_rows(struct source *source, struct parameter *rows)
{
    struct room room = room_for(rows);
    bool ok = true;
    for (size_t i = 0; i < rows->rows && ok; i++)
        ok = read_into(source, &room, i * rows->stride, rows->width);
    keep(rows, &room);
    return ok;
}

// Puts units first..first+count-1, each with its weights of all words, into the rows of the words.
static void put_units(float *rows, size_t stride, const float *units, size_t words, size_t first,
                      size_t count)
{
    for (size_t at = 0; at < count; at += UNITS) {
        size_t block = count - at < UNITS ? count - at : UNITS;
        for (size_t word = 0; word < words; word++)
            for (size_t i = at; i < at + block; i++)
                rows[word * stride + first + i] = units[i * words + word];
    }
}

// Where the length of the file is known, UNITS at a time; otherwise all units are there before
// memory is taken for the words' rows, which would be all of it at once.
static bool read_hidden_weights(struct source *source, const struct network *network)
{
    struct parameter *input = network->layer[0].map[0], *recurrent = network->layer[0].map[1];
    size_t words = input->rows, hidden = input->width, most = hidden;
    if (input_bytes_left(source->input) != UINT64_MAX && hidden > UNITS)
        most = UNITS;
    struct room units = {.total = most * words * sizeof(float)};
    struct room rows = room_for(input), square = room_for(recurrent);
    bool ok = true;
    for (size_t first = 0; first < hidden && ok; first += most) {
        size_t count = hidden - first < most ? hidden - first : most;
        for (size_t i = 0; i < count && ok; i++)
            ok = read_into(source, &units, i * words, words) &&
                 read_into(source, &square, (first + i) * recurrent->stride, hidden);
        ok = ok && room_reserve(&rows, source->input, rows.total, source->error);
        if (ok)
            put_units(rows.data, input->stride, units.data, words, first, count);
    }
    free(units.data);
    keep(input, &rows);
    keep(recurrent, &square);
    return ok;
}

static bool read_arrays(struct source *source, struct model *model)
{
    const struct network *network = &model->network;
    struct parameter *hash = network_output_parameter(network, "hash");
    if (!begin_array(source, "hidden layer activation") ||
        !read_floats(source, model->state, network->layer[0].units) ||
        !begin_array(source, "input and recurrent weights") ||
        !read_hidden_weights(source, network))
        return false;
    if (network->shape.layers > 1 && (!begin_array(source, "compression weights") ||
                                      !read_rows(source, network->layer[1].map[0])))
        return false;
    if (!begin_array(source, "output weights") ||
        !read_rows(source, network_output_parameter(network, "words")) ||
        !read_rows(source, network_output_parameter(network, "classes")))
        return false;
    return hash == NULL || (begin_array(source, "direct connections") && read_rows(source, hash));
}

// Behind the weights nothing may stand but, in text, blank lines and the heading of direct
// connections that are none. Reading to the end also lets a compressed file's checksum be compared.
static bool read_end(struct source *source, bool heading_possible)
{
    struct input *input = source->input;
    size_t length;
    char *line;
    if (source->binary)
        return (input_peek(input) < 0 ||
                error_set(source->error, "%s: byte %" PRIu64 ": found more, wanted the file's end",
                          input_name(input), input_offset(input))) &&
               input_ok(input, source->error);
    while ((line = input_line(input, &length)) != NULL) {
        if (strspn(line, " \t\r") == length)
            continue;
        if (!heading_possible || strchr(line, ':') == NULL)
            return error_set(source->error,
                             "%s: line %" PRIu64 ": found \"%.60s\", wanted the file's end",
                             input_name(input), input_line_number(input), line);
        heading_possible = false;
    }
    return input_ok(input, source->error);
}

bool mikolov_read_weights(struct model *model, struct input *input, bool binary,
                          struct error *error)
{
    struct source source = {input, binary, "", error};
    return read_arrays(&source, model) && read_end(&source, model->network.shape.maxent == 0);
}

// ---- writing ----------------------------------------------------------------------------------

static void write_floats(struct output *output, enum model_format format, const float *data,
                         size_t count)
{
    char text[NUMBER_SIZE + 1];
    if (format == MODEL_BINARY && !is_big_endian()) {
        output_write(output, data, count * sizeof *data);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (format == MODEL_BINARY) {
            float swapped = data[i];
            swap_bytes(&swapped, 1);
            output_write(output, &swapped, sizeof swapped);
        } else {
            size_t length = number_format(text, data[i]);
            text[length] = '\n';
            output_write(output, text, length + 1);
        }
    }
}

static void write_heading(struct output *output, enum model_format format, const char *heading)
{
    if (format == MODEL_TEXT)
        output_text(output, heading);
}

static void write_rows(struct output *output, enum model_format format,
                       const struct parameter *rows)
{
    for (size_t i = 0; i < rows->rows; i++)
        write_floats(output, format, parameter_row(rows, i), rows->width);
}

// Without memory for a block of units, one unit at a time is gathered from the columns: slower, but
// it cannot fail.
static void write_hidden_weights(struct output *output, enum model_format format,
                                 const struct network *network)
{
    const struct parameter *input = network->layer[0].map[0], *recurrent = network->layer[0].map[1];
    size_t words = input->rows, hidden = input->width;
    float *units = memory_new(UNITS * words, sizeof *units, NULL);
    for (size_t first = 0; first < hidden; first += UNITS) {
        size_t count = hidden - first < UNITS ? hidden - first : UNITS;
        for (size_t word = 0; word < words && units != NULL; word++)
            for (size_t i = 0; i < count; i++)
                units[i * words + word] = parameter_row(input, word)[first + i];
        for (size_t i = 0; i < count; i++) {
            if (units != NULL)
                write_floats(output, format, units + i * words, words);
            for (size_t word = 0; word < words && units == NULL; word++)
                write_floats(output, format, &parameter_row(input, word)[first + i], 1);
            write_floats(output, format, parameter_row(recurrent, first + i), hidden);
        }
    }
    free(units);
}

void mikolov_write_weights(const struct model *model, struct output *output)
{
    const struct network *network = &model->network;
    const struct parameter *hash = network_output_parameter(network, "hash");
    enum model_format format = model->format;
    bool compressed = network->shape.layers > 1;
    write_heading(output, format, "\nHidden layer activation:\n");
    write_floats(output, format, model->state, network->layer[0].units);
    write_heading(output, format, "\nWeights 0->1:\n");
    write_hidden_weights(output, format, network);
    if (compressed) {
        write_heading(output, format, "\n\nWeights 1->c:\n");
        write_rows(output, format, network->layer[1].map[0]);
    }
    write_heading(output, format, compressed ? "\n\nWeights c->2:\n" : "\n\nWeights 1->2:\n");
    write_rows(output, format, network_output_parameter(network, "words"));
    write_rows(output, format, network_output_parameter(network, "classes"));
    write_heading(output, format, "\nDirect connections:\n");
    if (hash != NULL)
        write_floats(output, format, hash->data, hash->width);
}
