// Scores of n-best lists against words one after the other, also while the network learns, and of
// n-gram models alone against sums by hand.
#include "plain_network.h"

#include "scratch.h"

#include "nbest/list_score.h"
#include "nbest/lists.h"
#include "text/vocabulary.h"

static struct model model;
static struct pool *pool;

static int make_model(void **state)
{
    static const char *const words[] = {"a", "b", "c", "d", "e", "f", "g"};
    const struct network_shape shape = new_shape(8, "elman:21", 3, 0, 0);
    assert_int_equal(scratch_enter(state), 0);
    assert_true(vocabulary_init(&model.vocabulary, NULL));
    for (size_t i = 0; i < 7; i++)
        assert_true(vocabulary_add(&model.vocabulary, words[i], 1, NULL) > 0);
    make_network(&model.network, &shape, 3, 0.5);
    assert_true(model_attach(&model, NULL));
    pool = pool_new(2, NULL);
    return pool == NULL;
}

static int free_model(void **state)
{
    model_free(&model);
    pool_free(pool);
    return scratch_leave(state);
}

// log10 P of a hypothesis, </s> included, with the weights as they are now.
static double score_by_hand(const char *words)
{
    struct state *now = state_at_start(&model.network, STATE_TEXT, NULL, NULL);
    struct state *next = state_new(&model.network, NULL);
    struct plain plain = plain_new(&model.network);
    double sum = 0;
    for (const char *at = words;; at++) {
        int32_t word = *at == '\0' ? WORD_END : vocabulary_find(&model.vocabulary, at, 1);
        sum += log10(plain_prob_behind(&plain, now, word));
        if (word == WORD_END)
            break;
        advance_state(&model.network, now, word, next);
        state_copy(&model.network, now, next);
    }
    plain_free(&plain);
    free(now);
    free(next);
    return sum;
}

// Every list is scored by what has been learnt from those before it.
static void adaptation_shows_in_the_next_list(void **state)
{
    (void)state;
    static const char LISTS[] = "1 a b c\n1 a b d\n2 g f e\n2 g f\n3 a b c\n3 c b a\n";
    static const char *const plain[] = {"abc", "abd", "gfe", "gf", "abc", "cba"};
    static const double weight = 1;
    const char *path = "lists";
    const struct list_costs none = {NULL, NULL, NULL};
    const struct dynamic_rule rule = {
        .rate = 2, .bptt = 2, .bptt_block = 2, .independent = true, .restores = true};
    struct dynamic dynamic;
    struct error error = {""};
    write_file(path, LISTS, strlen(LISTS));
    assert_true(dynamic_init(&dynamic, &model.network, &rule, NULL, NULL));
    const struct list_models models = {.model = &model,
                                       .weight = &weight,
                                       .models = 1,
                                       .lambda = 1,
                                       .unknown_log10 = -5,
                                       .history = LIST_HISTORY_NONE,
                                       .pool = pool,
                                       .dynamic = &dynamic,
                                       .forgets = true};
    struct list_scorer *scorer = list_scorer_new(&models, &error);
    struct list_reader *reader = list_reader_open(&path, 1, HYPOTHESIS_FORMS, &none, &error);
    assert_true(scorer != NULL && reader != NULL);
    struct nbest_list list = {.count = 0}, *lists = &list;
    double first = 0;
    for (size_t i = 0; i < 6; i += 2) {
        assert_int_equal(list_reader_next(reader, &list, &error), LIST_READ);
        assert_int_equal(list.count, 2);
        assert_true(list_scorer_score(scorer, &lists, 1, &error));
        for (size_t j = 0; j < 2; j++)
            assert_near(list.hypothesis[j].mixed, score_by_hand(plain[i + j]), 1e-5);
        if (i == 0)
            first = list.hypothesis[0].mixed;
        assert_true(list_scorer_go_on(scorer, &list, 0, &error));
    }
    assert_true(fabs(list.hypothesis[0].mixed - first) > 0.1); // "a b c" a second time
    assert_true(list_scorer_restart(scorer, &error));
    assert_true(list_scorer_score(scorer, &lists, 1, &error));
    assert_true(list.hypothesis[0].mixed == first); // as if nothing had been learnt
    assert_int_equal(list_reader_next(reader, &list, &error), LIST_END);
    nbest_list_free(&list);
    list_reader_close(reader);
    list_scorer_free(scorer);
    dynamic_free(&dynamic);
}

// ---- without networks -------------------------------------------------------------------------

