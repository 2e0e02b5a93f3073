// The network: initial weights, probabilities, direct connections, and the learner without
// back-propagation through time.
#include "plain_network.h"

#include "learn/learner.h"
#include "net/forward.h"
#include "net/outputs/maxent.h"
#include "text/vocabulary.h"

// ---- weights ----------------------------------------------------------------------------------

static float draw_weight(struct random *random)
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += (double)random_next(random) / RANDOM_MAX * 0.2 - 0.1;
    return (float)sum;
}

static void assert_drawn(const struct network *network, const char *name, size_t i,
                         struct random *random)
{
    const struct parameter *parameter = network_parameter(network, name);
    assert_non_null(parameter);
    // The sum is taken in a different order from the library's.
    assert_near(*parameter_weight(parameter, i), draw_weight(random), 1e-7);
}

// For each hidden unit its V input weights, then its H recurrent ones; then compression row by row,
// then output row by row; the hash stays 0.
static void initial_weights_in_the_order_of_draws(void **state)
{
    (void)state;
    enum { UNITS = 19, COMPRESSED = 4, V = 7 };
    for (int round = 0; round < 2; round++) {
        struct network network;
        struct random random;
        struct error error;
        struct network_shape shape =
            new_shape(V, round == 0 ? "elman:19" : "elman:19,compression:4", 3, 10, 2);
        make_network(&network, &shape, 1, 0);
        assert_true(network_randomise(&network, 17, &error));
        random_seed(&random, 17);
        for (size_t i = 0; i < UNITS; i++) {
            for (size_t word = 0; word < V; word++)
                assert_drawn(&network, "layer0.input", word * UNITS + i, &random);
            for (size_t j = 0; j < UNITS; j++)
                assert_drawn(&network, "layer0.recurrent", i * UNITS + j, &random);
        }
        for (size_t i = 0; i < COMPRESSED * UNITS && round == 1; i++)
            assert_drawn(&network, "layer1.input", i, &random);
        for (size_t i = 0; i < V * network.width; i++)
            assert_drawn(&network, "output.words", i, &random);
        for (size_t i = 0; i < shape.classes * network.width; i++)
            assert_drawn(&network, "output.classes", i, &random);
        for (size_t i = 0; i < shape.maxent; i++)
            assert_true(*parameter_weight(network_parameter(&network, "output.hash"), i) == 0);
        network_free(&network);
    }
}

static void initial_weights_of_long_short_term_memory(void **state)
{
    (void)state;
    const struct network_shape shape = new_shape(7, "lstm:9,lstm:5", 3, 0, 0);
    struct network network;
    make_network(&network, &shape, 1, 1);
    randomise_network(&network, 1, 0);
    assert_true(network_randomise(&network, 17, NULL));
    for (size_t l = 0; l < 2; l++) {
        size_t units = shape.layer[l].units;
        double largest = 0, range = 1 / sqrt((double)units);
        for (size_t m = 0; m < 2; m++) {
            const struct parameter *map = network.layer[l].map[m];
            for (size_t i = 0; i < map->rows * map->width; i++) {
                double size = fabs((double)*parameter_weight(map, i));
                assert_true(size > 0);
                largest = fmax(largest, size);
            }
        }
        assert_true(largest <= range * 1.0001 && largest > 0.9 * range);
        for (size_t i = 0; i < 4 * units; i++) // forget gates are the second of four
            assert_true(*parameter_weight(network.layer[l].map[2], i) == (i / units == 1));
    }
    network_free(&network);
}

