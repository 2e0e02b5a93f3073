// The pool: every item once, however many threads and runs.
#include "testing.h"

#include <stdatomic.h>
#include <time.h>

#include "base/threads.h"

enum { MOST_ITEMS = 1000 };

struct tally {
    size_t threads;
    atomic_int count[MOST_ITEMS];
    atomic_bool bad_worker;
};

static void note(void *context, size_t worker, size_t item)
{
    struct tally *tally = context;
    if (worker >= tally->threads)
        atomic_store(&tally->bad_worker, true);
    atomic_fetch_add(&tally->count[item], 1);
}

static void check_run(struct pool *pool, struct tally *tally, size_t items)
{
    memset(tally, 0, sizeof *tally);
    tally->threads = pool_threads(pool);
    pool_run(pool, note, tally, items);
    assert_false(atomic_load(&tally->bad_worker));
    for (size_t i = 0; i < MOST_ITEMS; i++)
        assert_int_equal(atomic_load(&tally->count[i]), i < items);
}

static void every_item_once(void **state)
{
    (void)state;
    static struct tally tally;
    struct error error;
    for (size_t threads = 1; threads <= 7; threads += 2) {
        struct pool *pool = pool_new(threads, &error);
        assert_non_null(pool);
        assert_int_equal(pool_threads(pool), threads);
        for (size_t run = 0; run < 200; run++)
            check_run(pool, &tally, run % 5 == 0 ? run : run % 11);
        check_run(pool, &tally, MOST_ITEMS);
        pool_free(pool);
    }
}

// What one run has written, the next one reads.
struct sums {
    uint64_t value[64];
};

static void add_neighbours(void *context, size_t worker, size_t item)
{
    struct sums *sums = context;
    (void)worker;
    sums[1].value[item] = sums[0].value[item] + sums[0].value[(item + 1) % 64];
}

static void copy_back(void *context, size_t worker, size_t item)
{
    struct sums *sums = context;
    (void)worker;
    sums[0].value[item] = sums[1].value[item];
}

static void runs_see_each_other(void **state)
{
    (void)state;
    struct sums alone[2] = {{{0}}, {{0}}}, together[2] = {{{0}}, {{0}}};
    struct error error;
    struct pool *one = pool_new(1, &error), *three = pool_new(3, &error);
    alone[0].value[5] = together[0].value[5] = 1;
    for (int i = 0; i < 500; i++) {
        pool_run(one, add_neighbours, alone, 64);
        pool_run(one, copy_back, alone, 64);
        pool_run(three, add_neighbours, together, 64);
        pool_run(three, copy_back, together, 64);
    }
    assert_memory_equal(alone, together, sizeof alone);
    pool_free(one);
    pool_free(three);
}

// Items that wait for one another: they are done only if each has a thread of its own.
struct meeting {
    atomic_size_t there;
    size_t wanted;
    atomic_bool missed;
};

static void meet(void *context, size_t worker, size_t item)
{
    struct meeting *meeting = context;
    time_t end = time(NULL) + 30;
    (void)worker;
    (void)item;
    atomic_fetch_add(&meeting->there, 1);
    while (atomic_load(&meeting->there) < meeting->wanted)
        if (time(NULL) > end) {
            atomic_store(&meeting->missed, true);
            return;
        }
}

static void items_run_side_by_side(void **state)
{
    (void)state;
    struct error error;
    struct pool *pool = pool_new(3, &error);
    for (size_t items = 1; items <= 3; items++) {
        struct meeting meeting = {.wanted = items};
        pool_run(pool, meet, &meeting, items);
        assert_false(atomic_load(&meeting.missed));
    }
    pool_free(pool);
}

static bool answer(void *context, struct error *error)
{
    bool ok = *(const bool *)context;
    return ok || error_set(error, "no");
}

static void errands_bring_an_answer(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        bool ok = i == 0;
        struct error error = {""};
        struct errand errand;
        errand_begin(&errand, answer, &ok);
        assert_int_equal(errand_end(&errand, &error), ok);
        assert_string_equal(error.text, ok ? "" : "no");
    }
}

static void no_memory(void **state)
{
    (void)state;
    for (int64_t count = 0; count < 2; count++) {
        struct error error;
        memory_fail_after(count);
        struct pool *pool = pool_new(3, &error);
        memory_fail_after(-1);
        assert_null(pool);
        assert_contains(error.text, "not enough memory");
    }
}

static void a_machine_has_a_processor(void **state)
{
    (void)state;
    assert_true(threads_available() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_once),
        cmocka_unit_test(runs_see_each_other),
        cmocka_unit_test(items_run_side_by_side),
        cmocka_unit_test(errands_bring_an_answer),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(a_machine_has_a_processor),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
