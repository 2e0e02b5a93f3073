// Peers that are threads of one process: what goes between them is copied.
#ifndef LOOP_PEERS_H
#define LOOP_PEERS_H

#include <pthread.h>
#include <string.h>

#include "base/peers.h"

enum { LOOP_MOST = 8 };

struct loop {
    size_t size;
    pthread_barrier_t barrier;
    struct peers peers[LOOP_MOST];
    const struct peers_span *send[LOOP_MOST]; // of an exchange under way
};

static bool loop_exchange(struct peers *peers, const struct peers_span *send,
                          const struct peers_span *receive, struct error *error)
{
    struct loop *loop = peers->own;
    (void)error;
    loop->send[peers->rank] = send;
    pthread_barrier_wait(&loop->barrier);
    for (size_t i = 0; i < loop->size; i++) {
        if (i == peers->rank)
            continue;
        assert_int_equal(receive[i].size, loop->send[i][peers->rank].size);
        if (receive[i].size > 0)
            memcpy(receive[i].data, loop->send[i][peers->rank].data, receive[i].size);
    }
    pthread_barrier_wait(&loop->barrier);
    return true;
}

static bool loop_broadcast(struct peers *peers, struct peers_span span, struct error *error)
{
    struct peers_span none[LOOP_MOST] = {{0}}, send[LOOP_MOST] = {{0}};
    for (size_t i = 0; i < peers->size && peers->rank == 0; i++)
        send[i] = span;
    if (peers->rank > 0)
        none[0] = span;
    return loop_exchange(peers, send, none, error);
}

static const struct peers_type loop_type = {
    .name = "loop", .exchange = loop_exchange, .broadcast = loop_broadcast};

struct loop_thread {
    pthread_t thread;
    struct peers *peers;
    void (*run)(struct peers *peers, void *context);
    void *context;
};

static void *loop_main(void *argument)
{
    struct loop_thread *thread = argument;
    thread->run(thread->peers, thread->context);
    return NULL;
}

// Runs run(peers, context) as each of `size` peers; assertions in it fail the test.
static inline void loop_run(size_t size, void (*run)(struct peers *peers, void *context),
                            void *context)
{
    struct loop loop = {.size = size};
    struct loop_thread thread[LOOP_MOST];
    assert_int_equal(pthread_barrier_init(&loop.barrier, NULL, (unsigned)size), 0);
    for (size_t i = 0; i < size; i++) {
        loop.peers[i] = (struct peers){.type = &loop_type, .own = &loop, .rank = i, .size = size};
        thread[i] = (struct loop_thread){0, &loop.peers[i], run, context};
    }
    for (size_t i = 1; i < size; i++)
        assert_int_equal(pthread_create(&thread[i].thread, NULL, loop_main, &thread[i]), 0);
    loop_main(&thread[0]);
    for (size_t i = 1; i < size; i++)
        pthread_join(thread[i].thread, NULL);
    pthread_barrier_destroy(&loop.barrier);
}

#endif
