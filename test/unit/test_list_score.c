// Scores of n-best lists against words one after the other, also while the network learns.
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
    struct learning_rule rule = {.alpha = 2, .bptt = 2, .bptt_block = 2};
    struct learner learner;
    struct error error = {""};
    write_file(path, LISTS, strlen(LISTS));
    assert_true(learner_init(&learner, &model.network, &rule, NULL));
    const struct list_models models = {.model = &model,
                                       .weight = &weight,
                                       .models = 1,
                                       .lambda = 1,
                                       .unknown_log10 = -5,
                                       .history = LIST_HISTORY_NONE,
                                       .pool = pool,
                                       .learner = &learner};
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
    assert_int_equal(list_reader_next(reader, &list, &error), LIST_END);
    nbest_list_free(&list);
    list_reader_close(reader);
    list_scorer_free(scorer);
    learner_free(&learner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(adaptation_shows_in_the_next_list, make_model, free_model),
    };
    return cmocka_run_group_tests_name("list_score", tests, NULL, NULL);
}
