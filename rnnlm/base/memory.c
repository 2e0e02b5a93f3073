// Allocation with overflow checks.
#include "base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/machine.h"

enum { HUGE_PAGE = 1 << 21, MUCH = 1 << 30 };

static atomic_int_least64_t allocations_left = -1;

void memory_fail_after(int64_t count)
{
    atomic_store(&allocations_left, count);
}

static bool may_allocate(void)
{
    int64_t left = atomic_load(&allocations_left);
    if (left < 0)
        return true;
    if (left > 0)
        atomic_store(&allocations_left, left - 1);
    return left > 0;
}

static bool total_bytes(size_t count, size_t size, size_t *bytes, struct error *error)
{
    if (__builtin_mul_overflow(count, size, bytes) || *bytes > PTRDIFF_MAX)
        return error_set(error, "not enough memory: %zu elements of %zu bytes wanted", count, size);
    // The system promises more than it has, and ends who takes it at its word.
    return *bytes < MUCH || machine_has_memory((double)*bytes, error);
}

// Rows of a large matrix are read in any order: with pages of 2 MB the processor finds most of them
// in its translation tables. Where the system has no such pages, nothing is lost.
static void prefer_huge_pages(void *array, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    madvise(array, bytes, MADV_HUGEPAGE);
#else
    (void)array;
    (void)bytes;
#endif
}

void *memory_new(size_t count, size_t size, struct error *error)
{
    size_t bytes;
    if (!total_bytes(count, size, &bytes, error))
        return NULL;
    void *array = NULL;
    bool huge = bytes >= 2 * (size_t)HUGE_PAGE;
    if (!may_allocate() ||
        posix_memalign(&array, huge ? HUGE_PAGE : MEMORY_ALIGNMENT, bytes > 0 ? bytes : 1) != 0) {
        error_set(error, "not enough memory: %zu bytes wanted", bytes);
        return NULL;
    }
    if (huge)
        prefer_huge_pages(array, bytes);
    memset(array, 0, bytes);
    return array;
}

bool memory_grow(void *array, size_t *capacity, size_t needed, size_t size, struct error *error)
{
    if (needed <= *capacity)
        return true;
    size_t wanted = *capacity > SIZE_MAX / 2 ? needed : *capacity * 2;
    if (wanted < needed)
        wanted = needed;
    if (wanted < 16)
        wanted = 16;
    size_t bytes;
    if (!total_bytes(wanted, size, &bytes, error))
        return false;
    void *old;
    memcpy(&old, array, sizeof old);
    void *grown = may_allocate() ? realloc(old, bytes) : NULL;
    if (grown == NULL)
        return error_set(error, "not enough memory: %zu bytes wanted", bytes);
    memcpy(array, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}

char *memory_text(const char *text, size_t length, struct error *error)
{
    char *copy = memory_new(length + 1, 1, error);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}
