// Reading of files.
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/content.h"
#include "base/descriptor.h"
#include "base/gzip.h"
#include "base/identity.h"
#include "base/memory.h"

enum { INPUT_BUFFER = GZIP_BEGUN };

struct input {
    int descriptor;
    bool looked;       // at the first bytes, which tell compressed data from others
    struct gzip *gzip; // NULL for others
    char *name;
    char *buffer; // bytes begin..end are read but not taken
    size_t begin, end;
    char *line; // a line that does not lie whole in the buffer is put together here
    size_t line_capacity;
    uint64_t line_number, offset, stored_size; // size: UINT64_MAX if it is not known
    bool text, begun, at_line_start;
    bool ended, failed, refused; // refused: for what the content is
    struct error failure;
};

static void note_failure(struct input *input, const char *reason)
{
    input->failed = true;
    error_set(&input->failure, "%s: cannot read on after byte %llu: %s", input->name,
              (unsigned long long)(input->offset + (input->end - input->begin)), reason);
}

// Into the empty buffer, enough to see whether it is compressed data that begins.
static void look(struct input *input)
{
    input->looked = true;
    while (input->end < 2 && !input->ended && !input->failed) {
        ssize_t got = descriptor_read(input->descriptor, input->buffer + input->end,
                                      INPUT_BUFFER - input->end);
        if (got > 0)
            input->end += (size_t)got;
        else if (got == 0)
            input->ended = true;
        else
            note_failure(input, strerror(errno));
    }
    if (!gzip_recognise(input->buffer, input->end))
        return;
    input->gzip = gzip_reader_new(input->buffer, input->end, &input->failure);
    input->end = 0;
    if (input->gzip == NULL)
        note_failure(input, "not enough memory");
}

// A regular file is looked at at once, so that it is known how many bytes will come. The first
// bytes of others may be long in coming.
static bool input_attach(struct input *input, const char *path, struct error *error)
{
    struct stat status;
    input->descriptor =
        strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : descriptor_open(path, O_RDONLY, 0);
    if (input->descriptor < 0)
        return error_set(error, "cannot open %s: %s", input->name, strerror(errno));
    int flags = fcntl(input->descriptor, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) == O_WRONLY)
        return error_set(error, "cannot open %s: it is closed, or open for writing alone",
                         input->name);
    if (fstat(input->descriptor, &status) != 0)
        return true;
    if (S_ISDIR(status.st_mode))
        return error_set(error, "cannot open %s: it is a directory, a file is wanted", input->name);
    if (S_ISREG(status.st_mode)) {
        if (identity_is_standard_output(&status))
            return error_set(error, "cannot open %s: standard output goes to it", input->name);
        if (!identity_note(&status, error))
            return false;
        off_t at = lseek(input->descriptor, 0, SEEK_CUR); // others may have read standard input
        input->stored_size = (uint64_t)(status.st_size > at ? status.st_size - at : 0);
        look(input);
    }
    return true;
}

// Behind `end`; false at the end of the file and after a failure.
static bool read_on(struct input *input)
{
    if (!input->looked) {
        look(input);
        if (input->end > 0)
            return true;
    }
    if (input->failed || input->ended || input->end == INPUT_BUFFER)
        return false;
    const char *wrong = NULL;
    char *to = input->buffer + input->end;
    size_t room = INPUT_BUFFER - input->end;
    ssize_t got = input->gzip != NULL ? gzip_read(input->gzip, input->descriptor, to, room, &wrong)
                                      : descriptor_read(input->descriptor, to, room);
    if (got < 0)
        note_failure(input, wrong != NULL ? wrong : strerror(errno));
    input->ended = got == 0;
    input->end += got > 0 ? (size_t)got : 0;
    return got > 0;
}

// The first bytes say what the file is. A pipe may hand them out one by one.
static bool begin(struct input *input)
{
    input->begun = true;
    while (input->end < CONTENT_SEEN && read_on(input))
        ;
    const char *message = content_refused(input->buffer, input->end);
    if (message != NULL) {
        input->failed = input->refused = true;
        return error_set(&input->failure, "%s: %s", input->name, message);
    }
    if (content_has_mark(input->buffer, input->end))
        input->begin = input->offset = 3;
    return true;
}

// Text has no zero bytes.
static bool verify_text(struct input *input)
{
    const char *at = input->buffer + input->begin, *end = input->buffer + input->end;
    const char *zero = memchr(at, '\0', (size_t)(end - at));
    if (zero == NULL)
        return true;
    uint64_t line = input->line_number + input->at_line_start;
    for (; at < zero; at++)
        line += *at == '\n';
    input->failed = input->refused = true;
    return error_set(&input->failure, "%s: line %llu: found a zero byte, wanted text", input->name,
                     (unsigned long long)line);
}

// Reads what comes next into the empty buffer; false at the end of the file and after a failure.
static bool fill(struct input *input)
{
    if (input->begun)
        input->begin = input->end = 0;
    if (input->begun ? read_on(input) : begin(input))
        if ((!input->text || verify_text(input)) && input->begin < input->end)
            return true;
    input->begin = input->end = 0;
    return false;
}

// The same behind what is there.
static bool read_more(struct input *input)
{
    if (input->begin == input->end)
        return fill(input);
    return read_on(input) && (!input->text || verify_text(input));
}

// What a file is, is known when it is opened, so that no work begins on another; a pipe may have
// nothing to say yet.
static bool is_ours(struct input *input, struct error *error)
{
    if (input->stored_size != UINT64_MAX)
        fill(input);
    return !input->refused || input_ok(input, error);
}

