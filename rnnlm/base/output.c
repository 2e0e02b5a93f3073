// Writing of files.
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/descriptor.h"
#include "base/gzip.h"
#include "base/identity.h"
#include "base/memory.h"

enum { OUTPUT_BUFFER = FILE_BUFFER, MOST_LINKS = 40, SYNC_EACH = 1 << 23 };

struct output {
    int descriptor;
    struct gzip *gzip; // NULL for a plain file
    char *name;        // for messages
    char *target;      // path to rename to
    struct beside beside; // written to; none when written directly
    char *buffer;
    size_t used;
    uint64_t written, syncing; // bytes of a file: in it; on their way to the disk
    bool result; // output_create()
    bool failed;
    struct error failure;
};

static void write_failed(struct output *output, const char *reason)
{
    if (!output->failed)
        error_set(&output->failure, "%s: cannot write: %s", output->name, reason);
    output->failed = true;
}

// ---- where to ---------------------------------------------------------------------------------

// The path that a link holds, seen from the folder of the link.
static char *link_target(const char *path, const char *link, size_t length, struct error *error)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash != NULL && link[0] != '/' ? (size_t)(slash - path) + 1 : 0;
    char *target = memory_new(folder + length + 1, 1, error);
    if (target == NULL)
        return NULL;
    memcpy(target, path, folder);
    memcpy(target + folder, link, length);
    return target;
}

// The file that a symbolic link points to is replaced, or made, not the link.
static char *resolve(const char *path, struct error *error)
{
    char link[PATH_MAX];
    char *target = memory_text(path, strlen(path), error);
    for (int links = 0; target != NULL; links++) {
        ssize_t length = readlink(target, link, sizeof link);
        if (length < 0)
            return target;
        char *next = NULL;
        if (length == 0 || length == sizeof link || links == MOST_LINKS)
            error_set(error, "cannot write %s: %s", path, strerror(ELOOP));
        else
            next = link_target(target, link, (size_t)length, error);
        free(target);
        target = next;
    }
    return NULL;
}

// A file that may not be written to is not replaced either, although its folder would allow that.
static bool is_protected(const char *path, const struct stat *old)
{
    return (old->st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0 ||
           faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0;
}

bool output_may_replace(const char *path, struct error *error)
{
    struct stat status;
    if (strcmp(path, "-") == 0 || stat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
        !identity_noted(&status))
        return true;
    return error_set(
        error, "cannot write %s: that would replace a file that is read or written here", path);
}

static bool open_beside(struct output *output, const char *path, const struct stat *old,
                        struct error *error)
{
    if (old != NULL && is_protected(path, old))
        return error_set(error, "cannot write %s: the file is write-protected", path);
    output->target = resolve(path, error);
    if (output->target == NULL)
        return false;
    output->descriptor = beside_open(&output->beside, output->target, path, error);
    if (output->descriptor < 0)
        return false;
    if (old != NULL && fchmod(output->descriptor, old->st_mode & 07777) != 0)
        return error_set(error, "cannot write %s: %s", path, strerror(errno));
    return true;
}

static bool may_be_written(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

static bool output_attach(struct output *output, const char *path, struct error *error)
{
    struct stat status;
    bool exists = strcmp(path, "-") != 0 && stat(path, &status) == 0;
    // by another name it is the device of that name, or a file that would be lost if another took
    // its name
    bool standard = strcmp(path, "-") == 0 || (exists && identity_is_standard_output(&status));
    if (path[0] == '\0')
        return error_set(error, "cannot write a file without a name");
    if (!standard && (!exists || S_ISREG(status.st_mode)))
        return open_beside(output, path, exists ? &status : NULL, error);
    if (standard && !may_be_written(STDOUT_FILENO))
        return error_set(error, "cannot write %s: it is closed, or open for reading alone",
                         output->name);
    output->descriptor = standard ? dup(STDOUT_FILENO) : descriptor_open(path, O_WRONLY, 0);
    return output->descriptor >= 0 ||
           error_set(error, "cannot write %s: %s", output->name, strerror(errno));
}

static bool output_compress(struct output *output, const char *path, struct error *error)
{
    size_t length = strlen(path);
    if (length < 3 || strcmp(path + length - 3, ".gz") != 0)
        return true;
    output->gzip = gzip_writer_new(error);
    return output->gzip != NULL;
}

static void output_free(struct output *output)
{
    gzip_free(output->gzip);
    if (output->descriptor >= 0)
        close(output->descriptor);
    beside_remove(&output->beside);
    free(output->name);
    free(output->target);
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

struct output *output_create(const char *path, struct error *error)
{
    struct output *output = output_may_replace(path, error) ? output_open(path, error) : NULL;
    if (output != NULL)
        output->result = true;
    return output;
}

bool output_try(const char *path, struct error *error)
{
    struct stat status;
    if (strcmp(path, "-") == 0)
        return true;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        if (S_ISDIR(status.st_mode))
            return error_set(error, "cannot write %s: %s", path, strerror(EISDIR));
        return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ||
               error_set(error, "cannot write %s: %s", path, strerror(errno));
    }
    struct output *output = output_create(path, error);
    output_discard(output);
    return output != NULL;
}

bool output_try_folder(const char *path, struct error *error)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode))
        return error_set(error, "cannot write into %s: %s", path, strerror(ENOTDIR));
    return faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0 ||
           error_set(error, "cannot write into the folder %s: %s", path, strerror(errno));
}

