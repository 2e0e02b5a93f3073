// Reading and writing of files.
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/content.h"
#include "base/memory.h"

static const uint64_t UNKNOWN_SIZE = UINT64_MAX;

enum { INPUT_BUFFER = 1 << 18, OUTPUT_BUFFER = 1 << 18 };

// ---- reading ----------------------------------------------------------------------------------

struct input {
    gzFile file; // zlib reads plain files through the same call
    char *name;
    char *buffer; // bytes begin..end are read but not taken
    size_t begin, end;
    char *line; // a line that does not lie whole in the buffer is put together here
    size_t line_capacity;
    uint64_t line_number, offset, stored_size;
    bool text, begun, at_line_start;
    bool failed, refused; // refused: for what the content is
    struct error failure;
};

static bool input_attach(struct input *input, const char *path, struct error *error)
{
    bool standard = strcmp(path, "-") == 0;
    int descriptor = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (descriptor < 0)
        return error_set(error, "cannot open %s: %s", input->name, strerror(errno));
    if (fstat(descriptor, &status) == 0) {
        if (S_ISDIR(status.st_mode)) {
            close(descriptor);
            return error_set(error, "cannot open %s: it is a directory, a file is wanted",
                             input->name);
        }
        if (S_ISREG(status.st_mode))
            input->stored_size = (uint64_t)status.st_size;
    }
    input->file = gzdopen(descriptor, "rb");
    if (input->file == NULL) {
        close(descriptor);
        return error_set(error, "cannot open %s: not enough memory", input->name);
    }
    gzbuffer(input->file, INPUT_BUFFER / 2);
    return true;
}

static void note_failure(struct input *input, int zlib_code, const char *zlib_text)
{
    const char *reason = zlib_code == Z_ERRNO       ? strerror(errno)
                         : zlib_code == Z_BUF_ERROR ? "compressed data is cut short"
                                                    : zlib_text;
    input->failed = true;
    error_set(&input->failure, "%s: cannot read on after byte %llu: %s", input->name,
              (unsigned long long)(input->offset + (input->end - input->begin)), reason);
}

// Behind `end`; false at the end of the file and after a failure.
static bool read_on(struct input *input)
{
    if (input->failed || input->end == INPUT_BUFFER)
        return false;
    int got =
        gzread(input->file, input->buffer + input->end, (unsigned)(INPUT_BUFFER - input->end));
    int code = Z_OK;
    const char *text = gzerror(input->file, &code);
    if (got > 0)
        input->end += (size_t)got;
    else if (code != Z_OK && code != Z_STREAM_END)
        note_failure(input, code, text);
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
    input->begin = input->end = 0;
    if (input->begun ? read_on(input) : begin(input))
        if ((!input->text || verify_text(input)) && input->begin < input->end)
            return true;
    input->begin = input->end = 0;
    return false;
}

