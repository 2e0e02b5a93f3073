// The tables of the alias method.
#include "base/alias.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const double WHOLE = 4294967296.0; // 2^32

static void take_part(struct alias *alias, int32_t number, double own, int32_t other)
{
    double of_part = own * WHOLE;
    alias->own[number] = of_part < WHOLE ? (uint32_t)of_part : UINT32_MAX;
    alias->other[number] = other;
}

// Numbers of less than a part, in `list` from its beginning, fill theirs up from those of more, at its
// end. What rounding leaves over has a part each.
static void divide(struct alias *alias, double *share, int32_t *list)
{
    size_t small = 0, large = alias->count;
    for (size_t w = 0; w < alias->count; w++)
        list[share[w] < 1 ? small++ : --large] = (int32_t)w;
    while (small > 0 && large < alias->count) {
        int32_t less = list[--small], more = list[large];
        take_part(alias, less, share[less], more);
        share[more] -= 1 - share[less];
        if (share[more] < 1) {
            list[small++] = more;
            large++;
        }
    }
    while (small > 0) {
        int32_t number = list[--small];
        take_part(alias, number, 1, number);
    }
    for (; large < alias->count; large++)
        take_part(alias, list[large], 1, list[large]);
}

bool alias_init(struct alias *alias, double *share, size_t count, struct error *error)
{
    int32_t *list = memory_new(count, sizeof *list, error);
    *alias = (struct alias){.count = count};
    alias->own = memory_new(count, sizeof *alias->own, error);
    alias->other = memory_new(count, sizeof *alias->other, error);
    bool ok = list != NULL && alias->own != NULL && alias->other != NULL;
    if (ok)
        divide(alias, share, list);
    free(list);
    return ok;
}

void alias_free(struct alias *alias)
{
    free(alias->own);
    free(alias->other);
    memset(alias, 0, sizeof *alias);
}
