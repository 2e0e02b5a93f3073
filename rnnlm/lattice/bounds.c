// How far a search through a lattice may go.
#include "lattice/bounds.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

enum { FREE_PART = 3 }; // one part in this many of the work is free

// ---- the work ---------------------------------------------------------------------------------

static double clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void allowance_begin(struct allowance *allowance, const struct search_bounds *bounds,
                     uint64_t links)
{
    *allowance = (struct allowance){.bounds = *bounds, .weight = links};
    if (bounds->seconds > 0)
        allowance->begin = clock_now();
}

// The share of `left` steps for `links` of all links to come.
static double share(const struct allowance *allowance, double left, uint64_t links)
{
    double quota = left * (double)links / (double)(allowance->weight > 0 ? allowance->weight : 1);
    return quota > 1 ? quota : 1;
}

static double quota_of_steps(const struct allowance *allowance, uint64_t links)
{
    double most = (double)allowance->bounds.steps, used = (double)allowance->used;
    if (allowance->bounds.steps == 0)
        return INFINITY;
    double free = most / FREE_PART - used, quota = share(allowance, most - used, links);
    return free > quota ? free : quota;
}

// As many steps as the time left is enough for at the speed so far.
static double quota_of_time(const struct allowance *allowance, uint64_t links)
{
    if (allowance->bounds.seconds <= 0 || allowance->used == 0)
        return INFINITY;
    double passed = clock_now() - allowance->begin, left = allowance->bounds.seconds - passed;
    if (passed < allowance->bounds.seconds / FREE_PART)
        return INFINITY;
    return share(allowance, left > 0 ? left * (double)allowance->used / passed : 0, links);
}

size_t allowance_quota(struct allowance *allowance, uint64_t links)
{
    double steps = quota_of_steps(allowance, links), time = quota_of_time(allowance, links);
    double least = steps < time ? steps : time;
    allowance->pressing = steps <= time ? BOUND_STEPS : BOUND_SECONDS;
    allowance->weight -= links;
    return least < (double)(SIZE_MAX / 2) ? (size_t)least : SIZE_MAX;
}

// ---- what goes --------------------------------------------------------------------------------

static void swap(double *a, double *b)
{
    double kept = *a;
    *a = *b;
    *b = kept;
}

// The value that would be at `place` if they were sorted from the highest on (Hoare 1961).
static double select_value(double *value, size_t count, size_t place)
{
    size_t begin = 0, end = count; // place is among begin..end-1
    while (end - begin > 1) {
        double middle = value[begin + (end - begin) / 2];
        size_t above = begin, below = end; // ..above: higher, below..: lower
        for (size_t i = begin; i < below;) {
            if (value[i] > middle)
                swap(&value[i++], &value[above++]);
            else if (value[i] < middle)
                swap(&value[i], &value[--below]);
            else
                i++;
        }
        if (place < above)
            end = above;
        else if (place >= below)
            begin = below;
        else
            return middle;
    }
    return value[begin];
}

struct cut cut_to(double *value, size_t count, size_t most)
{
    struct cut cut = {-INFINITY, -INFINITY, SIZE_MAX};
    for (size_t i = 0; i < count; i++)
        cut.best = value[i] > cut.best ? value[i] : cut.best;
    if (count <= most)
        return cut;
    cut.threshold = select_value(value, count, most - 1);
    size_t above = 0;
    for (size_t i = 0; i < count; i++)
        above += value[i] > cut.threshold;
    cut.room = most - above;
    return cut;
}

bool cut_stays(struct cut *cut, double value, struct narrowing *narrowing)
{
    if (value > cut->threshold)
        return true;
    if (value == cut->threshold && cut->room > 0) {
        cut->room--;
        return true;
    }
    double behind = cut->best - value;
    if (narrowing->dropped == 0 || behind < narrowing->nearest)
        narrowing->nearest = behind;
    narrowing->dropped++;
    return false;
}

// ---- for the user -----------------------------------------------------------------------------

static void add_bound(struct error *remark, unsigned met, const char *format, double value)
{
    char text[100];
    if (met == 0)
        return;
    snprintf(text, sizeof text, format, value);
    error_add(remark, "; ");
    error_add(remark, text);
}

bool narrowing_remark(const struct narrowing *narrowing, const struct search_bounds *bounds,
                      struct error *remark)
{
    if (narrowing->dropped == 0)
        return false;
    error_set(remark,
              "the search was narrowed: %" PRIu64 " links behind hypotheses were left out, each "
              "%.4g or more behind the best way (log10, scaled, estimated)",
              narrowing->dropped, narrowing->nearest);
    add_bound(remark, narrowing->bounds & BOUND_LIVE, "-max-nodes %.0f", (double)bounds->live);
    add_bound(remark, narrowing->bounds & BOUND_STEPS, "-max-steps %.0f", (double)bounds->steps);
    add_bound(remark, narrowing->bounds & BOUND_MEMORY, "-memory %.0f",
              (double)(bounds->memory >> 20));
    add_bound(remark, narrowing->bounds & BOUND_SECONDS,
              "-max-seconds %g (another run may find another result)", bounds->seconds);
    return true;
}
