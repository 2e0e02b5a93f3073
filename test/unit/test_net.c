// The network: sizes, initial weights, probabilities, direct connections, states, and the learner
// without back-propagation through time.
#include "plain_network.h"

#include "net/learner.h"
#include "net/state.h"
#include "text/vocabulary.h"

// ---- sizes and weights ------------------------------------------------------------------------

static void shapes_that_make_no_sense(void **state)
{
    (void)state;
    const struct network_shape good = {
        .words = 10, .hidden = 5, .classes = 3, .maxent = 100, .maxent_order = 3};
    struct {
        size_t offset;
        uint64_t value;
        const char *named, *found;
    } bad[] = {
        {offsetof(struct network_shape, words), 0, "vocabulary size", "found 0"},
        {offsetof(struct network_shape, words), (uint64_t)INT32_MAX + 1, "vocabulary size",
         "2147483648"},
        {offsetof(struct network_shape, hidden), 0, "hidden layer size", "found 0"},
        {offsetof(struct network_shape, hidden), 1 << 21, "hidden layer size", "2097152"},
        {offsetof(struct network_shape, classes), 0, "class size", "found 0"},
        {offsetof(struct network_shape, classes), 11, "class size",
         "wanted 1 to the vocabulary's 10"},
        {offsetof(struct network_shape, compression), UINT64_MAX, "compression layer size",
         "18446744073709551615"},
        {offsetof(struct network_shape, maxent), 1, "direct connections", "found 1"},
        {offsetof(struct network_shape, maxent), UINT64_MAX, "direct connections",
         "18446744073709551615"},
    };
    struct error error;
    assert_true(network_shape_ok(&good, &error));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct network_shape shape = good;
        memcpy((char *)&shape + bad[i].offset, &bad[i].value, sizeof(size_t));
        assert_false(network_shape_ok(&shape, &error));
        assert_contains(error.text, bad[i].named);
        assert_contains(error.text, bad[i].found);
    }
    for (int order = -1; order <= 21; order += 22) {
        struct network_shape shape = good;
        shape.maxent_order = order;
        assert_false(network_shape_ok(&shape, &error));
        assert_contains(error.text, "direct order");
        shape.maxent = 0; // then the order says nothing
        assert_true(network_shape_ok(&shape, &error));
    }
}

static float draw_weight(struct random *random)
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += (double)random_next(random) / RANDOM_MAX * 0.2 - 0.1;
    return (float)sum;
}

static void assert_drawn(const struct network *network, int m, size_t i, struct random *random)
{
    // The sum is taken in a different order from the library's.
    assert_near(*network_weight(network, m, i), draw_weight(random), 1e-7);
}

// For each hidden unit its V input weights, then its H recurrent ones; then compression row by row,
// then output row by row; the hash stays 0.
static void initial_weights_in_the_order_of_draws(void **state)
{
    (void)state;
    struct network_shape shape = {
        .words = 7, .hidden = 19, .classes = 3, .maxent = 10, .maxent_order = 2};
    for (int round = 0; round < 2; round++) {
        struct network network;
        struct random random;
        struct error error;
        shape.compression = round == 0 ? 0 : 4;
        make_network(&network, &shape, 1, 0);
        assert_true(network_randomise(&network, 17, &error));
        random_seed(&random, 17);
        for (size_t i = 0; i < shape.hidden; i++) {
            for (size_t word = 0; word < shape.words; word++)
                assert_drawn(&network, EMBEDDING, word * shape.hidden + i, &random);
            for (size_t j = 0; j < shape.hidden; j++)
                assert_drawn(&network, RECURRENT, i * shape.hidden + j, &random);
        }
        for (size_t i = 0; i < shape.compression * shape.hidden; i++)
            assert_drawn(&network, COMPRESSION, i, &random);
        for (size_t i = 0; i < (shape.words + shape.classes) * network.output_width; i++)
            assert_drawn(&network, OUTPUT, i, &random);
        for (size_t i = 0; i < shape.maxent; i++)
            assert_true(network.maxent[i] == 0);
        network_free(&network);
    }
}