// What a file is, is known when it is opened, so that no work begins on another; a pipe may have
// nothing to say yet.
static bool is_ours(struct input *input, struct error *error)
{
    if (input->stored_size != UNKNOWN_SIZE)
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
    input->stored_size = UNKNOWN_SIZE;
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

void input_close(struct input *input)
{
    if (input == NULL)
        return;
    if (input->file != NULL)
        gzclose(input->file);
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
    if (input->stored_size == UNKNOWN_SIZE || input->offset > input->stored_size ||
        !gzdirect(input->file))
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

// ---- writing ----------------------------------------------------------------------------------

struct output {
    int descriptor;
    gzFile gz;       // NULL for a plain file
    char *name;      // for messages
    char *target;    // path to rename to; NULL when written directly
    char *temporary; // path written to
    char *buffer;
    size_t used;
    bool failed;
    struct error failure;
};

static void write_failed(struct output *output, const char *reason)
{
    if (!output->failed)
        error_set(&output->failure, "%s: cannot write: %s", output->name, reason);
    output->failed = true;
}

// The file that a symbolic link points to is replaced, not the link.
static char *resolve(const char *path, struct error *error)
{
    char *resolved = realpath(path, NULL);
    if (resolved != NULL)
        return resolved;
    return memory_text(path, strlen(path), error);
}

// A new file beside the target. Whatever has its name already is not ours to write into.
static int open_temporary(char *name, size_t size, const char *target)
{
    static atomic_uint serial;
    int descriptor = -1;
    for (int tries = 0; tries < 100 && descriptor < 0; tries++) {
        snprintf(name, size, "%s.tmp-%ld-%u", target, (long)getpid(), atomic_fetch_add(&serial, 1));
        descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno != EEXIST)
            break;
    }
    return descriptor;
}

static bool open_beside(struct output *output, const char *path, const struct stat *old,
                        struct error *error)
{
    output->target = resolve(path, error);
    if (output->target == NULL)
        return false;
    size_t size = strlen(output->target) + 48;
    output->temporary = memory_new(size, 1, error);
    if (output->temporary == NULL)
        return false;
    output->descriptor = open_temporary(output->temporary, size, output->target);
    if (output->descriptor < 0) {
        free(output->temporary); // not ours to remove
        output->temporary = NULL;
        return error_set(error, "cannot write %s: %s", path, strerror(errno));
    }
    if (old != NULL && fchmod(output->descriptor, old->st_mode & 07777) != 0)
        return error_set(error, "cannot write %s: %s", path, strerror(errno));
    return true;
}

static bool output_attach(struct output *output, const char *path, struct error *error)
{
    struct stat status;
    if (strcmp(path, "-") == 0) {
        output->descriptor = dup(STDOUT_FILENO);
    } else if (path[0] == '\0') {
        return error_set(error, "cannot write a file without a name");
    } else {
        bool exists = stat(path, &status) == 0;
        if (!exists || S_ISREG(status.st_mode))
            return open_beside(output, path, exists ? &status : NULL, error);
        output->descriptor = open(path, O_WRONLY | O_CLOEXEC);
    }
    return output->descriptor >= 0 ||
           error_set(error, "cannot write %s: %s", output->name, strerror(errno));
}

static bool output_compress(struct output *output, const char *path, struct error *error)
{
    size_t length = strlen(path);
    if (length < 3 || strcmp(path + length - 3, ".gz") != 0)
        return true;
    // zlib closes its descriptor; ours stays for fsync.
    int copy = dup(output->descriptor);
    output->gz = copy >= 0 ? gzdopen(copy, "wb") : NULL;
    if (output->gz != NULL)
        return true;
    if (copy >= 0)
        close(copy);
    return error_set(error, "cannot write %s: not enough memory", output->name);
}

static void output_free(struct output *output)
{
    if (output->gz != NULL)
        gzclose(output->gz);
    if (output->descriptor >= 0)
        close(output->descriptor);
    if (output->temporary != NULL)
        unlink(output->temporary);
    free(output->name);
    free(output->target);
    free(output->temporary);
    free(output->buffer);
    free(output);
}

struct output *output_open(const char *path, struct error *error)
{
    struct output *output = memory_new(1, sizeof *output, error);
    if (output == NULL)
        return NULL;
    const char *name = strcmp(path, "-") == 0 ? "standard output" : path;
    output->descriptor = -1;
    output->name = memory_text(name, strlen(name), error);
    if (output->name != NULL)
        output->buffer = memory_new(OUTPUT_BUFFER, 1, error);
    if (output->buffer == NULL || !output_attach(output, path, error) ||
        !output_compress(output, path, error)) {
        output_free(output);
        return NULL;
    }
    return output;
}

static void write_plain(struct output *output, const char *data, size_t size)
{
    while (size > 0 && !output->failed) {
        ssize_t written = write(output->descriptor, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            write_failed(output, written < 0 ? strerror(errno) : "nothing was written");
            return;
        }
        data += written;
        size -= (size_t)written;
    }
}

static void write_compressed(struct output *output, const char *data, size_t size)
{
    while (size > 0 && !output->failed) {
        unsigned part = size > 1 << 24 ? 1 << 24 : (unsigned)size;
        if (gzwrite(output->gz, data, part) != (int)part) {
            int code;
            const char *text = gzerror(output->gz, &code);
            write_failed(output, code == Z_ERRNO ? strerror(errno) : text);
            return;
        }
        data += part;
        size -= part;
    }
}

void output_flush(struct output *output)
{
    if (output->gz != NULL)
        write_compressed(output, output->buffer, output->used);
    else
        write_plain(output, output->buffer, output->used);
    output->used = 0;
}

void output_write(struct output *output, const void *data, size_t size)
{
    if (output->failed)
        return;
    if (size > OUTPUT_BUFFER - output->used)
        output_flush(output);
    if (size <= OUTPUT_BUFFER) {
        memcpy(output->buffer + output->used, data, size);
        output->used += size;
    } else if (output->gz != NULL) {
        write_compressed(output, data, size);
    } else {
        write_plain(output, data, size);
    }
}

void output_text(struct output *output, const char *text)
{
    output_write(output, text, strlen(text));
}

void output_format(struct output *output, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof text) {
        output_write(output, text, (size_t)length);
        return;
    }
    struct error error;
    char *longer = length >= 0 ? memory_new((size_t)length + 1, 1, &error) : NULL;
    if (longer == NULL) {
        write_failed(output, "not enough memory");
        return;
    }
    va_start(arguments, format);
    vsnprintf(longer, (size_t)length + 1, format, arguments);
    va_end(arguments);
    output_write(output, longer, (size_t)length);
    free(longer);
}

// The new name must be on disk too, which is the directory's fsync; file systems that refuse it
// have no need of it.
static void sync_directory(const char *path)
{
    char *copy = memory_text(path, strlen(path), NULL);
    if (copy == NULL)
        return;
    char *slash = strrchr(copy, '/');
    const char *directory = slash == NULL ? "." : slash == copy ? "/" : copy;
    if (slash != NULL && slash != copy)
        *slash = '\0';
    int descriptor = open(directory, O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
    free(copy);
}

bool output_commit(struct output *output, struct error *error)
{
    output_flush(output);
    if (output->gz != NULL && gzclose(output->gz) != Z_OK)
        write_failed(output, strerror(errno));
    output->gz = NULL;
    if (!output->failed && output->temporary != NULL) {
        if (fsync(output->descriptor) != 0 || rename(output->temporary, output->target) != 0) {
            write_failed(output, strerror(errno));
        } else {
            free(output->temporary);
            output->temporary = NULL;
            sync_directory(output->target);
        }
    }
    bool ok = !output->failed;
    if (!ok && error != NULL)
        *error = output->failure;
    output_free(output);
    return ok;
}

void output_discard(struct output *output)
{
    if (output != NULL)
        output_free(output);
}
