// Mapped files.
#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"

static bool map_descriptor(struct map *map, int descriptor, const char *path, struct error *error)
{
    struct stat status;
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
    return true;
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
    if (map->data != NULL)
        munmap((void *)(uintptr_t)map->data, map->size);
    *map = (struct map){.data = NULL};
}