// Weights of a part of a parameter are uniform within a range, or sums of three such draws.
static void initial_weights_of_other_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *layers, *parameter;
        size_t row, rows, column, columns;
        double range;
    } wanted[] = {
        {"gru:9,gru:16", "layer0.input", 0, 30, 0, 27, 1.0 / 3},
        {"gru:9,gru:16", "layer1.input", 0, 48, 0, 9, 1.0 / 4},
        {"gru:9,gru:16", "layer1.recurrent", 0, 48, 0, 16, 1.0 / 4},
        {"gru:9,gru:16", "layer1.bias", 0, 1, 0, 64, 0},
        {"sru:12,sru:27", "layer0.input", 0, 30, 0, 36, 1.0 / 2},
        {"sru:12,sru:27", "layer0.input", 0, 30, 36, 12, 0.866025},
        {"sru:12,sru:27", "layer1.input", 0, 81, 0, 12, 1.0 / 3},
        {"sru:12,sru:27", "layer1.input", 81, 27, 0, 12, 0.577350},
        {"sru:12,sru:27", "layer1.cell", 0, 1, 0, 54, 0},
        {"sru:12,sru:27", "layer1.bias", 0, 1, 0, 54, 0},
        {"qrnn:9", "layer0.input", 0, 30, 0, 54, 1.0 / 3},
        {"qrnn:9", "layer0.bias", 0, 1, 0, 27, 0},
        {"jordan:20", "layer0.input", 0, 30, 0, 20, 0.3},
        {"jordan:20", "layer0.recurrent", 0, 20, 0, 20, 0.15},
        {"jordan:20", "layer0.bias", 0, 1, 0, 20, 0},
        {"projection:9,projection:16", "layer0.input", 0, 30, 0, 9, 0.1},
        {"projection:9,projection:16", "layer1.input", 0, 16, 0, 9, 1.0 / 3},
    };
    for (size_t w = 0; w < sizeof wanted / sizeof wanted[0]; w++) {
        const struct network_shape shape = new_shape(30, wanted[w].layers, 3, 0, 0);
        struct network network;
        double largest = 0;
        make_network(&network, &shape, 1, 1);
        randomise_network(&network, 1, 0);
        assert_true(network_randomise(&network, 17, NULL));
        const struct parameter *parameter = network_parameter(&network, wanted[w].parameter);
        for (size_t i = 0; i < wanted[w].rows; i++)
            for (size_t j = 0; j < wanted[w].columns; j++)
                largest = fmax(largest, fabs((double)parameter_row(
                                            parameter, wanted[w].row + i)[wanted[w].column + j]));
        if (!(largest <= wanted[w].range * 1.0001 && largest >= 0.8 * wanted[w].range))
            fail_msg("%s of %s: found up to %g, wanted %g", wanted[w].parameter, wanted[w].layers,
                     largest, wanted[w].range);
        network_free(&network);
    }
}

// Of rows of words that are not the reference's.
static void initial_weights_of_words(void **state)
{
    (void)state;
    static const char *const layers[] = {"elman:9 full", "elman:9 tied", "elman:9 full tied"};
    for (size_t i = 0; i < 3; i++) {
        const struct network_shape shape = new_shape(70, layers[i], 3, 0, 0);
        struct network network;
        make_network(&network, &shape, 1, 1);
        assert_true(network_randomise(&network, 17, NULL));
        const struct parameter *words = network_output_parameter(&network, "words");
        double largest = 0;
        for (size_t j = 0; j < words->rows * words->width; j++)
            largest = fmax(largest, fabs((double)*parameter_weight(words, j)));
        assert_true(largest <= 0.1 && largest > 0.099);
        network_free(&network);
    }
}

static void copy_of_dense_weights(void **state)
{
    (void)state;
    struct network_shape shape = new_shape(9, "elman:5,compression:3", 2, 50, 2);
    struct network from, to;
    make_network(&from, &shape, 1, 1);
    make_network(&to, &shape, 2, 1);
    struct plain old = plain_new(&to);
    network_copy_weights(&to, &from);
    for (size_t p = 0; p < to.parameters; p++)
        for (size_t i = 0; i < plain_count(&old, p); i++)
            assert_true((double)*parameter_weight(&to.parameter[p], i) ==
                        (to.parameter[p].use == PARAMETER_HASH
                             ? old.weight[p][i]
                             : (double)*parameter_weight(&from.parameter[p], i)));
    plain_free(&old);
    network_free(&from);
    network_free(&to);
}

static void weights_that_are_no_numbers(void **state)
{
    (void)state;
    struct network_shape shape = new_shape(9, "elman:5,lstm:4,compression:3", 2, 50, 2);
    struct network network;
    struct error error;
    make_network(&network, &shape, 1, 1);
    assert_true(network_is_finite(&network, &error));
    for (size_t p = 0; p < network.parameters; p++) {
        float *weight = parameter_weight(&network.parameter[p], 1), old = *weight;
        *weight = p % 2 == 0 ? NAN : -INFINITY;
        assert_false(network_is_finite(&network, &error));
        assert_contains(error.text, network.parameter[p].name);
        *weight = old;
    }
    network_free(&network);
}

