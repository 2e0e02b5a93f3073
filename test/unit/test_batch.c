// Batch learning against finite differences of the network's definition in double precision;
// results that do not depend on threads; bounds; failures.
//
// A batch moves rows by steps of its own. Moves of word rows divided by their gain and the learning
// rate r are the gradient plus c r + d r^2 + ...; from moves at r, 2r and 4r those two drop out, as
// in test_gradient.c. Rows of the matrices move along the gradient, whatever the rate: directions
// are compared.
#include "plain_network.h"

#include "net/batch.h"
#include "net/state.h"
#include "text/vocabulary.h"

enum { WORDS = 13, HIDDEN = 18, CLASSES = 4, MOST_ROWS = 600 };

static const double RATE = 1.0 / 2048, TOLERANCE = 1e-3;

struct block {
    struct network_shape shape;
    struct batch_rule rule;
    size_t streams, steps;
    int32_t word[MOST_ROWS], target[MOST_ROWS];
    float start;
};

static struct block basic_block(void)
{
    struct block block = {.shape = {.words = WORDS, .hidden = HIDDEN, .classes = CLASSES},
                          .rule = {.through_time = true},
                          .streams = 3,
                          .steps = 5,
                          .start = 0.4f};
    struct random random;
    random_seed(&random, 3);
    for (size_t r = 0; r < MOST_ROWS; r++) {
        block.target[r] = random_next(&random) % (WORDS + 1) - 1; // WORD_OOV among them
        block.word[r] = r < block.streams ? 2 : block.target[r - block.streams];
    }
    return block;
}

// ---- wanted -----------------------------------------------------------------------------------

// The log probability of a block, each stream by itself. Without `through_time` the layers that
// steps start from are those of `fixed`.
static double stream_log_prob(const struct block *block, size_t b, const struct plain *plain,
                              const struct plain *fixed)
{
    double before[2][HIDDEN], after[HIDDEN], sum = 0;
    int32_t history[MAXENT_MOST_ORDER] = {0};
    for (size_t i = 0; i < HIDDEN; i++)
        before[0][i] = before[1][i] = (double)block->start;
    for (size_t t = 0; t < block->steps; t++) {
        size_t r = t * block->streams + b;
        history_push(history, block->word[r]);
        plain_forward(plain, plain->weight[RECURRENT], before[block->rule.through_time ? 0 : 1],
                      block->word[r], after);
        if (block->target[r] >= 0)
            sum += log(plain_prob(plain, after, history, block->target[r]));
        memcpy(before[0], after, sizeof after);
        plain_forward(fixed, fixed->weight[RECURRENT], before[1], block->word[r], after);
        memcpy(before[1], after, sizeof after);
        if (block->rule.independent && block->target[r] == WORD_END) {
            memset(history, 0, sizeof history);
            for (size_t i = 0; i < HIDDEN; i++)
                before[0][i] = before[1][i] = (double)STATE_INDEPENDENT;
        }
    }
    return sum;
}

static double block_log_prob(const struct block *block, const struct plain *plain,
                             const struct plain *fixed)
{
    double sum = 0;
    for (size_t b = 0; b < block->streams; b++)
        sum += stream_log_prob(block, b, plain, fixed);
    return sum;
}

static double difference(const struct block *block, const struct plain *plain,
                         const struct plain *fixed, double *weight)
{
    const double step = 1e-5, old = *weight;
    *weight = old + step;
    double above = block_log_prob(block, plain, fixed);
    *weight = old - step;
    double below = block_log_prob(block, plain, fixed);
    *weight = old;
    return (above - below) / (2 * step);
}

// ---- found ------------------------------------------------------------------------------------

static void start_streams(const struct block *block, struct batch *batch)
{
    for (size_t b = 0; b < block->streams; b++)
        batch_start(batch, b, block->start, NULL);
    batch_refresh(batch);
}

static double learn(const struct block *block, struct batch *batch, size_t first, size_t steps)
{
    struct error error;
    double log10_prob = 0;
    size_t rows = steps * block->streams, at = first * block->streams;
    memcpy(batch->word, block->word + at, rows * sizeof *batch->word);
    memcpy(batch->target, block->target + at, rows * sizeof *batch->target);
    assert_true(batch_learn(batch, steps, &log10_prob, &error));
    return log10_prob;
}

