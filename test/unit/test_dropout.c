// Dropout: what its factors are, and what they depend on. Their gradients are in test_gradient.c.
#include "testing.h"

#include "learn/batch.h"
#include "learn/optimisers/kinds.h"
#include "text/vocabulary.h"

enum { WORDS = 500, STREAMS = 6, STEPS = 5, ROWS = STREAMS * STEPS };

static const char LAYERS[] = "compression:33,lstm:40,elman:33,elman:20";

// A tape with its factors.
struct bench {
    struct network network;
    struct tape tape;
    struct dropout dropout;
    struct pool *pool;
};

static void set_up(struct bench *bench, const char *layers, size_t streams, size_t steps,
                   const struct dropout_rule *rule)
{
    struct error error;
    struct network_shape shape = new_shape(WORDS, layers, 4, 0, 3);
    memset(bench, 0, sizeof *bench);
    make_network(&bench->network, &shape, 7, 0.7);
    bench->pool = pool_new(1, &error);
    assert_true(
        tape_init(&bench->tape, &bench->network, streams, steps, true, false, true, false, &error));
    assert_true(dropout_init(&bench->dropout, rule, &bench->tape, &error));
    for (size_t r = 0; r < streams * steps; r++) // each word twice
        bench->tape.word[r] = r % 7 == 3 ? WORD_OOV : (int32_t)(r / 2);
}

static void tear_down(struct bench *bench)
{
    pool_free(bench->pool);
    tape_free(&bench->tape);
    network_free(&bench->network);
}

static void draw(struct bench *bench, uint64_t block)
{
    dropout_draw(&bench->dropout, block, bench->tape.streams * bench->tape.steps, bench->pool);
}

static struct dropout_rule everywhere(float share)
{
    return (struct dropout_rule){.words = share,
                                 .input = share,
                                 .layers = share,
                                 .output = share,
                                 .recurrent = share,
                                 .seed = 1};
}

// ---- shares -----------------------------------------------------------------------------------

struct counts {
    double kept, all;
};

static void count(struct counts *counts, const float *factor, size_t n, float share)
{
    for (size_t i = 0; i < n; i++)
        if (factor[i] != 0)
            assert_near(factor[i], 1 / (1 - (double)share), 1e-4 / (1 - (double)share));
    for (size_t i = 0; i < n; i++)
        counts->kept += factor[i] != 0;
    counts->all += (double)n;
}

// Within five standard deviations.
static void assert_share(const struct counts *counts, float share)
{
    double wanted = (1 - (double)share) * counts->all;
    if (!(fabs(counts->kept - wanted) < 5 * sqrt(wanted * (double)share)))
        fail_msg("share %g: %g of %g kept", (double)share, counts->kept, counts->all);
}

static const struct parameter *recurrent_of(const struct bench *bench, size_t l)
{
    return layer_map(&bench->network.layer[l], MAP_STATE);
}

static const float *weight_factors(const struct bench *bench, size_t l)
{
    return bench->tape.weight_factor[recurrent_of(bench, l) - bench->network.parameter];
}

static void shares_are_kept(void **state)
{
    (void)state;
    static const float shares[] = {0.01f, 0.1f, 0.3f, 0.5f, 0.75f, 0.99f};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        struct bench bench;
        struct dropout_rule rule = everywhere(shares[i]);
        struct counts units[4] = {{0}}, weights = {0}, words = {0};
        set_up(&bench, LAYERS, STREAMS, STEPS, &rule);
        const struct parameter *recurrent = recurrent_of(&bench, 2);
        for (uint64_t block = 0; block < 200; block++) {
            draw(&bench, block);
            for (size_t l = 0; l < 4; l++)
                for (size_t b = 0; b < STREAMS; b++)
                    count(&units[l], bench.tape.layer[l].mask + b * bench.network.layer[l].row,
                          bench.network.layer[l].units, shares[i]);
            for (size_t j = 0; j < recurrent->rows && block < 20; j++)
                count(&weights, weight_factors(&bench, 2) + j * recurrent->stride, recurrent->width,
                      shares[i]);
            for (size_t r = 0; r < ROWS; r += 2)
                if (bench.tape.word[r] >= 0)
                    count(&words, &bench.tape.word_factor[r], 1, shares[i]);
        }
        for (size_t l = 0; l < 4; l++)
            assert_share(&units[l], shares[i]);
        assert_share(&weights, shares[i]);
        assert_share(&words, shares[i]);
        tear_down(&bench);
    }
}