void output_remove_unfinished(void)
{
    beside_remove_all();
}

// A large file is on its way to the disk while it is being written, so that nothing waits for all of it
// at the end.
static void begin_sync(struct output *output, size_t more)
{
    output->written += more;
    if (output->beside.path == NULL || output->written - output->syncing < SYNC_EACH)
        return;
    descriptor_begin_sync(output->descriptor, output->syncing, output->written - output->syncing);
    output->syncing = output->written;
}

// `last`: the bytes with which the output ends.
static void put(struct output *output, const char *data, size_t size, bool last)
{
    const char *wrong = NULL;
    if (output->failed)
        return;
    bool ok = output->gzip != NULL
                  ? gzip_write(output->gzip, output->descriptor, data, size, last, &wrong)
                  : descriptor_write(output->descriptor, data, size);
    if (!ok)
        write_failed(output, wrong != NULL ? wrong : strerror(errno));
    else if (output->gzip == NULL)
        begin_sync(output, size);
}

void output_flush(struct output *output)
{
    put(output, output->buffer, output->used, false);
    output->used = 0;
}

void output_write(struct output *output, const void *data, size_t size)
{
    if (output->failed)
        return;
    if (size > OUTPUT_BUFFER - output->used)
        output_flush(output);
    if (size <= OUTPUT_BUFFER / 2) {
        memcpy(output->buffer + output->used, data, size);
        output->used += size;
    } else { // not worth a copy
        output_flush(output);
        put(output, data, size, false);
    }
}

bool output_is_compressed(const struct output *output)
{
    return output->gzip != NULL;
}

void output_write_packed(struct output *output, const void *packed, size_t size)
{
    const char *wrong = NULL;
    output_flush(output);
    if (!output->failed && (!gzip_end_member(output->gzip, output->descriptor, &wrong) ||
                            !descriptor_write(output->descriptor, packed, size)))
        write_failed(output, wrong != NULL ? wrong : strerror(errno));
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
    int descriptor = descriptor_open(directory, O_RDONLY, 0);
    if (descriptor >= 0) {
        descriptor_sync(descriptor);
        close(descriptor);
    }
    free(copy);
}

// The old file is replaced by the one beside it.
static bool replace(struct output *output)
{
    struct stat status;
    if (output->result && !output_may_replace(output->target, &output->failure))
        return false;
    if (descriptor_sync(output->descriptor) != 0 || fstat(output->descriptor, &status) != 0) {
        write_failed(output, strerror(errno));
        return false;
    }
    if (output->result && !identity_note(&status, &output->failure))
        return false;
    if (rename(output->beside.path, output->target) != 0) {
        write_failed(output, strerror(errno));
        return false;
    }
    beside_renamed(&output->beside);
    sync_directory(output->target);
    return true;
}

bool output_commit(struct output *output, struct error *error)
{
    put(output, output->buffer, output->used, true);
    bool ok = !output->failed && (output->beside.path == NULL || replace(output));
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

bool output_end(struct output *output, bool ok, struct error *error)
{
    if (ok && output != NULL)
        return output_commit(output, error);
    output_discard(output);
    return false;
}
