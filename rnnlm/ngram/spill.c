// Allowance of memory, temporary files, and sequences that may lie in either.
#include "ngram/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/memory.h"

enum { BUFFER_BYTES = 1 << 18, FIRST_BYTES = 1 << 12 };

// ---- allowance ---------------------------------------------------------------------------------

struct allowance allowance_of(size_t memory, struct pool *pool, struct watch *watch)
{
    enum { PROGRAM = 8 << 20, THREAD = 1 << 21 };
    size_t others = PROGRAM + pool_ready(pool) * THREAD;
    others = others < memory / 4 ? others : memory / 4;
    return (struct allowance){.limit = memory - others, .pool = pool, .watch = watch};
}

bool allowance_take(struct allowance *allowance, size_t bytes)
{
    if (bytes > allowance->limit || allowance->used > allowance->limit - bytes)
        return false;
    allowance->used += bytes;
    return true;
}

void allowance_give(struct allowance *allowance, size_t bytes)
{
    allowance->used -= bytes < allowance->used ? bytes : allowance->used;
}

void allowance_keep(struct allowance *allowance, size_t bytes)
{
    allowance->used += bytes;
    allowance->kept += bytes;
}

void allowance_drop(struct allowance *allowance, size_t bytes)
{
    allowance->kept -= bytes < allowance->kept ? bytes : allowance->kept;
    allowance_give(allowance, bytes);
}

size_t allowance_share(const struct allowance *allowance)
{
    enum { SHARES = 16 };
    size_t least = allowance->limit / 4;
    size_t left = allowance->limit > allowance->kept ? allowance->limit - allowance->kept : 0;
    return (left > least ? left : least) / SHARES;
}

// ---- temporary files ---------------------------------------------------------------------------

void temporary_init(struct temporary *file, const char *folder)
{
    if (folder == NULL || folder[0] == '\0')
        folder = getenv("TMPDIR");
    if (folder == NULL || folder[0] == '\0')
        folder = "/tmp";
    *file = (struct temporary){-1, folder};
}

bool temporary_open(struct temporary *file, struct error *error)
{
    if (file->descriptor >= 0)
        return true;
    file->descriptor = descriptor_nameless(file->folder);
    if (file->descriptor < 0)
        error_set(error, "cannot make a temporary file in %s: %s (-temp names another folder)",
                  file->folder, strerror(errno));
    return file->descriptor >= 0;
}

void temporary_close(struct temporary *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    file->descriptor = -1;
}

