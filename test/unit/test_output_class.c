// The output that is factorised by classes, where scores stand for probabilities: what they are, and with which
// biases their sums begin at 1.
#include "plain_network.h"

#include "net/forward.h"
#include "text/vocabulary.h"

enum { WORDS = 13, CLASSES = 4 };

// exp of the sum of both logits, by the definition: P(word) times both softmaxes' sums.
static double plain_exponential(const struct plain *plain, const struct plain_state *state,
                                int32_t word)
{
    double prob[PLAIN_UNITS], input[PLAIN_UNITS], log_z[2];
    size_t top = plain->network->shape.layers - 1;
    plain_hand_up(plain, top, state->value[top][0], input);
    plain_softmax(plain, input, state->history, -1, prob, &log_z[0]);
    plain_softmax(plain, input, state->history, plain->network->classes.of_word[word], prob,
                  &log_z[1]);
    return plain_prob(plain, state, word) * exp(log_z[0] + log_z[1]);
}

// Two states at once, words of both, with and without direct connections and biases.
static void check_scores(const char *layers, size_t maxent)
{
    enum { STATES = 2, PAIRS = STATES * (WORDS + 1) };
    const struct network_shape shape = new_shape(WORDS, layers, CLASSES, maxent, 3);
    struct network network;
    struct forward_weights weights;
    struct forward forward;
    struct state *state[STATES];
    size_t place[PAIRS];
    int32_t word[PAIRS];
    double score[PAIRS];
    make_network(&network, &shape, 3, 1);
    struct plain plain = plain_new(&network);
    assert_true(forward_weights_init(&weights, &network, false, NULL));
    weights.unnormalised = true;
    assert_true(forward_init(&forward, &weights, PAIRS, NULL));
    for (size_t i = 0; i < STATES; i++) {
        state[i] = state_at_start(&network, STATE_TEXT, NULL, NULL);
        assert_non_null(state[i]);
    }
    assert_true(state_step(&network, state[0]->value, 5, state[1]->value, NULL));
    history_push(state[1]->history, 5);
    for (size_t i = 0; i < PAIRS; i++) {
        place[i] = i % STATES;
        word[i] = (int32_t)(i / STATES) - 1; // WORD_OOV among them
    }
    forward_load(&forward, STATES, (const struct state *const *)state);
    assert_true(forward_predict(&forward, PAIRS, place, word, score, NULL));
    for (size_t i = 0; i < PAIRS; i++) {
        struct plain_state same;
        plain_set_values(&plain, state[place[i]]->value, &same);
        memcpy(same.history, state[place[i]]->history, sizeof same.history);
        double wanted = word[i] < 0 ? 0 : plain_exponential(&plain, &same, word[i]);
        assert_near(score[i], wanted, 1e-5 * (wanted + 1e-9));
    }
    for (size_t i = 0; i < STATES; i++)
        free(state[i]);
    forward_free(&forward);
    forward_weights_free(&weights);
    plain_free(&plain);
    network_free(&network);
}

static void scores_are_exponentials_of_logits(void **state)
{
    (void)state;
    check_scores("lstm:6", 0);
    check_scores("lstm:6", 101);
    check_scores("elman:5", 57); // runs end at the end of the hash
    check_scores("elman:17", 3);
}

static double sum_of(const float *bias, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)bias[i]);
    return sum;
}

static void sums_of_biases_become_one(void **state)
{
    (void)state;
    const uint64_t count[WORDS] = {900, 400, 400, 120, 70, 30, 30, 10, 9, 8, 7, 1, 0};
    static const char *const layers[] = {"lstm:3", "lstm:3 full"};
    for (size_t i = 0; i < 2; i++) {
        const struct network_shape shape = new_shape(WORDS, layers[i], i == 0 ? CLASSES : 1, 0, 0);
        struct network network;
        struct plain_state begin;
        double before[WORDS];
        make_network(&network, &shape, 1, 0);
        const struct classes *classes = &network.classes;
        network.shape.output->initialise_biases(&network, count);
        struct plain plain = plain_new(&network);
        plain_begin(&plain, false, &begin);
        for (int32_t w = 0; w < WORDS; w++)
            before[w] = plain_prob(&plain, &begin, w);
        network.shape.output->normalise_biases(&network);
        plain_refresh(&plain);
        for (int32_t w = 0; w < WORDS; w++)
            assert_near(plain_prob(&plain, &begin, w), before[w], 1e-6);
        const float *words = parameter_row(network_parameter(&network, "output.bias"), 0);
        const struct parameter *of_classes = network_parameter(&network, "output.class_bias");
        for (size_t k = 0; k < classes->count; k++)
            assert_near(sum_of(words + classes->begin[k],
                               (size_t)(classes->begin[k + 1] - classes->begin[k])),
                        1, 1e-6);
        if (of_classes != NULL)
            assert_near(sum_of(parameter_row(of_classes, 0), CLASSES), 1, 1e-6);
        plain_free(&plain);
        network_free(&network);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_exponentials_of_logits),
        cmocka_unit_test(sums_of_biases_become_one),
    };
    return cmocka_run_group_tests_name("output_class", tests, NULL, NULL);
}