// What one block has moved the weights by; its log10 probability.
static double moves(const struct block *block, double rate, struct plain *moved)
{
    struct network network;
    struct batch batch;
    struct error error;
    struct pool *pool = pool_new(1, &error);
    struct batch_rule rule = block->rule;
    rule.alpha = (float)rate;
    make_network(&network, &block->shape, 7, 1);
    struct plain before = plain_new(&network);
    assert_true(batch_init(&batch, &network, &rule, block->streams, block->steps, pool, &error));
    start_streams(block, &batch);
    double log10_prob = learn(block, &batch, 0, block->steps);
    *moved = plain_new(&network);
    for (int m = 0; m < MATRICES; m++)
        for (size_t i = 0; i < plain_count(moved, m); i++)
            moved->weight[m][i] -= before.weight[m][i];
    plain_free(&before);
    batch_free(&batch);
    pool_free(pool);
    network_free(&network);
    return log10_prob;
}

// ---- compared ---------------------------------------------------------------------------------

// Rows that take part in every word move along their gradient.
static void check_direction(const double *found, const double *wanted, size_t width,
                            const char *name)
{
    double product = 0, found_square = 0, wanted_square = 0;
    for (size_t i = 0; i < width; i++) {
        product += found[i] * wanted[i];
        found_square += found[i] * found[i];
        wanted_square += wanted[i] * wanted[i];
    }
    if (wanted_square < 1e-12) {
        if (found_square > 1e-12)
            fail_msg("%s: a row without gradient has moved", name);
        return;
    }
    double cosine = product / sqrt(found_square * wanted_square);
    if (!(cosine > 1 - 1e-5))
        fail_msg("%s: a row moves off its gradient: cosine %.9g", name, cosine);
}

static void check_matrix(const double *found, const double *wanted, size_t count, size_t width,
                         const char *name)
{
    for (size_t i = 0; i < count; i += width)
        check_direction(found + i, wanted + i, width, name);
}

static void check_words(struct plain *const found[3], const double *wanted, int m, size_t count,
                        double gain, const char *name)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        double g[3];
        for (int k = 0; k < 3; k++)
            g[k] = found[k]->weight[m][i] / (RATE * (1 << k) * gain);
        double gradient = (8 * g[0] - 6 * g[1] + g[2]) / 3;
        largest = fmax(largest, fabs(wanted[i]));
        if (!(fabs(gradient - wanted[i]) <= TOLERANCE * (1 + fabs(wanted[i]))))
            fail_msg("%s: gradient %zu is %.9g, wanted %.9g", name, i, gradient, wanted[i]);
    }
    if (!(largest > 100 * TOLERANCE))
        fail_msg("%s: gradients are too small to be a test", name);
}

static double *differences(const struct block *block, struct plain *plain,
                           const struct plain *fixed, int m)
{
    double *wanted = calloc(plain_count(plain, m) + 1, sizeof *wanted);
    assert_non_null(wanted);
    for (size_t i = 0; i < plain_count(plain, m); i++)
        wanted[i] = difference(block, plain, fixed, &plain->weight[m][i]);
    return wanted;
}

static void check_gradients(const struct block *block)
{
    struct network network;
    struct plain moved[3], *found[3];
    double log10_prob = 0;
    make_network(&network, &block->shape, 7, 1);
    struct plain plain = plain_new(&network), fixed = plain_new(&network);
    for (int i = 0; i < 3; i++) {
        log10_prob = moves(block, RATE * (1 << i), &moved[i]);
        found[i] = &moved[i];
    }
    assert_near(log10_prob * log(10), block_log_prob(block, &plain, &fixed), 1e-5);
    double *wanted[MATRICES];
    for (int m = 0; m < MATRICES; m++)
        wanted[m] = differences(block, &plain, &fixed, m);
    size_t words = WORDS * plain.width;
    check_words(found, wanted[EMBEDDING], EMBEDDING, plain_count(&plain, EMBEDDING),
                (double)BATCH_EMBEDDING_GAIN, "embedding");
    check_words(found, wanted[OUTPUT], OUTPUT, words, (double)BATCH_WORD_GAIN, "word rows");
    if (block->shape.maxent > 0)
        check_words(found, wanted[MAXENT], MAXENT, block->shape.maxent, 1, "hash");
    check_matrix(moved[0].weight[RECURRENT], wanted[RECURRENT], HIDDEN * HIDDEN, HIDDEN,
                 "recurrent");
    check_matrix(moved[0].weight[OUTPUT] + words, wanted[OUTPUT] + words, CLASSES * plain.width,
                 plain.width, "class rows");
    check_matrix(moved[0].weight[COMPRESSION], wanted[COMPRESSION],
                 block->shape.compression * HIDDEN, HIDDEN, "compression");
    for (int m = 0; m < MATRICES; m++)
        free(wanted[m]);
    for (int i = 0; i < 3; i++)
        plain_free(&moved[i]);
    plain_free(&plain);
    plain_free(&fixed);
    network_free(&network);
}