static void the_largest_and_the_smallest_share(void **state)
{
    (void)state;
    static const float shares[] = {(float)DROPOUT_MOST, 1e-9f};
    for (size_t i = 0; i < 2; i++) {
        struct bench bench;
        struct dropout_rule rule = everywhere(shares[i]);
        double sum = 0;
        size_t blocks = 2000;
        set_up(&bench, "elman:400", STREAMS, STEPS, &rule);
        for (uint64_t block = 0; block < blocks; block++) {
            draw(&bench, block);
            for (size_t j = 0; j < 400; j++)
                sum += (double)bench.tape.layer[0].mask[j];
        }
        assert_near(sum / 400 / (double)blocks, 1, i == 0 ? 0.1 : 0); // five standard deviations
        tear_down(&bench);
    }
}

// ---- places -----------------------------------------------------------------------------------

// Share of factors that agree; independent ones do with (1-p)^2 + p^2.
static double agreement(const float *a, const float *b, size_t n)
{
    double same = 0;
    for (size_t i = 0; i < n; i++)
        same += a[i] == b[i];
    return same / (double)n;
}

static void assert_independent(const float *a, const float *b, size_t n)
{
    double same = agreement(a, b, n);
    if (!(fabs(same - 0.5) < 5 * 0.5 / sqrt((double)n)))
        fail_msg("%g of %zu factors agree", same, n);
}

static void masks_are_of_their_place(void **state)
{
    (void)state;
    struct bench bench;
    struct dropout_rule rule = everywhere(0.5f);
    float kept[2][4][400];
    set_up(&bench, "compression:400,elman:400,elman:400", STREAMS, STEPS, &rule);
    for (uint64_t block = 0; block < 2; block++) {
        draw(&bench, block);
        for (size_t l = 0; l < 3; l++) {
            assert_int_equal(bench.tape.layer[l].masks, STREAMS);
            memcpy(kept[block][l], bench.tape.layer[l].mask, sizeof kept[0][0]);
            assert_independent(bench.tape.layer[l].mask, bench.tape.layer[l].mask + 400, 400);
            assert_independent(bench.tape.layer[l].mask, bench.tape.layer[l].mask + 1, 399);
        }
        memcpy(kept[block][3], weight_factors(&bench, 1), sizeof kept[0][0]);
        assert_independent(kept[block][3], weight_factors(&bench, 1) + 400, 400);
        assert_independent(kept[block][3], weight_factors(&bench, 2), 400);
        assert_independent(kept[block][0], kept[block][1], 400);
        assert_independent(kept[block][1], kept[block][2], 400);
        assert_independent(kept[block][1], kept[block][3], 400);
    }
    for (size_t i = 0; i < 4; i++)
        assert_independent(kept[0][i], kept[1][i], 400);
    draw(&bench, (uint64_t)1 << 32); // the first block of the next epoch
    assert_independent(kept[0][0], bench.tape.layer[0].mask, 400);
    draw(&bench, 1);
    assert_memory_equal(kept[1][1], bench.tape.layer[1].mask, sizeof kept[0][0]);
    assert_memory_equal(kept[1][3], weight_factors(&bench, 1), sizeof kept[0][0]);
    bench.dropout.rule.seed = 2;
    draw(&bench, 1);
    assert_independent(kept[1][1], bench.tape.layer[1].mask, 400);
    assert_independent(kept[1][3], weight_factors(&bench, 1), 400);
    tear_down(&bench);
}

