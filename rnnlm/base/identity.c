// Files that have been read or written, in a hash table.
#include "base/identity.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"

enum { FIRST_SLOTS = 64 };

struct identity {
    uint64_t device, inode;
    int64_t seconds, nanoseconds;
    bool used;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct identity *slot; // [slots], at least half of them free
static size_t slots, used;

static struct identity identity_of(const struct stat *status)
{
    return (struct identity){.device = (uint64_t)status->st_dev,
                             .inode = (uint64_t)status->st_ino,
                             .seconds = status->st_mtim.tv_sec,
                             .nanoseconds = status->st_mtim.tv_nsec,
                             .used = true};
}

static bool same(const struct identity *a, const struct identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->seconds == b->seconds &&
           a->nanoseconds == b->nanoseconds;
}

// Where it is, or the free slot where it belongs.
static struct identity *place_of(const struct identity *wanted, struct identity *in, size_t count)
{
    uint64_t hash = (wanted->inode + wanted->device * 31) * 0x9e3779b97f4a7c15u;
    size_t i = (size_t)(hash >> 32) & (count - 1);
    while (in[i].used && !same(&in[i], wanted))
        i = (i + 1) & (count - 1);
    return &in[i];
}

static bool make_room(struct error *error)
{
    if (2 * (used + 1) <= slots)
        return true;
    size_t more = slots > 0 ? 2 * slots : FIRST_SLOTS;
    struct identity *larger = memory_new(more, sizeof *larger, error);
    if (larger == NULL)
        return false;
    for (size_t i = 0; i < slots; i++)
        if (slot[i].used)
            *place_of(&slot[i], larger, more) = slot[i];
    free(slot);
    slot = larger;
    slots = more;
    return true;
}

bool identity_note(const struct stat *status, struct error *error)
{
    struct identity identity = identity_of(status);
    pthread_mutex_lock(&lock);
    bool ok = make_room(error);
    if (ok) {
        struct identity *place = place_of(&identity, slot, slots);
        used += !place->used;
        *place = identity;
    }
    pthread_mutex_unlock(&lock);
    return ok;
}

bool identity_noted(const struct stat *status)
{
    struct identity identity = identity_of(status);
    pthread_mutex_lock(&lock);
    bool found = slots > 0 && place_of(&identity, slot, slots)->used;
    pthread_mutex_unlock(&lock);
    return found;
}

// Where standard output was closed, another file may have its number: one that is read.
bool identity_is_standard_output(const struct stat *status)
{
    struct stat standard;
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    return S_ISREG(status->st_mode) && flags >= 0 && (flags & O_ACCMODE) != O_RDONLY &&
           fstat(STDOUT_FILENO, &standard) == 0 && standard.st_dev == status->st_dev &&
           standard.st_ino == status->st_ino;
}