static void copy_of_dense_weights(void **state)
{
    (void)state;
    struct network_shape shape = {
        .words = 9, .hidden = 5, .classes = 2, .compression = 3, .maxent = 50, .maxent_order = 2};
    struct network from, to;
    make_network(&from, &shape, 1, 1);
    make_network(&to, &shape, 2, 1);
    struct plain old = plain_new(&to);
    network_copy_dense(&to, &from);
    for (int m = 0; m < MATRICES; m++)
        for (size_t i = 0; i < plain_count(&old, m); i++)
            assert_true((double)*network_weight(&to, m, i) ==
                        (m == MAXENT ? old.weight[m][i] : (double)*network_weight(&from, m, i)));
    plain_free(&old);
    network_free(&from);
    network_free(&to);
}

static void weights_that_are_no_numbers(void **state)
{
    (void)state;
    struct network_shape shape = {
        .words = 9, .hidden = 5, .classes = 2, .compression = 3, .maxent = 50, .maxent_order = 2};
    const char *const name[MATRICES] = {"input weights", "recurrent weights", "compression weights",
                                        "output weights", "direct connections"};
    struct network network;
    struct error error;
    make_network(&network, &shape, 1, 1);
    assert_true(network_is_finite(&network, &error));
    for (int m = 0; m < MATRICES; m++) {
        float *weight = network_weight(&network, m, 4), old = *weight;
        *weight = m % 2 == 0 ? NAN : -INFINITY;
        assert_false(network_is_finite(&network, &error));
        assert_contains(error.text, name[m]);
        *weight = old;
    }
    network_free(&network);
}

// ---- probabilities ----------------------------------------------------------------------------

static const int32_t TEXT[] = {0, 5, 2, 8, WORD_OOV, 1, 8, 8, 3, 0, 6, 2};
enum { TEXT_LENGTH = sizeof TEXT / sizeof TEXT[0] };

