// Word classes against their definition.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "text/classes.h"

enum { MOST = 1500 };

static struct random generator;

static uint64_t random_below(uint64_t most)
{
    return (uint64_t)random_next(&generator) % most;
}

static void assert_runs(const struct classes *classes)
{
    size_t largest = 0;
    assert_int_equal(classes->begin[0], 0);
    assert_int_equal(classes->begin[classes->count], classes->words);
    for (size_t k = 0; k < classes->count; k++) {
        assert_true(classes->begin[k] <= classes->begin[k + 1]);
        for (int32_t word = classes->begin[k]; word < classes->begin[k + 1]; word++)
            assert_int_equal(classes->of_word[word], k);
        size_t words = (size_t)(classes->begin[k + 1] - classes->begin[k]);
        largest = words > largest ? words : largest;
    }
    assert_int_equal(classes->largest, largest);
}

static void classes_by_example(void **state)
{
    (void)state;
    const struct {
        size_t words, wanted;
        uint64_t count[6];
        int32_t sqrt_class[6], frequency_class[6];
    } rows[] = {
        {4, 2, {1, 1, 1, 1}, {0, 0, 0, 1}, {0, 0, 0, 1}}, // S must pass 1/2, not reach it
        {2, 10, {1, 1}, {0, 1}, {0, 1}},                  // one class a word, whatever its share
        {5, 2, {36, 4, 4, 4, 4}, {0, 0, 1, 1, 1}, {0, 1, 1, 1, 1}},
        {6, 2, {25, 4, 4, 4, 4, 4}, {0, 0, 0, 1, 1, 1}, {0, 1, 1, 1, 1, 1}},
        {3, 1, {5, 3, 1}, {0, 0, 0}, {0, 0, 0}},
        {3, 2, {0, 0, 0}, {0, 0, 0}, {0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (enum class_method method = CLASSES_SQRT; method <= CLASSES_FREQUENCY; method++) {
            struct classes classes;
            assert_true(classes_assign(&classes, rows[i].count, rows[i].words, rows[i].wanted,
                                       method, NULL));
            for (size_t word = 0; word < rows[i].words; word++)
                assert_int_equal(
                    classes.of_word[word],
                    (method == CLASSES_SQRT ? rows[i].sqrt_class : rows[i].frequency_class)[word]);
            assert_runs(&classes);
            classes_free(&classes);
        }
    }
}

// The definition without rounding: whole numbers for frequencies, long double for square roots,
// whose sums do not fall on a boundary.
static void classes_by_definition(int32_t *of_word, const uint64_t *count, size_t words,
                                  size_t wanted, enum class_method method)
{
    uint64_t total = 0, sum = 0;
    long double roots = 0, root_sum = 0;
    for (size_t word = 0; word < words; word++) {
        total += count[word];
        roots += sqrtl((long double)count[word]);
    }
    size_t k = 0;
    for (size_t word = 0; word < words; word++) {
        sum += count[word];
        root_sum += sqrtl((long double)count[word]);
        of_word[word] = (int32_t)k;
        bool passed = method == CLASSES_SQRT
                          ? root_sum * (long double)wanted > (long double)(k + 1) * roots
                          : sum * wanted > (k + 1) * total;
        k += passed && k + 1 < wanted;
    }
}

static void classes_follow_the_definition(void **state)
{
    (void)state;
    static const size_t primes[] = {2, 7, 41, 101, 499};
    uint64_t count[MOST];
    int32_t wanted[MOST];
    for (int round = 0; round < 200; round++) {
        size_t words = 20 + random_below(MOST - 20), parts = primes[round % 5];
        uint64_t total = 0;
        for (size_t word = 0; word < words; word++)
            total += count[word] = 1 + (word < 30 ? random_below(100000) : random_below(50));
        count[0] += total % parts == 0; // no sum falls on a boundary exactly
        for (enum class_method method = CLASSES_SQRT; method <= CLASSES_FREQUENCY; method++) {
            struct classes classes;
            assert_true(classes_assign(&classes, count, words, parts, method, NULL));
            assert_true(classes.count == parts && classes.words == words);
            classes_by_definition(wanted, count, words, parts, method);
            assert_memory_equal(classes.of_word, wanted, words * sizeof *wanted);
            assert_runs(&classes);
            classes_free(&classes);
        }
    }
}

static void classes_from_a_file(void **state)
{
    (void)state;
    const struct {
        int32_t of_word[4];
        const char *message; // NULL: taken
    } rows[] = {{{0, 0, 1, 2}, NULL},
                {{0, 2, 2, 2}, NULL},
                {{1, 1, 1, 1}, NULL},
                {{0, 0, 1, 3}, "word 3 has class 3"},
                {{0, 1, 0, 1}, "word 2 has class 0"},
                {{-1, 0, 0, 0}, "word 0 has class -1"},
                {{0, 1, 2, INT32_MIN}, "word 3"},
                {{0, INT32_MAX, 1, 1}, "word 1"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct classes classes;
        struct error error = {""};
        bool ok = classes_from_words(&classes, rows[i].of_word, 4, 3, &error);
        assert_int_equal(ok, rows[i].message == NULL);
        if (ok) {
            assert_memory_equal(classes.of_word, rows[i].of_word, sizeof rows[i].of_word);
            assert_runs(&classes);
            classes_free(&classes);
        } else {
            assert_non_null(strstr(error.text, rows[i].message));
        }
    }
}

static void places_sorted_by_class(void **state)
{
    (void)state;
    enum { WORDS = 40, PLACES = 300, COUNT = 7 };
    static const int32_t first[COUNT] = {0, 1, 5, 6, 20, 39, 39}; // class 5 has no words
    int32_t of_word[WORDS], word[PLACES];
    size_t begin[COUNT + 2], order[PLACES], known = 0, sorted = 0;
    struct classes classes;
    for (int32_t i = 0; i < WORDS; i++)
        for (int32_t k = 0; k < COUNT; k++)
            of_word[i] = i >= first[k] ? k : of_word[i];
    assert_true(classes_from_words(&classes, of_word, WORDS, COUNT, NULL));
    for (size_t i = 0; i < PLACES; i++) {
        word[i] = (int32_t)random_below(WORDS + 1) - 1; // -1: unknown
        known += word[i] >= 0;
    }
    assert_int_equal(classes_sort(&classes, word, PLACES, begin, order), known);
    assert_int_equal(begin[COUNT], known);
    for (size_t k = 0; k < COUNT; k++) {
        assert_int_equal(begin[k], sorted);
        for (size_t i = 0; i < PLACES; i++)
            if (word[i] >= 0 && classes.of_word[word[i]] == (int32_t)k)
                assert_int_equal(order[sorted++], i);
    }
    assert_int_equal(sorted, known);
    classes_free(&classes);
}

int main(void)
{
    random_seed(&generator, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_by_example),
        cmocka_unit_test(classes_follow_the_definition),
        cmocka_unit_test(classes_from_a_file),
        cmocka_unit_test(places_sorted_by_class),
    };
    return cmocka_run_group_tests_name("classes", tests, NULL, NULL);
}
