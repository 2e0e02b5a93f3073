// The softmax that is learnt against noise: what is drawn, what it hands to optimisers, and that it
// learns the probabilities of words, and sums of 1.
#include "plain_network.h"

#include "learn/batch.h"
#include "learn/optimisers/kinds.h"
#include "net/forward.h"
#include "net/outputs/nce.h"
#include "text/vocabulary.h"

// ---- noise ------------------------------------------------------------------------------------

static struct nce_noise new_noise(size_t words, const struct output_noise *rule)
{
    struct nce_noise noise;
    struct error error = {""};
    if (!nce_noise_init(&noise, words, rule, &error))
        fail_msg("%s", error.text);
    return noise;
}

// Chi-square of DRAWS words against shares; as many degrees of freedom as words less one.
static double chi_square(const struct nce_noise *noise, size_t blocks)
{
    double found[64] = {0}, sum = 0, draws = (double)(blocks * noise->words);
    int32_t word[100];
    assert_true(noise->words <= 100 && noise->alias.count <= 64);
    for (size_t b = 0; b < blocks; b++) {
        nce_noise_draw(noise, b, word);
        for (size_t i = 0; i < noise->words; i++)
            found[word[i]]++;
    }
    for (size_t w = 0; w < noise->alias.count; w++) {
        double wanted = exp((double)noise->log_share[w]) / (double)noise->words * draws;
        sum += (found[w] - wanted) * (found[w] - wanted) / wanted;
    }
    return sum;
}

// With 12 degrees of freedom it is above 32.9 in one case of a thousand; seeds are fixed.
static void words_are_drawn_by_their_counts(void **state)
{
    (void)state;
    static const double powers[] = {0, 0.5, 0.75, 1};
    enum { WORDS = 13 };
    for (size_t i = 0; i < sizeof powers / sizeof powers[0]; i++) {
        struct output_noise rule = small_noise();
        double all = 0, sum = 0;
        rule.power = powers[i];
        rule.words = 100;
        struct nce_noise noise = new_noise(WORDS, &rule);
        for (size_t w = 0; w < WORDS; w++)
            all += pow((double)rule.count[w] + 1, powers[i]);
        for (size_t w = 0; w < WORDS; w++) {
            double share = pow((double)rule.count[w] + 1, powers[i]) / all;
            assert_near(noise.log_share[w], log(100 * share), 1e-6);
            sum += exp((double)noise.log_share[w]);
        }
        assert_near(sum, 100, 1e-6);
        double found = chi_square(&noise, 2000);
        if (!(found < 32.9))
            fail_msg("power %g: chi-square is %g", powers[i], found);
        nce_noise_free(&noise);
    }
}

// One word; counts that are all alike, or as far apart as they can be.
static void any_counts_make_noise(void **state)
{
    (void)state;
    static const uint64_t far[3] = {UINT64_MAX, 0, 0}, alike[3] = {7, 7, 7};
    const struct output_noise one = {.count = alike, .words = 50, .power = 1};
    const struct output_noise flat = {.count = alike, .words = 50, .power = 1, .seed = 1};
    const struct output_noise steep = {.count = far, .words = 50, .power = 1};
    int32_t word[50];
    struct nce_noise noise = new_noise(1, &one);
    nce_noise_draw(&noise, 3, word);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(word[i], 0);
    nce_noise_free(&noise);
    noise = new_noise(3, &flat);
    assert_true(chi_square(&noise, 200) < 13.8);
    nce_noise_free(&noise);
    noise = new_noise(3, &steep);
    nce_noise_draw(&noise, 3, word);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(word[i], 0);
    assert_true(isfinite(noise.log_share[1]));
    nce_noise_free(&noise);
}

// A function of seed and block.
static void a_block_has_its_noise(void **state)
{
    (void)state;
    struct output_noise rule = small_noise();
    int32_t first[9], again[9], other[9];
    struct nce_noise noise = new_noise(13, &rule);
    nce_noise_draw(&noise, 7, first);
    nce_noise_draw(&noise, 8, other);
    assert_memory_not_equal(first, other, sizeof first);
    nce_noise_draw(&noise, 7, again);
    assert_memory_equal(first, again, sizeof first);
    nce_noise_free(&noise);
    rule.seed++;
    noise = new_noise(13, &rule);
    nce_noise_draw(&noise, 7, other);
    assert_memory_not_equal(first, other, sizeof first);
    nce_noise_free(&noise);
}

