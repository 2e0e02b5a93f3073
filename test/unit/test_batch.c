// Batch learning: blocks of any length, results that do not depend on threads, bounds, failures. Its
// gradients are in test_gradient.c, its steps in test_optimiser.c.
#include "plain_network.h"

#include "learn/batch.h"
#include "learn/optimisers/kinds.h"
#include "stacks.h"
#include "text/vocabulary.h"

enum { WORDS = 13, MOST_ROWS = 600 };

struct block {
    const char *layers;
    size_t words, classes, maxent;
    struct batch_rule rule;
    size_t streams, steps;
    int32_t word[MOST_ROWS], target[MOST_ROWS];
    float start; // values before the first step
};

static struct block basic_block(const char *layers)
{
    struct block block = {
        .layers = layers,
        .words = WORDS,
        .classes = 4,
        .rule = {.optimiser = &optimiser_rows, .through_time = true, .noise = small_noise()},
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

static void drop_everything(struct block *block, bool each_word)
{
    block->rule.dropout = (struct dropout_rule){.words = 0.25f,
                                                .input = 0.5f,
                                                .layers = 0.25f,
                                                .output = 0.125f,
                                                .recurrent = 0.375f,
                                                .each_word = each_word,
                                                .seed = 5};
    block->rule.penalty = (struct penalty_rule){.activation = 0.5f, .change = 0.75f};
}

static struct network_shape block_shape(const struct block *block)
{
    return new_shape(block->words, block->layers, block->classes, block->maxent, 4);
}

static float *start_values(const struct block *block, const struct network *network)
{
    float *value = calloc(network->state, sizeof *value);
    assert_non_null(value);
    for (size_t l = 0; l < network->advanced; l++)
        for (size_t i = 0; i < network->layer[l].floats; i++)
            if (i % network->layer[l].row < network->layer[l].units)
                value[network->layer[l].at + i] = block->start;
    return value;
}

static void start_streams(const struct block *block, struct batch *batch)
{
    float *value = start_values(block, batch->network);
    for (size_t b = 0; b < block->streams; b++)
        batch_start(batch, b, value, NULL);
    batch_refresh(batch);
    free(value);
}

static double learn(const struct block *block, struct batch *batch, size_t first, size_t steps)
{
    struct error error;
    double log10_prob = 0;
    size_t rows = steps * block->streams, at = first * block->streams;
    memcpy(batch->tape.word, block->word + at, rows * sizeof *batch->tape.word);
    memcpy(batch->tape.target, block->target + at, rows * sizeof *batch->tape.target);
    assert_true(batch_learn(batch, steps, &log10_prob, &error));
    return log10_prob;
}

// The log10 probability of the text, and the states behind it.
static double plain_log10_prob(const struct block *block, const struct plain *plain,
                               struct plain_state *end)
{
    double sum = 0;
    float *value = start_values(block, plain->network);
    for (size_t b = 0; b < block->streams; b++) {
        struct plain_state before, after;
        memset(&before, 0, sizeof before);
        plain_set_values(plain, value, &before);
        for (size_t t = 0; t < block->steps; t++) {
            size_t r = t * block->streams + b;
            plain_step(plain, &before, block->word[r], &after);
            if (block->target[r] >= 0)
                sum += plain_worth(plain, &after, block->target[r]) / log(10);
            before = after;
            if (block->rule.independent && block->target[r] == WORD_END)
                plain_begin(plain, true, &before);
        }
        end[b] = before;
    }
    free(value);
    return sum;
}

// ---- blocks and threads -----------------------------------------------------------------------

// The log probability, and the network, after `steps` steps in blocks of at most `length`; `end` (or
// NULL) are the states behind them.
static double run(const struct block *block, size_t length, size_t threads, struct network *network,
                  const struct plain_state *end)
{
    struct batch batch;
    struct error error;
    struct network_shape shape = block_shape(block);
    struct pool *pool = pool_new(threads, &error);
    double sum = 0;
    make_network(network, &shape, 7, stack_range(block->layers));
    assert_true(batch_init(&batch, network, &block->rule, block->streams, length, pool, &error));
    start_streams(block, &batch);
    for (size_t t = 0; t < block->steps; t += length)
        sum += learn(block, &batch, t, block->steps - t < length ? block->steps - t : length);
    if (end != NULL) {
        float *value = calloc(network->state, sizeof *value);
        struct plain plain = plain_new(network);
        for (size_t b = 0; b < block->streams; b++) {
            batch_values(&batch, b, value);
            plain_assert_values(&plain, value, &end[b], 2e-5);
        }
        plain_free(&plain);
        free(value);
    }
    batch_free(&batch);
    pool_free(pool);
    return sum;
}

// At rate 0 blocks are only a way to go through a text.
static void states_and_histories_go_from_block_to_block(void **state)
{
    (void)state;
    const struct stacks stacks = all_stacks();
    for (size_t i = 0; i < 2 * stacks.count; i++) {
        struct block block = basic_block(stacks.layers[i / 2]);
        struct network_shape shape = block_shape(&block);
        struct network network, other;
        struct plain_state end[3];
        block.rule.independent = i % 2 == 1;
        block.maxent = 101;
        block.steps = 12;
        shape = block_shape(&block);
        make_network(&network, &shape, 7, stack_range(block.layers));
        struct plain plain = plain_new(&network);
        double wanted = plain_log10_prob(&block, &plain, end);
        for (size_t length = 1; length <= 12; length += 3) {
            assert_near(run(&block, length, 1, &other, end), wanted, 1e-5);
            assert_same_parameters(&network, &other);
            network_free(&other);
        }
        plain_free(&plain);
        network_free(&network);
    }
}

static void threads_do_not_change_results(void **state)
{
    (void)state;
    const struct {
        const char *layers;
        size_t classes, maxent;
    } shape[] = {
        {"elman:18", 4, 0},
        {"elman:33,compression:7", 1, 0},
        {"elman:50", 3, 300},
        {"lstm:33,elman:7:relu", 2, 300},
        {"lstm:33 full", 1, 0},
        {"lstm:33 adaptive:3/2,6/1/2", 1, 0},
        {"lstm:33 tree", 1, 0},
        {"elman:33,lstm:33 tied", 2, 0},
        {"elman:33:tanh full tied", 1, 0},
        {"lstm:33,elman:7:relu", 2, 300}, // from here on with dropout
        {"compression:20,lstm:33,elman:18", 2, 0},
        {"compression:20,lstm:33 full", 1, 0},
        {"projection:33,lstm:33 full tied", 1, 0},
    };
    for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++) {
        struct block block = basic_block(shape[i].layers);
        struct network one, other;
        block.classes = shape[i].classes;
        block.maxent = shape[i].maxent;
        block.streams = 20; // 240 words a block: classes are divided
        block.steps = 30;
        block.rule.step.alpha = 0.1f;
        block.rule.gradient_cutoff = 15;
        block.rule.independent = i >= 2;
        if (i >= 9)
            drop_everything(&block, i == 9);
        double wanted = run(&block, 12, 1, &one, NULL);
        for (size_t threads = 2; threads <= 5; threads += 3) {
            assert_true(run(&block, 12, threads, &other, NULL) == wanted);
            assert_same_parameters(&one, &other);
            network_free(&other);
        }
        network_free(&one);
    }
}

// How far the weights of a parameter are from those before, as a square, and from the other ones.
static void distances(const struct network *before, const struct network *one,
                      const struct network *other, size_t p, double *moved, double *apart)
{
    *moved = *apart = 0;
    const struct parameter *parameter = &one->parameter[p];
    for (size_t i = 0; i < parameter->rows * parameter->width; i++) {
        double now = *parameter_weight(parameter, i);
        *moved += pow(now - *parameter_weight(&before->parameter[p], i), 2);
        *apart += pow(now - *parameter_weight(&other->parameter[p], i), 2);
    }
}

// With numbers that have 8 bits weights move nearly as with those that have 24, but where the slope of
// a relu jumps; and the same whatever the number of threads.
static void check_halves(const char *layers, bool dropped)
{
    struct block block = basic_block(layers);
    struct network before, floats, halves, other;
    double most = strstr(layers, "relu") != NULL ? 0.05 : 1e-3;
    block.steps = 7; // an odd number of rows
    block.rule.optimiser = &optimiser_sgd;
    block.rule.step.alpha = 0.01f;
    if (dropped)
        drop_everything(&block, true);
    struct network_shape shape = block_shape(&block);
    make_network(&before, &shape, 7, stack_range(layers));
    run(&block, 7, 1, &floats, NULL);
    block.rule.halves = true;
    double wanted = run(&block, 7, 1, &halves, NULL);
    assert_true(run(&block, 7, 3, &other, NULL) == wanted);
    assert_same_parameters(&halves, &other);
    for (size_t p = 0; p < before.parameters; p++) {
        double moved, apart;
        distances(&before, &floats, &halves, p, &moved, &apart);
        if (!(apart <= most * moved) || !(moved > 0))
            fail_msg("%s, %s: moved by %g, %g apart", layers, before.parameter[p].name, sqrt(moved),
                     sqrt(apart));
    }
    network_free(&before);
    network_free(&floats);
    network_free(&halves);
    network_free(&other);
}

static void halves_learn_the_same(void **state)
{
    (void)state;
    const struct stacks stacks = all_stacks();
    size_t outputs = 0;
    while (output_table[outputs] != NULL)
        outputs++;
    for (size_t i = 0; i < stacks.count; i++)
        check_halves(stacks.layers[i], i / outputs % 2 == 0); // both ways for every output
}

static void check_that_learning_helps(const char *layers, const struct optimiser_type *optimiser)
{
    struct block block = basic_block(layers);
    struct network network;
    struct network_shape shape = block_shape(&block);
    struct batch batch;
    struct error error;
    struct pool *pool = pool_new(2, &error);
    block.rule.optimiser = optimiser;
    block.rule.step.alpha = (float)optimiser->alpha * (optimiser == &optimiser_rows ? 1 : 2);
    block.rule.step.clip_norm = 1;
    make_network(&network, &shape, 7, 0.4);
    assert_true(batch_init(&batch, &network, &block.rule, 3, 5, pool, &error));
    double first = 0, last = 0;
    for (int i = 0; i < 200; i++) {
        start_streams(&block, &batch);
        last = learn(&block, &batch, 0, 5);
        first = i == 0 ? last : first;
    }
    if (!(last > first / 4))
        fail_msg("%s, %s: from %g to %g", layers, optimiser->name, first, last);
    batch_free(&batch);
    pool_free(pool);
    network_free(&network);
}

static void learning_helps(void **state)
{
    (void)state;
    for (size_t i = 0; optimiser_table[i] != NULL; i++) {
        check_that_learning_helps("elman:18", optimiser_table[i]);
        check_that_learning_helps("lstm:18", optimiser_table[i]);
        check_that_learning_helps("lstm:18 full", optimiser_table[i]);
        check_that_learning_helps("gru:18,sru:18", optimiser_table[i]);
        check_that_learning_helps("projection:7,jordan:18", optimiser_table[i]);
        check_that_learning_helps("qrnn:18", optimiser_table[i]);
        check_that_learning_helps("elman:18:tanh tied", optimiser_table[i]);
        check_that_learning_helps("elman:18:tanh,lstm:18 full tied", optimiser_table[i]);
        check_that_learning_helps("elman:18:tanh,elman:18:relu", optimiser_table[i]);
    }
}

// ---- dropout ----------------------------------------------------------------------------------

static void check_that_the_rest_moves(const struct parameter *now, const struct parameter *before,
                                      const float *factor)
{
    size_t moved = 0, kept = 0;
    for (size_t i = 0; i < now->rows * now->width; i++) {
        bool left_out = factor[i / now->width * now->stride + i % now->width] == 0;
        bool same = *parameter_weight(now, i) == *parameter_weight(before, i);
        assert_true(same || !left_out);
        moved += !same;
        kept += !left_out;
    }
    assert_true(moved > kept / 2 && kept < now->rows * now->width);
}

// In the first block, before anything is remembered, weights and words that are left out stay where
// they are, whatever the optimiser.
static void what_is_left_out_does_not_move(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * 16 && optimiser_table[i / 2] != NULL; i++) {
        struct block block = basic_block("lstm:5,elman:18");
        struct network network, before;
        struct batch batch;
        struct error error;
        struct network_shape shape = block_shape(&block);
        struct pool *pool = pool_new(2, &error);
        drop_everything(&block, false);
        block.rule.optimiser = optimiser_table[i / 2];
        block.rule.step = (struct optimiser_rule){.alpha = 0.1f, .clip_norm = (float)(i % 2)};
        make_network(&network, &shape, 7, 0.4);
        make_network(&before, &shape, 7, 0.4);
        assert_true(batch_init(&batch, &network, &block.rule, 3, 5, pool, &error));
        start_streams(&block, &batch);
        learn(&block, &batch, 0, 5);
        for (size_t l = 0; l < 2; l++) {
            const struct parameter *recurrent = layer_map(&network.layer[l], MAP_STATE);
            size_t p = (size_t)(recurrent - network.parameter);
            check_that_the_rest_moves(recurrent, &before.parameter[p], batch.tape.weight_factor[p]);
        }
        const struct parameter *table = layer_map(&network.layer[0], MAP_INPUT);
        for (size_t r = 0; r < 15; r++)
            if (block.word[r] >= 0)
                assert_true((batch.tape.word_factor[r] == 0) ==
                            (memcmp(parameter_row(table, (size_t)block.word[r]),
                                    parameter_row(&before.parameter[table - network.parameter],
                                                  (size_t)block.word[r]),
                                    table->width * sizeof(float)) == 0));
        batch_free(&batch);
        pool_free(pool);
        network_free(&network);
        network_free(&before);
    }
}

