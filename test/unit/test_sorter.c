// Sorting of packed records in memory and on disk, sequences that outgrow memory; failing
// allocations.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/random.h"
#include "ngram/sorter.h"
#include "ngram/word_order.h"
#include "ngram/word_runs.h"

static struct random generator;

static int compare_records(const void *a, const void *b)
{
    return record_less(3, b, a) - record_less(3, a, b);
}

static void test_records_keep_ids(void **state)
{
    (void)state;
    for (unsigned ids = 1; ids <= RECORD_MOST_IDS; ids++) {
        for (unsigned bits = 1; bits <= 31; bits++) {
            struct record_shape shape = record_shape(ids, bits, 32 + bits);
            uint32_t in[RECORD_MOST_IDS], out[RECORD_MOST_IDS];
            uint64_t record[RECORD_MOST_WORDS];
            assert_true(shape.words <= RECORD_MOST_WORDS);
            for (unsigned i = 0; i < ids; i++)
                in[i] = (uint32_t)random_next(&generator) & ((1u << bits) - 1);
            record_encode(&shape, in, 12345 + bits, record);
            record_decode(&shape, record, out);
            assert_memory_equal(in, out, ids * sizeof *in);
            assert_int_equal(record_payload(&shape, record), 12345 + bits);
            record_set_payload(&shape, record, 7);
            record_decode(&shape, record, out);
            assert_memory_equal(in, out, ids * sizeof *in);
            assert_int_equal(record_payload(&shape, record), 7);
        }
    }
}

static void check_sort(struct pool *pool, size_t count, uint64_t mask)
{
    uint64_t *records = memory_new(count, 3 * sizeof *records, NULL);
    uint64_t *wanted = memory_new(count, 3 * sizeof *records, NULL);
    assert_non_null(records);
    assert_non_null(wanted);
    for (size_t i = 0; i < 3 * count; i++)
        records[i] =
            ((uint64_t)random_next(&generator) << 33 ^ (uint64_t)random_next(&generator)) & mask;
    memcpy(wanted, records, count * 3 * sizeof *records);
    qsort(wanted, count, 3 * sizeof *wanted, compare_records);
    record_sort(records, count, 3, pool);
    assert_memory_equal(records, wanted, count * 3 * sizeof *records);
    // The same numbers as records of one word: counting them all is enough with the order.
    record_sort(records, 3 * count, 1, pool);
    for (size_t i = 1; i < 3 * count; i++)
        assert_true(records[i - 1] <= records[i]);
    free(records);
    free(wanted);
}

static void test_sort(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 16, 17, 100, 769, 5000, 20000, 70000};
    struct error error;
    for (size_t threads = 1; threads <= 3; threads++) {
        struct pool *pool = pool_new(threads, &error);
        assert_non_null(pool);
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            check_sort(pool, counts[i], UINT64_MAX);
            check_sort(pool, counts[i], 0x8000000000000003); // many equal ones
            check_sort(pool, counts[i], 0xff00000000000000);
            check_sort(pool, counts[i], 0);
        }
        pool_free(pool);
    }
}

static void fill_sorter(struct sorter *sorter, struct allowance *allowance, size_t count)
{
    struct error error = {""};
    struct record_shape shape = record_shape(3, 4, 32);
    uint64_t record[RECORD_MOST_WORDS];
    sorter_init(sorter, shape, SORTER_SUM, allowance, NULL);
    random_seed(&generator, 5);
    for (size_t i = 0; i < count; i++) {
        uint32_t ids[3];
        for (int j = 0; j < 3; j++)
            ids[j] = (uint32_t)random_next(&generator) % 16;
        record_encode(&shape, ids, 1 + i % 3, record);
        assert_true(sorter_add(sorter, record, &error));
    }
    assert_true(sorter_finish(sorter, &error));
}

