// Mixture weights: expectation maximisation against a search of the likelihood, and words of
// probability 0.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/random.h"
#include "score/mixture.h"

enum { WORDS = 500, MODELS = 3, MANY = 100000 };

static double prob[MODELS][WORDS];
static const double *const rows[MODELS] = {prob[0], prob[1], prob[2]};

// Models that are good at different words; every 17th word is unknown to all, every 5th to the
// first.
static struct mixture random_models(size_t models)
{
    struct random random;
    random_seed(&random, 3);
    for (size_t t = 0; t < WORDS; t++)
        for (size_t i = 0; i < MODELS; i++) {
            double p = random_uniform(&random, 0, 1);
            prob[i][t] = t % 17 == 0 || (i == 0 && t % 5 == 0) ? 0 : p * p * p;
        }
    return (struct mixture){models, WORDS, rows};
}

static void assert_close(double found, double wanted, double tolerance)
{
    if (!(fabs(found - wanted) <= tolerance))
        fail_msg("found %.9g, wanted %.9g", found, wanted);
}

static void test_start(void **state)
{
    (void)state;
    double weight[4];
    mixture_start(1, weight);
    assert_close(weight[0], 1, 0);
    mixture_start(4, weight);
    assert_close(weight[0], 0.5, 0);
    for (int i = 1; i < 4; i++)
        assert_close(weight[i], 0.5 / 3, 1e-15);
}

static void test_check(void **state)
{
    (void)state;
    struct error error;
    assert_true(mixture_check(3, (double[]){0.25, 0, 0.75}, &error));
    assert_true(mixture_check(3, (double[]){0.33333333, 0.33333333, 0.33333333}, &error));
    assert_false(mixture_check(2, (double[]){-0.5, 1.5}, &error));
    assert_string_equal(error.text, "weight 1 is -0.5, wanted 0 or more");
    assert_false(mixture_check(2, (double[]){0.5, NAN}, &error));
    assert_false(mixture_check(2, (double[]){0.5, 0.49}, &error));
    assert_string_equal(error.text, "the weights sum to 0.99, wanted 1");
}

// P(a) = 1/2, P(b) = 1/8 under one model, 1/4 and 1/2 under the other, zeros around them.
static void test_scores(void **state)
{
    (void)state;
    static const double a[] = {0, 0.5, 0.125, 0.25, 0}, b[] = {0, 0.25, 0.5, 0, 0};
    const double *const both[] = {a, b};
    struct mixture mixture = {2, 5, both};
    assert_int_equal(mixture_words(&mixture), 3);
    struct mixture_score one = mixture_score_one(&mixture, 0),
                         other = mixture_score_one(&mixture, 1);
    assert_true(one.words == 3 && one.zeros == 0 && other.words == 2 && other.zeros == 1);
    assert_close(one.log10_prob, -6 * log10(2), 1e-12);
    assert_close(mixture_perplexity(&one), 4, 1e-12);
    assert_close(mixture_perplexity(&other), sqrt(8), 1e-12);
    struct mixture_score mix = mixture_score(&mixture, (double[]){0.5, 0.5});
    assert_true(mix.words == 3 && mix.zeros == 0);
    assert_close(mix.log10_prob, log10(0.375 * 0.3125 * 0.125), 1e-12);
    struct mixture_score only_b = mixture_score(&mixture, (double[]){0, 1});
    assert_true(only_b.words == 2 && only_b.zeros == 1);
    assert_true(isnan(mixture_perplexity(&(struct mixture_score){0})));
}

// Two models: the best of a fine grid.
static void test_two_models(void **state)
{
    (void)state;
    struct mixture mixture = random_models(2);
    double weight[2], best = -INFINITY, best_weight = 0;
    mixture_start(2, weight);
    assert_true(mixture_train(&mixture, weight, 1e-9, MANY, NULL, NULL));
    for (int i = 1; i < 1000; i++) {
        double other = i / 1000.0;
        double found = mixture_score(&mixture, (double[]){other, 1 - other}).log10_prob;
        if (found > best) {
            best = found;
            best_weight = other;
        }
    }
    assert_close(weight[0], best_weight, 1e-3);
    assert_true(mixture_score(&mixture, weight).log10_prob >= best);
    assert_close(weight[0] + weight[1], 1, 1e-12);
}