static void masks_for_each_word(void **state)
{
    (void)state;
    struct bench bench, other;
    struct dropout_rule rule = {.output = 0.5f, .each_word = true};
    set_up(&bench, "elman:400", STREAMS, STEPS, &rule);
    set_up(&other, "elman:400", STREAMS, STEPS + 3, &rule);
    const float *mask = bench.tape.layer[0].mask;
    assert_int_equal(bench.tape.layer[0].masks, ROWS);
    draw(&bench, 4);
    for (size_t r = 1; r < ROWS; r++)
        assert_independent(mask, mask + r * 400, 400);
    draw(&other, 4); // a longer block
    assert_memory_equal(mask, other.tape.layer[0].mask, ROWS * 400 * sizeof *mask);
    tear_down(&bench);
    tear_down(&other);
}

// A shorter block has fewer masks, and they are the same.
static void rows_that_a_block_has(void **state)
{
    (void)state;
    struct bench bench;
    struct dropout_rule rule = {.output = 0.5f, .each_word = true};
    set_up(&bench, "elman:16", STREAMS, STEPS, &rule);
    float *mask = bench.tape.layer[0].mask, whole[ROWS * 16];
    draw(&bench, 4);
    memcpy(whole, mask, sizeof whole);
    memset(mask, 0, sizeof whole);
    dropout_draw(&bench.dropout, 4, 13, bench.pool);
    assert_memory_equal(whole, mask, 13 * 16 * sizeof *mask);
    for (size_t i = 13 * 16; i < ROWS * 16; i++)
        assert_true(mask[i] == 0);
    tear_down(&bench);
}

static void threads_do_not_change_masks(void **state)
{
    (void)state;
    struct bench bench;
    struct dropout_rule rule = everywhere(0.5f);
    float mask[STREAMS * 48], weights[160 * 48];
    set_up(&bench, LAYERS, STREAMS, STEPS, &rule);
    draw(&bench, 9);
    memcpy(mask, bench.tape.layer[1].mask, sizeof mask);
    memcpy(weights, weight_factors(&bench, 1), sizeof weights);
    pool_free(bench.pool);
    for (size_t threads = 2; threads <= 3; threads++) {
        bench.pool = pool_new(threads, NULL);
        draw(&bench, 8);
        draw(&bench, 9);
        assert_memory_equal(mask, bench.tape.layer[1].mask, sizeof mask);
        assert_memory_equal(weights, weight_factors(&bench, 1), sizeof weights);
        if (threads < 3)
            pool_free(bench.pool);
    }
    tear_down(&bench);
}

static void a_word_is_left_out_everywhere(void **state)
{
    (void)state;
    struct bench bench;
    struct dropout_rule rule = {.words = 0.5f};
    float first[2 * WORDS];
    set_up(&bench, "elman:5", 2, WORDS, &rule); // each word stands in two rows
    const float *factor = bench.tape.word_factor;
    for (uint64_t block = 0; block < 2; block++) {
        draw(&bench, block);
        for (size_t r = 0; r < 2 * WORDS; r++)
            for (size_t s = r - r % 2; s < r - r % 2 + 2; s++)
                if (bench.tape.word[r] >= 0 && bench.tape.word[s] >= 0)
                    assert_true(factor[r] == factor[s]);
        if (block == 1)
            assert_independent(first, factor, 2 * WORDS / 2);
        memcpy(first, factor, sizeof first);
    }
    tear_down(&bench);
}

// ---- matrices ---------------------------------------------------------------------------------

