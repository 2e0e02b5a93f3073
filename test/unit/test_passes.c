// One network, many ways along a text: word by word, the march, single steps, blocks of batches and
// the online learner at rate 0 find the same probabilities and states, for every stack of layers.
#include "plain_network.h"

#include "base/bfloat16.h"
#include "learn/batch.h"
#include "learn/learner.h"
#include "learn/optimisers/kinds.h"
#include "net/march.h"
#include "stacks.h"
#include "text/vocabulary.h"

enum { WORDS = 13, LENGTH = 45, BLOCK = 7 };

// Weights are small enough for networks to forget: in others rounding grows without bound.
static const double TOLERANCE = 2e-6, RANGE = 0.3;

struct text {
    struct network network;
    bool independent;
    int32_t word[LENGTH + 1]; // </s> in front; OOVs are among them
    double prob[LENGTH];      // of word[i + 1]; 0 for OOVs
    double told[LENGTH];      // what batches tell of it: the same, or its score
    struct state *end;        // behind the last but one word, as decoders find it
};

// Word by word.
static void score(struct text *text)
{
    const struct network *network = &text->network;
    struct forward_weights weights;
    struct forward forward;
    struct state *now = state_at_start(network, STATE_TEXT, NULL, NULL);
    text->end = state_new(network, NULL);
    assert_true(forward_weights_init(&weights, network, text->independent, NULL));
    assert_true(forward_init(&forward, &weights, 1, NULL));
    for (size_t i = 0; i < LENGTH; i++) {
        const struct state *const at = now;
        const size_t first = 0;
        forward_load(&forward, 1, &at);
        assert_true(forward_predict(&forward, 1, &first, &text->word[i + 1], &text->prob[i], NULL));
        if (i + 1 == LENGTH)
            break;
        forward_advance(&forward, 1, &at, &text->word[i + 1], &text->end);
        state_copy(network, now, text->end);
    }
    free(now);
    forward_free(&forward);
    forward_weights_free(&weights);
}

static void begin_text(struct text *text, const char *layers, size_t maxent, bool independent)
{
    const struct network_shape shape = new_shape(WORDS, layers, 4, maxent, 3);
    struct random random;
    random_seed(&random, 19);
    text->independent = independent;
    make_network(&text->network, &shape, 13, RANGE);
    text->word[0] = WORD_END;
    for (size_t i = 1; i <= LENGTH; i++)
        text->word[i] = i % 11 == 4 ? WORD_END : random_next(&random) % (WORDS + 1) - 1;
    score(text);
}

static void end_text(struct text *text)
{
    free(text->end);
    network_free(&text->network);
}

static void assert_end(const struct text *text, const float *value)
{
    for (size_t i = 0; i < text->network.state; i++)
        assert_near(value[i], text->end->value[i], TOLERANCE);
}

static void check_plain(struct text *text)
{
    struct plain plain = plain_new(&text->network);
    struct plain_state before, after;
    plain_begin(&plain, false, &before);
    for (size_t i = 0; i < LENGTH; i++) {
        plain_step(&plain, &before, text->word[i], &after);
        assert_near(text->prob[i], plain_prob(&plain, &after, text->word[i + 1]), TOLERANCE);
        text->told[i] =
            text->word[i + 1] >= 0 ? exp(plain_worth(&plain, &after, text->word[i + 1])) : 0;
        before = after;
        if (text->independent && text->word[i + 1] == WORD_END)
            plain_begin(&plain, true, &before);
    }
    plain_assert_values(&plain, text->end->value, &after, TOLERANCE);
    plain_free(&plain);
}

static void check_march(const struct text *text)
{
    struct pool *pool = pool_new(2, NULL);
    struct forward_crew crew;
    struct march march;
    double prob[LENGTH];
    struct state *state = state_at_start(&text->network, STATE_TEXT, NULL, NULL);
    assert_true(forward_crew_init(&crew, &text->network, text->independent, pool, NULL));
    assert_true(march_init(&march, &crew, NULL));
    assert_true(march_score(&march, state, text->word + 1, LENGTH - 1, prob, NULL));
    for (size_t i = 0; i + 1 < LENGTH; i++)
        assert_near(prob[i], text->prob[i], TOLERANCE);
    assert_end(text, state->value);
    assert_memory_equal(state->history, text->end->history, sizeof state->history);
    march_free(&march);
    forward_crew_free(&crew);
    pool_free(pool);
    free(state);
}

