// Descriptors: what a call to the system leaves undone, because a signal came in between or because
// it took only a part, is done here.
#ifndef BASE_DESCRIPTOR_H
#define BASE_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// As open(), closed in programs that are started.
int descriptor_open(const char *path, int flags, mode_t mode);

// A file in a folder, to be read and written, without a name: nothing is left of it, whatever ends the
// process. -1 and errno.
int descriptor_nameless(const char *folder);

// As read(): some bytes, 0 at the end, -1 and errno.
ssize_t descriptor_read(int descriptor, void *data, size_t size);

// All bytes; false and errno.
bool descriptor_write(int descriptor, const void *data, size_t size);

// Begins to bring bytes of a file to the disk, where the system can do that, so that less is left for
// descriptor_sync(); waits for nothing.
void descriptor_begin_sync(int descriptor, uint64_t offset, uint64_t size);

// As fsync().
int descriptor_sync(int descriptor);

#endif