// Small blocks make hundreds of runs, which are themselves merged on the way.
static void test_sorter_on_disk(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    struct allowance much = {.limit = 1 << 26}, little = {.limit = 0};
    struct sorter in_memory, on_disk;
    struct error error = {""};
    fill_sorter(&in_memory, &much, COUNT);
    fill_sorter(&on_disk, &little, COUNT);
    assert_true(sorter_in_memory(&in_memory));
    assert_false(sorter_in_memory(&on_disk));
    for (int pass = 0; pass < 2; pass++) {
        const uint64_t *a, *b;
        uint64_t sum = 0;
        assert_true(sorter_start(&in_memory, &error) && sorter_start(&on_disk, &error));
        for (;;) {
            assert_true(sorter_next(&in_memory, &a, &error) && sorter_next(&on_disk, &b, &error));
            assert_true((a == NULL) == (b == NULL));
            if (a == NULL)
                break;
            assert_memory_equal(a, b, sizeof *a);
            sum += record_payload(&in_memory.shape, a);
        }
        assert_int_equal(sum, COUNT / 3 * 6 + 1 + 2);
    }
    sorter_free(&in_memory);
    sorter_free(&on_disk);
    assert_int_equal(much.used, 0);
}

static void test_sequence_on_disk(void **state)
{
    (void)state;
    struct allowance little = {.limit = 0};
    struct sequence sequence;
    struct error error = {""};
    sequence_init(&sequence, sizeof(int32_t), &little, NULL);
    for (int32_t i = 0; i < 50000; i++)
        assert_true(sequence_add(&sequence, &i, &error));
    for (int32_t i = 50000, many[7000]; i < 100000; i += 7000) {
        int32_t count = i + 7000 > 100000 ? 100000 - i : 7000;
        for (int32_t j = 0; j < count; j++)
            many[j] = i + j;
        assert_true(sequence_add_all(&sequence, many, (size_t)count, &error));
    }
    for (int pass = 0; pass < 3; pass++) {
        const void *element;
        assert_true(sequence_start(&sequence, &error));
        for (int32_t i = 0; i < (pass == 1 ? 100 : 100000); i++) {
            assert_true(sequence_next(&sequence, &element, &error));
            assert_memory_equal(element, &i, sizeof i);
        }
    }
    sequence_free(&sequence);
    assert_int_equal(little.used, 0);
}

// Words of any bytes, some of them with many in common, some the beginning of others.
static void test_order_of_words(void **state)
{
    enum { WORDS = 3000, LONGEST = 24 };
    static char letters[WORDS * (LONGEST + 1)];
    static size_t offset[WORDS];
    struct error error = {""};
    struct pool *pool = pool_new(3, &error);
    size_t used = 0;
    (void)state;
    for (int i = 0; i < WORDS; i++) {
        offset[i] = used;
        used += (size_t)sprintf(letters + used, "%.*s%c%d", i % 14,
                                i % 3 == 0 ? "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                                           : "abcdefghijklmn",
                                i % 5 == 0 ? 0xc3 : 'x', i * 7919 % WORDS) +
                1;
    }
    for (int threads = 1; threads <= 3; threads += 2) {
        uint32_t *order = word_order(letters, offset, WORDS, threads > 1 ? pool : NULL, &error);
        assert_non_null(order);
        for (int i = 1; i < WORDS; i++)
            assert_true(strcmp(letters + offset[order[i - 1]], letters + offset[order[i]]) < 0);
        free(order);
    }
    pool_free(pool);
}