static void noise_that_makes_no_sense(void **state)
{
    (void)state;
    static const struct {
        size_t words;
        double power;
        const char *message;
    } cases[] = {{0, 1, "found 0 words, wanted 1 to 65536"},
                 {65537, 1, "found 65537 words"},
                 {9, -0.1, "found power -0.1"},
                 {9, 1.1, "found power 1.1 of the counts, wanted 0 to 1"},
                 {9, NAN, "found power"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct output_noise rule = small_noise();
        struct nce_noise noise;
        struct error error = {""};
        rule.words = cases[i].words;
        rule.power = cases[i].power;
        assert_false(nce_noise_init(&noise, 13, &rule, &error));
        assert_contains(error.text, cases[i].message);
        nce_noise_free(&noise);
    }
}

// ---- blocks -----------------------------------------------------------------------------------

// More words than are drawn, of which more are drawn than go together, for more rows than go together.
enum { WORDS = 700, WIDTH = 5, ROWS = 150, NOISE = 300 };

static struct network network;
static struct plain plain;
static uint64_t counts[WORDS];

static struct output_noise rule(void)
{
    return (struct output_noise){.count = counts, .words = NOISE, .power = 0.7, .seed = 2};
}

static int make(void **state)
{
    const struct network_shape shape = new_shape(WORDS, "elman:5 nce", 1, 0, 0);
    (void)state;
    make_network(&network, &shape, 3, 1.5);
    plain = plain_new(&network);
    for (size_t w = 0; w < WORDS; w++)
        counts[w] = 3 * WORDS / (w + 1);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    plain_free(&plain);
    network_free(&network);
    return 0;
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
        text->target[r] = r % 13 == 5 ? WORD_OOV : random_next(&random) % (r % 2 ? WORDS : 40);
    }
}

// What a block gives.
struct given {
    struct gradient_sink sink; // first
    float rows[WORDS][WIDTH], power[WORDS], bias[WORDS];
    int times[WORDS], bias_times[WORDS];
    size_t terms[WORDS];
    float error[ROWS][MEMORY_ROW];
    double prob[ROWS];
};

static void take(struct gradient_sink *sink, size_t worker, const struct gradient *gradient)
{
    struct given *given = (struct given *)sink;
    size_t w = gradient->first;
    const char *name = network.parameter[gradient->parameter].name;
    (void)worker;
    assert_int_equal(gradient->count, 1);
    if (gradient->form == GRADIENT_RUN) {
        assert_string_equal(name, "output.bias");
        assert_int_equal(gradient->terms, given->terms[w]);
        given->bias[w] = gradient->left[0];
        given->bias_times[w]++;
        return;
    }
    assert_int_equal(gradient->form, GRADIENT_WHOLE);
    assert_string_equal(name, "output.words");
    memcpy(given->rows[w], gradient->right, sizeof *given->rows);
    given->power[w] = gradient->norm[0];
    given->terms[w] = gradient->terms;
    given->times[w]++;
}

// Of two blocks, the second.
static struct given *learn(struct text *text, bool halves, size_t threads)
{
    const struct output_blocks *type = network.shape.output->blocks;
    const struct output_noise noise = rule();
    struct pool *pool = pool_new(threads, NULL);
    struct given *given = calloc(2, sizeof *given);
    assert_non_null(given);
    void *blocks = type->begin(&network, NULL, ROWS, halves, pool, NULL);
    assert_non_null(blocks);
    assert_true(type->set_noise(blocks, &noise, NULL));
    for (size_t i = 0; i < 2; i++) {
        given[i].sink = (struct gradient_sink){.norms = true, .take = take};
        struct output_block block = {.number = 10 + i,
                                     .rows = ROWS,
                                     .word = text->target,
                                     .target = text->target,
                                     .input = *text->input,
                                     .norm = text->norm,
                                     .error = *given[i].error,
                                     .stride = MEMORY_ROW,
                                     .cutoff = 9,
                                     .prob = given[i].prob,
                                     .sink = &given[i].sink};
        assert_true(type->learn(blocks, &block, NULL));
        for (size_t j = 0; j < type->gradients(blocks); j++)
            type->give(blocks, j, 0);
    }
    given[0] = given[1];
    type->end(blocks);
    pool_free(pool);
    return given;
}

