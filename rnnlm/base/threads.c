// The pool. Between two runs there are microseconds in training: workers look for the next one for
// a while before they sleep.
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

enum { LOOKS = 8000 }; // before sleeping: about as long as it takes to be woken

// Between two looks: lets the other thread of a core have it.
static void pause_a_little(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

struct worker {
    struct pool *pool;
    pthread_t thread;
    size_t number;
};

struct pool {
    size_t threads, started; // started: threads besides the caller
    struct worker *worker;   // [threads - 1]
    void (*task)(void *context, size_t worker, size_t item);
    void *context;
    size_t items;
    bool busy;                 // between two runs it changes, and nobody looks
    int looks;                 // none where there are fewer processors than threads
    atomic_size_t next;        // item
    atomic_size_t working;     // workers that have not finished the run
    atomic_uint_least64_t run; // counts runs
    atomic_bool stop;
    pthread_mutex_t mutex; // for those who sleep
    pthread_cond_t begun, finished;
};

static void work(struct pool *pool, size_t number)
{
    for (;;) {
        size_t item = atomic_fetch_add(&pool->next, 1);
        if (item >= pool->items)
            return;
        pool->task(pool->context, number, item);
    }
}

static void wait_for_run(struct pool *pool, uint_least64_t last)
{
    for (int i = 0; i < pool->looks; i++, pause_a_little())
        if (atomic_load(&pool->run) != last)
            return;
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->run) == last)
        pthread_cond_wait(&pool->begun, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct pool *pool = worker->pool;
    for (uint_least64_t run = 0;; run++) {
        wait_for_run(pool, run);
        if (atomic_load(&pool->stop))
            return NULL;
        work(pool, worker->number);
        if (atomic_fetch_sub(&pool->working, 1) == 1) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->finished);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
}

static void begin_run(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->run, 1);
    pthread_cond_broadcast(&pool->begun);
    pthread_mutex_unlock(&pool->mutex);
}

static void wait_for_workers(struct pool *pool)
{
    for (int i = 0; i < pool->looks; i++, pause_a_little())
        if (atomic_load(&pool->working) == 0)
            return;
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->working) > 0)
        pthread_cond_wait(&pool->finished, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

size_t pool_ready(const struct pool *pool)
{
    return pool == NULL || pool->busy ? 1 : pool->threads;
}

void pool_run(struct pool *pool, void (*task)(void *context, size_t worker, size_t item),
              void *context, size_t items)
{
    if (items <= 1 || pool_ready(pool) == 1) {
        for (size_t item = 0; item < items; item++)
            task(context, 0, item);
        return;
    }
    pool->task = task;
    pool->context = context;
    pool->items = items;
    pool->busy = true;
    atomic_store(&pool->next, 0);
    atomic_store(&pool->working, pool->started);
    begin_run(pool);
    work(pool, 0);
    wait_for_workers(pool);
    pool->busy = false;
}

static bool start_workers(struct pool *pool, struct error *error)
{
    for (size_t i = 0; i + 1 < pool->threads; i++) {
        struct worker *worker = &pool->worker[i];
        *worker = (struct worker){.pool = pool, .number = i + 1};
        int status = pthread_create(&worker->thread, NULL, worker_main, worker);
        if (status != 0)
            return error_set(error, "cannot start thread %zu of %zu: %s", i + 2, pool->threads,
                             strerror(status));
        pool->started++;
    }
    return true;
}

struct pool *pool_new(size_t threads, struct error *error)
{
    struct pool *pool = memory_new(1, sizeof *pool, error);
    if (pool == NULL)
        return NULL;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->begun, NULL);
    pthread_cond_init(&pool->finished, NULL);
    pool->threads = threads > 0 ? threads : 1;
    pool->looks = pool->threads <= threads_available() ? LOOKS : 0;
    pool->worker = memory_new(pool->threads, sizeof *pool->worker, error);
    if (pool->worker == NULL || !start_workers(pool, error)) {
        pool_free(pool);
        return NULL;
    }
    return pool;
}

void pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    atomic_store(&pool->stop, true);
    begin_run(pool);
    for (size_t i = 0; i < pool->started; i++)
        pthread_join(pool->worker[i].thread, NULL);
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->begun);
    pthread_cond_destroy(&pool->finished);
    free(pool->worker);
    free(pool);
}

size_t pool_threads(const struct pool *pool)
{
    return pool->threads;
}

static void *errand_main(void *argument)
{
    struct errand *errand = argument;
    errand->ok = errand->run(errand->context, &errand->error);
    return NULL;
}

void errand_begin(struct errand *errand, bool (*run)(void *context, struct error *error),
                  void *context)
{
    errand->run = run;
    errand->context = context;
    errand->apart = pthread_create(&errand->thread, NULL, errand_main, errand) == 0;
    if (!errand->apart)
        errand_main(errand);
}

bool errand_end(struct errand *errand, struct error *error)
{
    if (errand->apart)
        pthread_join(errand->thread, NULL);
    if (!errand->ok && error != NULL)
        *error = errand->error;
    return errand->ok;
}

size_t threads_available(void)
{
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (size_t)CPU_COUNT(&set);
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (size_t)count : 1;
}
