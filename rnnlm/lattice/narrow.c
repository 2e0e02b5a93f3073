// The search of lattice_rescore(): what goes where a bound is met, and what can be forgotten.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lattice/expansion.h"

enum { TIDY_FROM = 1 << 16 }; // fewer new hypotheses are not worth tidying

static bool add_estimate(struct expansion *expansion, size_t *count, double value,
                         struct error *error)
{
    if (!memory_grow(&expansion->estimate, &expansion->estimate_capacity, *count + 1,
                     sizeof *expansion->estimate, error))
        return false;
    expansion->estimate[(*count)++] = value;
    return true;
}

// Of a whole way through an arrival.
static double way_of_arrival(const struct expansion *expansion, const struct arrival *arrival)
{
    return arrival->score + expansion->outlook.to_end[expansion->lattice->link[arrival->link].to];
}

static double way_of_request(const struct expansion *expansion, const struct request *request)
{
    double score = expansion->hypothesis[request->parent].score;
    if (request->link == NONE)
        return score;
    return score + outlook_behind(&expansion->outlook, &expansion->lattice->link[request->link]);
}

bool narrow_level(struct expansion *expansion, size_t from, size_t to, size_t most,
                  struct error *error)
{
    size_t count = 0;
    if (expansion->waiting <= most)
        return true;
    outlook_refresh(&expansion->outlook);
    for (size_t i = from; i < to; i++)
        for (size_t at = expansion->first_arrival[expansion->by_level[i]]; at != NONE;
             at = expansion->arrival[at].next)
            if (expansion->arrival[at].parent != NONE &&
                !add_estimate(expansion, &count, way_of_arrival(expansion, &expansion->arrival[at]),
                              error))
                return false;
    if (count <= most)
        return true;
    struct cut cut = cut_to(expansion->estimate, count, most);
    expansion->narrowing.bounds |= expansion->allowance.pressing;
    for (size_t i = from; i < to; i++)
        for (size_t at = expansion->first_arrival[expansion->by_level[i]]; at != NONE;
             at = expansion->arrival[at].next) {
            struct arrival *arrival = &expansion->arrival[at];
            if (arrival->parent != NONE)
                arrival->falls =
                    !cut_stays(&cut, way_of_arrival(expansion, arrival), &expansion->narrowing);
        }
    return true;
}

bool add_request(struct expansion *expansion, const struct request *request, size_t most,
                 struct error *error)
{
    if (expansion->requests >= expansion->crowd && !narrow_requests(expansion, most, error))
        return false;
    if (expansion->least_way > -INFINITY &&
        way_of_request(expansion, request) < expansion->least_way) {
        expansion->narrowing.dropped++;
        return true;
    }
    if (!memory_grow(&expansion->request, &expansion->request_capacity, expansion->requests + 1,
                     sizeof *request, error))
        return false;
    expansion->request[expansion->requests++] = *request;
    return true;
}

bool narrow_requests(struct expansion *expansion, size_t most, struct error *error)
{
    size_t count = 0, kept = 0;
    if (expansion->requests <= most)
        return true;
    outlook_refresh(&expansion->outlook);
    for (size_t i = 0; i < expansion->requests; i++)
        if (!add_estimate(expansion, &count, way_of_request(expansion, &expansion->request[i]),
                          error))
            return false;
    struct cut cut = cut_to(expansion->estimate, count, most);
    expansion->least_way = cut.threshold;
    expansion->narrowing.bounds |= expansion->allowance.pressing;
    for (size_t i = 0; i < expansion->requests; i++)
        if (cut_stays(&cut, way_of_request(expansion, &expansion->request[i]),
                      &expansion->narrowing))
            expansion->request[kept++] = expansion->request[i];
    expansion->requests = kept;
    return true;
}

