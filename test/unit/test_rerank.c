// Re-ranking, files of weights, and minimum error training.
#include "testing.h"

#include "scratch.h"

#include "nbest/rerank.h"
#include "nbest/tune.h"

static const struct rerank_weights plain = {.ac_scale = 1, .lm_scale = 1, .lambda = 0.5};

static void order_and_ties(void **state)
{
    (void)state;
    struct list_hypothesis hypothesis[] = {
        {.acoustic = -10, .mixed = -3, .count = 2},
        {.acoustic = -8, .mixed = -5, .count = 1},
        {.acoustic = -9, .mixed = -2, .count = 4},
        {.acoustic = -INFINITY, .mixed = -2, .count = 1},
    };
    const struct nbest_list list = {.hypothesis = hypothesis, .count = 4};
    struct rerank_weights weights = plain;
    size_t order[4];
    assert_true(rerank_order(&weights, &list, order, NULL));
    const size_t wanted[] = {2, 0, 1, 3};
    assert_memory_equal(order, wanted, sizeof wanted);
    assert_int_equal(rerank_best(&weights, &list), 2);
    weights.word_penalty = -2;
    assert_int_equal(rerank_best(&weights, &list), 1);
    weights.ac_scale = weights.word_penalty = 0; // -inf counts nothing then
    assert_true(rerank_order(&weights, &list, order, NULL));
    const size_t without[] = {2, 3, 0, 1};
    assert_memory_equal(order, without, sizeof without);
}

static bool read_weights(const char *text, struct rerank_weights *weights, struct error *error)
{
    write_file("weights", text, strlen(text));
    return rerank_weights_read(weights, "weights", error);
}

static void files_of_weights(void **state)
{
    (void)state;
    struct error error = {""};
    struct rerank_weights weights = {.ac_scale = 0.25,
                                     .lm_scale = 12.5,
                                     .word_penalty = -0.75,
                                     .lambda = 0.125,
                                     .has_lambda = true},
                          read = plain;
    struct output *output = output_open("weights", NULL);
    rerank_weights_write(&weights, output);
    assert_true(output_commit(output, NULL));
    assert_true(rerank_weights_read(&read, "weights", &error));
    assert_true(read.ac_scale == weights.ac_scale && read.lm_scale == weights.lm_scale &&
                read.word_penalty == weights.word_penalty && read.lambda == weights.lambda &&
                read.has_lambda);
    read = plain;
    assert_true(read_weights("# comment\n\n lm-scale 3 # here too\n", &read, &error));
    assert_near(read.lm_scale, 3, 0);
    assert_near(read.ac_scale, 1, 0);
    assert_false(read.has_lambda);
    static const char *const bad[] = {"lm-scale\n", "lm-scale x\n", "lm-scale nan\n",
                                      "lm 3\n",     "lambda 1.5\n", "lm-scale 1 2\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(read_weights(bad[i], &read, &error));
        assert_contains(error.text, "weights: line 1: found \"");
    }
}

// ---- tuning -----------------------------------------------------------------------------------

static void add(struct tuning *tuning, double base, double first, double second, double third,
                uint64_t errors)
{
    const struct tune_candidate candidate = {
        .base = base, .feature = {first, second, third}, .errors = errors};
    assert_true(tuning_add_candidate(tuning, &candidate, NULL));
}

static double uniform(struct random *random, double low, double high)
{
    return random_uniform(random, low, high);
}

// Lists whose first hypothesis is right under the planted weights and those near them.
static void plant(struct tuning *tuning, bool lambda, double scale, double weight, double penalty,
                  struct random *random)
{
    for (int list = 0; list < 200; list++) {
        double best = -INFINITY, feature[10][4], total[10];
        size_t right = 0;
        for (size_t i = 0; i < 10; i++) {
            double words = floor(uniform(random, 5, 15));
            feature[i][0] = uniform(random, -60, -20);
            feature[i][1] = uniform(random, -12, -4);
            feature[i][2] = lambda ? uniform(random, -12, -4) : words;
            feature[i][3] = lambda ? words : 0;
            total[i] = feature[i][0] + penalty * words +
                       (lambda ? scale * (weight * feature[i][1] + (1 - weight) * feature[i][2])
                               : scale * feature[i][1]);
            if (total[i] > best) {
                best = total[i];
                right = i;
            }
        }
        for (size_t i = 0; i < 10; i++)
            add(tuning, feature[i][0], feature[i][1], feature[i][2], feature[i][3],
                i == right ? 0 : 1 + (uint64_t)(i % 3));
        assert_true(tuning_end_list(tuning, NULL));
    }
}

