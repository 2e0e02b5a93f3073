// A pool of threads that work through numbered items together: fork, join, and nothing else; and
// errands, which one thread runs while the caller does something else.
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include <pthread.h>
#include <stddef.h>

#include "base/error.h"

struct pool;

// `threads` workers, the caller of pool_run() among them. Error: the system has no more threads.
struct pool *pool_new(size_t threads, struct error *error);
void pool_free(struct pool *pool);

size_t pool_threads(const struct pool *pool);

// Threads that pool_run() would work with now: 1 without a pool, and within one of its tasks.
size_t pool_ready(const struct pool *pool);

// Calls task(context, worker, item) once for each item < items, in order of item as workers get
// free, and returns when all are done. `worker` is below pool_threads(): each has scratch of its
// own. Without a pool (NULL), and within one of its tasks, the caller does all items, as worker 0.
void pool_run(struct pool *pool, void (*task)(void *context, size_t worker, size_t item),
              void *context, size_t items);

struct errand {
    bool (*run)(void *context, struct error *error);
    void *context;
    pthread_t thread;
    bool apart; // in a thread of its own
    bool ok;
    struct error error;
};

// Begins run(context, ...); without a thread to be had, it is done at once. errand_end() waits, and
// returns what `run` did, with its error.
void errand_begin(struct errand *errand, bool (*run)(void *context, struct error *error),
                  void *context);
bool errand_end(struct errand *errand, struct error *error);

// Processors that this process may run on.
size_t threads_available(void);

#endif
