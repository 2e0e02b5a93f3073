// For fuzz harnesses: the bytes under test as a file that the library can open. A harness is a
// source fuzz_NAME.c with
//
//   int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
//
// which gives them to a reader and uses what comes out. test/fuzz/run says how it is run.
#ifndef FUZZ_H
#define FUZZ_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What must never be so, whatever the bytes are: ends the run as a finding.
static inline void fuzz_check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "not so: %s\n", what);
        abort();
    }
}

// A failure must say something, in one line.
static inline void fuzz_check_error(const struct error *error)
{
    bool empty = error->text[0] == '\0', more = false;
    for (const char *byte = error->text; *byte != '\0'; byte++)
        more = more || *byte == '\n';
    fuzz_check(!empty, "a failure has a message");
    fuzz_check(!more, "a message is one line");
}

// A file in memory; its path is /proc/self/fd/N. Its time does not change, so that a process that
// remembers what it has read (base/identity.h) remembers one file.
struct fuzz_file {
    int descriptor; // 0: not made yet
    char path[64];
};

static inline const char *fuzz_write(struct fuzz_file *file, const void *data, size_t size)
{
    const struct timespec times[2] = {{1, 0}, {1, 0}};
    if (file->descriptor == 0) {
        file->descriptor = memfd_create("fuzz", 0);
        snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->descriptor);
    }
    bool ok = file->descriptor > 0 && ftruncate(file->descriptor, 0) == 0 &&
              (size == 0 || pwrite(file->descriptor, data, size, 0) == (ssize_t)size) &&
              futimens(file->descriptor, times) == 0;
    fuzz_check(ok, "the file under test is written");
    return file->path;
}

// The first byte chooses among ways to read; what follows is the file.
static inline unsigned fuzz_choice(const uint8_t **data, size_t *size)
{
    if (*size == 0)
        return 0;
    --*size;
    return *(*data)++;
}

#endif