static const struct network_shape shapes[] = {
    {.words = 9, .hidden = 5, .classes = 3},
    {.words = 9, .hidden = 16, .classes = 1},
    {.words = 9, .hidden = 17, .classes = 9},
    {.words = 9, .hidden = 5, .classes = 3, .compression = 18},
    {.words = 9, .hidden = 5, .classes = 3, .maxent = 37, .maxent_order = 3},
    {.words = 9, .hidden = 5, .classes = 2, .compression = 2, .maxent = 200, .maxent_order = 6},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

// At each place of a text with an OOV, all words' probabilities are those of the definition, and
// sum to one.
static void probabilities_are_those_of_the_definition(void **state)
{
    (void)state;
    for (size_t s = 0; s < SHAPES; s++) {
        struct network network;
        struct prediction prediction;
        struct error error;
        double before[20], after[20];
        make_network(&network, &shapes[s], 3, 1);
        struct plain plain = plain_new(&network);
        assert_true(prediction_init(&prediction, &network, &error));
        struct state *now = state_at_start(&network, STATE_START, NULL, &error);
        struct state *next = state_new(&network, &error);
        assert_true(now != NULL && next != NULL);
        for (size_t i = 0; i < 20; i++)
            before[i] = (double)STATE_START;
        for (int i = 0; i < TEXT_LENGTH; i++) {
            plain_forward(&plain, plain.weight[RECURRENT], before, TEXT[i], after);
            double sum = 0;
            for (int32_t word = 0; word < 9; word++) {
                double prob = predict_word(&network, now->hidden, now->history, word, &prediction);
                assert_near(prob, plain_prob(&plain, after, now->history, word), 2e-6);
                sum += prob;
            }
            assert_near(sum, 1, 2e-6);
            memcpy(before, after, sizeof before);
            if (i + 1 < TEXT_LENGTH)
                state_advance(&network, now, TEXT[i + 1], next);
            struct state *swapped = now;
            now = next;
            next = swapped;
        }
        free(now);
        free(next);
        prediction_free(&prediction);
        plain_free(&plain);
        network_free(&network);
    }
}

static void empty_class_takes_part(void **state)
{
    (void)state;
    const struct network_shape shape = {.words = 4, .hidden = 3, .classes = 3};
    const int32_t of_word[] = {0, 0, 1, 1};
    struct network network;
    struct classes classes;
    struct prediction prediction;
    struct error error;
    float hidden[16] = {0.5f, 0.5f, 0.5f};
    int32_t history[MAXENT_MOST_ORDER] = {0};
    assert_true(classes_from_words(&classes, of_word, 4, 3, &error));
    assert_true(network_init(&network, &shape, &classes, &error));
    assert_true(prediction_init(&prediction, &network, &error));
    for (int32_t word = 0; word < 4; word++)
        assert_near(predict_word(&network, hidden, history, word, &prediction), 1.0 / 6, 1e-6);
    predict_words(&network, history, 2, &prediction); // no words: nothing to read or write
    prediction_free(&prediction);
    network_free(&network);
}

// ---- direct connections -----------------------------------------------------------------------

static void check_features(const struct plain *plain, const struct maxent_features *features,
                           const int32_t *history, int64_t k, size_t n, size_t *short_runs,
                           size_t *early_ends)
{
    for (uint32_t order = 0; order < (uint32_t)plain->shape.maxent_order; order++) {
        bool on = true; // no lower order starts at 0 or ends at an OOV
        for (uint32_t lower = 0; lower <= order; lower++)
            on = on && plain_entry(plain, history, k, 0, lower) != 0;
        assert_int_equal(on, (int)order < features->count);
        if (!on) {
            ++*early_ends;
            return;
        }
        assert_int_equal(features->start[order], plain_entry(plain, history, k, 0, order));
        for (size_t i = 0; i < n; i++) {
            bool has_entry = true;
            for (uint32_t lower = 0; lower <= order; lower++)
                has_entry = has_entry && plain_entry(plain, history, k, i, lower) != 0;
            assert_int_equal(i < features->most[order], has_entry);
            *short_runs += !has_entry;
        }
    }
    assert_int_equal(features->count, plain->shape.maxent_order);
}

// Entry by entry against the formula, in hashes small enough that runs reach the end and starts are
// at 0, and in a large one.
static void features_are_those_of_the_hash_formula(void **state)
{
    (void)state;
    size_t short_runs = 0, early_ends = 0;
    struct random random;
    random_seed(&random, 2);
    const size_t sizes[] = {2, 3, 17, 40, 300, 1000003};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct network network;
        struct network_shape shape = {
            .words = 30, .hidden = 2, .classes = 5, .maxent = sizes[s], .maxent_order = 20};
        make_network(&network, &shape, 1, 0.1);
        struct plain plain = plain_new(&network);
        for (int round = 0; round < 60; round++) {
            struct maxent_features features;
            int32_t history[MAXENT_MOST_ORDER];
            for (size_t i = 0; i < MAXENT_MOST_ORDER; i++)
                history[i] = random_next(&random) % 30;
            if (round % 3 == 0)
                history[random_next(&random) % MAXENT_MOST_ORDER] = WORD_OOV;
            maxent_class_features(&network, history, &features);
            check_features(&plain, &features, history, -1, 5, &short_runs, &early_ends);
            for (size_t k = 0; k < 5; k++) {
                maxent_word_features(&network, history, k, &features);
                check_features(&plain, &features, history, (int64_t)k, 6, &short_runs, &early_ends);
            }
        }
        plain_free(&plain);
        network_free(&network);
    }
    assert_true(short_runs > 100 && early_ends > 100);
}

// Numbers worked out outside of this program from the formula, to hold both readings of it to the
// page.
static void features_of_one_history(void **state)
{
    (void)state;
    struct network network;
    struct network_shape shape = {
        .words = 30, .hidden = 2, .classes = 5, .maxent = 2000000, .maxent_order = 3};
    make_network(&network, &shape, 1, 0);
    const int32_t history[MAXENT_MOST_ORDER] = {4, 11};
    struct maxent_features features;
    maxent_class_features(&network, history, &features);
    assert_int_equal(features.count, 3);
    assert_int_equal(features.start[0], 883755);
    assert_int_equal(features.start[1], 313470);
    assert_int_equal(features.start[2], 24568);
    maxent_word_features(&network, history, 3, &features);
    assert_int_equal(features.start[0], 1535020);
    assert_int_equal(features.start[1], 1964735);
    assert_int_equal(features.start[2], 1675833);
    network_free(&network);
}

// ---- states -----------------------------------------------------------------------------------