// Keeps the best `most` of the arrivals that wait.
static bool narrow_waiting(struct expansion *expansion, size_t most, struct error *error)
{
    size_t count = 0;
    outlook_refresh(&expansion->outlook);
    for (size_t i = 0; i < expansion->arrivals; i++)
        if (expansion->arrival[i].parent != NONE &&
            !add_estimate(expansion, &count, way_of_arrival(expansion, &expansion->arrival[i]),
                          error))
            return false;
    struct cut cut = cut_to(expansion->estimate, count, most);
    for (size_t i = 0; i < expansion->arrivals; i++) {
        struct arrival *arrival = &expansion->arrival[i];
        if (arrival->parent != NONE &&
            !cut_stays(&cut, way_of_arrival(expansion, arrival), &expansion->narrowing))
            end_waiting(expansion, arrival);
    }
    return true;
}

// ---- forgetting -------------------------------------------------------------------------------

// through[i] = the best estimate of a way through hypothesis i, -INFINITY where none goes on: from
// the arrivals that wait back along the links, which are in order of the level where they end.
static void look_back(const struct expansion *expansion, double *through)
{
    for (size_t i = 0; i < expansion->hypotheses; i++)
        through[i] = -INFINITY;
    for (size_t i = 0; i < expansion->arrivals; i++) {
        const struct arrival *arrival = &expansion->arrival[i];
        if (arrival->parent == NONE)
            continue;
        double way = way_of_arrival(expansion, arrival);
        if (way > through[arrival->parent])
            through[arrival->parent] = way;
    }
    for (size_t i = expansion->links; i > 0; i--) {
        const struct lattice_link *link = &expansion->link[i - 1];
        double way =
            expansion->hypothesis[link->from].score + lattice_total(expansion->lattice, link);
        if (link->to != NONE) // exact along the best way, which then stays whole
            way = through[link->to] - (expansion->hypothesis[link->to].score - way);
        if (way > through[link->from])
            through[link->from] = way;
    }
}

// Gives numbers to what stays, and puts it there.
static void move(struct expansion *expansion, const double *through, double threshold,
                 size_t *number)
{
    size_t kept = 0;
    for (size_t i = 0; i < expansion->hypotheses; i++) {
        number[i] = through[i] >= threshold && through[i] > -INFINITY ? kept : NONE;
        if (number[i] == NONE)
            continue;
        expansion->hypothesis[kept++] = expansion->hypothesis[i];
    }
    expansion->hypotheses = kept;
    kept = 0;
    for (size_t i = 0; i < expansion->links; i++) {
        struct lattice_link link = expansion->link[i];
        if (number[link.from] == NONE || (link.to != NONE && number[link.to] == NONE))
            continue;
        link.from = number[link.from];
        link.to = link.to != NONE ? number[link.to] : NONE;
        expansion->link[kept++] = link;
    }
    expansion->links = kept;
    for (size_t i = 0; i < expansion->arrivals; i++)
        if (expansion->arrival[i].parent != NONE)
            expansion->arrival[i].parent = number[expansion->arrival[i].parent];
}

// Keeps the histories of hypotheses that go on.
static bool forget_histories(struct expansion *expansion, struct error *error)
{
    size_t count = expansion->hypotheses;
    size_t *history = memory_new(count, sizeof *history, error);
    size_t *group = memory_new(count, sizeof *group, error);
    bool ok = history != NULL && group != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        bool on = expansion->hypothesis[i].waiting > 0;
        history[i] = on ? expansion->hypothesis[i].history : 0;
        group[i] = on ? expansion->hypothesis[i].group : 0;
    }
    ok = ok && histories_keep(&expansion->histories, history, count, error) &&
         histories_keep(&expansion->groups, group, count, error);
    for (size_t i = 0; ok && i < count; i++) {
        expansion->hypothesis[i].history = history[i];
        expansion->hypothesis[i].group = group[i];
    }
    free(history);
    free(group);
    return ok;
}