static void gradients(void **state)
{
    (void)state;
    struct block block = basic_block();
    check_gradients(&block);
    block.streams = 1;
    block.steps = 7;
    check_gradients(&block);
}

static void gradients_without_bptt(void **state)
{
    (void)state;
    struct block block = basic_block();
    block.rule.through_time = false;
    check_gradients(&block);
}

static void gradients_of_a_compression_layer(void **state)
{
    (void)state;
    struct block block = basic_block();
    block.shape.compression = 5;
    check_gradients(&block);
}

static void gradients_of_direct_connections(void **state)
{
    (void)state;
    struct block block = basic_block();
    block.shape.maxent = 101;
    block.shape.maxent_order = 3;
    check_gradients(&block);
    block.shape.maxent = 40;
    check_gradients(&block);
}

static void gradients_of_independent_sentences(void **state)
{
    (void)state;
    struct block block = basic_block();
    block.rule.independent = true;
    block.shape.maxent = 101;
    block.shape.maxent_order = 3;
    for (size_t r = 4; r < MOST_ROWS - 3; r += 7) {
        block.target[r] = WORD_END;
        block.word[r + block.streams] = WORD_END;
    }
    check_gradients(&block);
}

// ---- blocks and threads -----------------------------------------------------------------------

// The log probability, and the network, after `steps` steps in blocks of at most `length`.
static double run(const struct block *block, size_t length, size_t threads, struct network *network)
{
    struct batch batch;
    struct error error;
    struct pool *pool = pool_new(threads, &error);
    double sum = 0;
    make_network(network, &block->shape, 7, 1);
    assert_true(batch_init(&batch, network, &block->rule, block->streams, length, pool, &error));
    start_streams(block, &batch);
    for (size_t t = 0; t < block->steps; t += length)
        sum += learn(block, &batch, t, block->steps - t < length ? block->steps - t : length);
    batch_free(&batch);
    pool_free(pool);
    return sum;
}

// At rate 0 blocks are only a way to go through a text.
static void layers_and_histories_go_from_block_to_block(void **state)
{
    (void)state;
    for (int independent = 0; independent < 2; independent++) {
        struct block block = basic_block();
        struct network network, other;
        block.rule.independent = independent;
        block.shape.maxent = 101;
        block.shape.maxent_order = 4;
        block.steps = 12;
        make_network(&network, &block.shape, 7, 1);
        struct plain plain = plain_new(&network);
        double wanted = block_log_prob(&block, &plain, &plain);
        for (size_t length = 1; length <= 12; length += 3) {
            assert_near(run(&block, length, 1, &other) * log(10), wanted, 1e-5);
            network_free(&other);
        }
        plain_free(&plain);
        network_free(&network);
    }
}

static void assert_same_weights(const struct network *a, const struct network *b)
{
    struct plain one = plain_new(a), other = plain_new(b);
    for (int m = 0; m < MATRICES; m++)
        assert_memory_equal(one.weight[m], other.weight[m], plain_count(&one, m) * sizeof(double));
    plain_free(&one);
    plain_free(&other);
}

static void threads_do_not_change_results(void **state)
{
    (void)state;
    const struct network_shape shape[] = {
        {.words = WORDS, .hidden = HIDDEN, .classes = CLASSES},
        {.words = WORDS, .hidden = 33, .classes = 1, .compression = 7},
        {.words = WORDS, .hidden = 50, .classes = 3, .maxent = 300, .maxent_order = 4},
    };
    for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++) {
        struct block block = basic_block();
        struct network one, other;
        block.shape = shape[i];
        block.streams = 20; // 240 words a block: classes are divided
        block.steps = 30;
        block.rule.alpha = 0.1f;
        block.rule.gradient_cutoff = 15;
        block.rule.independent = i == 2;
        double wanted = run(&block, 12, 1, &one);
        for (size_t threads = 2; threads <= 5; threads += 3) {
            assert_true(run(&block, 12, threads, &other) == wanted);
            assert_same_weights(&one, &other);
            network_free(&other);
        }
        network_free(&one);
    }
}

