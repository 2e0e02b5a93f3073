// Probes and maps of words: figures against others' ways to them, and nothing of the network moved.
#include "testing.h"

#include "learn/optimisers/kinds.h"
#include "net/forward.h"
#include "train/probe.h"
#include "train/word_map.h"

enum { WORDS = 13 };

// A network with random weights in an otherwise empty model, and a text.
struct case_ {
    struct model model;
    int32_t text[PROBE_TEXT];
};

static void start(struct case_ *one, const char *layers)
{
    struct error error = {""};
    struct random random;
    struct classes classes;
    struct network_shape shape = new_shape(WORDS, layers, 4, 0, 0);
    memset(one, 0, sizeof *one);
    make_classes(&shape, &classes);
    if (!network_init(&one->model.network, &shape, &classes, &error))
        fail_msg("%s", error.text);
    randomise_network(&one->model.network, 3, 0.4);
    random_seed(&random, 7);
    for (size_t i = 0; i < PROBE_TEXT; i++)
        one->text[i] = random_next(&random) % (WORDS + 1) - 1; // WORD_OOV among them
}

static void take(struct case_ *one, struct log *log)
{
    struct probe probe;
    struct error error = {""};
    const struct output_noise noise = small_noise();
    if (!probe_init(&probe, &one->model, one->text, &noise, &error) ||
        !probe_take(&probe, log, 5, 2.5, &error))
        fail_msg("%s", error.text);
    probe_free(&probe);
}

// What a step of plain descent with a rate of 1 moves each parameter by.
static void test_gradients(void **unused)
{
    (void)unused;
    const char *const layers[] = {"elman:5", "lstm:5,elman:4:tanh", "gru:6 full",
                                  "projection:6,lstm:6 class tied", "sru:5 nce"};
    for (size_t c = 0; c < sizeof layers / sizeof layers[0]; c++) {
        struct case_ one, other;
        struct log log = {0};
        struct batch batch;
        struct error error;
        start(&one, layers[c]);
        start(&other, layers[c]);
        take(&one, &log);
        const struct batch_rule rule = {.optimiser = &optimiser_sgd,
                                        .through_time = true,
                                        .noise = small_noise(),
                                        .step = {.alpha = PROBE_STREAMS}};
        struct pool *pool = pool_new(1, &error);
        struct network *network = &other.model.network;
        assert_true(batch_init(&batch, network, &rule, PROBE_STREAMS, PROBE_STEPS, pool, &error));
        float *value = calloc(network->state, sizeof *value);
        state_values(network, STATE_TEXT, NULL, value);
        for (size_t i = 0; i < PROBE_STREAMS * PROBE_STEPS; i++) {
            size_t b = i % PROBE_STREAMS, t = i / PROBE_STREAMS;
            batch.tape.word[i] = other.text[b * (PROBE_STEPS + 1) + t];
            batch.tape.target[i] = other.text[b * (PROBE_STEPS + 1) + t + 1];
        }
        for (size_t b = 0; b < PROBE_STREAMS; b++)
            batch_start(&batch, b, value, NULL);
        double sum = 0;
        assert_true(batch_learn(&batch, PROBE_STEPS, &sum, &error));
        for (size_t p = 0; p < network->parameters; p++) {
            const struct parameter *before = &one.model.network.parameter[p],
                                   *after = &network->parameter[p];
            char name[64];
            double power = 0, found;
            for (size_t i = 0; i < before->rows * before->width; i++)
                power += pow(
                    (double)*parameter_weight(after, i) - (double)*parameter_weight(before, i), 2);
            snprintf(name, sizeof name, "gradient.%s", before->name);
            const struct log_row *row = log_last(&log, name);
            assert_non_null(row);
            assert_int_equal(row->words, 5);
            assert_true(row->seconds == 2.5);
            assert_int_equal(log_numbers(row, &found, 1), 1);
            assert_near(found, sqrt(power), 1e-3);
        }
        free(value);
        batch_free(&batch);
        pool_free(pool);
        network_free(&one.model.network);
        network_free(&other.model.network);
        log_free(&log);
    }
}