// Forgets hypotheses that lead nowhere and those beyond the best `most`, and their links.
static bool forget(struct expansion *expansion, size_t most, struct error *error)
{
    double *through = memory_new(expansion->hypotheses, sizeof *through, error);
    size_t *number = memory_new(expansion->hypotheses, sizeof *number, error);
    size_t count = 0;
    double threshold = -INFINITY;
    bool ok = through != NULL && number != NULL;
    if (ok) {
        outlook_refresh(&expansion->outlook);
        look_back(expansion, through);
    }
    for (size_t i = 0; ok && i < expansion->hypotheses; i++)
        if (through[i] > -INFINITY)
            ok = add_estimate(expansion, &count, through[i], error);
    if (ok && count > most) {
        struct cut cut = cut_to(expansion->estimate, count, most);
        threshold = cut.threshold;
        cut.room = SIZE_MAX; // none of equals goes, so that a way stays whole
        for (size_t i = 0; i < expansion->hypotheses; i++)
            if (through[i] > -INFINITY)
                cut_stays(&cut, through[i], &expansion->narrowing);
        for (size_t i = 0; i < expansion->arrivals; i++)
            if (expansion->arrival[i].parent != NONE &&
                way_of_arrival(expansion, &expansion->arrival[i]) < threshold)
                end_waiting(expansion, &expansion->arrival[i]);
    }
    if (ok)
        move(expansion, through, threshold, number);
    free(through);
    free(number);
    return ok && forget_histories(expansion, error);
}

// ---- memory -----------------------------------------------------------------------------------

static size_t bytes_alive(const struct expansion *expansion)
{
    return expansion->waiting * sizeof *expansion->arrival + language_memory(expansion->language);
}

static size_t bytes_used(const struct expansion *expansion)
{
    return bytes_alive(expansion) + expansion->hypotheses * sizeof *expansion->hypothesis +
           expansion->links * sizeof *expansion->link + histories_memory(&expansion->histories) +
           histories_memory(&expansion->groups);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// Arrays that have become too large.
static bool give_back(struct expansion *expansion, struct error *error)
{
    size_t hypotheses = expansion->hypotheses + 1, links = expansion->links + 1;
    struct lattice_hypothesis *hypothesis =
        realloc(expansion->hypothesis, hypotheses * sizeof *hypothesis);
    if (hypothesis == NULL)
        return error_set(error, "not enough memory");
    expansion->hypothesis = hypothesis;
    expansion->hypothesis_capacity = hypotheses;
    struct lattice_link *link = realloc(expansion->link, links * sizeof *link);
    if (link == NULL)
        return error_set(error, "not enough memory");
    expansion->link = link;
    expansion->link_capacity = links;
    language_give_back(expansion->language);
    return true;
}

// What waits has a quarter of the memory, the result half of it.
static bool save_memory(struct expansion *expansion, struct error *error)
{
    size_t memory = expansion->options.bounds.memory, alive = bytes_alive(expansion);
    size_t most = memory / 2 / (sizeof *expansion->hypothesis + 2 * sizeof *expansion->link);
    uint64_t dropped = expansion->narrowing.dropped;
    if (alive > memory / 4) {
        double part = (double)(memory / 4) / (double)alive * (double)expansion->waiting;
        expansion->narrow = part > 1 ? (size_t)part : 1;
        if (!narrow_waiting(expansion, expansion->narrow, error))
            return false;
    }
    bool ok = forget(expansion, most > 0 ? most : 1, error) && give_back(expansion, error);
    if (expansion->narrowing.dropped > dropped)
        expansion->narrowing.bounds |= BOUND_MEMORY;
    return ok;
}

bool keep_within(struct expansion *expansion, struct error *error)
{
    const struct search_bounds *bounds = &expansion->options.bounds;
    size_t live = bounds->live > 0 ? bounds->live : SIZE_MAX;
    if (expansion->waiting > live)
        expansion->narrowing.bounds |= BOUND_LIVE;
    size_t most = expansion->narrow > 0 ? least(live, expansion->narrow) : live;
    if (expansion->waiting > most && !narrow_waiting(expansion, most, error))
        return false;
    bool full = bounds->memory > 0 && bytes_used(expansion) > bounds->memory;
    if (!full && expansion->hypotheses < 2 * expansion->kept + TIDY_FROM)
        return true;
    if (!forget(expansion, SIZE_MAX, error))
        return false;
    if (bounds->memory > 0 && bytes_used(expansion) > bounds->memory / 4 * 3 &&
        !save_memory(expansion, error))
        return false;
    expansion->kept = expansion->hypotheses;
    return true;
}