// state_step() and forward_advance() from every state of the text by every word.
static void check_steps(const struct text *text)
{
    const struct network *network = &text->network;
    struct forward_weights weights;
    struct forward forward;
    struct state *now = state_at_start(network, STATE_TEXT, NULL, NULL);
    struct state *stepped = state_new(network, NULL), *advanced[WORDS + 1];
    const struct state *before[WORDS + 1];
    int32_t word[WORDS + 1];
    assert_true(forward_weights_init(&weights, network, false, NULL));
    assert_true(forward_init(&forward, &weights, WORDS + 1, NULL));
    for (int32_t w = WORD_OOV; w < WORDS; w++) {
        advanced[w + 1] = state_new(network, NULL);
        before[w + 1] = now;
        word[w + 1] = w;
    }
    for (size_t i = 1; i < 12; i++) {
        forward_advance(&forward, WORDS + 1, before, word, advanced);
        for (size_t w = 0; w < WORDS + 1; w++) {
            advance_state(network, now, word[w], stepped);
            assert_memory_equal(advanced[w]->history, stepped->history, sizeof stepped->history);
            for (size_t j = 0; j < network->state; j++)
                assert_near(advanced[w]->value[j], stepped->value[j], 1e-6);
        }
        state_copy(network, now, advanced[text->word[i] + 1]);
    }
    for (size_t w = 0; w < WORDS + 1; w++)
        free(advanced[w]);
    free(now);
    free(stepped);
    forward_free(&forward);
    forward_weights_free(&weights);
}

// Blocks of one stream, that begin before the first </s> is taken in.
static void check_batches(struct text *text)
{
    struct network *network = &text->network;
    struct batch batch;
    struct batch_rule rule = {.optimiser = &optimiser_sgd,
                              .through_time = true,
                              .independent = text->independent,
                              .noise = small_noise()};
    struct pool *pool = pool_new(1, NULL);
    float *value = calloc(network->state, sizeof *value);
    assert_true(batch_init(&batch, network, &rule, 1, BLOCK, pool, NULL));
    state_values(network, STATE_TEXT, NULL, value);
    batch_start(&batch, 0, value, NULL);
    for (size_t at = 0; at < LENGTH; at += BLOCK) {
        size_t steps = LENGTH - at < BLOCK ? LENGTH - at : BLOCK;
        double found = 0, wanted = 0;
        for (size_t i = 0; i < steps; i++) {
            batch.tape.word[i] = text->word[at + i];
            batch.tape.target[i] = text->word[at + i + 1];
            wanted += text->word[at + i + 1] >= 0 ? log10(text->told[at + i]) : 0;
        }
        assert_true(batch_learn(&batch, steps, &found, NULL));
        assert_near(found, wanted, TOLERANCE);
        for (size_t i = 0; i < steps; i++)
            if (text->word[at + i + 1] >= 0)
                assert_near(batch.prob[i], text->told[at + i], TOLERANCE);
    }
    if (!text->independent || text->word[LENGTH] != WORD_END) {
        batch_values(&batch, 0, value);
        assert_end(text, value);
    }
    free(value);
    batch_free(&batch);
    pool_free(pool);
}

static void check_learner(struct text *text)
{
    const struct learning_rule rule = {
        .bptt = 3, .bptt_block = 4, .independent = text->independent};
    struct learner learner;
    float *value = calloc(text->network.state, sizeof *value);
    assert_true(learner_init(&learner, &text->network, &rule, NULL));
    learner_start(&learner, STATE_TEXT, NULL);
    for (size_t i = 0; i < LENGTH; i++) {
        learner.counter++;
        assert_near(learner_step(&learner, text->word[i], text->word[i + 1]), text->prob[i],
                    TOLERANCE);
    }
    if (!text->independent || text->word[LENGTH] != WORD_END) {
        learner_values(&learner, value);
        assert_end(text, value);
    }
    free(value);
    learner_free(&learner);
}

