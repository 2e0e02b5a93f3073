// The softmax over all words beyond what small networks show: more words than are computed together,
// blocks whose errors are not held all at once, and what is handed to optimisers.
#include "plain_network.h"

#include "net/forward.h"
#include "text/vocabulary.h"

enum { WORDS = 2500, WIDTH = 5, ROWS = 150 };

static struct network network;
static struct plain plain;

static int make(void **state)
{
    const struct network_shape shape = new_shape(WORDS, "elman:5 full", 1, 0, 0);
    (void)state;
    make_network(&network, &shape, 3, 1.5);
    plain = plain_new(&network);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    plain_free(&plain);
    network_free(&network);
    return 0;
}

// P(word) for all words.
static void distribution(const float *input, double *prob)
{
    double sum = 0;
    for (size_t w = 0; w < WORDS; w++) {
        double logit = plain.word_bias[w];
        for (size_t j = 0; j < WIDTH; j++)
            logit += plain.words[w * WIDTH + j] * (double)input[j];
        sum += prob[w] = exp(logit);
    }
    for (size_t w = 0; w < WORDS; w++)
        prob[w] /= sum;
}

// ---- scoring ----------------------------------------------------------------------------------

static void all_words_share_one(void **state)
{
    (void)state;
    enum { STATES = 3 };
    static double wanted[WORDS];
    struct forward_weights weights;
    struct forward forward;
    const struct state *states[STATES];
    assert_true(forward_weights_init(&weights, &network, false, NULL));
    assert_true(forward_init(&forward, &weights, STATES, NULL));
    for (size_t i = 0; i < STATES; i++) {
        struct state *next = state_new(&network, NULL);
        for (size_t j = 0; j < WIDTH; j++)
            next->value[j] = (float)((i * 7 + j * 3) % 11) / 6 - 0.8f;
        states[i] = next;
    }
    forward_load(&forward, STATES, states);
    for (size_t i = 0; i < STATES; i++) {
        double sum = 0;
        distribution(states[i]->value, wanted);
        for (int32_t w = 0; w < WORDS; w++) {
            double prob = forward_first_factor(&forward, i, w);
            assert_true(fabs(prob - wanted[w]) < 2e-5 * wanted[w]);
            sum += prob;
        }
        assert_near(sum, 1, 1e-5);
    }
    for (size_t i = 0; i < STATES; i++)
        free((void *)states[i]);
    forward_free(&forward);
    forward_weights_free(&weights);
}

// How often words come from all parts of the vocabulary. Chi-square with 9 degrees of freedom is above
// 27.9 in one case of a thousand; the seed is fixed.
static void draws_follow_the_distribution(void **state)
{
    (void)state;
    enum { PARTS = 10, DRAWS = 4000 };
    static double prob[WORDS];
    double wanted[PARTS] = {0}, found[PARTS] = {0}, chi_square = 0;
    struct forward_weights weights;
    struct forward forward;
    struct random random;
    struct state *before = state_new(&network, NULL);
    random_seed(&random, 5);
    assert_true(forward_weights_init(&weights, &network, false, NULL));
    assert_true(forward_init(&forward, &weights, 2, NULL));
    for (size_t j = 0; j < WIDTH; j++)
        before->value[j] = 0.2f * (float)j;
    forward_load(&forward, 2, (const struct state *[]){before, before});
    distribution(before->value, prob);
    for (size_t w = 0; w < WORDS; w++)
        wanted[w * PARTS / WORDS] += prob[w] * DRAWS;
    for (size_t i = 0; i < DRAWS; i++)
        found[(size_t)forward_draw(&forward, i % 2, &random) * PARTS / WORDS]++;
    for (size_t i = 0; i < PARTS; i++)
        chi_square += (found[i] - wanted[i]) * (found[i] - wanted[i]) / wanted[i];
    if (!(chi_square < 27.9))
        fail_msg("chi-square is %g", chi_square);
    free(before);
    forward_free(&forward);
    forward_weights_free(&weights);
}

// ---- blocks -----------------------------------------------------------------------------------

// What a block gives.
struct given {
    struct gradient_sink sink; // first
    float rows[WORDS][WIDTH], power[WORDS], bias[WORDS];
    int times[WORDS], bias_times[WORDS];
    float error[ROWS][MEMORY_ROW];
    double prob[ROWS];
};

