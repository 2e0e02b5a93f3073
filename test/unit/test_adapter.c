// Dynamic evaluation by statistics: what is collected, and each step of the weights, against plain ways to
// them; that only what is past counts; files.
#include "testing.h"

#include "learn/dynamic.h"
#include "learn/optimisers/kinds.h"
#include "net/forward.h"
#include "scratch.h"
#include "train/statistics.h"

enum { WORDS = 13, STEPS = 4, TEXT = 400 };

static void start_network(struct network *network, const char *layers)
{
    struct error error = {""};
    struct classes classes;
    struct network_shape shape = new_shape(WORDS, layers, 4, 0, 0);
    make_classes(&shape, &classes);
    if (!network_init(network, &shape, &classes, &error))
        fail_msg("%s", error.text);
    randomise_network(network, 3, 0.4);
}

static void make_text(int32_t *text, uint32_t seed)
{
    struct random random;
    random_seed(&random, seed);
    for (size_t i = 0; i < TEXT; i++)
        text[i] = random_next(&random) % (WORDS + 1) - 1; // WORD_OOV among them
}

static const char *const kinds[] = {"elman:5", "lstm:5,elman:4:tanh",
                                    "projection:6,gru:6 class tied", "sru:5 full",
                                    "lstm:4 adaptive:3/2"};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

// The gradient of a block of `streams` streams of `steps` words, summed: what a step of plain descent moves.
// `batch` stands where the block begins, on a network of the same weights as `network`, and goes on.
struct plain {
    struct network network;
    struct batch batch;
    struct pool *pool;
};

static void plain_start(struct plain *plain, const char *layers, size_t streams)
{
    struct error error;
    start_network(&plain->network, layers);
    const struct batch_rule rule = {
        .optimiser = &optimiser_sgd, .through_time = true, .step = {.alpha = (float)streams}};
    plain->pool = pool_new(1, &error);
    assert_true(
        batch_init(&plain->batch, &plain->network, &rule, streams, STEPS, plain->pool, &error));
    state_values(&plain->network, STATE_TEXT, NULL, plain->batch.value);
    for (size_t b = 0; b < streams; b++)
        batch_start(&plain->batch, b, plain->batch.value, NULL);
}

static void plain_free(struct plain *plain)
{
    batch_free(&plain->batch);
    pool_free(plain->pool);
    network_free(&plain->network);
}

// What weights were before a block, by parameter and element without padding.
static float **copy_weights(const struct network *network)
{
    float **copy = calloc(network->parameters, sizeof *copy);
    for (size_t p = 0; p < network->parameters; p++) {
        const struct parameter *parameter = &network->parameter[p];
        copy[p] = calloc(parameter_count(parameter), sizeof(float));
        memcpy(copy[p], parameter->data, parameter_bytes(parameter));
    }
    return copy;
}

static void free_weights(float **copy, const struct network *network)
{
    for (size_t p = 0; p < network->parameters; p++)
        free(copy[p]);
    free(copy);
}

static void put_weights(struct network *network, float **copy)
{
    for (size_t p = 0; p < network->parameters; p++)
        memcpy(network->parameter[p].data, copy[p], parameter_bytes(&network->parameter[p]));
}

// ---- collecting -------------------------------------------------------------------------------