// Runs of words, a long one among them, some of them in several runs; each is one word of the store, in the
// order of bytes, and the maps tell which.
static bool merge_words(struct allowance *little, struct error *error)
{
    enum { RUNS = 5, WORDS = 700, LONG = 9000, FIXED = 2 };
    struct word_runs runs;
    struct word_store store;
    uint32_t fixed[FIXED] = {0}, *id = NULL;
    word_runs_init(&runs, little, NULL);
    word_store_init(&store, little, NULL);
    bool ok = true;
    struct vocabulary words[RUNS] = {{.size = 0}};
    for (int r = 0; r < RUNS; r++) {
        char word[LONG + 20];
        ok = ok && vocabulary_init(&words[r], error) &&
             vocabulary_add(&words[r], "<s>", 3, error) == 1;
        for (int i = 0; i < WORDS && ok; i++) {
            int length = sprintf(word, "%d", (i * 31 + r * 100) % 1500);
            memset(word + length, 'x', i == 50 ? LONG : 0);
            length += i == 50 ? LONG : 0;
            ok = vocabulary_add(&words[r], word, (size_t)length, error) >= 0;
        }
        ok = ok && word_runs_add(&runs, &words[r], 10 * ((uint64_t)r + 1), error);
    }
    ok = ok && word_runs_merge(&runs, &store, fixed, FIXED, error) &&
         word_store_open(&store, error) && word_store_open(&store, error);
    for (uint32_t i = 2; i <= store.words && ok; i++)
        assert_true(strcmp(word_text(&store, i - 1), word_text(&store, i)) < 0);
    for (int r = 0; r < RUNS && ok; r++) {
        assert_int_equal(runs.run[r].upto, 10 * (r + 1));
        id = word_runs_map(&runs, (size_t)r, error);
        ok = id != NULL;
        for (size_t i = 0; i < words[r].size && ok; i++) {
            const char *word = vocabulary_word(&words[r], (int32_t)i);
            assert_string_equal(word_text(&store, id[i]), word);
            assert_int_equal(word_length(&store, id[i]), strlen(word));
        }
        assert_true(!ok || (fixed[0] == id[0] && fixed[1] == id[1]));
        free(id);
    }
    for (int r = 0; r < RUNS; r++)
        vocabulary_free(&words[r]);
    word_runs_free(&runs);
    word_store_free(&store);
    return ok;
}

static void test_runs_of_words(void **state)
{
    (void)state;
    struct error error = {""};
    for (size_t limit = 0; limit <= 1 << 20; limit += 1 << 20) {
        struct allowance allowance = {.limit = limit};
        assert_true(merge_words(&allowance, &error));
        assert_int_equal(allowance.used, 0);
        for (int64_t n = 0; n < 130; n += 3) {
            memory_fail_after(n);
            bool ok = merge_words(&allowance, &error);
            memory_fail_after(-1);
            assert_true(ok || strstr(error.text, "not enough memory") != NULL);
        }
    }
}

static void test_failing_allocations_on_disk(void **state)
{
    (void)state;
    for (int64_t n = 0; n < 200; n += 3) {
        struct allowance little = {.limit = 0};
        struct sorter sorter;
        struct error error = {""};
        struct record_shape shape = record_shape(2, 20, 32);
        uint64_t record[RECORD_MOST_WORDS];
        const uint64_t *next;
        sorter_init(&sorter, shape, SORTER_LARGEST, &little, NULL);
        memory_fail_after(n);
        bool ok = true;
        for (uint32_t i = 0; ok && i < 3000; i++) {
            record_encode(&shape, (uint32_t[]){i * 7919 % 3000, i}, i, record);
            ok = sorter_add(&sorter, record, &error);
        }
        ok = ok && sorter_finish(&sorter, &error) && sorter_start(&sorter, &error);
        while (ok && (ok = sorter_next(&sorter, &next, &error)) && next != NULL)
            ;
        memory_fail_after(-1);
        sorter_free(&sorter);
        assert_true(ok || strstr(error.text, "not enough memory") != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_keep_ids),
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_sorter_on_disk),
        cmocka_unit_test(test_sequence_on_disk),
        cmocka_unit_test(test_order_of_words),
        cmocka_unit_test(test_runs_of_words),
        cmocka_unit_test(test_failing_allocations_on_disk),
    };
    random_seed(&generator, 7);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
