// Files as memory, read-only and shared with all processes that map them.
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>

#include "base/error.h"

struct map {
    const void *data; // page-aligned; NULL for no map
    size_t size;      // of the file when it was mapped
    char *name;       // for map_name_at()
};

// Maps a regular file. What is mapped is the file, not its name: it stays as it is if another is
// renamed over it, which is how output_commit() replaces files. A file that is written to or cut
// in place changes under its readers, and a read beyond its new end kills the process (SIGBUS),
// unless the program has a handler (program.c has one).
bool map_open(struct map *map, const char *path, struct error *error);

// The same of an open one, which stays the caller's; messages call it `name`.
bool map_descriptor(struct map *map, int descriptor, const char *name, struct error *error);

// The name of the mapped file that lies at an address, as it was opened; NULL for other addresses. A
// handler of SIGBUS may ask.
const char *map_name_at(const void *address);

// Takes the pages touched so far out of this process's memory; they stay in the file's cache and
// come back when they are used.
void map_let_go(const struct map *map);

// Nothing for a map that is all zeros, and makes it so.
void map_close(struct map *map);

#endif