// The equations.
static struct wanted {
    double rows[WORDS][WIDTH], power[WORDS], bias[WORDS], error[ROWS][WIDTH], prob[ROWS];
    size_t terms[WORDS];
} wanted;

static double score_of(const float *input, size_t w)
{
    double score = plain.word_bias[w];
    for (size_t j = 0; j < WIDTH; j++)
        score += plain.words[w * WIDTH + j] * (double)input[j];
    return score;
}

static void add_word(const struct text *text, size_t r, size_t w, double e)
{
    wanted.bias[w] += e;
    wanted.power[w] += e * e * (double)text->norm[r];
    for (size_t j = 0; j < WIDTH; j++) {
        wanted.rows[w][j] += e * (double)text->input[r][j];
        wanted.error[r][j] += e * plain.words[w * WIDTH + j];
    }
}

static void learn_plainly(const struct text *text, uint64_t block)
{
    const struct output_noise from = rule();
    struct nce_noise noise = new_noise(WORDS, &from);
    int32_t word[NOISE];
    double times[WORDS] = {0};
    memset(&wanted, 0, sizeof wanted);
    nce_noise_draw(&noise, block, word);
    for (size_t i = 0; i < NOISE; i++)
        times[word[i]]++;
    for (size_t r = 0; r < ROWS; r++) {
        if (text->target[r] < 0)
            continue;
        size_t target = (size_t)text->target[r];
        wanted.prob[r] = exp(score_of(text->input[r], target));
        wanted.terms[target]++;
        for (size_t w = 0; w < WORDS; w++) {
            double p = plain_logistic(score_of(text->input[r], w) - (double)noise.log_share[w]);
            double e = (w == target) * (1 - p) - times[w] * p;
            if (times[w] > 0 || w == target)
                add_word(text, r, w, e);
        }
    }
    for (size_t w = 0; w < WORDS; w++)
        wanted.terms[w] = times[w] > 0 ? ROWS : wanted.terms[w];
    nce_noise_free(&noise);
}

// Relative to the length of all numbers of a kind: with halves each is some thousandths off.
static struct distance {
    double apart, length;
} distance;

static void add_distance(double found, double wanted_there)
{
    distance.apart += (found - wanted_there) * (found - wanted_there);
    distance.length += wanted_there * wanted_there;
}

static void assert_no_further(double tolerance)
{
    double found = sqrt(distance.apart / distance.length);
    if (!(found <= tolerance))
        fail_msg("found %g of the length apart, wanted %g", found, tolerance);
    distance = (struct distance){0};
}

static void compare(const struct given *given, double tolerance)
{
    for (size_t w = 0; w < WORDS; w++) {
        assert_int_equal(given->times[w], wanted.terms[w] > 0);
        assert_int_equal(given->bias_times[w], wanted.terms[w] > 0);
        assert_int_equal(given->terms[w], wanted.terms[w]);
        add_distance((double)given->bias[w], wanted.bias[w]);
    }
    assert_no_further(tolerance);
    for (size_t w = 0; w < WORDS; w++)
        add_distance((double)given->power[w], wanted.power[w]);
    assert_no_further(tolerance);
    for (size_t i = 0; i < WORDS * WIDTH; i++)
        add_distance((double)given->rows[i / WIDTH][i % WIDTH], wanted.rows[i / WIDTH][i % WIDTH]);
    assert_no_further(tolerance);
    for (size_t i = 0; i < ROWS * WIDTH; i++)
        add_distance((double)given->error[i / WIDTH][i % WIDTH],
                     fmax(-9, fmin(9, wanted.error[i / WIDTH][i % WIDTH])));
    assert_no_further(tolerance);
    for (size_t r = 0; r < ROWS; r++)
        add_distance(given->prob[r], wanted.prob[r]);
    assert_no_further(tolerance);
}