// ---- probabilities ----------------------------------------------------------------------------

static const int32_t TEXT[] = {0, 5, 2, 8, WORD_OOV, 1, 8, 8, 3, 0, 6, 2};
enum { TEXT_LENGTH = sizeof TEXT / sizeof TEXT[0] };

static const struct {
    const char *layers;
    size_t classes, maxent;
    int maxent_order;
} shapes[] = {
    {"elman:5", 3, 0, 0},
    {"elman:16", 1, 0, 0},
    {"elman:17", 9, 0, 0},
    {"elman:5,compression:18", 3, 0, 0},
    {"elman:5", 3, 37, 3},
    {"elman:5,compression:2", 2, 200, 6},
    // What follows is none of the reference's.
    {"compression:6", 3, 0, 0},
    {"lstm:7", 3, 37, 3},
    {"lstm:17,elman:5:tanh,compression:3", 2, 0, 0},
    {"compression:4,elman:5:elu,lstm:16", 4, 50, 2},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0], REFERENCE_SHAPES = 6 };

static struct network_shape shape_number(size_t i)
{
    return new_shape(9, shapes[i].layers, shapes[i].classes, shapes[i].maxent,
                     shapes[i].maxent_order);
}

// One word after the other, as decoders do.
struct walk {
    struct forward_weights weights;
    struct forward forward;
    struct state *now, *next;
};

static void begin_walk(struct walk *walk, const struct network *network)
{
    assert_true(forward_weights_init(&walk->weights, network, false, NULL));
    assert_true(forward_init(&walk->forward, &walk->weights, 1, NULL));
    walk->now = state_at_start(network, STATE_TEXT, NULL, NULL);
    walk->next = state_new(network, NULL);
    assert_true(walk->now != NULL && walk->next != NULL);
}

static void end_walk(struct walk *walk)
{
    free(walk->now);
    free(walk->next);
    forward_free(&walk->forward);
    forward_weights_free(&walk->weights);
}

static void walk_on(struct walk *walk, int32_t word)
{
    struct state *now = walk->now;
    forward_advance(&walk->forward, 1, (const struct state *const *)&walk->now, &word, &walk->next);
    walk->now = walk->next;
    walk->next = now;
}

// After forward_load().
static double walk_prob(struct walk *walk, int32_t word)
{
    const size_t first = 0;
    double prob;
    assert_true(forward_predict(&walk->forward, 1, &first, &word, &prob, NULL));
    return prob;
}

// At each place of a text with an OOV, all words' probabilities are those of the definition, and
// sum to one.
static void probabilities_are_those_of_the_definition(void **state)
{
    (void)state;
    for (size_t s = 0; s < SHAPES; s++) {
        struct network network;
        struct network_shape shape = shape_number(s);
        struct walk walk;
        struct plain_state before, after;
        make_network(&network, &shape, 3, 1);
        struct plain plain = plain_new(&network);
        begin_walk(&walk, &network);
        plain_begin(&plain, false, &before);
        for (int i = 0; i < TEXT_LENGTH; i++) {
            plain_step(&plain, &before, TEXT[i], &after);
            forward_load(&walk.forward, 1, (const struct state *const *)&walk.now);
            double sum = 0;
            for (int32_t word = 0; word < 9; word++) {
                double prob = walk_prob(&walk, word);
                assert_near(prob, plain_prob(&plain, &after, word), 2e-6);
                sum += prob;
            }
            assert_near(sum, 1, 2e-6);
            assert_true(walk_prob(&walk, WORD_OOV) == 0);
            before = after;
            if (i + 1 < TEXT_LENGTH)
                walk_on(&walk, TEXT[i + 1]);
        }
        end_walk(&walk);
        plain_free(&plain);
        network_free(&network);
    }
}

static struct plain with_biases_alone(struct network *network, const struct network_shape *shape,
                                      const uint64_t *count, struct plain_state *begin)
{
    make_network(network, shape, 1, 0);
    network->shape.output->initialise_biases(network, count);
    struct plain plain = plain_new(network);
    plain_begin(&plain, false, begin);
    return plain;
}

