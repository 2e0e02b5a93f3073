// Mapped files.
#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/memory.h"

// All maps of this process, for a handler that may come at any time: links are set whole, and always
// lead on to the list's end.
struct known {
    const char *data;
    size_t size;
    const char *name;
    _Atomic(struct known *) next;
};

static _Atomic(struct known *) first_known;
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

static bool make_known(const struct map *map, struct error *error)
{
    struct known *known = memory_new(1, sizeof *known, error);
    if (known == NULL)
        return false;
    known->data = map->data;
    known->size = map->size;
    known->name = map->name;
    pthread_mutex_lock(&known_lock);
    atomic_store(&known->next, atomic_load(&first_known));
    atomic_store(&first_known, known);
    pthread_mutex_unlock(&known_lock);
    return true;
}

static void forget(const struct map *map)
{
    pthread_mutex_lock(&known_lock);
    _Atomic(struct known *) *link = &first_known;
    while (atomic_load(link) != NULL && atomic_load(link)->data != map->data)
        link = &atomic_load(link)->next;
    struct known *known = atomic_load(link);
    if (known != NULL)
        atomic_store(link, atomic_load(&known->next));
    pthread_mutex_unlock(&known_lock);
    free(known);
}

const char *map_name_at(const void *address)
{
    const char *at = address;
    for (struct known *known = atomic_load(&first_known); known != NULL;
         known = atomic_load(&known->next))
        if (at >= known->data && (size_t)(at - known->data) < known->size)
            return known->name;
    return NULL;
}

bool map_descriptor(struct map *map, int descriptor, const char *path, struct error *error)
{
    struct stat status;
    *map = (struct map){.data = NULL};
    if (fstat(descriptor, &status) != 0)
        return error_set(error, "cannot open %s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, "cannot map %s: a regular file is wanted", path);
    if (status.st_size == 0)
        return error_set(error, "%s: the file is empty", path);
    if ((uintmax_t)status.st_size > SIZE_MAX)
        return error_set(error, "cannot map %s: it is too large for this machine's addresses",
                         path);
    void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (data == MAP_FAILED)
        return error_set(error, "cannot map %s: %s", path, strerror(errno));
    map->data = data;
    map->size = (size_t)status.st_size;
    map->name = memory_text(path, strlen(path), error);
    if (map->name != NULL && make_known(map, error))
        return true;
    map_close(map);
    return false;
}

bool map_open(struct map *map, const char *path, struct error *error)
{
    *map = (struct map){.data = NULL};
    int descriptor = descriptor_open(path, O_RDONLY, 0);
    if (descriptor < 0)
        return error_set(error, "cannot open %s: %s", path, strerror(errno));
    bool ok = map_descriptor(map, descriptor, path, error);
    close(descriptor);
    return ok;
}

void map_let_go(const struct map *map)
{
    madvise((void *)(uintptr_t)map->data, map->size, MADV_DONTNEED);
}

void map_close(struct map *map)
{
    if (map->data == NULL)
        return;
    forget(map);
    free(map->name);
    munmap((void *)(uintptr_t)map->data, map->size);
    *map = (struct map){.data = NULL};
}