static void planted_weights_are_found(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 5);
    for (int lambda = 0; lambda < 2; lambda++) {
        struct tuning tuning;
        struct rerank_weights weights = plain;
        assert_true(tuning_init(&tuning, lambda, NULL, NULL, NULL));
        plant(&tuning, lambda, 7.3, 0.35, -1.4, &random);
        assert_true(tuning_errors(&tuning, &plain) > 20);
        assert_true(tuning_find(&tuning, 20, &weights, NULL));
        assert_int_equal(tuning_errors(&tuning, &weights), 0);
        assert_near(weights.lm_scale, 7.3, 0.1);
        assert_near(weights.word_penalty, -1.4, 0.15);
        if (lambda)
            assert_near(weights.lambda, 0.35, 0.05);
        assert_int_equal(weights.has_lambda, lambda);
        tuning_free(&tuning);
    }
}

// Errors that no weights explain: no point of a dense grid is better than what is found, and the
// same comes out again.
static void no_grid_point_is_better(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 9);
    struct tuning tuning;
    assert_true(tuning_init(&tuning, true, NULL, NULL, NULL));
    for (int list = 0; list < 40; list++) {
        for (size_t i = 0; i < 20; i++) {
            double errors = floor(uniform(&random, 0, 10));
            add(&tuning, uniform(&random, -60, -20) - errors,
                uniform(&random, -12, -4) - errors / 3, uniform(&random, -12, -4) - errors / 4,
                floor(uniform(&random, 5, 15)), (uint64_t)errors);
        }
        assert_true(tuning_end_list(&tuning, NULL));
    }
    struct rerank_weights weights = plain, again = plain;
    assert_true(tuning_find(&tuning, 20, &weights, NULL));
    assert_true(tuning_find(&tuning, 20, &again, NULL));
    assert_true(again.lm_scale == weights.lm_scale && again.lambda == weights.lambda &&
                again.word_penalty == weights.word_penalty);
    uint64_t found = tuning_errors(&tuning, &weights);
    for (int scale = 0; scale <= 40; scale++)
        for (int lambda = 0; lambda <= 20; lambda++)
            for (int penalty = -20; penalty <= 20; penalty++) {
                const struct rerank_weights point = {.ac_scale = 1,
                                                     .lm_scale = scale * 0.5,
                                                     .lambda = lambda / 20.0,
                                                     .word_penalty = penalty * 0.5};
                assert_true(tuning_errors(&tuning, &point) >= found);
            }
    tuning_free(&tuning);
}

// One axis, three hypotheses: the corners are known.
static void one_line_by_hand(void **state)
{
    (void)state;
    struct tuning tuning;
    assert_true(tuning_init(&tuning, false, NULL, NULL, NULL));
    // best up to scale 1, from 1 to 3, beyond
    add(&tuning, 0, -4, 0, 0, 3);
    add(&tuning, -1, -3, 0, 0, 1);
    add(&tuning, -4, -2, 0, 0, 2);
    assert_true(tuning_end_list(&tuning, NULL));
    struct rerank_weights weights = {.ac_scale = 1, .lm_scale = 10};
    assert_int_equal(tuning_errors(&tuning, &weights), 2);
    assert_true(tuning_find(&tuning, 5, &weights, NULL));
    assert_int_equal(tuning_errors(&tuning, &weights), 1);
    assert_near(weights.lm_scale, 2, 1e-9);
    tuning_free(&tuning);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_ties),          cmocka_unit_test(files_of_weights),
        cmocka_unit_test(one_line_by_hand),        cmocka_unit_test(planted_weights_are_found),
        cmocka_unit_test(no_grid_point_is_better),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