static struct input *open_as(const char *path, bool text, struct error *error)
{
    struct input *input = memory_new(1, sizeof *input, error);
    if (input == NULL)
        return NULL;
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    input->text = text;
    input->at_line_start = true;
    input->descriptor = -1;
    input->stored_size = UINT64_MAX;
    input->name = memory_text(name, strlen(name), error);
    if (input->name != NULL)
        input->buffer = memory_new(INPUT_BUFFER + 1, 1, error);
    if (input->buffer == NULL || !input_attach(input, path, error) || !is_ours(input, error)) {
        input_close(input);
        return NULL;
    }
    return input;
}

struct input *input_open(const char *path, struct error *error)
{
    return open_as(path, false, error);
}

struct input *input_open_text(const char *path, struct error *error)
{
    return open_as(path, true, error);
}

bool input_as_text(struct input *input, struct error *error)
{
    input->text = true;
    if (!verify_text(input))
        input->begin = input->end = 0;
    return !input->refused || input_ok(input, error);
}

bool input_is_file(const char *path)
{
    struct stat status;
    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

void input_close(struct input *input)
{
    if (input == NULL)
        return;
    if (input->descriptor >= 0)
        close(input->descriptor);
    gzip_free(input->gzip);
    free(input->name);
    free(input->buffer);
    free(input->line);
    free(input);
}

const char *input_name(const struct input *input)
{
    return input->name;
}

uint64_t input_line_number(const struct input *input)
{
    return input->line_number;
}

uint64_t input_offset(const struct input *input)
{
    return input->offset;
}

uint64_t input_bytes_left(const struct input *input)
{
    if (input->gzip != NULL || input->stored_size == UINT64_MAX ||
        input->offset > input->stored_size)
        return UINT64_MAX;
    return input->stored_size - input->offset;
}

bool input_ok(const struct input *input, struct error *error)
{
    if (input->failed && error != NULL)
        *error = input->failure;
    return !input->failed;
}

const char *input_block(struct input *input, size_t *size)
{
    if (input->begin == input->end)
        fill(input);
    *size = input->end - input->begin;
    return input->buffer + input->begin;
}

const char *input_ahead(struct input *input, size_t wanted, size_t *size)
{
    if (INPUT_BUFFER - input->begin < wanted) {
        memmove(input->buffer, input->buffer + input->begin, input->end - input->begin);
        input->end -= input->begin;
        input->begin = 0;
    }
    while (input->end - input->begin < wanted && read_more(input))
        ;
    return input_block(input, size);
}

// Counts the lines begun within the next `size` bytes, and takes them.
void input_skip(struct input *input, size_t size)
{
    const char *at = input->buffer + input->begin, *end = at + size;
    while (at < end) {
        if (input->at_line_start)
            input->line_number++;
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        input->at_line_start = newline != NULL;
        at = newline != NULL ? newline + 1 : end;
    }
    input->begin += size;
    input->offset += size;
}

int input_peek(struct input *input)
{
    size_t size;
    const char *at = input_block(input, &size);
    return size > 0 ? (unsigned char)*at : -1;
}

int input_byte(struct input *input)
{
    int byte = input_peek(input);
    if (byte >= 0)
        input_skip(input, 1);
    return byte;
}

bool input_read(struct input *input, void *data, size_t size, struct error *error)
{
    char *to = data;
    while (size > 0) {
        size_t there;
        const char *from = input_block(input, &there);
        if (there == 0) {
            return input_ok(input, error) &&
                   error_set(error, "%s: byte %llu: file ends, %zu more bytes wanted", input->name,
                             (unsigned long long)input->offset, size);
        }
        if (there > size)
            there = size;
        memcpy(to, from, there);
        input->begin += there;
        input->offset += there;
        to += there;
        size -= there;
    }
    return true;
}

// Appends the rest of the buffer, up to a newline, to the line that began earlier. True when the
// line is complete.
static bool gather(struct input *input, size_t *length)
{
    size_t size;
    const char *from = input_block(input, &size);
    const char *newline = memchr(from, '\n', size);
    size_t part = newline != NULL ? (size_t)(newline - from) : size;
    if (*length + part > INPUT_LONGEST) {
        input->failed = true;
        error_set(&input->failure, "%s: line %llu: found more than %d bytes, wanted a line's end",
                  input->name, (unsigned long long)input->line_number, INPUT_LONGEST);
        return true;
    }
    if (!memory_grow(&input->line, &input->line_capacity, *length + part + 1, 1, &input->failure)) {
        input->failed = true;
        return true;
    }
    memcpy(input->line + *length, from, part);
    *length += part;
    input->line[*length] = '\0';
    input_skip(input, part + (newline != NULL));
    return newline != NULL || size == 0;
}

char *input_line(struct input *input, size_t *length)
{
    size_t size, gathered = 0;
    char *from = input->buffer + (input_block(input, &size) - input->buffer);
    if (size == 0)
        return NULL;
    char *newline = memchr(from, '\n', size);
    if (newline != NULL) {
        if (length != NULL)
            *length = (size_t)(newline - from);
        input_skip(input, (size_t)(newline - from) + 1);
        *newline = '\0'; // taken already, so nobody reads it again
        return from;
    }
    while (!gather(input, &gathered))
        ;
    if (length != NULL)
        *length = gathered;
    return input->failed ? NULL : input->line;
}