static void every_way_finds_the_same(void **state)
{
    (void)state;
    const struct stacks stacks = all_stacks();
    for (size_t i = 0; i < 4 * stacks.count; i++) {
        struct text text;
        begin_text(&text, stacks.layers[i / 4], i % 2 == 0 ? 0 : 101, i / 2 % 2 == 1);
        check_plain(&text);
        check_march(&text);
        check_steps(&text);
        check_batches(&text);
        check_learner(&text);
        end_text(&text);
    }
}

// ---- weights in bfloat16 ------------------------------------------------------------------------

// The same network with the tables, rows of words and hash rounded to bfloat16, in arrays of its own;
// `rounded` (which has the same shape) gets the rounded weights as floats.
static void make_halves(struct network *halves, struct network *rounded)
{
    struct classes classes;
    const struct network_shape *shape = &rounded->shape;
    assert_true(
        classes_from_words(&classes, rounded->classes.of_word, shape->words, shape->classes, NULL));
    assert_true(network_outline(halves, shape, &classes, NULL));
    for (size_t p = 0; p < halves->parameters; p++) {
        struct parameter *to = &halves->parameter[p];
        const struct parameter *from = &rounded->parameter[p];
        if (to->use != PARAMETER_EACH_WORD && to->use != PARAMETER_BIAS &&
            to->use != PARAMETER_DIAGONAL) {
            to->type = PARAMETER_BFLOAT16;
            to->stride = parameter_stride(to->use, to->type, to->width);
        }
        to->data = memory_new(parameter_count(to) + 64, sizeof(float), NULL);
        assert_non_null(to->data);
        for (size_t i = 0; i < to->rows * to->width; i++) {
            float *weight = parameter_weight(from, i);
            if (to->type == PARAMETER_FLOAT) {
                *parameter_weight(to, i) = *weight;
                continue;
            }
            uint16_t half = bfloat16_from(*weight);
            parameter_half_row(to, i / to->width)[i % to->width] = half;
            *weight = bfloat16_to(half);
        }
    }
    network_borrowed(halves);
    assert_true(halves->halves);
}

static void free_halves(struct network *halves)
{
    for (size_t p = 0; p < halves->parameters; p++)
        free(halves->parameter[p].data);
    network_free(halves);
}

// Activations are rounded to eight bits where they are multiplied.
static void halves_are_nearly_as_good(void **state)
{
    (void)state;
    const struct stacks stacks = all_stacks();
    for (size_t i = 0; i < stacks.count; i++) {
        const struct network_shape shape = new_shape(WORDS, stacks.layers[i], 4, 101, 3);
        struct network rounded;
        struct text text = {.independent = i % 2 == 0}, same = text;
        begin_text(&same, stacks.layers[i], 101, text.independent);
        memcpy(text.word, same.word, sizeof text.word);
        make_network(&rounded, &shape, 14, RANGE);
        make_halves(&text.network, &rounded);
        for (size_t p = 0; p < rounded.parameters; p++) // score() again with rounded weights
            memcpy(same.network.parameter[p].data, rounded.parameter[p].data,
                   parameter_bytes(&rounded.parameter[p]));
        free(same.end);
        score(&same);
        score(&text);
        double off = 0;
        for (size_t j = 0; j < LENGTH; j++)
            off = fmax(off, fabs(text.prob[j] - same.prob[j]));
        print_message("%-54s %.1e\n", stacks.layers[i], off);
        assert_true(off < 2e-3);
        check_march(&text);
        free(text.end);
        free_halves(&text.network);
        network_free(&rounded);
        end_text(&same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_finds_the_same),
        cmocka_unit_test(halves_are_nearly_as_good),
    };
    return cmocka_run_group_tests_name("passes", tests, NULL, NULL);
}