static void test_roots(void **unused)
{
    (void)unused;
    enum { STREAMS = 3, BLOCKS = 4 };
    for (size_t k = 0; k < KINDS; k++) {
        struct plain plain;
        struct network network;
        struct gradient_roots roots;
        struct gradient_collector collector;
        struct error error;
        int32_t text[TEXT];
        make_text(text, 7);
        plain_start(&plain, kinds[k], STREAMS);
        start_network(&network, kinds[k]);
        float **weights = copy_weights(&network);
        float **sum = copy_weights(&network);
        for (size_t p = 0; p < network.parameters; p++)
            memset(sum[p], 0, parameter_bytes(&network.parameter[p]));
        assert_true(gradient_roots_init(&roots, &network, &error));
        assert_true(gradient_collector_init(&collector, &network, &roots, STREAMS, STEPS, false,
                                            plain.pool, &error));
        for (size_t block = 0; block < BLOCKS; block++) {
            double log10_prob = 0;
            for (size_t i = 0; i < STREAMS * STEPS; i++) {
                size_t at = block * STREAMS * STEPS + i;
                collector.batch.tape.word[i] = plain.batch.tape.word[i] = text[at];
                collector.batch.tape.target[i] = plain.batch.tape.target[i] = text[at + STREAMS];
            }
            assert_true(gradient_collector_take(&collector, &error));
            assert_true(batch_learn(&plain.batch, STEPS, &log10_prob, &error));
            for (size_t p = 0; p < network.parameters; p++)
                for (size_t i = 0; i < parameter_count(&network.parameter[p]); i++) {
                    float g = ((float *)plain.network.parameter[p].data)[i] - weights[p][i];
                    sum[p][i] += g * g;
                }
            put_weights(&plain.network, weights);
            batch_refresh(&plain.batch);
        }
        gradient_collector_finish(&collector);
        double mean = 0, count = 0;
        for (size_t p = 0; p < network.parameters; p++) {
            const struct parameter *parameter = &network.parameter[p];
            assert_memory_equal(parameter->data, weights[p], parameter_bytes(parameter));
            for (size_t i = 0; i < parameter->rows; i++)
                for (size_t j = 0; j < parameter->width; j++) {
                    size_t at = i * parameter->stride + j;
                    double wanted = sqrt((double)sum[p][at] / (STEPS * STEPS * STREAMS * BLOCKS));
                    assert_true(fabs((double)roots.root[p][at] - wanted) < 1e-4 + 0.002 * wanted);
                    mean += (double)roots.root[p][at];
                    count++;
                }
        }
        assert_near(roots.mean, mean / count, 1e-6);
        free_weights(weights, &network);
        free_weights(sum, &network);
        gradient_collector_free(&collector);
        gradient_roots_free(&roots);
        plain_free(&plain);
        network_free(&network);
    }
}

// ---- adapting ---------------------------------------------------------------------------------

static void some_roots(struct gradient_roots *roots, const struct network *network)
{
    struct error error;
    struct random random;
    assert_true(gradient_roots_init(roots, network, &error));
    random_seed(&random, 11);
    for (size_t p = 0; p < network->parameters; p++)
        for (size_t i = 0; i < parameter_count(&network->parameter[p]); i++)
            roots->root[p][i] = (float)random_uniform(&random, 0, 0.2);
    gradient_roots_finish(roots, network);
}

static const struct adapter_rule usual = {
    .rate = 0.02, .decay = 0.1, .epsilon = 0.01, .words = STEPS};

static void start_adapter(struct adapter *adapter, struct network *network,
                          const struct adapter_rule *rule, const struct gradient_roots *roots)
{
    struct error error = {""};
    float value[64];
    if (!adapter_init(adapter, network, rule, roots, &error))
        fail_msg("%s", error.text);
    assert_true(network->state <= 64);
    state_values(network, STATE_TEXT, NULL, value);
    adapter_start(adapter, value);
}