static void oov_switches_no_input_on(void **state)
{
    (void)state;
    struct network network;
    struct error error;
    make_network(&network, &shapes[0], 4, 1);
    memset(network.embedding + 3 * network.hidden_row, 0, network.hidden_row * sizeof(float));
    struct state *in = state_at_start(&network, STATE_START, NULL, &error);
    struct state *unknown = state_new(&network, &error), *zero = state_new(&network, &error);
    assert_true(in != NULL && unknown != NULL && zero != NULL);
    state_advance(&network, in, WORD_OOV, unknown);
    state_advance(&network, in, 3, zero);
    assert_memory_equal(unknown->hidden, zero->hidden, network.hidden_row * sizeof(float));
    assert_int_equal(unknown->history[0], WORD_OOV);
    assert_int_equal(zero->history[0], 3);
    assert_memory_equal(unknown->history + 1, in->history,
                        (MAXENT_MOST_ORDER - 1) * sizeof in->history[0]);
    free(in);
    free(unknown);
    free(zero);
    network_free(&network);
}

// The state before a text is one that has </s> taken in, from the activation or the stored layer.
static void states_at_the_start(void **state)
{
    (void)state;
    struct network network;
    struct error error;
    make_network(&network, &shapes[0], 4, 1);
    const float stored[5] = {0.1f, 0.9f, 0.3f, 0.4f, 0.5f};
    struct state *before = state_new(&network, &error), *wanted = state_new(&network, &error);
    for (int from_stored = 0; from_stored < 2; from_stored++) {
        struct state *start =
            state_at_start(&network, STATE_INDEPENDENT, from_stored ? stored : NULL, &error);
        assert_non_null(start);
        for (size_t i = 0; i < 5; i++)
            before->hidden[i] = from_stored ? stored[i] : STATE_INDEPENDENT;
        state_advance(&network, before, WORD_END, wanted);
        assert_memory_equal(start, wanted, state_size(&network));
        free(start);
    }
    free(before);
    free(wanted);
    network_free(&network);
}

// Two texts taken in turns through one network, one of them moved elsewhere half-way, end where
// each ends alone.
static void states_are_plain_values(void **state)
{
    (void)state;
    struct network network;
    struct error error;
    make_network(&network, &shapes[5], 4, 1);
    size_t size = state_size(&network);
    struct state *alone[2], *turns[2], *scratch = state_new(&network, &error);
    for (int t = 0; t < 2; t++) {
        alone[t] = state_at_start(&network, STATE_START, NULL, &error);
        turns[t] = state_at_start(&network, STATE_START, NULL, &error);
        for (int i = 0; i < TEXT_LENGTH; i++) {
            state_advance(&network, alone[t], t == 0 ? TEXT[i] : TEXT[TEXT_LENGTH - 1 - i],
                          scratch);
            state_copy(&network, alone[t], scratch);
        }
    }
    for (int i = 0; i < TEXT_LENGTH; i++)
        for (int t = 0; t < 2; t++) {
            struct state *moved = malloc(size);
            assert_non_null(moved);
            state_advance(&network, turns[t], t == 0 ? TEXT[i] : TEXT[TEXT_LENGTH - 1 - i],
                          scratch);
            memcpy(moved, scratch, size);
            free(turns[t]);
            turns[t] = moved;
        }
    for (int t = 0; t < 2; t++) {
        assert_memory_equal(turns[t], alone[t], size);
        free(alone[t]);
        free(turns[t]);
    }
    free(scratch);
    network_free(&network);
}

// ---- the learner without back-propagation through time ------------------------------------------

struct plain_rule {
    double alpha, beta, cutoff;
    bool penalty; // this word is a tenth one
};

static double clamp(double x, double limit)
{
    return limit > 0 ? fmin(fmax(x, -limit), limit) : x;
}

