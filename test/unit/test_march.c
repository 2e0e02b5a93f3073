// The forward pass in parts, against the same words one after the other; and batches of states,
// against the plain definition.
#include "plain_network.h"

#include "base/kernels.h"
#include "net/march.h"
#include "text/vocabulary.h"

enum { WORDS = 60, TEXT = 9000 };

static struct network new_network(const char *layers, double recurrent)
{
    struct network network;
    struct network_shape shape = new_shape(WORDS, layers, 9, 5000, 3);
    struct classes classes;
    uint64_t count[WORDS];
    for (size_t i = 0; i < WORDS; i++)
        count[i] = 1 + 1000 / (i + 1);
    assert_true(classes_assign(&classes, count, WORDS, shape.classes, CLASSES_SQRT, NULL));
    assert_true(network_init(&network, &shape, &classes, NULL));
    randomise_network(&network, 7, 0.7);
    for (size_t l = 0; l < shape.layers; l++) {
        struct parameter *map = layer_map(&network.layer[l], MAP_STATE);
        for (size_t i = 0; map != NULL && i < map->rows * map->width; i++)
            *parameter_weight(map, i) *= (float)(recurrent / 0.7);
    }
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
static void score_plainly(const struct network *network, const struct state *reset,
                          struct state *state, const int32_t *word, size_t n, double *prob)
{
    struct plain plain = plain_new(network);
    struct state *next = state_new(network, NULL);
    for (size_t i = 0; i < n; i++) {
        prob[i] = plain_prob_behind(&plain, state, word[i]);
        if (reset != NULL && word[i] == WORD_END)
            state_copy(network, next, reset);
        else
            advance_state(network, state, word[i], next);
        state_copy(network, state, next);
    }
    free(next);
    plain_free(&plain);
}

struct comparison {
    const struct network *network;
    const int32_t *word;
    size_t n;
    bool independent, forgets, unnormalised;
    const double *wanted;
    const struct state *start, *end;
};

static void compare_march(const struct comparison *wanted, size_t threads, double *prob)
{
    const struct network *network = wanted->network;
    struct pool *pool = pool_new(threads, NULL);
    struct forward_crew crew;
    struct march march;
    struct state *state = state_new(network, NULL);
    assert_true(forward_crew_init(&crew, network, wanted->independent, pool, NULL));
    assert_true(march_init(&march, &crew, NULL));
    crew.weights.unnormalised = wanted->unnormalised;
    state_copy(network, state, wanted->start);
    assert_true(march_score(&march, state, wanted->word, wanted->n, prob, NULL));
    for (size_t i = 0; i < wanted->n; i++)
        assert_near(prob[i], wanted->wanted[i], 2e-5 * (wanted->forgets ? 1 : 10));
    for (size_t i = 0; i < network->state; i++)
        assert_near(state->value[i], wanted->end->value[i], wanted->forgets ? 1e-5 : 1e-4);
    assert_memory_equal(state->history, wanted->end->history, sizeof state->history);
    assert_int_equal(march.sequential, !wanted->forgets);
    march_free(&march);
    forward_crew_free(&crew);
    pool_free(pool);
    free(state);
}

// One word after the other, and its score alone.
static void take_scores(const struct network *network, struct state *state, const int32_t *word,
                        size_t n, double *score)
{
    struct forward_weights weights;
    struct forward forward;
    struct state *next = state_new(network, NULL);
    assert_true(forward_weights_init(&weights, network, false, NULL));
    assert_true(forward_init(&forward, &weights, 1, NULL));
    weights.unnormalised = true;
    for (size_t i = 0; i < n; i++) {
        forward_load(&forward, 1, (const struct state *const *)&state);
        score[i] = forward_first_factor(&forward, 0, word[i]);
        advance_state(network, state, word[i], next);
        state_copy(network, state, next);
    }
    free(next);
    forward_free(&forward);
    forward_weights_free(&weights);
}

static void compare_threads(const struct comparison *comparison)
{
    double *found = calloc(comparison->n + 1, sizeof *found);
    double *again = calloc(comparison->n + 1, sizeof *again);
    assert_true(found != NULL && again != NULL);
    compare_march(comparison, 1, found);
    for (size_t threads = 2; threads <= 3; threads++) {
        compare_march(comparison, threads, again);
        assert_memory_equal(found, again, comparison->n * sizeof *found);
    }
    free(found);
    free(again);
}

static void compare_marches(const struct network *network, size_t n, bool independent, bool forgets)
{
    int32_t *word = new_text(n);
    double *wanted = calloc(n + 1, sizeof *wanted);
    struct state *start = state_at_start(network, STATE_TEXT, NULL, NULL);
    struct state *reset = state_at_start(network, STATE_SENTENCE, NULL, NULL);
    struct state *end = state_new(network, NULL);
    assert_true(wanted != NULL && start != NULL && reset != NULL && end != NULL);
    state_copy(network, end, start);
    score_plainly(network, independent ? reset : NULL, end, word, n, wanted);
    compare_threads(
        &(struct comparison){network, word, n, independent, forgets, false, wanted, start, end});
    free(word);
    free(wanted);
    free(start);
    free(reset);
    free(end);
}

static void parts_meet(void **state)
{
    (void)state;
    const size_t length[] = {0, 1, 5, 255, 256, 511, 512, 1300, 6143, 6144, TEXT, 4 * TEXT};
    struct network network = new_network("elman:37", 0.4);
    for (size_t i = 0; i < sizeof length / sizeof length[0]; i++) {
        compare_marches(&network, length[i], false, true);
        compare_marches(&network, length[i], true, true);
    }
    network_free(&network);
}

static void parts_of_every_stack_meet(void **state)
{
    (void)state;
    static const char *const layers[] = {
        "elman:20,compression:11",
        "compression:7",
        "lstm:19",
        "lstm:9,lstm:7",
        "elman:9:tanh,lstm:17,compression:5",
        "compression:9,elman:9:relu,elman:5:elu",
        "lstm:9,elman:7 full",
        "lstm:9,elman:19 adaptive:2/1/2,4/2",
        "elman:7 tree",
        "gru:19,gru:5",
        "sru:9,elman:5,sru:17",
        "jordan:19:tanh",
        "qrnn:9,elman:5,qrnn:17",
        "projection:9,lstm:5,projection:4",
    };
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        struct network network = new_network(layers[i], 0.2);
        compare_marches(&network, TEXT, false, true);
        compare_marches(&network, TEXT, true, true);
        network_free(&network);
    }
}

