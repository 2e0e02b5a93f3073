// Memory for what is being read, of a size that a file only promises. Where the length of the file is
// known, the promise has been held against that, and all is allocated at once; otherwise (a pipe, a
// compressed file) a file may promise anything, and there is never more than twice what has arrived,
// and a little.
#ifndef BASE_ROOM_H
#define BASE_ROOM_H

#include "base/file.h"

struct room {
    void *data; // free() it; zeros where nothing has been put
    size_t capacity, total;
};

// Makes `needed` bytes of the room usable. Error: no memory.
bool room_reserve(struct room *room, const struct input *input, size_t needed, struct error *error);

#endif