// One softmax: carries its error to what is below, then moves its rows and its part of the hash.
static void plain_learn_rows(struct plain *plain, const struct plain_rule *rule,
                             const double *input, const int32_t *history, int64_t k, size_t target,
                             double *below)
{
    double prob[64], keep = rule->penalty ? 1 - rule->alpha * rule->beta : 1;
    size_t width = plain->width, n = plain_softmax(plain, input, history, k, prob);
    double *rows = plain->weight[OUTPUT] +
                   (k < 0 ? plain->shape.words : (size_t)plain->classes->begin[k]) * width;
    for (size_t i = 0; i < n; i++) {
        double e = (i == target) - prob[i];
        for (size_t j = 0; j < width; j++) {
            below[j] += e * rows[i * width + j];
            rows[i * width + j] = keep * rows[i * width + j] + rule->alpha * e * input[j];
        }
        prob[i] = e;
    }
    for (size_t j = 0; j < width; j++)
        below[j] = clamp(below[j], rule->cutoff);
    for (uint32_t order = 0; order < (uint32_t)plain->shape.maxent_order; order++)
        for (size_t i = 0; i < n; i++) {
            bool on = plain->shape.maxent > 0;
            for (uint32_t lower = 0; lower <= order && on; lower++)
                on = plain_entry(plain, history, k, i, lower) != 0;
            if (!on)
                break;
            double *entry = &plain->weight[MAXENT][plain_entry(plain, history, k, i, order)];
            *entry = (1 - rule->alpha * rule->beta) * *entry + rule->alpha * prob[i];
        }
}

// One word of plain back-propagation: `before` is the hidden layer before it, `hidden` after.
static void plain_learn(struct plain *plain, const struct plain_rule *rule, const double *before,
                        const double *hidden, int32_t word, const int32_t *history, int32_t target)
{
    size_t width = plain->width, units = plain->shape.hidden;
    double keep = rule->penalty ? 1 - rule->alpha * rule->beta : 1;
    double input[64], below[64] = {0}, error[64] = {0};
    int32_t k = plain->classes->of_word[target];
    plain_input(plain, hidden, input);
    plain_learn_rows(plain, rule, input, history, k, (size_t)(target - plain->classes->begin[k]),
                     below);
    plain_learn_rows(plain, rule, input, history, -1, (size_t)k, below);
    memcpy(error, below, sizeof error);
    if (plain->shape.compression > 0) {
        memset(error, 0, sizeof error);
        for (size_t i = 0; i < width; i++)
            for (size_t j = 0; j < units; j++) {
                double *weight = &plain->weight[COMPRESSION][i * units + j];
                double e = below[i] * input[i] * (1 - input[i]);
                error[j] += e * *weight;
                *weight = keep * *weight + rule->alpha * e * hidden[j];
            }
        for (size_t j = 0; j < units; j++)
            error[j] = clamp(error[j], rule->cutoff);
    }
    for (size_t i = 0; i < units; i++) {
        double e = error[i] * hidden[i] * (1 - hidden[i]);
        for (size_t j = 0; j < units; j++) {
            double *weight = &plain->weight[RECURRENT][i * units + j];
            *weight = keep * *weight + rule->alpha * e * before[j];
        }
        if (word >= 0) {
            double *weight = &plain->weight[EMBEDDING][(size_t)word * units + i];
            *weight = keep * *weight + rule->alpha * e;
        }
    }
}

static void check_learning(const struct network_shape *shape, double cutoff)
{
    const struct plain_rule rule = {.alpha = 0.25, .beta = 0.125, .cutoff = cutoff};
    const struct learning_rule same = {.alpha = 0.25f,
                                       .beta = 0.125f,
                                       .gradient_cutoff = (float)cutoff,
                                       .bptt = 1,
                                       .bptt_block = 10};
    struct network network;
    struct learner learner;
    struct error error;
    double before[20], after[20];
    int32_t history[MAXENT_MOST_ORDER] = {0};
    make_network(&network, shape, 6, 0.8);
    struct plain plain = plain_new(&network);
    assert_true(learner_init(&learner, &network, &same, &error));
    learner_start(&learner, STATE_START, NULL);
    for (size_t i = 0; i < 20; i++)
        before[i] = (double)STATE_START;
    for (uint64_t t = 1; t <= 150; t++) { // long enough for the learner to move its kept steps
        int32_t word = TEXT[(t - 1) % TEXT_LENGTH], target = TEXT[t % TEXT_LENGTH];
        struct plain_rule now = rule;
        now.penalty = t % 10 == 0;
        learner.counter = t;
        double found = learner_step(&learner, word, target);
        plain_forward(&plain, plain.weight[RECURRENT], before, word, after);
        history_push(history, word);
        if (target >= 0) {
            assert_near(found, plain_prob(&plain, after, history, target), 2e-5);
            plain_learn(&plain, &now, before, after, word, history, target);
        } else {
            assert_true(found == 0);
        }
        memcpy(before, after, sizeof before);
    }
    for (size_t i = 0; i < shape->hidden; i++)
        assert_near(learner_hidden(&learner)[i], after[i], 2e-5);
    for (int m = 0; m < MATRICES; m++)
        for (size_t i = 0; i < plain_count(&plain, m); i++)
            assert_near(*network_weight(&network, m, i), plain.weight[m][i], 5e-5);
    plain_free(&plain);
    learner_free(&learner);
    network_free(&network);
}

