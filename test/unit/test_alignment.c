// Alignment against brute force, sclite's rules for alternatives, and long texts in parts; counts,
// bootstrap and significance.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/random.h"
#include "wer/error_rate.h"
#include "wer/letter_case.h"
#include "wer/significance.h"

enum { MOST = 9 };

static struct error error;

static void make_chain(struct alignment_text *text, const int32_t *word, size_t count)
{
    assert_true(alignment_text_init(text, &error));
    for (size_t i = 0; i < count; i++) {
        assert_true(alignment_text_add_node(text, &error));
        assert_true(
            alignment_text_add_arc(text, (struct alignment_arc){i, word[i], false, false}, &error));
    }
}

// The least weight over all alignments, by trying them all.
static int32_t brute_force(const int32_t *a, size_t m, const int32_t *b, size_t n)
{
    if (m == 0 || n == 0)
        return 3 * (int32_t)(m + n);
    int32_t pair = brute_force(a + 1, m - 1, b + 1, n - 1) + (a[0] == b[0] ? 0 : 4);
    int32_t deletion = brute_force(a + 1, m - 1, b, n) + 3;
    int32_t insertion = brute_force(a, m, b + 1, n - 1) + 3;
    pair = pair < deletion ? pair : deletion;
    return pair < insertion ? pair : insertion;
}

// The steps spell both texts, and weigh what they are said to.
static void check_steps(const struct alignment *found, const int32_t *a, size_t m, const int32_t *b,
                        size_t n)
{
    uint64_t weight = 0;
    size_t i = 0, j = 0;
    for (size_t k = 0; k < found->steps; k++) {
        const struct alignment_step *step = &found->step[k];
        if (step->reference != ALIGNMENT_NULL)
            assert_true(i < m && a[i++] == step->reference);
        if (step->hypothesis != ALIGNMENT_NULL)
            assert_true(j < n && b[j++] == step->hypothesis);
        switch (step->kind) {
        case ALIGNMENT_CORRECT:
            assert_int_equal(step->reference, step->hypothesis);
            break;
        case ALIGNMENT_SUBSTITUTION:
            assert_true(step->reference >= 0 && step->hypothesis >= 0);
            weight += 4;
            break;
        default:
            weight += 3;
        }
    }
    assert_true(i == m && j == n);
    assert_int_equal(weight, found->weight);
    assert_int_equal(found->correct + found->substitutions + found->deletions, m);
    assert_int_equal(found->correct + found->substitutions + found->insertions, n);
}

static void draw(struct random *random, int32_t *word, size_t count, int32_t words)
{
    for (size_t i = 0; i < count; i++)
        word[i] = random_next(random) % words + 1;
}

static void agrees_with_brute_force(void **state)
{
    (void)state;
    struct alignment found = {0};
    struct random random;
    random_seed(&random, 5);
    for (int pair = 0; pair < 10000; pair++) {
        int32_t a[MOST], b[MOST];
        // Lengths whose product is small, so that all alignments can be tried.
        size_t m = (size_t)random_next(&random) % (MOST + 1),
               n = (size_t)random_next(&random) % (m > 5 ? 5 : MOST + 1 - m / 2);
        draw(&random, a, m, 4);
        draw(&random, b, n, 4);
        struct alignment_text left, right;
        make_chain(&left, a, m);
        make_chain(&right, b, n);
        alignment_set_whole_cells(pair % 2 == 0 ? 0 : 4); // 4: in parts
        assert_true(alignment_find(&found, &left, &right, &alignment_sclite, NULL, &error));
        assert_int_equal(found.weight, brute_force(a, m, b, n));
        check_steps(&found, a, m, b, n);
        alignment_text_free(&left);
        alignment_text_free(&right);
    }
    alignment_set_whole_cells(0);
    alignment_free(&found);
}

static void assert_same_step(const struct alignment_step *a, const struct alignment_step *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->reference, b->reference);
    assert_int_equal(a->hypothesis, b->hypothesis);
    assert_int_equal(a->reference_optional, b->reference_optional);
    assert_int_equal(a->hypothesis_optional, b->hypothesis_optional);
}