// Three blocks against the equation, with gradients of plain descent; rows of words that a block does not
// touch make up for it when they come again.
static void test_steps(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < KINDS; k++) {
        struct plain plain;
        struct network network;
        struct gradient_roots roots;
        struct adapter adapter;
        struct error error;
        int32_t text[TEXT], previous = 0;
        make_text(text, 5);
        plain_start(&plain, kinds[k], 1);
        start_network(&network, kinds[k]);
        some_roots(&roots, &network);
        float **origin = copy_weights(&network), **missed = copy_weights(&network);
        for (size_t p = 0; p < network.parameters; p++)
            memset(missed[p], 0, parameter_bytes(&network.parameter[p]));
        start_adapter(&adapter, &network, &usual, &roots);
        for (size_t block = 0; block < 3; block++) {
            float **before = copy_weights(&network);
            double log10_prob = 0, sum = 0;
            put_weights(&plain.network, before);
            batch_refresh(&plain.batch);
            for (size_t t = 0; t < STEPS; t++) {
                double prob;
                int32_t word = text[block * STEPS + t];
                plain.batch.tape.word[t] = previous;
                plain.batch.tape.target[t] = word;
                previous = word;
                assert_true(adapter_next(&adapter, word, &prob, &error));
                assert_true(word >= 0 ? prob > 0 && prob < 1 : prob == 0);
                sum += word >= 0 ? log10(prob) : 0;
            }
            assert_true(batch_learn(&plain.batch, STEPS, &log10_prob, &error));
            assert_near(sum, log10_prob, 1e-5);
            for (size_t p = 0; p < network.parameters; p++) {
                const struct parameter *parameter = &network.parameter[p];
                const bool runs = parameter->use == PARAMETER_BIAS && p >= network.output_at;
                for (size_t i = 0; i < parameter->rows; i++) {
                    bool touched = false;
                    for (size_t j = 0; j < parameter->width; j++) {
                        size_t at = i * parameter->stride + j;
                        touched |= ((float *)parameter->data)[at] != before[p][at];
                    }
                    for (size_t j = 0; j < parameter->width; j++) {
                        size_t at = i * parameter->stride + j;
                        double w = (double)before[p][at],
                               found = (double)((float *)parameter->data)[at];
                        double g = (double)((float *)plain.network.parameter[p].data)[at] - w;
                        double root = (double)roots.root[p][at];
                        double keep = usual.decay * root / roots.mean;
                        keep = (keep < 1 ? keep : 1) *
                               (runs ? 1 : 1 + (double)missed[p][i * parameter->stride]);
                        keep = keep < 1 ? keep : 1;
                        double wanted = w + usual.rate * g / STEPS / (root + usual.epsilon) +
                                        keep * ((double)origin[p][at] - w);
                        const bool moves = touched && !(runs && g == 0);
                        assert_true(fabs(found - (moves ? wanted : w)) < 2e-4);
                    }
                    missed[p][i * parameter->stride] =
                        touched ? 0 : missed[p][i * parameter->stride] + 1;
                }
            }
            free_weights(before, &network);
        }
        free_weights(origin, &network);
        free_weights(missed, &network);
        adapter_free(&adapter);
        gradient_roots_free(&roots);
        plain_free(&plain);
        network_free(&network);
    }
}

// With a rate and a decay of 0 the probabilities are those of the network, also behind sentences that are
// independent.
static void test_no_rate(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < 2 * KINDS; k++) {
        struct network network;
        struct gradient_roots roots;
        struct adapter adapter;
        struct error error;
        struct forward_weights weights;
        struct forward forward;
        const bool independent = k >= KINDS;
        const struct adapter_rule rule = {.epsilon = 1, .words = 3, .independent = independent};
        int32_t text[TEXT];
        make_text(text, 9);
        start_network(&network, kinds[k % KINDS]);
        some_roots(&roots, &network);
        start_adapter(&adapter, &network, &rule, &roots);
        struct state *state = state_at_start(&network, STATE_TEXT, NULL, &error),
                     *next = state_new(&network, &error);
        assert_true(forward_weights_init(&weights, &network, independent, &error));
        assert_true(forward_init(&forward, &weights, 1, &error));
        for (size_t i = 0; i < 100; i++) {
            double prob, wanted = 0;
            assert_true(adapter_next(&adapter, text[i], &prob, &error));
            forward_load(&forward, 1, (const struct state *const[]){state});
            assert_true(
                forward_predict(&forward, 1, (const size_t[]){0}, &text[i], &wanted, &error));
            assert_near(prob, text[i] >= 0 ? wanted : 0, 1e-5);
            forward_advance(&forward, 1, (const struct state *const[]){state}, &text[i],
                            (struct state *const[]){next});
            state_copy(&network, state, next);
        }
        forward_free(&forward);
        forward_weights_free(&weights);
        free(state);
        free(next);
        adapter_free(&adapter);
        gradient_roots_free(&roots);
        network_free(&network);
    }
}