static void learning_without_steps_back(void **state)
{
    (void)state;
    for (size_t s = 0; s < SHAPES; s++) {
        check_learning(&shapes[s], 0);
        check_learning(&shapes[s], 0.1); // of the order of the errors themselves
    }
}

static void nothing_is_learnt_from_oov(void **state)
{
    (void)state;
    const struct learning_rule rule = {.alpha = 0.5f, .beta = 0.1f, .bptt = 4, .bptt_block = 1};
    struct network network;
    struct learner learner;
    struct error error;
    make_network(&network, &shapes[4], 6, 0.8);
    struct plain old = plain_new(&network);
    assert_true(learner_init(&learner, &network, &rule, &error));
    learner_start(&learner, STATE_START, NULL);
    for (learner.counter = 1; learner.counter <= 20; learner.counter++)
        assert_true(learner_step(&learner, TEXT[learner.counter % TEXT_LENGTH], WORD_OOV) == 0);
    for (int m = 0; m < MATRICES; m++)
        for (size_t i = 0; i < plain_count(&old, m); i++)
            assert_true((double)*network_weight(&network, m, i) == old.weight[m][i]);
    plain_free(&old);
    learner_free(&learner);
    network_free(&network);
}

// ---- no memory --------------------------------------------------------------------------------

static void failed_network(void **state)
{
    (void)state;
    const struct network_shape shape = shapes[5];
    const int32_t of_word[9] = {0, 0, 0, 0, 1, 1, 1, 1, 1};
    bool ok = false;
    int64_t count = 0;
    for (; !ok; count++) {
        struct network network;
        struct classes classes;
        struct error error = {""};
        memory_fail_after(count);
        ok = classes_from_words(&classes, of_word, 9, 2, &error);
        if (ok) {
            ok = network_init(&network, &shape, &classes, &error) &&
                 network_randomise(&network, 1, &error);
            network_free(&network);
        }
        memory_fail_after(-1);
        if (!ok)
            assert_contains(error.text, "not enough memory");
    }
    assert_true(count > 6);
}

static void failed_learner_and_states(void **state)
{
    (void)state;
    const struct learning_rule rule = {.alpha = 0.1f, .bptt = 4, .bptt_block = 3};
    struct network network;
    make_network(&network, &shapes[5], 1, 1);
    bool ok = false;
    int64_t count = 0;
    for (; !ok; count++) {
        struct learner learner;
        struct error error = {""};
        memory_fail_after(count);
        struct state *start = state_at_start(&network, STATE_START, NULL, &error);
        ok = learner_init(&learner, &network, &rule, &error) && start != NULL;
        memory_fail_after(-1);
        learner_free(&learner);
        free(start);
        if (!ok)
            assert_contains(error.text, "not enough memory");
    }
    assert_true(count > 7);
    network_free(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_that_make_no_sense),
        cmocka_unit_test(initial_weights_in_the_order_of_draws),
        cmocka_unit_test(copy_of_dense_weights),
        cmocka_unit_test(weights_that_are_no_numbers),
        cmocka_unit_test(probabilities_are_those_of_the_definition),
        cmocka_unit_test(empty_class_takes_part),
        cmocka_unit_test(features_are_those_of_the_hash_formula),
        cmocka_unit_test(features_of_one_history),
        cmocka_unit_test(oov_switches_no_input_on),
        cmocka_unit_test(states_at_the_start),
        cmocka_unit_test(states_are_plain_values),
        cmocka_unit_test(learning_without_steps_back),
        cmocka_unit_test(nothing_is_learnt_from_oov),
        cmocka_unit_test(failed_network),
        cmocka_unit_test(failed_learner_and_states),
    };
    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