// The words' frequencies, each counted once more.
static void biases_begin_with_frequencies(void **state)
{
    (void)state;
    const uint64_t count[9] = {90, 40, 40, 12, 7, 3, 3, 1, 0};
    struct network_shape shape = new_shape(9, "lstm:3", 2, 0, 0);
    struct network network;
    struct plain_state begin;
    struct plain plain = with_biases_alone(&network, &shape, count, &begin);
    // words 0..4 are class 0
    const double of_class[2] = {190, 8}, in_class[2] = {194, 11};
    for (int32_t w = 0; w < 9; w++)
        assert_near(plain_prob(&plain, &begin, w),
                    of_class[w > 4] / 198 * (double)(count[w] + 1) / in_class[w > 4], 1e-6);
    plain_free(&plain);
    network_free(&network);
}

// What a word's run has in a softmax over runs of `each` words from `from` on, each run counted once more.
static double share_of_run(const uint64_t *count, size_t from, size_t end, size_t each, size_t word)
{
    double all = 0, own = 0;
    for (size_t run = from; run < end; run += each) {
        double sum = 1;
        for (size_t w = run; w < run + each && w < end; w++)
            sum += (double)count[w];
        all += sum;
        own += word >= run && word < run + each ? sum : 0;
    }
    return own / all;
}

// Two frequent words, a cluster of two, and one of seven in classes of 2 and groups of 2 of these.
static void biases_of_clusters_begin_with_frequencies(void **state)
{
    (void)state;
    const uint64_t count[11] = {90, 40, 30, 12, 7, 6, 5, 3, 1, 1, 0};
    struct network_shape shape = new_shape(11, "lstm:3 adaptive:2,4/2/2", 1, 0, 0);
    struct network network;
    struct plain_state begin;
    struct plain plain = with_biases_alone(&network, &shape, count, &begin);
    const double head[4] = {91, 41, 43, 24}, all = 91 + 41 + 43 + 24;
    for (size_t w = 0; w < 11; w++) {
        double wanted = head[w < 2 ? w : w < 4 ? 2 : 3] / all;
        if (w >= 4) {
            size_t group = 4 + (w - 4) / 4 * 4, group_end = group + 4 < 11 ? group + 4 : 11;
            size_t class = 4 + (w - 4) / 2 * 2, class_end = class + 2 < 11 ? class + 2 : 11;
            wanted *= share_of_run(count, 4, 11, 4, w) *
                      share_of_run(count, group, group_end, 2, w) *
                      share_of_run(count, class, class_end, 1, w);
        } else if (w >= 2) {
            wanted *= share_of_run(count, 2, 4, 1, w);
        }
        assert_near(plain_prob(&plain, &begin, (int32_t)w), wanted, 1e-6);
    }
    plain_free(&plain);
    network_free(&network);
}

static void empty_class_takes_part(void **state)
{
    (void)state;
    const struct network_shape shape = new_shape(4, "elman:3", 3, 0, 0);
    const int32_t of_word[] = {0, 0, 1, 1};
    struct network network;
    struct classes classes;
    struct error error;
    struct walk walk;
    assert_true(classes_from_words(&classes, of_word, 4, 3, &error));
    assert_true(network_init(&network, &shape, &classes, &error));
    begin_walk(&walk, &network);
    forward_load(&walk.forward, 1, (const struct state *const *)&walk.now);
    for (int32_t word = 0; word < 4; word++)
        assert_near(walk_prob(&walk, word), 1.0 / 6, 1e-6);
    end_walk(&walk);
    network_free(&network);
}

// ---- direct connections -----------------------------------------------------------------------

