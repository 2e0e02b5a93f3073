// Word histories as numbers.
#include "lattice/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool histories_init(struct histories *histories, size_t longest, struct error *error)
{
    memset(histories, 0, sizeof *histories);
    histories->longest = longest;
    if (!memory_grow(&histories->history, &histories->capacity, 1, sizeof *histories->history,
                     error))
        return false;
    histories->history[histories->count++] = (struct history_word){0, -1};
    return true;
}

void histories_free(struct histories *histories)
{
    free(histories->history);
    free(histories->recent);
    pair_map_free(&histories->next);
    memset(histories, 0, sizeof *histories);
}

static bool append(struct histories *histories, size_t before, int32_t word, size_t *after,
                   struct error *error)
{
    bool added = false;
    *after = histories->count;
    if (!memory_grow(&histories->history, &histories->capacity, histories->count + 1,
                     sizeof *histories->history, error) ||
        !pair_map_add(&histories->next, before, (uint64_t)(uint32_t)word, after, &added, error))
        return false;
    if (added)
        histories->history[histories->count++] = (struct history_word){before, word};
    return true;
}

bool history_after(struct histories *histories, size_t before, int32_t word, size_t *after,
                   struct error *error)
{
    size_t longest = histories->longest, kept = 0;
    *after = 0;
    if (longest == SIZE_MAX)
        return append(histories, before, word, after, error);
    if (longest == 0)
        return true;
    if (!memory_grow(&histories->recent, &histories->recent_capacity, longest,
                     sizeof *histories->recent, error))
        return false;
    for (; kept + 1 < longest && before != 0; before = histories->history[before].before)
        histories->recent[kept++] = histories->history[before].word;
    while (kept > 0)
        if (!append(histories, *after, histories->recent[--kept], after, error))
            return false;
    return append(histories, *after, word, after, error);
}