static void learning_helps(void **state)
{
    (void)state;
    struct block block = basic_block();
    struct network network;
    struct batch batch;
    struct error error;
    struct pool *pool = pool_new(2, &error);
    block.rule.alpha = 0.1f;
    make_network(&network, &block.shape, 7, 0.1);
    assert_true(batch_init(&batch, &network, &block.rule, 3, 5, pool, &error));
    double first = 0, last = 0;
    for (int i = 0; i < 200; i++) {
        start_streams(&block, &batch);
        last = learn(&block, &batch, 0, 5);
        first = i == 0 ? last : first;
    }
    assert_true(last > first / 4);
    batch_free(&batch);
    pool_free(pool);
    network_free(&network);
}

// ---- bounds and failures ----------------------------------------------------------------------

static void weights_stay_finite_at_any_rate(void **state)
{
    (void)state;
    const float rate[] = {1, 1e3f, 1e6f, 1e30f};
    for (size_t i = 0; i < sizeof rate / sizeof rate[0]; i++) {
        struct block block = basic_block();
        struct network network;
        struct error error;
        block.shape.compression = i % 2 == 0 ? 6 : 0;
        block.shape.maxent = 101;
        block.shape.maxent_order = 3;
        block.streams = 4;
        block.steps = 150;
        block.rule.alpha = rate[i];
        block.rule.beta = i < 2 ? 0 : 1e3f;
        double log10_prob = run(&block, 5, 1, &network);
        assert_true(isfinite(log10_prob));
        assert_true(network_is_finite(&network, &error));
        network_free(&network);
    }
}

static bool try_to_learn(const struct block *block, struct network *network, struct error *error)
{
    struct batch batch = {0};
    double log10_prob = 0;
    struct pool *pool = pool_new(2, error);
    if (pool == NULL)
        return false;
    bool ok = batch_init(&batch, network, &block->rule, block->streams, block->steps, pool, error);
    if (ok) {
        size_t rows = block->streams * block->steps;
        memcpy(batch.word, block->word, rows * sizeof *batch.word);
        memcpy(batch.target, block->target, rows * sizeof *batch.target);
        start_streams(block, &batch);
        ok = batch_learn(&batch, block->steps, &log10_prob, error);
    }
    batch_free(&batch);
    pool_free(pool);
    return ok;
}

static void no_memory(void **state)
{
    (void)state;
    struct block block = basic_block();
    struct network network;
    struct error error;
    block.shape.compression = 5;
    block.shape.maxent = 101;
    block.shape.maxent_order = 3;
    block.rule.independent = true;
    make_network(&network, &block.shape, 7, 1);
    int64_t count = 0;
    bool ok = false;
    for (; !ok && count < 1000; count++) {
        error.text[0] = '\0';
        memory_fail_after(count);
        ok = try_to_learn(&block, &network, &error);
        memory_fail_after(-1);
        if (!ok)
            assert_contains(error.text, "not enough memory");
    }
    assert_true(ok && count > 30);
    network_free(&network);
}

static void too_large_a_block(void **state)
{
    (void)state;
    struct block block = basic_block();
    struct network network;
    struct batch batch;
    struct error error;
    struct pool *pool = pool_new(1, &error);
    make_network(&network, &block.shape, 7, 1);
    assert_false(batch_init(&batch, &network, &block.rule, 1 << 20, 1 << 20, pool, &error));
    assert_contains(error.text, "1048576 streams by 1048576 steps");
    batch_free(&batch);
    pool_free(pool);
    network_free(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(gradients_without_bptt),
        cmocka_unit_test(gradients_of_a_compression_layer),
        cmocka_unit_test(gradients_of_direct_connections),
        cmocka_unit_test(gradients_of_independent_sentences),
        cmocka_unit_test(layers_and_histories_go_from_block_to_block),
        cmocka_unit_test(threads_do_not_change_results),
        cmocka_unit_test(learning_helps),
        cmocka_unit_test(weights_stay_finite_at_any_rate),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(too_large_a_block),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