// Of wide layers, so that there are several rounds of scores.
static void scores_of_wide_layers(void **state)
{
    (void)state;
    static const char *const layers[] = {"elman:210 full", "lstm:130,projection:7 class"};
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        struct network network = new_network(layers[i], 0.05);
        int32_t *word = new_text(TEXT);
        double *wanted = calloc(TEXT, sizeof *wanted);
        struct state *start = state_at_start(&network, STATE_TEXT, NULL, NULL);
        struct state *end = state_new(&network, NULL);
        assert_true(wanted != NULL && start != NULL && end != NULL);
        state_copy(&network, end, start);
        take_scores(&network, end, word, TEXT, wanted);
        compare_threads(
            &(struct comparison){&network, word, TEXT, false, true, true, wanted, start, end});
        free(word);
        free(wanted);
        free(start);
        free(end);
        network_free(&network);
    }
}

// Cells that keep 99 parts of 100 of what they hold: traces of a guess last longer than a part of the
// text.
static void a_network_that_forgets_slowly(void **state)
{
    (void)state;
    struct network network = new_network("lstm:9,elman:5", 0.1);
    float *bias = layer_map(&network.layer[0], MAP_ONE)->data;
    for (size_t i = 0; i < 9; i++)
        bias[9 + i] = 4.6F;
    compare_marches(&network, TEXT, false, true);
    network_free(&network);
}