static void take(struct gradient_sink *sink, size_t worker, const struct gradient *gradient)
{
    struct given *given = (struct given *)sink;
    (void)worker;
    assert_int_equal(gradient->terms, ROWS);
    for (size_t i = 0; i < gradient->count; i++) {
        size_t w = gradient->first + i;
        if (gradient->form == GRADIENT_RUN) {
            assert_string_equal(network.parameter[gradient->parameter].name, "output.bias");
            given->bias[w] = gradient->left[i];
            given->bias_times[w]++;
            continue;
        }
        assert_int_equal(gradient->form, GRADIENT_WHOLE);
        assert_string_equal(network.parameter[gradient->parameter].name, "output.words");
        memcpy(given->rows[w], gradient->right + i * gradient->right_stride, sizeof *given->rows);
        given->power[w] = gradient->norm[i];
        given->times[w]++;
    }
}

struct text {
    float input[ROWS][MEMORY_ROW], norm[ROWS];
    int32_t target[ROWS];
};

static void make_text(struct text *text)
{
    struct random random;
    memset(text, 0, sizeof *text);
    random_seed(&random, 9);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t j = 0; j < WIDTH; j++) {
            text->input[r][j] = (float)random_uniform(&random, -1, 1);
            text->norm[r] += text->input[r][j] * text->input[r][j];
        }
        text->target[r] = r % 13 == 5 ? WORD_OOV : random_next(&random) % WORDS;
    }
}

static struct given *learn(struct text *text, size_t most_rows, size_t threads)
{
    const struct output_blocks *type = network.shape.output->blocks;
    struct pool *pool = pool_new(threads, NULL);
    struct given *given = calloc(1, sizeof *given);
    assert_non_null(given);
    given->sink = (struct gradient_sink){.norms = true, .take = take};
    void *blocks = type->begin(&network, NULL, most_rows, false, pool, NULL);
    assert_non_null(blocks);
    struct output_block block = {.rows = ROWS,
                                 .word = text->target,
                                 .target = text->target,
                                 .input = *text->input,
                                 .norm = text->norm,
                                 .error = *given->error,
                                 .stride = MEMORY_ROW,
                                 .cutoff = 0.9f,
                                 .prob = given->prob,
                                 .sink = &given->sink};
    assert_true(type->learn(blocks, &block, NULL));
    for (size_t i = 0; i < type->gradients(blocks); i++)
        type->give(blocks, i, 0);
    type->end(blocks);
    pool_free(pool);
    return given;
}

// The equations.
static struct wanted {
    double rows[WORDS][WIDTH], power[WORDS], bias[WORDS], error[ROWS][WIDTH], prob[ROWS];
} wanted;

static void learn_plainly(const struct text *text)
{
    static double prob[WORDS];
    for (size_t r = 0; r < ROWS; r++) {
        if (text->target[r] < 0)
            continue;
        distribution(text->input[r], prob);
        wanted.prob[r] = prob[text->target[r]];
        for (size_t w = 0; w < WORDS; w++) {
            double e = (w == (size_t)text->target[r]) - prob[w];
            wanted.bias[w] += e;
            wanted.power[w] += e * e * (double)text->norm[r];
            for (size_t j = 0; j < WIDTH; j++) {
                wanted.rows[w][j] += e * (double)text->input[r][j];
                wanted.error[r][j] += e * plain.words[w * WIDTH + j];
            }
        }
    }
}

static void compare(const struct given *given, const struct text *text)
{
    for (size_t w = 0; w < WORDS; w++) {
        assert_int_equal(given->times[w], 1);
        assert_int_equal(given->bias_times[w], 1);
        assert_near(given->bias[w], wanted.bias[w], 1e-5);
        assert_near(given->power[w], wanted.power[w], 1e-5);
        for (size_t j = 0; j < WIDTH; j++)
            assert_near(given->rows[w][j], wanted.rows[w][j], 1e-5);
    }
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t j = 0; j < WIDTH; j++)
            assert_near(given->error[r][j], fmax(-0.9, fmin(0.9, wanted.error[r][j])), 1e-5);
        if (text->target[r] >= 0)
            assert_near(given->prob[r], wanted.prob[r], 1e-6);
    }
}

// Room for many rows leaves room for few words at a time: three strips.
static void blocks_in_strips(void **state)
{
    (void)state;
    static const size_t most_rows[] = {ROWS, 20000};
    struct text text;
    make_text(&text);
    learn_plainly(&text);
    for (size_t i = 0; i < 2; i++) {
        struct given *one = learn(&text, most_rows[i], 1), *three = learn(&text, most_rows[i], 3);
        compare(one, &text);
        assert_memory_equal(one, three, sizeof *one);
        free(one);
        free(three);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_words_share_one),
        cmocka_unit_test(draws_follow_the_distribution),
        cmocka_unit_test(blocks_in_strips),
    };
    return cmocka_run_group_tests_name("output full", tests, make, unmake);
}