static void blocks_are_learnt_against_their_noise(void **state)
{
    (void)state;
    struct text text;
    make_text(&text);
    learn_plainly(&text, 11);
    for (int halves = 0; halves < 2; halves++) {
        struct given *one = learn(&text, halves, 1), *three = learn(&text, halves, 3);
        compare(one, halves ? 1e-2 : 1e-6);
        assert_memory_equal(one, three, sizeof *one);
        free(one);
        free(three);
    }
}

// ---- scores -----------------------------------------------------------------------------------

// In the place of probabilities, for many words of some states at once; and those of single words.
static void scores_leave_out_sums(void **state)
{
    (void)state;
    enum { STATES = 3, ASKED = 40 };
    struct forward_weights weights;
    struct forward forward;
    const struct state *states[STATES];
    size_t place[ASKED];
    int32_t word[ASKED];
    double score[ASKED];
    assert_true(forward_weights_init(&weights, &network, false, NULL));
    weights.unnormalised = true;
    assert_true(forward_init(&forward, &weights, ASKED, NULL));
    for (size_t i = 0; i < STATES; i++) {
        struct state *next = state_new(&network, NULL);
        for (size_t j = 0; j < WIDTH; j++)
            next->value[j] = (float)((i * 7 + j * 3) % 11) / 6 - 0.8f;
        states[i] = next;
    }
    for (size_t i = 0; i < ASKED; i++) {
        place[i] = i * STATES / ASKED;
        word[i] = i % 9 == 4 ? WORD_OOV : (int32_t)(i * 61 % WORDS);
    }
    forward_load(&forward, STATES, states);
    assert_true(forward_predict(&forward, ASKED, place, word, score, NULL));
    for (size_t i = 0; i < ASKED; i++) {
        const float *input = states[place[i]]->value;
        assert_near(score[i], word[i] >= 0 ? exp(score_of(input, (size_t)word[i])) : 0, 1e-5);
        if (word[i] >= 0)
            assert_true(forward_first_factor(&forward, place[i], word[i]) == score[i]);
    }
    assert_true(forward_may_be(&weights, 1.5) && !forward_may_be(&weights, 0) &&
                !forward_may_be(&weights, (double)INFINITY) && !forward_may_be(&weights, NAN));
    weights.unnormalised = false;
    assert_true(forward_may_be(&weights, 1) && !forward_may_be(&weights, 1.5));
    for (size_t i = 0; i < STATES; i++)
        free((void *)states[i]);
    forward_free(&forward);
    forward_weights_free(&weights);
}

// ---- what is learnt ---------------------------------------------------------------------------

// With much noise, and sums of 1, it is the gradient of log P: [w = t] - P(w).
static void much_noise_is_the_gradient_of_the_softmax(void **state)
{
    (void)state;
    struct text *text = calloc(1, sizeof *text);
    struct given *given = calloc(1, sizeof *given);
    struct pool *pool = pool_new(1, NULL);
    const struct output_blocks *type = network.shape.output->blocks;
    struct output_noise noise = rule();
    float *bias = parameter_row(full_parameters(&network).bias, 0);
    double sum = 0;
    assert_true(text != NULL && given != NULL);
    noise.words = 1 << 16;
    given->sink = (struct gradient_sink){.take = take};
    for (size_t w = 0; w < WORDS; w++)
        sum += exp((double)bias[w]);
    for (size_t w = 0; w < WORDS; w++)
        bias[w] -= (float)log(sum);
    for (size_t r = 0; r < ROWS; r++)
        text->target[r] = r == 0 ? 77 : WORD_OOV; // with an input of 0
    struct output_block block = {.rows = ROWS,
                                 .target = text->target,
                                 .input = *text->input,
                                 .norm = text->norm,
                                 .error = *given->error,
                                 .stride = MEMORY_ROW,
                                 .cutoff = 9,
                                 .prob = given->prob,
                                 .sink = &given->sink};
    void *blocks = type->begin(&network, NULL, ROWS, false, pool, NULL);
    assert_true(type->set_noise(blocks, &noise, NULL) && type->learn(blocks, &block, NULL));
    for (size_t j = 0; j < type->gradients(blocks); j++)
        type->give(blocks, j, 0);
    struct nce_noise drawn = new_noise(WORDS, &noise);
    for (size_t w = 0; w < WORDS; w++) { // within six deviations of how often the word is drawn
        double prob = exp((double)bias[w]), most = 6 / sqrt(exp((double)drawn.log_share[w]));
        assert_true(fabs((double)given->bias[w] - ((w == 77) - prob)) < most * prob);
    }
    nce_noise_free(&drawn);
    for (size_t w = 0; w < WORDS; w++)
        bias[w] += (float)log(sum);
    type->end(blocks);
    pool_free(pool);
    free(given);
    free(text);
}