// ---- both rules -------------------------------------------------------------------------------

static void start_dynamic(struct dynamic *dynamic, struct network *network, bool rms)
{
    struct error error = {""};
    struct gradient_roots roots = {.root = NULL};
    const struct dynamic_rule rule = {.rms = rms,
                                      .rate = rms ? usual.rate : 0.5,
                                      .beta = 0.01,
                                      .gradient_cutoff = 15,
                                      .bptt = 3,
                                      .bptt_block = 2,
                                      .restores = true,
                                      .decay = usual.decay,
                                      .words = STEPS};
    if (rms)
        some_roots(&roots, network);
    if (!dynamic_init(dynamic, network, &rule, rms ? &roots : NULL, &error))
        fail_msg("%s", error.text);
    assert_true(dynamic_start(dynamic, STATE_TEXT, NULL, &error));
}

// After it has been restored, a text has the same probabilities again, and the rates may be others.
static void test_restoring(void **unused)
{
    (void)unused;
    enum { LENGTH = 50 };
    int32_t text[TEXT];
    make_text(text, 21);
    for (size_t k = 0; k < 2 * KINDS; k++) {
        struct network network;
        struct dynamic dynamic;
        struct error error;
        double prob[4][LENGTH];
        start_network(&network, kinds[k / 2]);
        float **trained = copy_weights(&network);
        start_dynamic(&dynamic, &network, k % 2);
        for (size_t time = 0; time < 4; time++) {
            if (time > 0) {
                dynamic_restore(&dynamic);
                for (size_t p = 0; p < network.parameters; p++)
                    assert_memory_equal(network.parameter[p].data, trained[p],
                                        parameter_bytes(&network.parameter[p]));
                dynamic_set_rate(&dynamic,
                                 time == 2 ? 0
                                 : k % 2   ? usual.rate
                                           : 0.5,
                                 time == 2 ? 0 : usual.decay);
                assert_true(dynamic_start(&dynamic, STATE_TEXT, NULL, &error));
            }
            for (size_t i = 0; i < LENGTH; i++)
                assert_true(dynamic_next(&dynamic, text[i], &prob[time][i], &error));
        }
        assert_memory_equal(prob[0], prob[1], sizeof prob[0]);
        assert_memory_equal(prob[0], prob[3], sizeof prob[0]);
        assert_true(memcmp(prob[0], prob[2], sizeof prob[0]) != 0);
        free_weights(trained, &network);
        dynamic_free(&dynamic);
        network_free(&network);
    }
}

// Whatever comes behind a word changes no probability before it.
static void test_causality(void **unused)
{
    (void)unused;
    enum { LENGTH = 60 };
    struct random random;
    random_seed(&random, 3);
    double prob[2][LENGTH];
    for (int trial = 0; trial < 1000; trial++) {
        int32_t text[2][TEXT];
        size_t same = 1 + (size_t)random_next(&random) % (LENGTH - 1);
        make_text(text[0], (uint32_t)trial + 1);
        make_text(text[1], (uint32_t)trial + 100);
        memcpy(text[1], text[0], same * sizeof **text);
        for (size_t side = 0; side < 2; side++) {
            struct network network;
            struct dynamic dynamic;
            struct error error;
            start_network(&network, kinds[trial % KINDS]);
            start_dynamic(&dynamic, &network, trial / (int)KINDS % 2);
            for (size_t i = 0; i < LENGTH; i++)
                assert_true(dynamic_next(&dynamic, text[side][i], &prob[side][i], &error));
            dynamic_free(&dynamic);
            network_free(&network);
        }
        assert_memory_equal(prob[0], prob[1], same * sizeof **prob);
    }
}

