// The forward pass in parts, against the same words one after the other; and batches of states,
// against the plain definition.
#include "plain_network.h"

#include "net/march.h"
#include "net/output.h"
#include "text/vocabulary.h"

enum { WORDS = 60, TEXT = 9000 };

static struct network new_network(size_t hidden, size_t compression, double recurrent)
{
    struct network network;
    struct network_shape shape = {.words = WORDS,
                                  .hidden = hidden,
                                  .classes = 9,
                                  .compression = compression,
                                  .maxent = 5000,
                                  .maxent_order = 3};
    struct classes classes;
    uint64_t count[WORDS];
    for (size_t i = 0; i < WORDS; i++)
        count[i] = 1 + 1000 / (i + 1);
    assert_true(classes_assign(&classes, count, WORDS, shape.classes, CLASSES_SQRT, NULL));
    assert_true(network_init(&network, &shape, &classes, NULL));
    randomise_network(&network, 7, 0.7);
    for (size_t i = 0; i < hidden * network.hidden_row; i++)
        network.recurrent[i] *= (float)(recurrent / 0.7);
    return network;
}

// Words with some unknown ones and sentence ends among them.
static int32_t *new_text(size_t n)
{
    struct random random;
    random_seed(&random, 3);
    int32_t *word = malloc((n + 1) * sizeof *word);
    assert_non_null(word);
    for (size_t i = 0; i < n; i++)
        word[i] = (int32_t)(random_next(&random) % (WORDS + 1)) - 1;
    return word;
}

// One word after the other.
static void plain_score(const struct network *network, const struct state *reset,
                        struct state *state, const int32_t *word, size_t n, double *prob)
{
    struct prediction prediction;
    struct state *next = state_new(network, NULL);
    assert_true(prediction_init(&prediction, network, NULL));
    for (size_t i = 0; i < n; i++) {
        prob[i] = word[i] < 0
                      ? 0
                      : predict_word(network, state->hidden, state->history, word[i], &prediction);
        if (reset != NULL && word[i] == WORD_END)
            state_copy(network, next, reset);
        else
            state_advance(network, state, word[i], next);
        state_copy(network, state, next);
    }
    free(next);
    prediction_free(&prediction);
}

static void compare_marches(const struct network *network, size_t n, bool independent, bool forgets)
{
    int32_t *word = new_text(n);
    double *wanted = calloc(n + 1, sizeof *wanted), *found = calloc(n + 1, sizeof *found);
    double *again = calloc(n + 1, sizeof *again);
    struct state *start = state_at_start(network, STATE_START, NULL, NULL);
    struct state *reset = state_at_start(network, STATE_INDEPENDENT, NULL, NULL);
    struct state *state = state_new(network, NULL), *end = state_new(network, NULL);
    assert_true(wanted != NULL && found != NULL && again != NULL && start != NULL);
    state_copy(network, end, start);
    plain_score(network, independent ? reset : NULL, end, word, n, wanted);
    for (size_t threads = 1; threads <= 3; threads++) {
        struct pool *pool = pool_new(threads, NULL);
        struct forward_crew crew;
        struct march march;
        double *prob = threads == 1 ? found : again;
        assert_true(forward_crew_init(&crew, network, pool, NULL));
        assert_true(march_init(&march, &crew, independent ? reset : NULL, NULL));
        state_copy(network, state, start);
        assert_true(march_score(&march, state, word, n, prob, NULL));
        for (size_t i = 0; i < n; i++)
            assert_near(prob[i], wanted[i], 2e-5 * (forgets ? 1 : 10));
        for (size_t i = 0; i < network->hidden_row; i++)
            assert_near(state->hidden[i], end->hidden[i], forgets ? 1e-5 : 1e-4);
        assert_memory_equal(state->history, end->history, sizeof state->history);
        assert_int_equal(march.sequential, !forgets);
        if (threads > 1)
            assert_memory_equal(found, again, n * sizeof *found);
        march_free(&march);
        forward_crew_free(&crew);
        pool_free(pool);
    }
    free(word);
    free(wanted);
    free(found);
    free(again);
    free(start);
    free(reset);
    free(state);
    free(end);
}

