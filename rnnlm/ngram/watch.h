// How far an estimation has come, for who watches it.
#ifndef NGRAM_WATCH_H
#define NGRAM_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct watch {
    // Called at the beginning of a step, now and then, and at its end; never twice at once, but from
    // any of the threads.
    void (*call)(void *context, const struct watch *watch);
    void *context;
    const char *step, *unit; // "reading", "words"
    uint64_t done, total;    // of the step; total 0: not known
    bool ended;
    pthread_mutex_t lock;
};

void watch_init(struct watch *watch, void (*call)(void *context, const struct watch *watch),
                void *context);
void watch_free(struct watch *watch);

// `watch` may be NULL in all of these.
void watch_begin(struct watch *watch, const char *step, const char *unit, uint64_t total);
void watch_add(struct watch *watch, uint64_t more); // from any number of threads
void watch_end(struct watch *watch);

enum { WATCH_EACH = 1 << 16 }; // how much to do before that is worth saying

#endif
