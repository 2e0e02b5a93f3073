// The best ways through a lattice: A* from the start, where what is left to the end is known
// exactly (Soong and Huang 1991). A way to a node whose words have led there before is worse than
// the first and goes no further, so that every wording is found once.
#include "lattice/paths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lattice/history.h"

// A way from the start, as the way before and a link.
struct partial {
    size_t before, link, node, history;
    double total, promise; // of the way; with the best continuation
};

struct search {
    const struct lattice *lattice;
    double *best; // [nodes] to the end
    struct partial *partial;
    size_t partials, partial_capacity;
    size_t *heap; // of partials, the most promising first
    size_t waiting, heap_capacity;
    struct histories histories;
    struct pair_map seen; // (node, history) passed
};

// ---- the queue --------------------------------------------------------------------------------

// Equals in order of age, so that results are the same everywhere.
static bool precedes(const struct search *search, size_t a, size_t b)
{
    double left = search->partial[a].promise, right = search->partial[b].promise;
    return left != right ? left > right : a < b;
}

static bool push(struct search *search, const struct partial *partial, struct error *error)
{
    if (!memory_grow(&search->partial, &search->partial_capacity, search->partials + 1,
                     sizeof *search->partial, error) ||
        !memory_grow(&search->heap, &search->heap_capacity, search->waiting + 1,
                     sizeof *search->heap, error))
        return false;
    size_t index = search->partials++, at = search->waiting++;
    search->partial[index] = *partial;
    for (; at > 0 && precedes(search, index, search->heap[(at - 1) / 2]); at = (at - 1) / 2)
        search->heap[at] = search->heap[(at - 1) / 2];
    search->heap[at] = index;
    return true;
}

static size_t pop(struct search *search)
{
    size_t first = search->heap[0], moved = search->heap[--search->waiting], at = 0;
    for (size_t child; (child = 2 * at + 1) < search->waiting; at = child) {
        if (child + 1 < search->waiting &&
            precedes(search, search->heap[child + 1], search->heap[child]))
            child++;
        if (!precedes(search, search->heap[child], moved))
            break;
        search->heap[at] = search->heap[child];
    }
    search->heap[at] = moved;
    return first;
}

// ---- the search -------------------------------------------------------------------------------

static bool extend(struct search *search, size_t index, struct error *error)
{
    const struct lattice *lattice = search->lattice;
    struct partial from = search->partial[index];
    for (size_t i = lattice->first[from.node]; i < lattice->first[from.node + 1]; i++) {
        const struct lattice_link *link = &lattice->link[i];
        struct partial next = {index, i, link->to, from.history, 0, 0};
        next.total = from.total + lattice_total(lattice, link);
        next.promise = next.total + search->best[link->to];
        if ((link->kind == LINK_WORD || link->kind == LINK_IGNORED) &&
            !history_after(&search->histories, from.history, link->word, &next.history, error))
            return false;
        if (pair_map_find(&search->seen, next.node, next.history) == NULL &&
            !push(search, &next, error))
            return false;
    }
    return true;
}

static bool take(const struct search *search, size_t index, struct lattice_paths *paths,
                 struct error *error)
{
    const struct lattice *lattice = search->lattice;
    struct lattice_path path = {.total = search->partial[index].total};
    for (size_t at = index; search->partial[at].before != SIZE_MAX; at = search->partial[at].before)
        path.links++;
    path.link = memory_new(path.links, sizeof *path.link, error);
    if (path.link == NULL || !memory_grow(&paths->path, &paths->capacity, paths->count + 1,
                                          sizeof *paths->path, error)) {
        free(path.link);
        return false;
    }
    for (size_t at = index, i = path.links; i > 0; at = search->partial[at].before)
        path.link[--i] = search->partial[at].link;
    for (size_t i = 0; i < path.links; i++) {
        const struct lattice_link *link = &lattice->link[path.link[i]];
        path.words += link->kind == LINK_WORD;
        path.acoustic += link->acoustic;
        path.lm += link->lm;
        path.pronunciation += link->pronunciation;
    }
    paths->path[paths->count++] = path;
    return true;
}

static bool run(struct search *search, size_t most, struct lattice_paths *paths,
                struct error *error)
{
    const struct lattice *lattice = search->lattice;
    struct partial begin = {SIZE_MAX, 0, lattice->start, 0, 0, 0};
    lattice_best_to_end(lattice, search->best);
    if (!push(search, &begin, error))
        return false;
    while (search->waiting > 0 && paths->count < most) {
        size_t index = pop(search), value = 0;
        bool added = false;
        if (!pair_map_add(&search->seen, search->partial[index].node,
                          search->partial[index].history, &value, &added, error))
            return false;
        if (!added)
            continue;
        bool ended = search->partial[index].node == lattice->end;
        if (ended ? !take(search, index, paths, error) : !extend(search, index, error))
            return false;
    }
    return true;
}

bool lattice_paths_find(const struct lattice *lattice, size_t most, struct lattice_paths *paths,
                        struct error *error)
{
    struct search search = {.lattice = lattice};
    memset(paths, 0, sizeof *paths);
    search.best = memory_new(lattice->nodes, sizeof *search.best, error);
    bool ok = search.best != NULL && histories_init(&search.histories, SIZE_MAX, error) &&
              run(&search, most, paths, error);
    free(search.best);
    free(search.partial);
    free(search.heap);
    histories_free(&search.histories);
    pair_map_free(&search.seen);
    return ok;
}

void lattice_paths_free(struct lattice_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->path[i].link);
    free(paths->path);
    memset(paths, 0, sizeof *paths);
}
