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

bool histories_keep(struct histories *histories, size_t *number, size_t count, struct error *error)
{
    struct history_word *history = histories->history;
    size_t all = histories->count;
    size_t *after = memory_new(all, sizeof *after, error); // 0: goes
    if (after == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        after[number[i]] = 1;
    for (size_t i = all; i > 1; i--) // what a history is made of is older
        if (after[i - 1] != 0)
            after[history[i - 1].before] = 1;
    struct pair_map next = {0};
    bool ok = true;
    size_t kept = 1;
    after[0] = 0;
    for (size_t i = 1; ok && i < all; i++) {
        if (after[i] == 0)
            continue;
        size_t index = after[i] = kept++;
        ok = pair_map_add(&next, after[history[i].before], (uint64_t)(uint32_t)history[i].word,
                          &index, NULL, error);
        history[index] = (struct history_word){after[history[i].before], history[i].word};
    }
    histories->count = kept;
    pair_map_free(&histories->next);
    histories->next = next;
    for (size_t i = 0; ok && i < count; i++)
        number[i] = after[number[i]];
    free(after);
    return ok;
}

size_t histories_memory(const struct histories *histories)
{
    return histories->capacity * sizeof *histories->history +
           histories->next.slots * sizeof *histories->next.entry;
}