static void matrices_and_their_columns_are_dropped(void **state)
{
    (void)state;
    struct bench bench;
    struct dropout_rule rule = {.recurrent = 0.25f, .seed = 3};
    set_up(&bench, "lstm:17,elman:20", STREAMS, STEPS, &rule);
    draw(&bench, 1);
    for (size_t l = 0; l < 2; l++) {
        const struct parameter *from = recurrent_of(&bench, l);
        size_t p = (size_t)(from - bench.network.parameter);
        const struct parameter *to = &bench.tape.dropped[p];
        const struct columns *columns = &bench.tape.columns[p];
        for (size_t i = 0; i < from->rows; i++)
            for (size_t j = 0; j < from->width; j++) {
                float wanted =
                    parameter_row(from, i)[j] * weight_factors(&bench, l)[i * from->stride + j];
                assert_true(parameter_row(to, i)[j] == wanted);
                assert_true(columns->floats[j * columns->row + i] == wanted);
            }
    }
    const struct parameter *input = layer_map(&bench.network.layer[1], MAP_INPUT);
    assert_null(bench.tape.dropped[input - bench.network.parameter].data);
    assert_null(bench.tape.layer[0].mask);
    assert_null(bench.tape.word_factor);
    tear_down(&bench);
}

// ---- optimisers -------------------------------------------------------------------------------

enum { MATRIX = 40, TERMS = 3 };

struct step {
    struct optimiser optimiser;
    struct gradient gradient;
};

static void give(void *context, size_t worker, size_t item)
{
    struct step *step = context;
    (void)item;
    step->optimiser.sink.take(&step->optimiser.sink, worker, &step->gradient);
}

// How the weights of a matrix move by a gradient that is `left` TERMS everywhere but for factors 0 to
// `most`, in one piece.
static void move(const struct optimiser_type *type, const struct optimiser_rule *rule, float left,
                 float most, float *factor, float *moved)
{
    struct bench bench;
    struct dropout_rule none = {.seed = 1};
    float lefts[TERMS * MATRIX], rights[TERMS * 48], norms[TERMS];
    set_up(&bench, "elman:40", 1, TERMS, &none);
    const struct parameter *matrix = recurrent_of(&bench, 0);
    struct step step = {.gradient = {.parameter = (size_t)(matrix - bench.network.parameter),
                                     .form = GRADIENT_PRODUCTS,
                                     .count = MATRIX,
                                     .terms = TERMS,
                                     .left = lefts,
                                     .left_stride = MATRIX,
                                     .right = rights,
                                     .right_stride = 48,
                                     .norm = norms,
                                     .factor = factor,
                                     .most = most}};
    assert_true(optimiser_init(&step.optimiser, type, &bench.network, bench.tape.columns, rule, 1,
                               TERMS, 1, NULL));
    for (size_t i = 0; i < TERMS * MATRIX; i++)
        lefts[i] = left;
    for (size_t i = 0; i < TERMS * 48; i++)
        rights[i] = 1;
    for (size_t i = 0; i < TERMS; i++)
        norms[i] = MATRIX;
    for (size_t i = 0; i < MATRIX * MATRIX; i++)
        factor[i / MATRIX * 48 + i % MATRIX] = most * (float)(i % 7) / 6;
    for (size_t i = 0; i < MATRIX * MATRIX; i++)
        *parameter_weight(matrix, i) = 0;
    assert_true(optimiser_step(&step.optimiser, bench.pool, give, &step, 1, NULL));
    for (size_t i = 0; i < MATRIX * MATRIX; i++)
        moved[i] = *parameter_weight(matrix, i);
    optimiser_free(&step.optimiser);
    tear_down(&bench);
}

static void factors_go_into_rows_of_gradients(void **state)
{
    (void)state;
    float factor[MATRIX * 48] = {0}, moved[MATRIX * MATRIX];
    for (int clip = 0; clip < 2; clip++) {
        move(&optimiser_sgd, &(struct optimiser_rule){.alpha = 0.5f, .clip_norm = clip ? 1e9f : 0},
             2, 6, factor, moved);
        for (size_t i = 0; i < MATRIX * MATRIX; i++)
            assert_near(moved[i], 0.5 * TERMS * 2 * (double)(i % 7), 1e-6);
    }
}