// A band and parts give the same steps as one grid without a band (which a text with an arc that
// is not plain has).
static void band_changes_nothing(void **state)
{
    (void)state;
    enum { LONG = 700 };
    static int32_t a[LONG], b[LONG];
    struct alignment banded = {0}, whole = {0};
    struct random random;
    random_seed(&random, 9);
    for (int round = 0; round < 12; round++) {
        size_t n = 0;
        draw(&random, a, LONG, round % 2 == 0 ? 3 : 50);
        for (size_t i = 0; i < LONG; i++) {
            int32_t what = random_next(&random) % 100, errors = 8 * round;
            if (what < errors / 2)
                continue;
            b[n++] = what < errors ? random_next(&random) % 50 + 1 : a[i];
        }
        struct alignment_text left, right;
        make_chain(&left, a, LONG);
        make_chain(&right, b, n);
        alignment_set_whole_cells(round % 3 == 0 ? 0 : 1000);
        assert_true(alignment_find(&banded, &left, &right, &alignment_sclite, NULL, &error));
        check_steps(&banded, a, LONG, b, n);
        left.arc[0].fragment = true; // no words match it: the general way, without a band
        struct vocabulary words;
        assert_true(vocabulary_init(&words, &error));
        for (int i = 1; i <= 50; i++) {
            char name[2] = {(char)('0' + i), '\0'};
            assert_int_equal(vocabulary_add(&words, name, 1, &error), i);
        }
        assert_true(alignment_find(&whole, &left, &right, &alignment_sclite, &words, &error));
        vocabulary_free(&words);
        assert_int_equal(banded.weight, whole.weight);
        assert_int_equal(banded.steps, whole.steps);
        for (size_t i = 0; i < whole.steps; i++)
            assert_same_step(&banded.step[i], &whole.step[i]);
        alignment_text_free(&left);
        alignment_text_free(&right);
    }
    alignment_set_whole_cells(0);
    alignment_free(&banded);
    alignment_free(&whole);
}

// Every failed allocation is an error, nothing else.
static void survives_without_memory(void **state)
{
    (void)state;
    int32_t a[] = {1, 2, 3}, b[] = {1, 3, 3, 4};
    struct alignment_text left, right;
    make_chain(&left, a, 3);
    make_chain(&right, b, 4);
    bool ok = false;
    alignment_set_whole_cells(4);
    for (int64_t count = 0; !ok; count++) {
        struct alignment found = {0};
        assert_true(count < 20);
        memory_fail_after(count);
        ok = alignment_find(&found, &left, &right, &alignment_sclite, NULL, &error);
        memory_fail_after(-1);
        alignment_free(&found);
    }
    alignment_set_whole_cells(0);
    alignment_text_free(&left);
    alignment_text_free(&right);
}

// ---- error rates ------------------------------------------------------------------------------

static void bootstrap_of_known_lists(void **state)
{
    (void)state;
    struct error_list first = {0}, second = {0}, empty = {0};
    struct error_interval one, two, again;
    for (int i = 0; i < 400; i++) {
        struct error_counts counts = {.correct = 9, .substitutions = 1, .insertions = i % 2};
        assert_true(error_list_add(&first, &counts, &error));
        counts.insertions = 0;
        assert_true(error_list_add(&second, &counts, &error));
        assert_true(error_list_add(&empty, &(struct error_counts){.insertions = 1}, &error));
    }
    // Errors of an utterance are 1 or 2 of 10 words: mean 15 %, standard error 5 / sqrt(400).
    assert_true(error_list_bootstrap(&first, NULL, 4000, 7, &one, &error));
    assert_true(fabs(one.deviation - 0.25) < 0.02);
    assert_true(fabs(one.low - (15 - 1.96 * 0.25)) < 0.06);
    assert_true(fabs(one.high - (15 + 1.96 * 0.25)) < 0.06);
    assert_true(error_list_bootstrap(&first, NULL, 4000, 7, &again, &error));
    assert_memory_equal(&one, &again, sizeof one);
    // The second is better by one insertion in half of the utterances.
    assert_true(error_list_bootstrap(&first, &second, 1000, 7, &two, &error));
    assert_true(two.improved == 1 && two.low < -5 && two.high > -5 && two.high < -4);
    assert_false(error_list_bootstrap(&empty, NULL, 10, 7, &two, &error));
    error_list_free(&first);
    error_list_free(&second);
    error_list_free(&empty);
}