// Each block has masks of its own.
static void blocks_count_on(void **state)
{
    (void)state;
    struct block block = basic_block("elman:18");
    struct network network;
    struct batch batch;
    struct error error;
    struct network_shape shape = block_shape(&block);
    struct pool *pool = pool_new(1, &error);
    float mask[4][3 * 32];
    drop_everything(&block, false);
    make_network(&network, &shape, 7, 0.4);
    assert_true(batch_init(&batch, &network, &block.rule, 3, 5, pool, &error));
    start_streams(&block, &batch);
    for (size_t i = 0; i < 4; i++) {
        if (i == 3)
            batch.block = 1; // again
        learn(&block, &batch, 5 * i, 5);
        memcpy(mask[i], batch.tape.layer[0].mask, sizeof mask[i]);
    }
    assert_memory_not_equal(mask[0], mask[1], sizeof mask[0]);
    assert_memory_not_equal(mask[1], mask[2], sizeof mask[0]);
    assert_memory_equal(mask[1], mask[3], sizeof mask[0]);
    batch_free(&batch);
    pool_free(pool);
    network_free(&network);
}

// ---- bounds and failures ----------------------------------------------------------------------

static void weights_stay_finite_at_any_rate(void **state)
{
    (void)state;
    static const float rate[] = {1, 1e3f, 1e6f, 1e30f};
    static const char *const layers[] = {
        "elman:18,compression:6",
        "elman:18",
        "lstm:18",
        "lstm:7,elman:5:tanh",
        "gru:7,sru:5",
        "projection:7,jordan:5,projection:4",
        "lstm:7 full",
        "elman:7,lstm:7 full tied",
        "elman:7,lstm:18 adaptive:2/2/2,5/2",
        "elman:7,lstm:18 tree",
    };
    for (size_t i = 0; i < 80; i++) {
        struct block block = basic_block(layers[i / 4 % 10]);
        struct network network;
        struct error error;
        block.maxent = 101;
        block.streams = 4;
        block.steps = 150;
        block.rule.step.alpha = rate[i % 4];
        block.rule.step.beta = i % 4 < 2 ? 0 : 1e3f;
        if (i >= 32) {
            drop_everything(&block, false);
            block.rule.dropout.recurrent = (float)DROPOUT_MOST;
            block.rule.dropout.output = (float)DROPOUT_MOST;
            block.rule.penalty = (struct penalty_rule){1e6f, 1e6f};
        }
        double log10_prob = run(&block, 5, 1, &network, NULL);
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
        memcpy(batch.tape.word, block->word, rows * sizeof *batch.tape.word);
        memcpy(batch.tape.target, block->target, rows * sizeof *batch.tape.target);
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
    static const char *const layers[] = {
        "lstm:5,elman:18,compression:5",  "lstm:5,elman:18 full", "elman:18,lstm:18 tied",
        "lstm:5,elman:18 adaptive:2/1/2,5/2", "elman:5 tree",         "lstm:5,elman:18 nce"};
    for (size_t i = 0; optimiser_table[i] != NULL; i++) {
        struct block block = basic_block(layers[i % 6]);
        struct network network;
        struct error error;
        block.maxent = 101;
        block.rule.optimiser = optimiser_table[i];
        block.rule.step.clip_norm = i < 2 ? 1 : 0;
        block.rule.independent = true;
        block.rule.halves = i > 0;
        drop_everything(&block, true);
        struct network_shape shape = block_shape(&block);
        make_network(&network, &shape, 7, 1);
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
}

// Learns the block that the tape holds. Each attempt may allocate what the one before it could not,
// and fails at the next allocation; those that fail are counted.
static int learn_at_last(struct batch *batch, size_t steps, const struct network *before)
{
    struct error error;
    for (int failed = 0; failed < 100; failed++) {
        double log10_prob = 0;
        error.text[0] = '\0';
        memory_fail_after(failed > 0);
        bool ok = batch_learn(batch, steps, &log10_prob, &error);
        memory_fail_after(-1);
        if (ok)
            return failed;
        assert_contains(error.text, "not enough memory");
        assert_same_parameters(batch->network, before);
        assert_true(log10_prob == 0);
    }
    return -1;
}

// A block for which memory has run out has moved nothing: learnt again, it gives what it would have.
// Before it come `first` steps for which there is memory.
static void check_failures(const struct block *block, size_t first, int failures)
{
    struct network network, before, wanted;
    struct network_shape shape = block_shape(block);
    struct batch batch;
    struct error error;
    struct pool *pool = pool_new(2, &error);
    size_t steps = block->steps - first, at = first * block->streams, rows = steps * block->streams;
    size_t most = steps > first ? steps : first;
    make_network(&network, &shape, 7, stack_range(block->layers));
    make_network(&before, &shape, 7, stack_range(block->layers));
    assert_true(batch_init(&batch, &network, &block->rule, block->streams, most, pool, &error));
    start_streams(block, &batch);
    if (first > 0)
        learn(block, &batch, 0, first);
    network_copy_weights(&before, &network);
    memcpy(batch.tape.word, block->word + at, rows * sizeof *batch.tape.word);
    memcpy(batch.tape.target, block->target + at, rows * sizeof *batch.tape.target);
    assert_int_equal(learn_at_last(&batch, steps, &before), failures);
    run(block, most, 2, &wanted, NULL);
    assert_same_parameters(&network, &wanted);
    batch_free(&batch);
    pool_free(pool);
    network_free(&network);
    network_free(&before);
    network_free(&wanted);
}

static void no_memory_in_the_first_block(void **state)
{
    (void)state;
    for (size_t i = 0; optimiser_table[i] != NULL; i++)
        for (int clip = 0; clip < 2; clip++) {
            struct block block = basic_block("lstm:5,elman:18,compression:5");
            block.maxent = 101;
            block.streams = 20; // 240 words: classes are divided
            block.steps = 12;
            block.rule.optimiser = optimiser_table[i];
            block.rule.step.alpha = 0.1f;
            block.rule.step.clip_norm = (float)clip;
            // Shares of classes, parts of divided classes, errors; lengths of gradients.
            check_failures(&block, 0, 3 + clip);
        }
}

// Blocks of the same size, of which one has all classes and the other one only, in many parts: there
// is room for all that the second needs but for its list of classes, or of parts.
static void no_memory_in_the_second_block(void **state)
{
    (void)state;
    for (int single = 0; single < 2; single++) {
        struct block block = basic_block("elman:18");
        block.words = 40;
        block.classes = 20;
        block.streams = 10;
        block.steps = 24;
        block.rule.step.alpha = 0.1f;
        for (size_t r = 0; r < 240; r++)
            block.target[r] = r / 120 == (size_t)single ? 1 : (int32_t)r % 40;
        check_failures(&block, 12, 1);
    }
}

static void too_large_a_block(void **state)
{
    (void)state;
    struct block block = basic_block("elman:18");
    struct network_shape shape = block_shape(&block);
    struct network network;
    struct batch batch;
    struct error error;
    struct pool *pool = pool_new(1, &error);
    make_network(&network, &shape, 7, 1);
    assert_false(batch_init(&batch, &network, &block.rule, 1 << 20, 1 << 20, pool, &error));
    assert_contains(error.text, "1048576 streams by 1048576 steps");
    batch_free(&batch);
    pool_free(pool);
    network_free(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_and_histories_go_from_block_to_block),
        cmocka_unit_test(threads_do_not_change_results),
        cmocka_unit_test(halves_learn_the_same),
        cmocka_unit_test(learning_helps),
        cmocka_unit_test(what_is_left_out_does_not_move),
        cmocka_unit_test(blocks_count_on),
        cmocka_unit_test(weights_stay_finite_at_any_rate),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(no_memory_in_the_first_block),
        cmocka_unit_test(no_memory_in_the_second_block),
        cmocka_unit_test(too_large_a_block),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