static void test_nothing_moves(void **unused)
{
    (void)unused;
    struct case_ one, other;
    struct log log = {0};
    start(&one, "lstm:5,elman:4");
    start(&other, "lstm:5,elman:4");
    take(&one, &log);
    for (size_t p = 0; p < one.model.network.parameters; p++)
        assert_memory_equal(one.model.network.parameter[p].data,
                            other.model.network.parameter[p].data,
                            parameter_bytes(&one.model.network.parameter[p]));
    network_free(&one.model.network);
    network_free(&other.model.network);
    log_free(&log);
}

// log P(the last word of a stream) from a state behind word `from` of it.
static double last_prob(const struct case_ *one, size_t b, size_t from, const float *value)
{
    const struct network *network = &one->model.network;
    const int32_t *text = one->text + b * (PROBE_STEPS + 1);
    struct error error;
    struct forward_weights weights;
    struct forward forward;
    struct state *state = state_new(network, &error), *next = state_new(network, &error);
    double prob = 0;
    assert_true(state != NULL && next != NULL);
    assert_true(forward_weights_init(&weights, network, false, &error));
    assert_true(forward_init(&forward, &weights, 1, &error));
    memcpy(state->value, value, network->state * sizeof *value);
    for (size_t t = from + 1; t < PROBE_STEPS; t++) {
        forward_advance(&forward, 1, (const struct state *const[]){state}, &text[t],
                        (struct state *const[]){next});
        state_copy(network, state, next);
    }
    forward_load(&forward, 1, (const struct state *const[]){state});
    assert_true(
        forward_predict(&forward, 1, (const size_t[]){0}, &text[PROBE_STEPS], &prob, &error));
    forward_free(&forward);
    forward_weights_free(&weights);
    free(state);
    free(next);
    return log(prob);
}

// Against differences, at the last word and some before it: of a kind whose state is its output.
static void test_errors_through_time(void **unused)
{
    (void)unused;
    enum { UNITS = 6 };
    const size_t back[] = {0, 1, 2, 5};
    double number[PROBE_STEPS + 1];
    struct case_ one;
    struct log log = {0};
    struct error error;
    start(&one, "gru:6 full");
    const struct network *network = &one.model.network;
    for (size_t b = 0; b < PROBE_STREAMS; b++)
        one.text[b * (PROBE_STEPS + 1) + PROBE_STEPS] = (int32_t)b + 1; // known
    take(&one, &log);
    const struct log_row *row = log_last(&log, "error.layer0.gru");
    assert_non_null(row);
    assert_int_equal(log_numbers(row, number, PROBE_STEPS + 1), PROBE_STEPS);
    for (size_t k = 0; k < sizeof back / sizeof back[0]; k++) {
        double power = 0;
        for (size_t b = 0; b < PROBE_STREAMS; b++) {
            float value[64] = {0}, after[64] = {0};
            assert_true(network->state <= 64);
            state_values(network, STATE_TEXT, NULL, value);
            for (size_t t = 0; t + back[k] < PROBE_STEPS; t++) {
                assert_true(
                    state_step(network, value, one.text[b * (PROBE_STEPS + 1) + t], after, &error));
                memcpy(value, after, sizeof value);
            }
            for (size_t i = 0; i < UNITS; i++) {
                const float step = 0.01f, middle = value[i];
                value[i] = middle + step;
                double more = last_prob(&one, b, PROBE_STEPS - 1 - back[k], value);
                value[i] = middle - step;
                double less = last_prob(&one, b, PROBE_STEPS - 1 - back[k], value);
                value[i] = middle;
                power += pow((more - less) / (2 * (double)step), 2);
            }
        }
        assert_near(number[back[k]], sqrt(power / PROBE_STREAMS), 0.005);
    }
    network_free(&one.model.network);
    log_free(&log);
}