static void align(struct alignment *found, const char *reference, const char *hypothesis)
{
    int32_t word[2][64];
    struct alignment_text text[2];
    const char *letters[2] = {reference, hypothesis};
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < strlen(letters[side]); i++)
            word[side][i] = letters[side][i];
        make_chain(&text[side], word[side], strlen(letters[side]));
    }
    assert_true(alignment_find(found, &text[0], &text[1], &alignment_sclite, NULL, &error));
    alignment_text_free(&text[0]);
    alignment_text_free(&text[1]);
}

static void segments_of_matched_pairs(void **state)
{
    (void)state;
    struct comparison comparison = {0};
    struct alignment first = {0}, second = {0};
    double statistic;
    assert_true(isnan(comparison_matched_pairs(&comparison, &statistic)));
    // Errors of the first in b; of the second in g, two right words between both; h and j: one
    // right word between, one segment.
    align(&first, "abcdefghijkl", "aXcdefgXiXkl");
    align(&second, "abcdefghijkl", "abcdefXhijkl");
    assert_true(comparison_add(&comparison, &first, &second, &error));
    assert_int_equal(comparison.segments, 2); // b; g h i j
    assert_true(comparison.sum == 2 && comparison.squares == 1 + 1);
    assert_int_equal(comparison.second_better, 1);
    // An insertion between two right words parts the run.
    align(&first, "abcdef", "aXbcdef");
    align(&second, "abcdef", "abXdef");
    assert_true(comparison_add(&comparison, &first, &second, &error));
    assert_int_equal(comparison.segments, 3);
    assert_int_equal(comparison.equal, 1);
    // Differences 1, 1, 0: mean 2/3, variance 1/3, W = 2.
    double p = comparison_matched_pairs(&comparison, &statistic);
    assert_true(fabs(statistic - 2) < 1e-12 && fabs(p - 0.0455002638963584) < 1e-12);
    comparison.first_better = 1;
    comparison.second_better = 8;
    assert_true(fabs(comparison_sign(&comparison) - 2 * (9 + 1) / 512.0) < 1e-12);
    comparison.first_better = comparison.second_better = 4;
    assert_true(comparison_sign(&comparison) == 1);
    comparison_free(&comparison);
    alignment_free(&first);
    alignment_free(&second);
}

static void letters_change_case(void **state)
{
    (void)state;
    char ascii[] = "Word-7Z", utf8[] = "\303\211TUDE \316\221 \320\257", latin[] = "\311TUDE \337";
    letter_case_lower(ascii, strlen(ascii));
    assert_string_equal(ascii, "word-7z");
    letter_case_lower(utf8, strlen(utf8));
    assert_string_equal(utf8, "\303\251tude \316\261 \321\217");
    letter_case_upper(utf8, strlen(utf8));
    assert_string_equal(utf8, "\303\211TUDE \316\221 \320\257");
    letter_case_lower(latin, strlen(latin));
    assert_string_equal(latin, "\351tude \337");
    assert_int_equal(letter_case_width(utf8, strlen(utf8)), 9);
    assert_int_equal(letter_case_width(latin, strlen(latin)), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_brute_force),   cmocka_unit_test(band_changes_nothing),
        cmocka_unit_test(survives_without_memory),   cmocka_unit_test(bootstrap_of_known_lists),
        cmocka_unit_test(segments_of_matched_pairs), cmocka_unit_test(letters_change_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
