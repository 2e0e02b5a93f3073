// How far `train` and `count` of rnnlm-ngram have come: a line that is drawn again and again where
// standard error is a terminal, and with -debug a line for each step that has been done.
#ifndef TOOLS_NGRAM_WATCH_H
#define TOOLS_NGRAM_WATCH_H

#include <stdio.h>
#include <time.h>

#include "ngram/watch.h"
#include "program.h"

struct step_watch {
    struct watch watch;
    bool says;           // -debug
    double begun, drawn; // seconds
};

static double step_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void step_draw(const struct watch *watch, double seconds)
{
    char line[160];
    int length = snprintf(line, sizeof line, "%s: %llu %s", watch->step,
                          (unsigned long long)watch->done, watch->unit);
    if (watch->total >= watch->done && watch->done > 0 && length > 0 &&
        (size_t)length < sizeof line) {
        double share = (double)watch->done / (double)watch->total;
        long left = (long)(seconds / share - seconds + 0.5);
        snprintf(line + length, sizeof line - (size_t)length, "  %5.1f%%  %ld:%02ld:%02ld left",
                 100 * share, left / 3600, left / 60 % 60, left % 60);
    }
    program_draw(line);
}

static void step_take(void *context, const struct watch *watch)
{
    enum { A_SECOND = 5 }; // lines drawn
    struct step_watch *steps = context;
    double now = step_seconds();
    if (watch->done == 0 && !watch->ended)
        steps->begun = now;
    if (watch->ended) {
        program_draw("");
        if (steps->says)
            fprintf(stderr, "%s: %llu %s, %.2f seconds\n", watch->step,
                    (unsigned long long)watch->done, watch->unit, now - steps->begun);
    } else if (now - steps->drawn > 1.0 / A_SECOND) {
        step_draw(watch, now - steps->begun);
        steps->drawn = now;
    }
}

static void step_watch_init(struct step_watch *steps, bool says)
{
    *steps = (struct step_watch){.says = says};
    watch_init(&steps->watch, step_take, steps);
}

// Leaves no line behind, also after a failure.
static void step_watch_free(struct step_watch *steps)
{
    if (steps->watch.step != NULL && !steps->watch.ended)
        program_draw("");
    watch_free(&steps->watch);
}

#endif