static void parts_meet(void **state)
{
    (void)state;
    const size_t length[] = {0, 1, 5, 255, 256, 511, 512, 1300, 6143, 6144, TEXT};
    struct network network = new_network(37, 0, 0.4), compressed = new_network(20, 11, 0.4);
    for (size_t i = 0; i < sizeof length / sizeof length[0]; i++) {
        compare_marches(&network, length[i], false, true);
        compare_marches(&network, length[i], true, true);
    }
    compare_marches(&compressed, TEXT, false, true);
    compare_marches(&compressed, TEXT, true, true);
    network_free(&network);
    network_free(&compressed);
}

// A network with two stable activations, which the first words choose between for ever: parts
// begun from a guess never meet the right ones by themselves.
static void a_network_that_does_not_forget(void **state)
{
    (void)state;
    struct network network = new_network(8, 0, 0);
    for (size_t i = 0; i < WORDS; i++)
        for (size_t j = 0; j < 8; j++)
            network.embedding[i * network.hidden_row + j] = (float)(0.01 * (double)(i % 5)) - 10;
    for (size_t j = 0; j < 8; j++) {
        network.recurrent[j * network.hidden_row + j] = 20;
        network.embedding[7 * network.hidden_row + j] = 20;   // switches the units on
        network.embedding[11 * network.hidden_row + j] = -30; // and off
    }
    size_t n = 4000;
    int32_t word[4000];
    double prob[4000], wanted[4000];
    for (size_t i = 0; i < n; i++)
        word[i] = (int32_t)(12 + i % 40);
    word[100] = 7; // on, until the end
    struct state *start = state_at_start(&network, STATE_START, NULL, NULL);
    struct state *end = state_new(&network, NULL);
    state_copy(&network, end, start);
    plain_score(&network, NULL, end, word, n, wanted);
    struct pool *pool = pool_new(2, NULL);
    struct forward_crew crew;
    struct march march;
    assert_true(forward_crew_init(&crew, &network, pool, NULL));
    assert_true(march_init(&march, &crew, NULL, NULL));
    for (int round = 0; round < 2; round++) { // the second knows what the first has found out
        struct state *now = state_new(&network, NULL);
        state_copy(&network, now, start);
        assert_true(march_score(&march, now, word, n, prob, NULL));
        for (size_t i = 0; i < n; i++)
            assert_near(prob[i], wanted[i], 2e-5);
        assert_near(now->hidden[3], end->hidden[3], 1e-5);
        assert_true(march.sequential);
        free(now);
    }
    march_free(&march);
    forward_crew_free(&crew);
    pool_free(pool);
    free(start);
    free(end);
    network_free(&network);
}