static void check_features(const struct plain *plain, const struct maxent_features *features,
                           const int32_t *history, int64_t k, size_t n, size_t *short_runs,
                           size_t *early_ends)
{
    for (uint32_t order = 0; order < (uint32_t)plain->network->shape.maxent_order; order++) {
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
    assert_int_equal(features->count, plain->network->shape.maxent_order);
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
        struct network_shape shape = new_shape(30, "elman:2", 5, sizes[s], 20);
        make_network(&network, &shape, 1, 0.1);
        struct plain plain = plain_new(&network);
        for (int round = 0; round < 60; round++) {
            struct maxent_features features;
            int32_t history[SHAPE_MOST_ORDER];
            for (size_t i = 0; i < SHAPE_MOST_ORDER; i++)
                history[i] = random_next(&random) % 30;
            if (round % 3 == 0)
                history[random_next(&random) % SHAPE_MOST_ORDER] = WORD_OOV;
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
    struct network_shape shape = new_shape(30, "elman:2", 5, 2000000, 3);
    make_network(&network, &shape, 1, 0);
    const int32_t history[SHAPE_MOST_ORDER] = {4, 11};
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
    double prob[64], log_z, keep = rule->penalty ? 1 - rule->alpha * rule->beta : 1;
    size_t width = plain->network->width, n = plain_softmax(plain, input, history, k, prob, &log_z);
    double *rows = plain_rows(plain, k);
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
    for (uint32_t order = 0; order < (uint32_t)plain->network->shape.maxent_order; order++)
        for (size_t i = 0; i < n; i++) {
            bool on = plain->hash != NULL;
            for (uint32_t lower = 0; lower <= order && on; lower++)
                on = plain_entry(plain, history, k, i, lower) != 0;
            if (!on)
                break;
            double *entry = &plain->hash[plain_entry(plain, history, k, i, order)];
            *entry = (1 - rule->alpha * rule->beta) * *entry + rule->alpha * prob[i];
        }
}

// A compression layer on top: below[] is the error of its outputs, and then that of its inputs.
static void plain_learn_compression(struct plain *plain, const struct plain_rule *rule,
                                    const struct plain_state *after, double *below)
{
    size_t width = plain->network->width, units = plain->network->layer[0].units;
    double error[64] = {0}, keep = rule->penalty ? 1 - rule->alpha * rule->beta : 1;
    const double *hidden = after->value[0][0], *input = after->value[1][0];
    for (size_t i = 0; i < width; i++)
        for (size_t j = 0; j < units; j++) {
            double *weight = &plain->input[1][i * units + j];
            double e = below[i] * input[i] * (1 - input[i]);
            error[j] += e * *weight;
            *weight = keep * *weight + rule->alpha * e * hidden[j];
        }
    for (size_t j = 0; j < units; j++)
        below[j] = clamp(error[j], rule->cutoff);
}

// One word of plain back-propagation.
static void plain_learn(struct plain *plain, const struct plain_rule *rule,
                        const struct plain_state *before, const struct plain_state *after,
                        int32_t word, int32_t target)
{
    size_t layers = plain->network->shape.layers, units = plain->network->layer[0].units;
    double keep = rule->penalty ? 1 - rule->alpha * rule->beta : 1, error[64] = {0};
    const double *input = after->value[layers - 1][0], *hidden = after->value[0][0];
    int32_t k = plain->network->classes.of_word[target];
    plain_learn_rows(plain, rule, input, after->history, k,
                     (size_t)(target - plain->network->classes.begin[k]), error);
    plain_learn_rows(plain, rule, input, after->history, -1, (size_t)k, error);
    if (layers > 1)
        plain_learn_compression(plain, rule, after, error);
    for (size_t i = 0; i < units; i++) {
        double e = error[i] * hidden[i] * (1 - hidden[i]);
        for (size_t j = 0; j < units; j++) {
            double *weight = &plain->recurrent[0][i * units + j];
            *weight = keep * *weight + rule->alpha * e * before->value[0][0][j];
        }
        if (word >= 0) {
            double *weight = &plain->input[0][(size_t)word * units + i];
            *weight = keep * *weight + rule->alpha * e;
        }
    }
}

static void check_learning(const struct network_shape *shape, double cutoff)
{
    const struct plain_rule rule = {.alpha = 0.25, .beta = 0.125, .cutoff = cutoff};
    const struct learning_rule same = {
        .alpha = 0.25f, .beta = 0.125f, .gradient_cutoff = (float)cutoff, .bptt_block = 10};
    struct network network;
    struct learner learner;
    struct error error;
    struct plain_state before, after;
    make_network(&network, shape, 6, 0.8);
    struct plain plain = plain_new(&network);
    assert_true(learner_init(&learner, &network, &same, &error));
    learner_start(&learner, STATE_TEXT, NULL);
    plain_begin(&plain, false, &before);
    for (uint64_t t = 1; t <= 150; t++) { // long enough for the learner to move its kept steps
        int32_t word = TEXT[(t - 1) % TEXT_LENGTH], target = TEXT[t % TEXT_LENGTH];
        struct plain_rule now = rule;
        now.penalty = t % 10 == 0;
        learner.counter = t;
        double found = learner_step(&learner, word, target);
        plain_step(&plain, &before, word, &after);
        if (target >= 0) {
            assert_near(found, plain_prob(&plain, &after, target), 2e-5);
            plain_learn(&plain, &now, &before, &after, word, target);
        } else {
            assert_true(found == 0);
        }
        before = after;
    }
    float *value = calloc(network.state, sizeof *value);
    learner_values(&learner, value);
    plain_assert_values(&plain, value, &after, 2e-5);
    free(value);
    for (size_t p = 0; p < network.parameters; p++)
        for (size_t i = 0; i < plain_count(&plain, p); i++)
            assert_near(*parameter_weight(&network.parameter[p], i), plain.weight[p][i], 5e-5);
    plain_free(&plain);
    learner_free(&learner);
    network_free(&network);
}

static void learning_without_steps_back(void **state)
{
    (void)state;
    for (size_t s = 0; s < REFERENCE_SHAPES; s++) {
        struct network_shape shape = shape_number(s);
        check_learning(&shape, 0);
        check_learning(&shape, 0.1); // of the order of the errors themselves
    }
}

static void nothing_is_learnt_from_oov(void **state)
{
    (void)state;
    const struct learning_rule rule = {.alpha = 0.5f, .beta = 0.1f, .bptt = 3, .bptt_block = 1};
    for (size_t s = 4; s < SHAPES; s++) {
        struct network network, old;
        struct network_shape shape = shape_number(s);
        struct learner learner;
        make_network(&network, &shape, 6, 0.8);
        make_network(&old, &shape, 6, 0.8);
        assert_true(learner_init(&learner, &network, &rule, NULL));
        learner_start(&learner, STATE_TEXT, NULL);
        for (learner.counter = 1; learner.counter <= 20; learner.counter++)
            assert_true(learner_step(&learner, TEXT[learner.counter % TEXT_LENGTH], WORD_OOV) == 0);
        assert_same_parameters(&network, &old);
        learner_free(&learner);
        network_free(&network);
        network_free(&old);
    }
}

// ---- no memory --------------------------------------------------------------------------------

static void failed_network(void **state)
{
    (void)state;
    const struct network_shape shape = shape_number(5);
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
    const struct learning_rule rule = {.alpha = 0.1f, .bptt = 3, .bptt_block = 3};
    struct network network;
    const struct network_shape shape = shape_number(9);
    make_network(&network, &shape, 1, 1);
    bool ok = false;
    int64_t count = 0;
    for (; !ok; count++) {
        struct learner learner;
        struct error error = {""};
        memory_fail_after(count);
        struct state *start = state_at_start(&network, STATE_TEXT, NULL, &error);
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
        cmocka_unit_test(initial_weights_in_the_order_of_draws),
        cmocka_unit_test(initial_weights_of_long_short_term_memory),
        cmocka_unit_test(initial_weights_of_other_kinds),
        cmocka_unit_test(initial_weights_of_words),
        cmocka_unit_test(copy_of_dense_weights),
        cmocka_unit_test(weights_that_are_no_numbers),
        cmocka_unit_test(probabilities_are_those_of_the_definition),
        cmocka_unit_test(biases_begin_with_frequencies),
        cmocka_unit_test(biases_of_clusters_begin_with_frequencies),
        cmocka_unit_test(empty_class_takes_part),
        cmocka_unit_test(features_are_those_of_the_hash_formula),
        cmocka_unit_test(features_of_one_history),
        cmocka_unit_test(learning_without_steps_back),
        cmocka_unit_test(nothing_is_learnt_from_oov),
        cmocka_unit_test(failed_network),
        cmocka_unit_test(failed_learner_and_states),
    };
    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