// A text of pairs: behind each word one of three, with chances of 1/2, 1/3, 1/6.
enum { PAIRS = 12, STREAMS = 64, STEPS = 8 };

static int32_t next_of(int32_t word, struct random *random)
{
    int32_t chance = random_next(random) % 6;
    return (word * 5 + (chance < 3 ? 1 : chance < 5 ? 4 : 9)) % PAIRS;
}

static double wanted_of(int32_t word, int32_t next)
{
    double prob = 0;
    prob += next == (word * 5 + 1) % PAIRS ? 1.0 / 2 : 0;
    prob += next == (word * 5 + 4) % PAIRS ? 1.0 / 3 : 0;
    return prob + (next == (word * 5 + 9) % PAIRS ? 1.0 / 6 : 0);
}

static void learn_pairs(struct network *pairs, struct pool *pool)
{
    static const uint64_t alike[PAIRS] = {1};
    const struct batch_rule learning = {.optimiser = &optimiser_adam,
                                        .step = {.alpha = 0.02f},
                                        .noise = {.count = alike, .words = 500, .power = 0.5}};
    struct batch batch;
    struct random random;
    int32_t word[STREAMS] = {0};
    float *value = calloc(pairs->state, sizeof *value);
    random_seed(&random, 4);
    assert_true(value != NULL && batch_init(&batch, pairs, &learning, STREAMS, STEPS, pool, NULL));
    for (size_t b = 0; b < STREAMS; b++)
        batch_start(&batch, b, value, NULL);
    for (int block = 0; block < 400; block++) {
        double log10_prob = 0;
        batch.rule.step.alpha = 0.02f * (float)(400 - block) / 400;
        for (size_t r = 0; r < STREAMS * STEPS; r++) {
            size_t b = r % STREAMS;
            batch.tape.word[r] = word[b];
            batch.tape.target[r] = word[b] = next_of(word[b], &random);
        }
        assert_true(batch_learn(&batch, STEPS, &log10_prob, NULL));
    }
    batch_free(&batch);
    free(value);
}

static void probabilities_are_learnt_and_sums_are_1(void **state)
{
    (void)state;
    const struct network_shape shape = new_shape(PAIRS, "projection:16 nce", 1, 0, 0);
    struct network pairs;
    struct pool *pool = pool_new(1, NULL);
    make_network(&pairs, &shape, 3, 0.1);
    learn_pairs(&pairs, pool);
    struct plain found = plain_new(&pairs);
    struct plain_state before, after;
    double mean = 0;
    plain_begin(&found, false, &before);
    for (int32_t word = 0; word < PAIRS; word++) {
        double sum = 0;
        plain_step(&found, &before, word, &after);
        for (int32_t next = 0; next < PAIRS; next++) {
            double score = exp(plain_score(&found, &after, next));
            assert_true(fabs(score - wanted_of(word, next)) < 0.08);
            assert_true(fabs(plain_prob(&found, &after, next) - wanted_of(word, next)) < 0.08);
            sum += score;
        }
        assert_true(fabs(log(sum)) < 0.06);
        mean += log(sum) / PAIRS;
    }
    assert_true(fabs(mean) < 0.02);
    plain_free(&found);
    pool_free(pool);
    network_free(&pairs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_drawn_by_their_counts),
        cmocka_unit_test(any_counts_make_noise),
        cmocka_unit_test(a_block_has_its_noise),
        cmocka_unit_test(noise_that_makes_no_sense),
        cmocka_unit_test(blocks_are_learnt_against_their_noise),
        cmocka_unit_test(scores_leave_out_sums),
        cmocka_unit_test(much_noise_is_the_gradient_of_the_softmax),
        cmocka_unit_test(probabilities_are_learnt_and_sums_are_1),
    };
    return cmocka_run_group_tests_name("output nce", tests, make, unmake);
}