// Several words behind a state, states in any order, more than once, unknown words.
static void any_order_of_pairs(void **state)
{
    (void)state;
    enum { STATES = 40, PAIRS = 300 };
    struct network network = new_network(23, 0, 0.5);
    struct forward_weights weights;
    struct forward forward;
    struct random random;
    struct prediction prediction;
    struct state *all[STATES];
    const struct state *loaded[STATES];
    size_t place[PAIRS];
    int32_t word[PAIRS];
    double prob[PAIRS];
    random_seed(&random, 5);
    assert_true(forward_weights_init(&weights, &network, NULL));
    assert_true(forward_init(&forward, &weights, STATES, NULL));
    assert_true(prediction_init(&prediction, &network, NULL));
    for (size_t i = 0; i < STATES; i++) {
        loaded[i] = all[i] = state_new(&network, NULL);
        for (size_t j = 0; j < MAXENT_MOST_ORDER; j++)
            all[i]->history[j] = (int32_t)(random_next(&random) % WORDS);
        for (size_t j = 0; j < network.shape.hidden; j++)
            all[i]->hidden[j] = (float)random_uniform(&random, 0, 1);
    }
    for (size_t i = 0; i < PAIRS; i++) {
        place[i] = random_next(&random) % STATES;
        word[i] = (int32_t)(random_next(&random) % (WORDS + 1)) - 1;
    }
    forward_load(&forward, STATES, loaded);
    assert_true(forward_predict(&forward, PAIRS, place, word, prob, NULL));
    for (size_t i = 0; i < PAIRS; i++) {
        const struct state *at = all[place[i]];
        double wanted =
            word[i] < 0 ? 0 : predict_word(&network, at->hidden, at->history, word[i], &prediction);
        assert_near(prob[i], wanted, 1e-5);
    }
    // The same states a second time, in runs: what they have in common is computed once.
    const struct state *before[STATES];
    struct state *after[STATES], *wanted = state_new(&network, NULL);
    for (size_t i = 0; i < STATES; i++) {
        before[i] = all[i / 3];
        after[i] = state_new(&network, NULL);
    }
    forward_advance(&forward, STATES, before, word, after);
    for (size_t i = 0; i < STATES; i++) {
        state_advance(&network, before[i], word[i], wanted);
        assert_memory_equal(after[i]->history, wanted->history, sizeof wanted->history);
        for (size_t j = 0; j < network.hidden_row; j++)
            assert_near(after[i]->hidden[j], wanted->hidden[j], 1e-6);
    }
    for (size_t i = 0; i < STATES; i++) {
        free(all[i]);
        free(after[i]);
    }
    free(wanted);
    forward_free(&forward);
    forward_weights_free(&weights);
    prediction_free(&prediction);
    network_free(&network);
}

// Whoever predicts one word at a time has nowhere to report that there is no memory.
static void few_pairs_need_no_memory(void **state)
{
    (void)state;
    enum { MOST = 3 };
    struct network network = new_network(16, 0, 0.4);
    struct forward_weights weights;
    struct forward forward;
    struct state *start = state_at_start(&network, STATE_START, NULL, NULL);
    const struct state *loaded[MOST] = {start, start, start};
    const size_t place[MOST] = {0, 1, 2};
    const int32_t word[MOST] = {40, 41, 42};
    double prob[MOST], wanted[MOST];
    assert_true(forward_weights_init(&weights, &network, NULL));
    for (int round = 0; round < 2; round++) {
        assert_true(forward_init(&forward, &weights, MOST, NULL));
        memory_fail_after(round == 0 ? -1 : 0);
        forward_load(&forward, MOST, loaded);
        bool ok = forward_predict(&forward, MOST, place, word, round == 0 ? wanted : prob, NULL);
        memory_fail_after(-1);
        assert_true(ok);
        forward_free(&forward);
    }
    assert_memory_equal(prob, wanted, sizeof prob);
    free(start);
    forward_weights_free(&weights);
    network_free(&network);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    struct network network = new_network(16, 4, 0.4);
    int32_t *word = new_text(600);
    double prob[600];
    bool ok = false;
    for (int64_t count = 0; !ok; count++) {
        assert_true(count < 500);
        struct error error = {.text = ""};
        struct pool *pool = pool_new(1, NULL);
        struct state *now = state_at_start(&network, STATE_START, NULL, NULL);
        struct forward_crew crew;
        struct march march = {.part = NULL};
        memory_fail_after(count);
        ok = forward_crew_init(&crew, &network, pool, &error) &&
             march_init(&march, &crew, NULL, &error) &&
             march_score(&march, now, word, 600, prob, &error);
        memory_fail_after(-1);
        assert_true(ok || strstr(error.text, "memory") != NULL);
        march_free(&march);
        forward_crew_free(&crew);
        pool_free(pool);
        free(now);
    }
    free(word);
    network_free(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_meet),         cmocka_unit_test(a_network_that_does_not_forget),
        cmocka_unit_test(any_order_of_pairs), cmocka_unit_test(few_pairs_need_no_memory),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests_name("march", tests, NULL, NULL);
}