// No optimiser with a bound on how far a weight moves loses it to factors.
static void factors_do_not_burst_the_bound(void **state)
{
    (void)state;
    float factor[MATRIX * 48] = {0}, moved[MATRIX * MATRIX], farthest = 0;
    move(&optimiser_rows, &(struct optimiser_rule){.alpha = 1e6f}, 2, 1000, factor, moved);
    for (size_t i = 0; i < MATRIX * MATRIX; i++)
        farthest = fmaxf(farthest, moved[i]);
    assert_true(farthest > 0.1f && farthest <= 4);
}

// ---- what is wanted ---------------------------------------------------------------------------

static void what_nothing_has(void **state)
{
    (void)state;
    static const struct {
        const char *layers;
        struct dropout_rule rule;
        const char *wanted; // in the message; NULL for none
    } tests[] = {
        {"elman:5", {.words = 0.5f, .output = 0.5f, .recurrent = 0.5f}, NULL},
        {"compression:5", {.words = 0.5f, .output = 0.5f}, NULL},
        {"compression:5,lstm:4", {.input = 0.5f, .recurrent = 0.5f}, NULL},
        {"lstm:5,lstm:4", {.layers = 0.5f}, NULL},
        {"compression:5,lstm:5,lstm:4", {.input = 0.5f, .layers = 0.5f}, NULL},
        {"lstm:5,lstm:4", {.input = 0.5f}, "-dropout-input: found layers lstm:5,lstm:4"},
        {"compression:5", {.input = 0.5f}, "-dropout-input"},
        {"lstm:5", {.layers = 0.5f}, "-dropout-layers: found layers lstm:5"},
        {"compression:5,lstm:5", {.layers = 0.5f}, "-dropout-layers"},
        {"compression:5", {.recurrent = 0.5f}, "-dropout-recurrent: found layers compression:5"},
    };
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        struct error error = {""};
        struct network_shape shape = new_shape(WORDS, tests[i].layers, 4, 0, 3);
        assert_true(dropout_check(&tests[i].rule, &shape, &error) == (tests[i].wanted == NULL));
        assert_contains(error.text, tests[i].wanted != NULL ? tests[i].wanted : "");
        assert_true(dropout_wanted(&tests[i].rule));
    }
    assert_false(dropout_wanted(&(struct dropout_rule){.each_word = true, .seed = 3}));
}

static void nothing_is_made_for_nothing(void **state)
{
    (void)state;
    struct bench bench;
    struct dropout_rule rule = {.each_word = true, .seed = 3};
    set_up(&bench, "lstm:17,elman:20", STREAMS, STEPS, &rule);
    draw(&bench, 1);
    assert_null(bench.tape.weight_factor);
    assert_null(bench.tape.word_factor);
    for (size_t l = 0; l < 2; l++) {
        const struct tape_layer *own = &bench.tape.layer[l];
        assert_null(own->mask);
        assert_ptr_equal(own->out, own->after + STREAMS * own->width);
        assert_ptr_equal(own->out_norm, own->norm + STREAMS);
    }
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_kept),
        cmocka_unit_test(the_largest_and_the_smallest_share),
        cmocka_unit_test(masks_are_of_their_place),
        cmocka_unit_test(masks_for_each_word),
        cmocka_unit_test(rows_that_a_block_has),
        cmocka_unit_test(threads_do_not_change_masks),
        cmocka_unit_test(a_word_is_left_out_everywhere),
        cmocka_unit_test(matrices_and_their_columns_are_dropped),
        cmocka_unit_test(factors_go_into_rows_of_gradients),
        cmocka_unit_test(factors_do_not_burst_the_bound),
        cmocka_unit_test(what_nothing_has),
        cmocka_unit_test(nothing_is_made_for_nothing),
    };
    return cmocka_run_group_tests_name("dropout", tests, NULL, NULL);
}