bool temporary_write(struct temporary *file, const void *data, size_t size, uint64_t offset,
                     struct error *error)
{
    const char *from = data;
    while (size > 0) {
        ssize_t done = pwrite(file->descriptor, from, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return error_set(error,
                             "cannot write a temporary file in %s: %s (-temp names another folder)",
                             file->folder, done < 0 ? strerror(errno) : "nothing was written");
        from += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return true;
}

bool temporary_read(struct temporary *file, void *data, size_t size, uint64_t offset,
                    struct error *error)
{
    char *to = data;
    while (size > 0) {
        ssize_t done = pread(file->descriptor, to, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return error_set(error, "cannot read a temporary file in %s: %s", file->folder,
                             done < 0 ? strerror(errno) : "it ends too early");
        to += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return true;
}

// ---- sequences ---------------------------------------------------------------------------------

void sequence_init(struct sequence *sequence, size_t size, struct allowance *allowance,
                   const char *folder)
{
    *sequence = (struct sequence){.size = size, .allowance = allowance};
    temporary_init(&sequence->file, folder);
}

void sequence_free(struct sequence *sequence)
{
    if (sequence->allowance != NULL)
        allowance_give(sequence->allowance, sequence->capacity * sequence->size);
    temporary_close(&sequence->file);
    free(sequence->data);
    sequence->data = NULL;
    sequence->capacity = sequence->held = 0;
}

void sequence_adopt(struct sequence *sequence, void *data, size_t capacity)
{
    free(sequence->data);
    sequence->data = data;
    sequence->capacity = capacity;
}

void sequence_fill(struct sequence *sequence, size_t count)
{
    sequence->held = count;
    sequence->count = count;
}

static bool write_held(struct sequence *sequence, struct error *error)
{
    if (!temporary_write(&sequence->file, sequence->data, sequence->held * sequence->size,
                         sequence->first * sequence->size, error))
        return false;
    sequence->first += sequence->held;
    sequence->held = 0;
    return true;
}

static bool grow(struct sequence *sequence, size_t more, struct error *error)
{
    if (!memory_grow(&sequence->data, &sequence->capacity, sequence->capacity + more,
                     sequence->size, error)) {
        allowance_give(sequence->allowance, more * sequence->size);
        return false;
    }
    return true;
}

// Room for one more element: more memory if the allowance has it, else what is held goes to the
// file. A small buffer each sequence has, whatever the allowance.
static bool make_room(struct sequence *sequence, struct error *error)
{
    size_t more = sequence->capacity > 0 ? sequence->capacity : FIRST_BYTES / sequence->size + 1;
    if (sequence->file.descriptor < 0 && sequence->capacity == 0) {
        sequence->allowance->used += more * sequence->size;
        return grow(sequence, more, error);
    }
    bool may_grow = sequence->most == 0 || sequence->capacity + more <= sequence->most;
    if (sequence->file.descriptor < 0 && may_grow &&
        allowance_take(sequence->allowance, more * sequence->size))
        return grow(sequence, more, error);
    return temporary_open(&sequence->file, error) && write_held(sequence, error);
}

bool sequence_add(struct sequence *sequence, const void *element, struct error *error)
{
    if (sequence->held == sequence->capacity && !make_room(sequence, error))
        return false;
    memcpy(sequence->data + sequence->held++ * sequence->size, element, sequence->size);
    sequence->count++;
    return true;
}

bool sequence_add_all(struct sequence *sequence, const void *elements, size_t count,
                      struct error *error)
{
    const char *from = elements;
    while (count > 0) {
        if (sequence->held == sequence->capacity && !make_room(sequence, error))
            return false;
        size_t room = sequence->capacity - sequence->held, size = sequence->size;
        room = room < count ? room : count;
        memcpy(sequence->data + sequence->held * size, from, room * size);
        sequence->held += room;
        sequence->count += room;
        from += room * size;
        count -= room;
    }
    return true;
}

bool sequence_start(struct sequence *sequence, struct error *error)
{
    sequence->next = 0;
    if (sequence->file.descriptor < 0)
        return true;
    // What is still held has to be written once; from then on `held` only tells what the buffer
    // has been filled with.
    if (sequence->first + sequence->held == sequence->count && sequence->held > 0 &&
        !write_held(sequence, error))
        return false;
    sequence->first = sequence->held = 0;
    size_t buffer = BUFFER_BYTES / sequence->size + 1;
    if (sequence->capacity <= buffer)
        return true;
    char *smaller = realloc(sequence->data, buffer * sequence->size);
    if (smaller != NULL) {
        allowance_give(sequence->allowance, (sequence->capacity - buffer) * sequence->size);
        sequence->data = smaller;
        sequence->capacity = buffer;
    }
    return true;
}

static bool refill(struct sequence *sequence, struct error *error)
{
    uint64_t left = sequence->count - sequence->next;
    sequence->first = sequence->next;
    sequence->held = left < sequence->capacity ? (size_t)left : sequence->capacity;
    return temporary_read(&sequence->file, sequence->data, sequence->held * sequence->size,
                          sequence->first * sequence->size, error);
}

bool sequence_next(struct sequence *sequence, const void **element, struct error *error)
{
    *element = NULL;
    if (sequence->next == sequence->count)
        return true;
    if (sequence->next == sequence->first + sequence->held && !refill(sequence, error))
        return false;
    *element = sequence->data + (sequence->next++ - sequence->first) * sequence->size;
    return true;
}

bool sequence_take(struct sequence *sequence, void *to, size_t most, size_t *taken,
                   struct error *error)
{
    size_t size = sequence->size;
    *taken = 0;
    while (*taken < most && sequence->next < sequence->count) {
        if (sequence->next == sequence->first + sequence->held && !refill(sequence, error))
            return false;
        size_t at = (size_t)(sequence->next - sequence->first), there = sequence->held - at;
        there = there < most - *taken ? there : most - *taken;
        memcpy((char *)to + *taken * size, sequence->data + at * size, there * size);
        sequence->next += there;
        *taken += there;
    }
    return true;
}