static void test_bad_rules(void **unused)
{
    (void)unused;
    const struct adapter_rule rules[] = {{.rate = -1, .epsilon = 1, .words = 1},
                                         {.rate = NAN, .epsilon = 1, .words = 1},
                                         {.decay = 1.5, .epsilon = 1, .words = 1},
                                         {.epsilon = 0, .words = 1},
                                         {.epsilon = 1, .words = 0}};
    struct network network;
    struct gradient_roots roots;
    struct adapter adapter;
    struct error error;
    start_network(&network, "lstm:5");
    some_roots(&roots, &network);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        assert_false(adapter_init(&adapter, &network, &rules[i], &roots, &error));
        assert_contains(error.text, "dynamic evaluation: found rate");
        adapter_free(&adapter);
    }
    gradient_roots_free(&roots);
    network_free(&network);
}

// ---- files ------------------------------------------------------------------------------------

static void test_files(void **unused)
{
    (void)unused;
    struct model model = {.network = {.parameters = 0}}, other = model;
    struct gradient_roots roots, again;
    struct error error = {""};
    size_t size;
    start_network(&model.network, "lstm:5,elman:4");
    start_network(&other.network, "lstm:5,elman:4");
    assert_true(vocabulary_init(&model.vocabulary, &error) &&
                vocabulary_init(&other.vocabulary, &error));
    some_roots(&roots, &model.network);
    assert_true(statistics_write(&roots, &model, "good", &error));
    if (!statistics_read(&again, &model, "good", &error))
        fail_msg("%s", error.text);
    for (size_t p = 0; p < model.network.parameters; p++)
        assert_memory_equal(roots.root[p], again.root[p],
                            parameter_bytes(&model.network.parameter[p]));
    assert_true(again.mean == roots.mean);
    gradient_roots_free(&again);
    ((float *)other.network.parameter[1].data)[0] += 0.5f;
    assert_false(statistics_read(&again, &other, "good", &error));
    assert_contains(error.text, "good: found statistics of another model");
    gradient_roots_free(&again);
    char *data = read_whole("good", false, &size);
    for (size_t at = 0; at < size; at += 997) {
        data[at] ^= 4;
        write_file("bad", data, size);
        data[at] ^= 4;
        bool ok = statistics_read(&again, &model, "bad", &error);
        for (size_t p = 0; ok && p < model.network.parameters; p++) // between sections
            assert_memory_equal(roots.root[p], again.root[p],
                                parameter_bytes(&model.network.parameter[p]));
        gradient_roots_free(&again);
        write_file("cut", data, at);
        assert_false(statistics_read(&again, &model, "cut", &error));
        gradient_roots_free(&again);
    }
    roots.root[0][0] = -1;
    unlink("negative");
    assert_true(statistics_write(&roots, &model, "negative", &error));
    assert_false(statistics_read(&again, &model, "negative", &error));
    assert_contains(error.text, "found -1, wanted a root");
    gradient_roots_free(&again);
    free(data);
    gradient_roots_free(&roots);
    vocabulary_free(&model.vocabulary);
    vocabulary_free(&other.vocabulary);
    network_free(&model.network);
    network_free(&other.network);
}

static void test_no_memory(void **unused)
{
    (void)unused;
    struct network network;
    start_network(&network, "lstm:5 full");
    for (int rms = 0; rms < 2; rms++) {
        const struct dynamic_rule rule = {
            .rms = rms, .rate = 0.1, .bptt = 1, .bptt_block = 1, .restores = true, .words = STEPS};
        bool done = false;
        for (int failures = 0; !done; failures++) {
            struct dynamic dynamic;
            struct gradient_roots roots = {.root = NULL};
            struct error error = {""};
            if (rms)
                some_roots(&roots, &network);
            memory_fail_after(failures);
            done = dynamic_init(&dynamic, &network, &rule, rms ? &roots : NULL, &error) &&
                   dynamic_start(&dynamic, STATE_TEXT, NULL, &error);
            memory_fail_after(-1);
            dynamic_free(&dynamic);
            if (!done)
                assert_contains(error.text, "not enough memory");
        }
    }
    network_free(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots),     cmocka_unit_test(test_steps),
        cmocka_unit_test(test_no_rate),   cmocka_unit_test(test_restoring),
        cmocka_unit_test(test_causality), cmocka_unit_test(test_bad_rules),
        cmocka_unit_test(test_files),     cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