// With every set of kernels, and so with and without BLAS, whose last bits depend on how many rows
// are multiplied together: compare_marches() has one to three threads.
static void every_kernel_whatever_the_threads(void **state)
{
    (void)state;
    const struct kernels *const *sets = kernels_available(), *chosen = kernels;
    for (size_t i = 0; sets[i] != NULL; i++) {
        kernels = sets[i];
        struct network network = new_network("elman:37,lstm:21", 0.2);
        compare_marches(&network, TEXT, false, true);
        network_free(&network);
    }
    kernels = chosen;
}

// More than is divided into parts at a time.
static void a_long_text(void **state)
{
    (void)state;
    struct network network = new_network("elman:5", 0.4);
    compare_marches(&network, MARCH_WORDS + 700, false, true);
    network_free(&network);
}

// A network with two stable activations, which the first words choose between for ever: parts
// begun from a guess never meet the right ones by themselves.
static void a_network_that_does_not_forget(void **state)
{
    (void)state;
    struct network network = new_network("elman:8", 0);
    struct parameter *table = &network.parameter[0], *recurrent = &network.parameter[1];
    for (size_t i = 0; i < WORDS; i++)
        for (size_t j = 0; j < 8; j++)
            parameter_row(table, i)[j] = (float)(0.01 * (double)(i % 5)) - 10;
    for (size_t j = 0; j < 8; j++) {
        parameter_row(recurrent, j)[j] = 20;
        parameter_row(table, 7)[j] = 20;   // switches the units on
        parameter_row(table, 11)[j] = -30; // and off
    }
    size_t n = 4000;
    int32_t word[4000];
    double prob[4000], wanted[4000];
    for (size_t i = 0; i < n; i++)
        word[i] = (int32_t)(12 + i % 40);
    word[100] = 7; // on, until the end
    struct state *start = state_at_start(&network, STATE_TEXT, NULL, NULL);
    struct state *end = state_new(&network, NULL);
    state_copy(&network, end, start);
    score_plainly(&network, NULL, end, word, n, wanted);
    struct pool *pool = pool_new(2, NULL);
    struct forward_crew crew;
    struct march march;
    assert_true(forward_crew_init(&crew, &network, false, pool, NULL));
    assert_true(march_init(&march, &crew, NULL));
    for (int round = 0; round < 2; round++) { // the second knows what the first has found out
        struct state *now = state_new(&network, NULL);
        state_copy(&network, now, start);
        assert_true(march_score(&march, now, word, n, prob, NULL));
        for (size_t i = 0; i < n; i++)
            assert_near(prob[i], wanted[i], 2e-5);
        assert_near(now->value[3], end->value[3], 1e-5);
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
enum { STATES = 40, PAIRS = 300 };

static void compare_pairs(struct forward *forward, struct state *const *all)
{
    const struct network *network = forward->weights->network;
    struct plain plain = plain_new(network);
    const struct state *loaded[STATES];
    struct random random;
    size_t place[PAIRS];
    int32_t word[PAIRS];
    double prob[PAIRS];
    random_seed(&random, 5);
    for (size_t i = 0; i < STATES; i++)
        loaded[i] = all[i];
    for (size_t i = 0; i < PAIRS; i++) {
        place[i] = random_next(&random) % STATES;
        word[i] = (int32_t)(random_next(&random) % (WORDS + 1)) - 1;
    }
    forward_load(forward, STATES, loaded);
    assert_true(forward_predict(forward, PAIRS, place, word, prob, NULL));
    for (size_t i = 0; i < PAIRS; i++)
        assert_near(prob[i], plain_prob_behind(&plain, all[place[i]], word[i]), 1e-5);
    plain_free(&plain);
}

// The same states in runs: what they have in common is computed once.
static void compare_steps(struct forward *forward, struct state *const *all)
{
    const struct network *network = forward->weights->network;
    const struct state *before[STATES];
    struct state *after[STATES], *wanted = state_new(network, NULL);
    int32_t word[STATES];
    for (size_t i = 0; i < STATES; i++) {
        before[i] = all[i / 3];
        after[i] = state_new(network, NULL);
        word[i] = (int32_t)(i * 11 % (WORDS + 1)) - 1;
    }
    forward_advance(forward, STATES, before, word, after);
    for (size_t i = 0; i < STATES; i++) {
        advance_state(network, before[i], word[i], wanted);
        assert_memory_equal(after[i]->history, wanted->history, sizeof wanted->history);
        for (size_t j = 0; j < network->state; j++)
            assert_near(after[i]->value[j], wanted->value[j], 1e-6);
        free(after[i]);
    }
    free(wanted);
}

static void any_order_of_pairs(void **state)
{
    (void)state;
    static const char *const layers[] = {
        "elman:23",
        "lstm:7,elman:17,compression:4",
        "compression:5,lstm:17",
        "sru:9,gru:17",
        "lstm:17 full",
        "lstm:17 adaptive:2,4/2/1",
        "lstm:17 tree",
        "projection:5,jordan:17,projection:9",
    };
    for (size_t l = 0; l < sizeof layers / sizeof layers[0]; l++) {
        struct network network = new_network(layers[l], 0.5);
        struct forward_weights weights;
        struct forward forward;
        struct random random;
        struct state *all[STATES];
        random_seed(&random, 5);
        assert_true(forward_weights_init(&weights, &network, false, NULL));
        assert_true(forward_init(&forward, &weights, STATES, NULL));
        for (size_t i = 0; i < STATES; i++) {
            all[i] = state_new(&network, NULL);
            for (size_t j = 0; j < SHAPE_MOST_ORDER; j++)
                all[i]->history[j] = (int32_t)(random_next(&random) % WORDS);
            for (size_t k = 0; k < network.advanced; k++)
                for (size_t j = 0; j < network.layer[k].floats; j++)
                    if (j % network.layer[k].row < network.layer[k].units)
                        all[i]->value[network.layer[k].at + j] =
                            (float)random_uniform(&random, 0, 1);
        }
        compare_pairs(&forward, all);
        compare_steps(&forward, all);
        for (size_t i = 0; i < STATES; i++)
            free(all[i]);
        forward_free(&forward);
        forward_weights_free(&weights);
        network_free(&network);
    }
}

// Whoever predicts one word at a time has nowhere to report that there is no memory.
static void few_pairs_need_no_memory(void **state)
{
    (void)state;
    enum { MOST = 3 };
    struct network network = new_network("elman:16", 0.4);
    struct forward_weights weights;
    struct forward forward;
    struct state *start = state_at_start(&network, STATE_TEXT, NULL, NULL);
    const struct state *loaded[MOST] = {start, start, start};
    const size_t place[MOST] = {0, 1, 2};
    const int32_t word[MOST] = {40, 41, 42};
    double prob[MOST], wanted[MOST];
    assert_true(forward_weights_init(&weights, &network, false, NULL));
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
    struct network network = new_network("lstm:16,compression:4", 0.4);
    int32_t *word = new_text(600);
    double prob[600];
    bool ok = false;
    for (int64_t count = 0; !ok; count++) {
        assert_true(count < 500);
        struct error error = {.text = ""};
        struct pool *pool = pool_new(1, NULL);
        struct state *now = state_at_start(&network, STATE_TEXT, NULL, NULL);
        struct forward_crew crew;
        struct march march = {.part = NULL};
        memory_fail_after(count);
        ok = forward_crew_init(&crew, &network, count % 2 == 0, pool, &error) &&
             march_init(&march, &crew, &error) && march_score(&march, now, word, 600, prob, &error);
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
        cmocka_unit_test(parts_meet),
        cmocka_unit_test(parts_of_every_stack_meet),
        cmocka_unit_test(scores_of_wide_layers),
        cmocka_unit_test(a_network_that_forgets_slowly),
        cmocka_unit_test(every_kernel_whatever_the_threads),
        cmocka_unit_test(a_long_text),
        cmocka_unit_test(a_network_that_does_not_forget),
        cmocka_unit_test(any_order_of_pairs),
        cmocka_unit_test(few_pairs_need_no_memory),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests_name("march", tests, NULL, NULL);
}
