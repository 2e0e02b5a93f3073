// What goes between processes: every byte to whom it is for, and sums the same for all.
#include "testing.h"

#include "loop_peers.h"

enum { ELEMENTS = 1003 };

// Process i sends 3 i + j bytes to process j.
static char byte_of(size_t from, size_t to, size_t at)
{
    return (char)(from * 31 + to * 7 + at);
}

static void exchange(struct peers *peers, void *context)
{
    struct peers_bytes send[LOOP_MOST] = {{0}};
    struct peers_parts parts = {0};
    struct error error;
    (void)context;
    for (int again = 0; again < 3; again++) {
        for (size_t to = 0; to < peers->size; to++) {
            send[to].size = 0;
            for (size_t at = 0; at < 3 * peers->rank + to; at++) {
                char byte = byte_of(peers->rank, to, at);
                assert_true(peers_bytes_add(&send[to], &byte, 1, &error));
            }
        }
        assert_true(peers_exchange(peers, send, &parts, &error));
        for (size_t from = 0; from < peers->size; from++) {
            assert_int_equal(parts.part[from].size, 3 * from + peers->rank);
            for (size_t at = 0; at < parts.part[from].size; at++)
                assert_int_equal(parts.part[from].data[at], byte_of(from, peers->rank, at));
        }
    }
    peers_parts_free(&parts);
    for (size_t to = 0; to < peers->size; to++)
        peers_bytes_free(&send[to]);
}

static void gather(struct peers *peers, void *context)
{
    struct peers_parts parts = {0};
    char text[40], wanted[40];
    (void)context;
    snprintf(text, sizeof text, "%.*s%zu", (int)peers->rank, "xxxxxxxx", peers->rank);
    assert_true(peers_gather(peers, text, strlen(text) + 1, &parts, NULL));
    for (size_t i = 0; i < peers->size; i++) {
        snprintf(wanted, sizeof wanted, "%.*s%zu", (int)i, "xxxxxxxx", i);
        assert_string_equal(parts.part[i].data, wanted);
    }
    peers_parts_free(&parts);
    int number = 5 + (int)peers->rank;
    assert_true(peers_broadcast(peers, &number, sizeof number, NULL));
    assert_int_equal(number, 5);
    assert_true(peers_barrier(peers, NULL));
}

static float element(size_t rank, size_t i)
{
    return (float)(i % 17) / 3 + (float)rank / 7 - (i % 5 == rank ? 1e4f : 0);
}

static void sum(struct peers *peers, void *context)
{
    static const size_t sizes[] = {ELEMENTS, 1, 0, 16, 33};
    float x[ELEMENTS];
    (void)context;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (size_t i = 0; i < sizes[s]; i++)
            x[i] = element(peers->rank, i);
        assert_true(peers_sum(peers, x, sizes[s], NULL));
        for (size_t i = 0; i < sizes[s]; i++) {
            float wanted = element(0, i);
            for (size_t rank = 1; rank < peers->size; rank++)
                wanted += element(rank, i);
            assert_memory_equal(&x[i], &wanted, sizeof wanted); // to the last bit
        }
    }
}

// The first that fails is named to all.
static void agree(struct peers *peers, void *context)
{
    size_t fails = *(size_t *)context;
    struct error mine, error;
    bool ok = peers->rank != fails && peers->rank != fails + 1;
    if (!ok) {
        error_set(&mine, "no such file: %zu", peers->rank);
        mine.usage = fails == 1;
    }
    bool all = peers_agree(peers, ok, &mine, &error);
    assert_int_equal(all, fails >= peers->size);
    if (all)
        return;
    char wanted[32];
    snprintf(wanted, sizeof wanted, "process %zu (", fails);
    assert_memory_equal(error.text, wanted, strlen(wanted));
    snprintf(wanted, sizeof wanted, "): no such file: %zu", fails);
    assert_non_null(strstr(error.text, wanted));
    assert_int_equal(error.usage, fails == 1 && peers->size > 1);
}

static void every_byte_where_it_belongs(void **state)
{
    (void)state;
    for (size_t size = 1; size <= LOOP_MOST; size++) {
        loop_run(size, exchange, NULL);
        loop_run(size, gather, NULL);
    }
}

static void sums_in_the_order_of_ranks(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 5; size++)
        loop_run(size, sum, NULL);
}

static void all_learn_who_fails(void **state)
{
    (void)state;
    for (size_t size = 2; size <= 4; size++)
        for (size_t fails = 0; fails <= size; fails++)
            loop_run(size, agree, &fails);
    struct error mine, error;
    error_set(&mine, "alone");
    assert_false(peers_agree(&peers_alone, false, &mine, &error));
    assert_string_equal(error.text, "alone");
    assert_true(peers_agree(&peers_alone, true, NULL, &error));
}

static void bytes_that_do_not_fit(void **state)
{
    struct peers_bytes bytes = {0};
    struct error error;
    (void)state;
    assert_true(peers_bytes_add(&bytes, "ab", 2, &error));
    assert_null(peers_bytes_room(&bytes, SIZE_MAX, &error));
    assert_true(error_is_of_memory(&error));
    assert_int_equal(bytes.size, 2);
    peers_bytes_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_where_it_belongs),
        cmocka_unit_test(sums_in_the_order_of_ranks),
        cmocka_unit_test(all_learn_who_fails),
        cmocka_unit_test(bytes_that_do_not_fit),
    };
    return cmocka_run_group_tests_name("peers", tests, NULL, NULL);
}