static const char ARPA[] = "\\data\\\n"
                           "ngram 1=5\n"
                           "ngram 2=3\n"
                           "\n"
                           "\\1-grams:\n"
                           "-99\t<s>\t-0.25\n"
                           "-0.5\t</s>\n"
                           "-1\ta\t-0.125\n"
                           "-0.75\tb\t-0.5\n"
                           "-2\t<unk>\n"
                           "\n"
                           "\\2-grams:\n"
                           "-0.375\t<s> a\n"
                           "-0.25\ta b\n"
                           "-0.125\tb </s>\n"
                           "\n"
                           "\\end\\\n";

// Scores the one list of the file "lists"; `language`, if not NULL, are the scores that it has.
static void score_one_list(const struct list_models *models, const double *language, size_t count,
                           const double *wanted, uint64_t unknown)
{
    const char *path = "lists";
    const struct list_costs none = {NULL, NULL, NULL};
    struct error error = {""};
    struct list_reader *reader = list_reader_open(&path, 1, HYPOTHESIS_FORMS, &none, &error);
    struct list_scorer *scorer = list_scorer_new(models, &error);
    struct nbest_list list = {.count = 0}, *lists = &list;
    assert_true(reader != NULL && scorer != NULL);
    assert_int_equal(list_reader_next(reader, &list, &error), LIST_READ);
    assert_int_equal(list.count, count);
    for (size_t i = 0; language != NULL && i < count; i++)
        list.hypothesis[i].language = language[i];
    assert_true(list_scorer_score(scorer, &lists, 1, &error));
    for (size_t i = 0; i < count; i++) {
        assert_near(list.hypothesis[i].mixed, wanted[i], 1e-9);
        assert_near(list.hypothesis[i].other, wanted[i], 1e-9);
        assert_true(list.hypothesis[i].networks == 0);
    }
    assert_int_equal(list_scorer_coverage(scorer)->unknown, unknown);
    nbest_list_free(&list);
    list_scorer_free(scorer);
    list_reader_close(reader);
}

static void an_ngram_model_scores_alone(void **state)
{
    (void)state;
    static const char LISTS[] = "1 a b\n1 b a\n1\n1 a x b\n1 x\n";
    static const double closed[] = {
        -0.375 - 0.25 - 0.125,          // <s> a, a b, b </s>
        -0.25 - 0.75 - 0.5 - 1 - 0.625, // backs off at each word
        -0.25 - 0.5,                    // no words
        -0.375 - 7 - 0.75 - 0.125,      // nothing comes before b
        -7 - 0.5,
    };
    static const double open[] = {closed[0], closed[1], closed[2], -0.375 - 2.125 - 0.75 - 0.125,
                                  -0.25 - 2 - 0.5};
    const double quarter = 2 * log10(2);
    const double shared[] = {open[0], open[1], open[2], open[3] - quarter, open[4] - quarter};
    const struct unknown_shares shares = {.count = 4};
    struct error error = {""};
    write_file("lists", LISTS, strlen(LISTS));
    write_file("arpa", ARPA, strlen(ARPA));
    struct ngram_model *ngram = ngram_open("arpa", &error);
    assert_non_null(ngram);
    for (int mix = 0; mix < 2; mix++) {
        struct list_models models = {
            .ngram = ngram, .sentence_mix = mix == 1, .unknown_log10 = -7, .pool = pool};
        score_one_list(&models, NULL, 5, closed, 2);
        models.unk = true;
        score_one_list(&models, NULL, 5, open, 2);
        models.shares = &shares;
        score_one_list(&models, NULL, 5, shared, 2);
    }
    ngram_close(ngram);
}

// Nothing is said of their words then, unknown or not.
static void scores_of_hypotheses_stay_as_they_are(void **state)
{
    (void)state;
    static const char LISTS[] = "1 a b\n1 x y z\n";
    static const double language[] = {-3.5, -12.25};
    const struct list_models models = {
        .other_language = true, .sentence_mix = true, .unknown_log10 = -7, .pool = pool};
    write_file("lists", LISTS, strlen(LISTS));
    score_one_list(&models, language, 2, language, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(adaptation_shows_in_the_next_list, make_model, free_model),
        cmocka_unit_test_setup_teardown(an_ngram_model_scores_alone, make_model, free_model),
        cmocka_unit_test_setup_teardown(scores_of_hypotheses_stay_as_they_are, make_model,
                                        free_model),
    };
    return cmocka_run_group_tests_name("list_score", tests, NULL, NULL);
}
