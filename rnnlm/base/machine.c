// What the machine has: memory, and the bounds of control groups.
#include "base/machine.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"

enum { SMALL_FILE = 4096 };

// The beginning of a file of the kernel's, as a text; false where it cannot be read.
static bool read_small(const char *path, char text[SMALL_FILE])
{
    int descriptor = descriptor_open(path, O_RDONLY, 0);
    if (descriptor < 0)
        return false;
    size_t size = 0;
    ssize_t got;
    while (size + 1 < SMALL_FILE &&
           (got = descriptor_read(descriptor, text + size, SMALL_FILE - 1 - size)) > 0)
        size += (size_t)got;
    close(descriptor);
    text[size] = '\0';
    return size > 0;
}

// A file that holds a number; "max" is none.
static uint64_t read_bound(const char *path)
{
    char text[SMALL_FILE], *end;
    if (!read_small(path, text) || text[0] < '0' || text[0] > '9')
        return UINT64_MAX;
    unsigned long long bound = strtoull(text, &end, 10);
    return *end == '\n' || *end == '\0' ? bound : UINT64_MAX;
}

// The smallest bound of a group and of those that it is in.
static uint64_t bound_of_group(const char *root, char *group, const char *file)
{
    uint64_t least = UINT64_MAX;
    for (;;) {
        char path[PATH_MAX];
        int length = snprintf(path, sizeof path, "%s%s/%s", root, group, file);
        uint64_t bound = length < (int)sizeof path ? read_bound(path) : UINT64_MAX;
        least = bound < least ? bound : least;
        char *slash = strrchr(group, '/');
        if (slash == NULL)
            return least;
        *slash = '\0';
    }
}

// Lines "NUMBER:CONTROLLERS:GROUP", of which the unified hierarchy has "0::GROUP".
static uint64_t bound_of_groups(void)
{
    char text[SMALL_FILE];
    uint64_t least = UINT64_MAX;
    if (!read_small("/proc/self/cgroup", text))
        return least;
    for (char *next, *line = text; line != NULL && *line != '\0'; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (group == NULL)
            continue;
        *group++ = '\0';
        bool unified = controllers[1] == '\0';
        if (!unified && strcmp(controllers + 1, "memory") != 0)
            continue;
        uint64_t bound =
            unified ? bound_of_group("/sys/fs/cgroup", group, "memory.max")
                    : bound_of_group("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
        least = bound < least ? bound : least;
    }
    return least;
}

uint64_t machine_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    uint64_t physical = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX;
    uint64_t bound = bound_of_groups();
    return bound < physical ? bound : physical;
}

bool machine_has_memory(double bytes, struct error *error)
{
    uint64_t memory = machine_memory();
    return bytes <= (double)memory ||
           error_set(error, "not enough memory: %.1f GB wanted, %.1f GB are all that there is here",
                     bytes / 1e9, (double)memory / 1e9);
}

void machine_free_at_once(void)
{
#if defined(__GLIBC__)
    enum { LARGE = 1 << 18 }; // setting it fixes it
    mallopt(M_MMAP_THRESHOLD, LARGE);
    mallopt(M_TRIM_THRESHOLD, LARGE);
#endif
}
