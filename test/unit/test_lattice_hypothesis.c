// Which hypotheses of a node one stands for, with hidden vectors set by hand.
#include "testing.h"

#include "lattice/hypothesis.h"

enum { HIDDEN = 4, MOST = 5 };

static struct model model;
static struct pool *pool;
static struct language language;
static struct lattice_hypothesis hypothesis[MOST];

static int set_up(void **state)
{
    (void)state;
    const struct network_shape shape = new_shape(3, "elman:4", 1, 0, 0);
    static const char *const spelling[3] = {"</s>", "a", "b"};
    assert_true(vocabulary_init(&model.vocabulary, NULL));
    for (size_t i = 0; i < 3; i++)
        vocabulary_add(&model.vocabulary, spelling[i], strlen(spelling[i]), NULL);
    make_network(&model.network, &shape, 1, 1);
    pool = pool_new(1, NULL);
    const struct language_models models = {.network = &model};
    bool ok =
        pool != NULL && model_attach(&model, NULL) && language_init(&language, &models, pool, NULL);
    return ok ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    language_free(&language);
    model_free(&model);
    pool_free(pool);
    return 0;
}

// Hypothesis number i: a score, a hidden vector of equal activations, and the group's first.
static void make(size_t i, double score, float activation, size_t first)
{
    size_t state;
    assert_true(language_start(&language, &state, NULL));
    for (size_t k = 0; k < HIDDEN; k++)
        language.state[state].network->value[k] = activation;
    hypothesis[i] = (struct lattice_hypothesis){
        .group = first, .first = first, .next = NO_HYPOTHESIS, .state = state, .word = 1};
    hypothesis[i].merged = NO_HYPOTHESIS;
    hypothesis[i].score = score;
}

static void check(size_t count, const struct merging *merging, const size_t *merged)
{
    lattice_hypotheses_merge(hypothesis, 0, count, merging, &language);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(hypothesis[i].merged, merged[i]);
        assert_int_equal(hypothesis[i].state == NO_STATE, merged[i] != NO_HYPOTHESIS);
        lattice_hypothesis_drop_state(&hypothesis[i], &language);
    }
    for (size_t i = 0; i < language.states; i++)
        assert_int_equal(language.state[i].holders, 0);
}

// The better one stands for the other where it leads by the margin times the distance.
static void test_margin(void **state)
{
    (void)state;
    const struct merging merging = {.margin = 10};
    make(0, -1, 0.5F, 0);
    make(1, -1.9, 0.6F, 0);  // 0.9 behind, 1 wanted
    make(2, -2.1, 0.6F, 0);  // 1.1 behind
    make(3, -2.2, 0.72F, 0); // 1.2 behind, 2.2 wanted; 0.3 behind the second, 1.2 wanted
    check(4, &merging, (size_t[]){NO_HYPOTHESIS, NO_HYPOTHESIS, 0, NO_HYPOTHESIS});
}

// One whose vector is the same never has more to come.
static void test_same_vector(void **state)
{
    (void)state;
    const struct merging merging = {.margin = 1e9};
    make(0, -1, 0.5F, 0);
    make(1, -1, 0.6F, 0);
    make(2, -1, 0.6F, 0);
    check(3, &merging, (size_t[]){NO_HYPOTHESIS, NO_HYPOTHESIS, 1});
}

// Other last words: nothing is merged, however far behind.
static void test_groups(void **state)
{
    (void)state;
    const struct merging merging = {.margin = 10};
    make(0, -1, 0.5F, 0);
    make(1, -50, 0.5F, 1);
    make(2, -60, 0.6F, 0);
    make(3, -60, 0.6F, 1);
    check(4, &merging, (size_t[]){NO_HYPOTHESIS, NO_HYPOTHESIS, 0, 1});
}

// Each group keeps its first one; others come by score as long as there is room.
static void test_limit(void **state)
{
    (void)state;
    struct merging merging = {.margin = 1000, .most = 3};
    for (size_t i = 0; i < MOST; i++)
        make(i, -1.0 - (double)i, 0.1F * (float)(i + 1), i == 3 ? 3 : 0);
    check(MOST, &merging, (size_t[]){NO_HYPOTHESIS, NO_HYPOTHESIS, 0, NO_HYPOTHESIS, 0});
    merging.most = 1; // groups were not limited before
    for (size_t i = 0; i < MOST; i++)
        make(i, -1.0 - (double)i, 0.1F * (float)(i + 1), i == 3 ? 3 : 0);
    check(MOST, &merging, (size_t[]){NO_HYPOTHESIS, 0, 0, NO_HYPOTHESIS, 0});
}

// Near vectors are one with the same last word, whatever the group. Where that takes a group's
// first, the next one is held against the others that are kept, or goes where the first one went.
static void test_distance(void **state)
{
    (void)state;
    struct merging merging = {.margin = 1000, .distance = 0.05};
    for (int limit = 0; limit < 2; limit++) {
        merging.most = limit ? 3 : 0;
        make(0, -1, 0.5F, 0);
        make(1, -2, 0.51F, 1);
        make(2, -3, 0.7F, 1);
        make(3, -9, 0.9F, 1);
        make(4, -9, 0.9F, 4);
        hypothesis[4].word = 2;
        size_t kept = NO_HYPOTHESIS;
        if (limit)
            check(MOST, &merging, (size_t[]){kept, 0, 0, 0, kept});
        else
            check(MOST, &merging, (size_t[]){kept, 0, kept, kept, kept});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_margin),   cmocka_unit_test(test_same_vector),
        cmocka_unit_test(test_groups),   cmocka_unit_test(test_limit),
        cmocka_unit_test(test_distance),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