// At the best weights the gradient of the log likelihood is the same, the number of words, for each
// weight.
static void test_three_models(void **state)
{
    (void)state;
    struct mixture mixture = random_models(3);
    double weight[3];
    mixture_start(3, weight);
    assert_true(mixture_train(&mixture, weight, 1e-10, MANY, NULL, NULL));
    double words = (double)mixture_words(&mixture);
    assert_close(words, WORDS - (WORDS + 16) / 17, 0);
    for (size_t i = 0; i < 3; i++) {
        double gradient = 0;
        for (size_t t = 0; t < WORDS; t++)
            if (mixture_prob(&mixture, weight, t) > 0)
                gradient += prob[i][t] / mixture_prob(&mixture, weight, t);
        assert_true(weight[i] > 0.01);
        assert_close(gradient / words, 1, 1e-6);
    }
}

static void test_likelihood_never_falls(void **state)
{
    (void)state;
    struct mixture mixture = random_models(3);
    double weight[] = {0.98, 0.01, 0.01}, last = -INFINITY;
    for (int i = 0; i < 50; i++) {
        double found = mixture_score(&mixture, weight).log10_prob;
        assert_true(found >= last - 1e-9);
        last = found;
        assert_true(mixture_train(&mixture, weight, 0, 1, NULL, NULL));
    }
}

// Ends after the first iteration that changes no weight by the precision or more.
static void test_ends_as_compute_best_mix(void **state)
{
    (void)state;
    static const double a[] = {0.5, 0.5, 0.1}, b[] = {0.25, 0.25, 0.1};
    const double *const both[] = {a, b};
    struct mixture mixture = {2, 3, both};
    double weight[2], step[2];
    uint64_t iterations, steps = 0;
    mixture_start(2, weight);
    mixture_start(2, step);
    assert_true(mixture_train(&mixture, weight, MIXTURE_PRECISION, MANY, &iterations, NULL));
    double change;
    do {
        double before = step[0];
        assert_true(mixture_train(&mixture, step, 1, 1, NULL, NULL));
        change = fabs(step[0] - before);
        steps++;
    } while (change >= MIXTURE_PRECISION);
    assert_int_equal(iterations, steps);
    assert_true(iterations > 3);
    assert_close(weight[0], step[0], 0);
}

static void test_nothing_to_learn(void **state)
{
    (void)state;
    static const double zeros[] = {0, 0};
    const double *const both[] = {zeros, zeros};
    struct mixture mixture = {2, 2, both}, empty = {2, 0, both};
    double weight[] = {0.5, 0.5};
    struct error error;
    assert_false(mixture_train(&mixture, weight, 0.001, MANY, NULL, &error));
    assert_string_equal(error.text, "no word has a probability above 0 in any of the models");
    assert_false(mixture_train(&empty, weight, 0.001, MANY, NULL, &error));
    weight[1] = 0;
    assert_false(mixture_train(&mixture, weight, 0.001, MANY, NULL, &error));
    assert_string_equal(error.text, "weight 2 is 0 at the start, wanted more than 0");
    weight[1] = 0.5;
    memory_fail_after(0);
    assert_false(mixture_train(&mixture, weight, 0.001, MANY, NULL, &error));
    memory_fail_after(-1);
}

// Probabilities near the smallest double.
static void test_tiny(void **state)
{
    (void)state;
    static const double a[] = {1e-300, 1e-310}, b[] = {1e-310, 1e-300};
    const double *const both[] = {a, b};
    struct mixture mixture = {2, 2, both};
    double weight[] = {0.9, 0.1};
    assert_true(mixture_train(&mixture, weight, 1e-9, MANY, NULL, NULL));
    assert_close(weight[0], 0.5, 1e-6);
    assert_close(weight[1], 0.5, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_two_models),
        cmocka_unit_test(test_three_models),
        cmocka_unit_test(test_likelihood_never_falls),
        cmocka_unit_test(test_ends_as_compute_best_mix),
        cmocka_unit_test(test_nothing_to_learn),
        cmocka_unit_test(test_tiny),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