static void test_activations(void **unused)
{
    (void)unused;
    const struct {
        const char *layers, *name;
        double least, most;
    } cases[] = {{"elman:5", "activation.layer0.elman", 0, 1},
                 {"lstm:5", "activation.layer0.lstm", -1, 1},
                 {"elman:5:relu,elman:4:tanh", "activation.layer1.elman", -1, 1}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct case_ one;
        struct log log = {0};
        double number[LOG_BINS + 3], sum = 0;
        start(&one, cases[c].layers);
        take(&one, &log);
        const struct log_row *row = log_last(&log, cases[c].name);
        assert_non_null(row);
        assert_int_equal(log_numbers(row, number, LOG_BINS + 3), LOG_BINS + 2);
        assert_true(number[0] == cases[c].least && number[1] == cases[c].most);
        for (size_t i = 0; i < LOG_BINS; i++)
            sum += number[2 + i];
        assert_near(sum, 1, 1e-3);
        if (c == 0) // a logistic unit with small sums is in the middle
            assert_true(number[2 + LOG_BINS / 2] + number[1 + LOG_BINS / 2] > 0.1 &&
                        number[2] == 0);
        network_free(&one.model.network);
        log_free(&log);
    }
}

// Words whose vectors lie in a plane, far from the others' directions, keep their distances; the most
// frequent ones are there, </s> is not.
static void test_word_map(void **unused)
{
    (void)unused;
    static const uint64_t count[WORDS] = {90, 1, 50, 2, 60, 3, 40, 4, 30, 5, 20, 6, 7};
    static const int frequent[] = {4, 2, 6, 8};
    struct error error;
    struct log log = {0};
    struct case_ one;
    double place[4][2];
    start(&one, "projection:9,elman:4");
    assert_true(vocabulary_init(&one.model.vocabulary, &error));
    for (int i = 1; i < WORDS; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        assert_int_equal(vocabulary_add(&one.model.vocabulary, name, strlen(name), &error), i);
    }
    memcpy(one.model.vocabulary.count, count, sizeof count);
    const struct parameter *table = &one.model.network.parameter[0];
    assert_int_equal(table->rows, WORDS);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 9; j++)
            parameter_row(table, (size_t)frequent[i])[j] =
                5 + (j == 2 ? (float)(i * i) : 0) + (j == 7 ? (float)(3 - i) / 2 : 0);
    assert_true(word_map_take(&one.model, 4, &log, 1, 1, &error));
    assert_int_equal(log.count, 4);
    for (size_t i = 0; i < 4; i++) {
        char name[20];
        snprintf(name, sizeof name, "map.w%d", frequent[i]);
        assert_string_equal(log.row[i].name, name);
        assert_int_equal(log_numbers(&log.row[i], place[i], 2), 2);
    }
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < i; k++) {
            double x = (double)(i * i) - (double)(k * k), y = ((double)i - (double)k) / 2;
            assert_near(hypot(place[i][0] - place[k][0], place[i][1] - place[k][1]), hypot(x, y),
                        2e-3);
        }
    // The first direction is that in which they differ most, and both add up to nothing.
    double power[2] = {0}, sum[2] = {0};
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 2; j++) {
            power[j] += place[i][j] * place[i][j];
            sum[j] += place[i][j];
        }
    assert_true(power[0] > 10 * power[1] && power[1] > 0.01);
    assert_near(sum[0], 0, 1e-2);
    assert_near(sum[1], 0, 1e-2);
    assert_true(place[0][0] > 0);
    vocabulary_free(&one.model.vocabulary);
    network_free(&one.model.network);
    log_free(&log);
}

static void test_no_memory(void **unused)
{
    (void)unused;
    struct case_ one;
    bool done = false;
    const struct output_noise noise = small_noise();
    start(&one, "lstm:5 full");
    for (int failures = 0; !done; failures++) {
        struct probe probe;
        struct log log = {0};
        struct error error = {""};
        memory_fail_after(failures);
        done = probe_init(&probe, &one.model, one.text, &noise, &error) &&
               probe_take(&probe, &log, 1, 1, &error);
        memory_fail_after(-1);
        probe_free(&probe);
        log_free(&log);
        if (!done)
            assert_contains(error.text, "not enough memory");
    }
    network_free(&one.model.network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_nothing_moves),
        cmocka_unit_test(test_errors_through_time),
        cmocka_unit_test(test_activations),
        cmocka_unit_test(test_word_map),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
