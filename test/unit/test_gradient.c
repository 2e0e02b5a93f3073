// The gradients that learning in batches hands to optimisers, against central differences of the
// network's definition in double precision (plain_network.h): every kind of layer with every
// activation, stacked, with every output, with and without direct connections, independent sentences,
// dropout and penalties.
//
// Differences are exact to some 1e-9; what is left is the rounding of floats. It is measured
// relative to the largest gradient of a parameter.
#include "plain_network.h"

#include "base/bfloat16.h"
#include "learn/batch.h"
#include "learn/optimisers/kinds.h"
#include "net/outputs/nce.h"
#include "plain_dropout.h"
#include "stacks.h"
#include "text/vocabulary.h"

enum { WORDS = 13, FIRST = 7, SECOND = 4, STEPS = FIRST + SECOND };
enum { MOST_STREAMS = 35, MOST_ROWS = STEPS * MOST_STREAMS, MOST_SAMPLES = 32 };

static const double STEP = 1e-5, TOLERANCE = 5e-6;

// What a network learns from: a block of FIRST steps, and a shorter one that goes on from there.
struct course {
    const char *layers;
    size_t classes, maxent, streams, threads;
    bool independent, through_time;
    uint32_t seed; // of weights
    struct dropout_rule dropout;
    struct penalty_rule penalty;
    float self_normalise, lesson_share; // 0: none, as in net/output.h
    struct output_lesson lesson[MOST_ROWS];
    int32_t word[MOST_ROWS], target[MOST_ROWS];
};

static struct course new_course(const char *layers, size_t streams, bool independent)
{
    struct course course = {.layers = layers,
                            .classes = 4,
                            .streams = streams,
                            .threads = 1,
                            .independent = independent,
                            .through_time = true,
                            .seed = 7};
    struct random random;
    random_seed(&random, 3);
    for (size_t r = 0; r < STEPS * streams; r++) {
        course.target[r] = random_next(&random) % (WORDS + 1) - 1; // WORD_OOV among them
        if (independent && (r % 7 == 5 || r == (FIRST - 1) * streams))
            course.target[r] = WORD_END; // also at the end of a block
        course.word[r] = r < streams ? 2 : course.target[r - streams];
    }
    return course;
}

// ---- wanted -----------------------------------------------------------------------------------

struct starts {
    struct plain_state state[MOST_STREAMS];
};

// The penalties of a step; `before` is the state before it in the same block and sentence, or NULL.
static double penalties(const struct course *course, const struct plain *plain,
                        const struct plain_state *before, const struct plain_state *after)
{
    size_t top = plain->network->shape.layers - 1, units = plain->network->shape.layer[top].units;
    double out[PLAIN_UNITS], activation = 0, change = 0;
    plain_hand_up(plain, top, after->value[top][0], out);
    for (size_t i = 0; i < units; i++) {
        double moved = before != NULL ? after->value[top][0][i] - before->value[top][0][i] : 0;
        activation += out[i] * out[i];
        change += moved * moved;
    }
    return ((double)course->penalty.activation * activation +
            (double)course->penalty.change * change) /
           (double)units;
}

// What steps first..last-1 of a stream are worth from `state` on, which goes on (plain_worth()), less
// penalties. Where errors do not go through time, each step begins with the state that `fixed` has
// there.
static double stream_worth(const struct course *course, size_t b, size_t first, size_t last,
                           struct plain *plain, struct plain *fixed, struct plain_state *state)
{
    double sum = 0;
    bool goes_on = false;
    struct plain_state after, given = *state;
    for (size_t t = first; t < last; t++) {
        size_t r = t * course->streams + b;
        take_masks(plain, r - first * course->streams);
        take_masks(fixed, r - first * course->streams);
        plain_step(plain, course->through_time ? state : &given, course->word[r], &after);
        if (course->lesson_share > 0)
            plain->lesson = &course->lesson[r];
        if (course->target[r] >= 0)
            sum += plain_worth(plain, &after, course->target[r]);
        sum -= penalties(course, plain, goes_on ? state : NULL, &after);
        *state = after;
        goes_on = !(course->independent && course->target[r] == WORD_END);
        if (!course->through_time) {
            plain_step(fixed, &given, course->word[r], &after);
            given = after;
        }
        if (!goes_on) {
            plain_begin(fixed, true, state);
            given = *state;
        }
    }
    return sum;
}

// The first block, or the second, from states that `starts` has; `after` (unless NULL) are those
// behind it.
static double block_worth(const struct course *course, int block, const struct plain *plain,
                          const struct plain *fixed, const struct starts *starts,
                          struct starts *after)
{
    double sum = 0;
    struct plain *left = drop_weights(&dropped.plain, plain);
    struct plain *fixed_left = drop_weights(&dropped.fixed, fixed);
    for (size_t b = 0; b < course->streams; b++) {
        struct plain_state state = starts->state[b];
        sum += stream_worth(course, b, block == 0 ? 0 : FIRST, block == 0 ? FIRST : STEPS, left,
                            fixed_left, &state);
        if (after != NULL)
            after->state[b] = state;
    }
    return sum;
}

// NAN where the two sides disagree: a unit is at its kink.
static double difference(const struct course *course, int block, const struct plain *plain,
                         const struct plain *fixed, const struct starts *starts, double *weight)
{
    double old = *weight, middle = block_worth(course, block, plain, fixed, starts, NULL);
    *weight = old + STEP;
    double above = block_worth(course, block, plain, fixed, starts, NULL);
    *weight = old - STEP;
    double below = block_worth(course, block, plain, fixed, starts, NULL);
    *weight = old;
    double bend = (above - 2 * middle + below) / STEP;
    return fabs(bend) < 1e-2 ? (above - below) / (2 * STEP) : NAN;
}

// ---- noise ------------------------------------------------------------------------------------

static struct plain_noise noise;

// The noise of a block, as it is drawn; its shares by their definition.
static void draw_noise(uint64_t block)
{
    enum { MOST = 64 };
    static int32_t word[MOST];
    static double log_share[WORDS];
    const struct output_noise rule = small_noise();
    struct nce_noise drawn;
    double all = 0;
    for (size_t w = 0; w < WORDS; w++)
        all += pow((double)rule.count[w] + 1, rule.power);
    for (size_t w = 0; w < WORDS; w++)
        log_share[w] = log((double)rule.words * pow((double)rule.count[w] + 1, rule.power) / all);
    assert_true(rule.words <= MOST && nce_noise_init(&drawn, WORDS, &rule, NULL));
    nce_noise_draw(&drawn, block, word);
    nce_noise_free(&drawn);
    noise = (struct plain_noise){word, rule.words, log_share};
}

// ---- found ------------------------------------------------------------------------------------

// Sums of the gradients that have been taken.
static struct {
    const struct network *network;
    double *sum[PLAIN_PARAMETERS];
} taken;

static const float *term_of(const struct gradient *gradient, size_t t)
{
    size_t place = gradient->term != NULL ? (size_t)gradient->term[t] : t;
    return gradient->right + place * gradient->right_stride;
}

static double factor_of(const struct gradient *gradient, const struct parameter *parameter,
                        size_t i, size_t j)
{
    const float *factor = gradient->factor;
    assert_true(factor == NULL || factor[i * parameter->stride + j] <= gradient->most);
    return factor != NULL ? (double)factor[i * parameter->stride + j] : 1;
}

static void take_products(const struct gradient *gradient, const struct parameter *parameter,
                          double *sum)
{
    size_t width = parameter->width;
    for (size_t t = 0; t < gradient->terms; t++) {
        const float *right = term_of(gradient, t);
        double square = 0;
        for (size_t j = 0; j < width; j++)
            square += (double)right[j] * (double)right[j];
        assert_non_null(gradient->norm);
        assert_near(gradient->norm[t], square, 1e-6);
        for (size_t i = 0; i < gradient->count; i++)
            for (size_t j = 0; j < width; j++)
                sum[(gradient->first + i) * width + j] +=
                    (double)gradient->left[t * gradient->left_stride + i] * (double)right[j] *
                    factor_of(gradient, parameter, i, j);
    }
}

static void take(struct gradient_sink *sink, size_t worker, const struct gradient *gradient)
{
    const struct parameter *parameter = &taken.network->parameter[gradient->parameter];
    double *sum = taken.sum[gradient->parameter];
    size_t width = parameter->width;
    (void)sink;
    (void)worker;
    assert_true(gradient->first + gradient->count <=
                (gradient->form == GRADIENT_RUN ? width : parameter->rows));
    switch (gradient->form) {
    case GRADIENT_PRODUCTS:
        take_products(gradient, parameter, sum);
        break;
    case GRADIENT_WHOLE:
        assert_int_equal(gradient->right_stride, parameter->stride);
        for (size_t i = 0; i < gradient->count; i++)
            for (size_t j = 0; j < width; j++)
                sum[(gradient->first + i) * width + j] +=
                    (double)gradient->right[i * parameter->stride + j];
        break;
    case GRADIENT_SUM:
        assert_int_equal(gradient->count, 1);
        for (size_t t = 0; t < gradient->terms; t++)
            for (size_t j = 0; j < width; j++)
                sum[gradient->first * width + j] +=
                    (double)term_of(gradient, t)[j] * factor_of(gradient, parameter, 0, j);
        break;
    case GRADIENT_RUN:
        for (size_t i = 0; i < gradient->count; i++)
            sum[gradient->first + i] += (double)gradient->left[i];
        break;
    }
}

static void take_nothing(const struct network *network)
{
    taken.network = network;
    for (size_t p = 0; p < PLAIN_PARAMETERS; p++) {
        free(taken.sum[p]);
        taken.sum[p] = NULL;
        if (p < network->parameters)
            taken.sum[p] = calloc(network->parameter[p].rows * network->parameter[p].width + 1,
                                  sizeof(double));
    }
}

// Under sanitizers and valgrind (RNNLM_SLOW_BUILD=1), some weights of each parameter are enough.
static size_t most_samples(void)
{
    return slow_build() ? MOST_SAMPLES / 4 : MOST_SAMPLES;
}

// ---- compared ---------------------------------------------------------------------------------

struct worst {
    double error;
    const char *parameter;
    size_t compared, skipped;
};

// Some of the gradients of a parameter; all where they are few.
static void compare_parameter(const struct course *course, int block, struct plain *plain,
                              const struct plain *fixed, const struct starts *starts, size_t p,
                              struct worst *worst)
{
    size_t count = plain_count(plain, p), step = count / most_samples() + 1;
    double largest = 0, error = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(taken.sum[p][i]));
    for (size_t i = (size_t)block % step; i < count; i += step) {
        double wanted = difference(course, block, plain, fixed, starts, &plain->weight[p][i]);
        worst->compared++;
        worst->skipped += isnan(wanted);
        if (!isnan(wanted))
            error = fmax(error, fabs(taken.sum[p][i] - wanted) / fmax(largest, fabs(wanted)));
    }
    if (!(largest > 1e-3))
        fail_msg("%s: gradients of %s are too small to be a test", course->layers,
                 plain->network->parameter[p].name);
    if (!(error <= TOLERANCE))
        fail_msg("%s: a gradient of %s is off by %g of the largest", course->layers,
                 plain->network->parameter[p].name, error);
    if (error >= worst->error) {
        worst->error = error;
        worst->parameter = plain->network->parameter[p].name;
    }
}

// Values and histories that streams begin with.
static void begin_streams(struct batch *batch, const struct plain *plain, struct starts *starts)
{
    struct random random;
    random_seed(&random, 11);
    float *value = calloc(batch->network->state, sizeof *value);
    assert_non_null(value);
    for (size_t b = 0; b < batch->tape.streams; b++) {
        for (size_t l = 0; l < batch->network->advanced; l++)
            for (size_t i = 0; i < batch->network->layer[l].floats; i++)
                if (i % batch->network->layer[l].row < batch->network->layer[l].units)
                    value[batch->network->layer[l].at + i] =
                        (float)random_uniform(&random, -0.9, 0.9);
        plain_set_values(plain, value, &starts->state[b]);
        for (size_t i = 0; i < SHAPE_MOST_ORDER; i++)
            starts->state[b].history[i] = (int32_t)(i == 2 + b ? WORD_OOV : (int)(i + b) % WORDS);
        batch_start(batch, b, value, starts->state[b].history);
    }
    free(value);
}

static void compare_blocks(const struct course *course, struct batch *batch, struct plain *plain,
                           const struct plain *fixed, struct worst *worst)
{
    struct starts starts, after;
    struct course unpunished = *course;
    unpunished.penalty = (struct penalty_rule){0};
    unpunished.lesson_share = 0;
    begin_streams(batch, plain, &starts);
    for (int block = 0; block < 2; block++) {
        size_t steps = block == 0 ? FIRST : SECOND, at = block == 0 ? 0 : FIRST * course->streams;
        size_t rows = steps * course->streams;
        double log10_prob = 0;
        take_nothing(batch->network);
        memcpy(batch->tape.word, course->word + at, rows * sizeof(int32_t));
        memcpy(batch->tape.target, course->target + at, rows * sizeof(int32_t));
        if (course->lesson_share > 0)
            memcpy(batch->lesson, course->lesson + at, rows * sizeof *batch->lesson);
        assert_true(batch_learn(batch, steps, &log10_prob, NULL));
        read_factors(rows);
        plain->noise = NULL;
        plain->self_normalise = 0;
        double wanted = block_worth(&unpunished, block, plain, fixed, &starts, &after);
        assert_near(log10_prob * log(10) / (double)rows, wanted / (double)rows, 1e-6);
        draw_noise((uint64_t)block);
        plain->noise = &noise;
        plain->self_normalise = (double)course->self_normalise;
        plain->lesson_share = (double)course->lesson_share;
        for (size_t p = 0; p < batch->network->parameters; p++)
            compare_parameter(course, block, plain, fixed, &starts, p, worst);
        starts = after;
    }
}

static void check_gradients(const struct course *course)
{
    struct network network, same;
    struct batch batch;
    struct error error = {""};
    struct worst worst = {.parameter = ""};
    struct network_shape shape =
        new_shape(WORDS, course->layers, course->classes, course->maxent, 3);
    struct pool *pool = pool_new(course->threads, NULL);
    struct batch_rule rule = {.optimiser = &optimiser_rows, // who wants the squares of lengths
                              .through_time = course->through_time,
                              .independent = course->independent,
                              .dropout = course->dropout,
                              .penalty = course->penalty,
                              .noise = small_noise(),
                              .self_normalise = course->self_normalise,
                              .lesson_share = course->lesson_share};
    make_network(&network, &shape, course->seed, stack_range(course->layers));
    make_network(&same, &shape, course->seed, stack_range(course->layers));
    struct plain plain = plain_new(&network), fixed = plain_new(&network);
    if (!batch_init(&batch, &network, &rule, course->streams, FIRST, pool, &error))
        fail_msg("%s", error.text);
    batch.optimiser.sink.take = take;
    drop_nothing(&network, &batch.tape);
    compare_blocks(course, &batch, &plain, &fixed, &worst);
    free_dropped();
    assert_same_parameters(&network, &same);
    assert_true(worst.skipped * 100 <= worst.compared);
    print_message("%-46s hash %3zu%s%s%s  %.1e %s%s\n", course->layers, course->maxent,
                  course->independent ? " independent" : "",
                  course->through_time ? "" : " one step",
                  dropout_wanted(&course->dropout) ? " dropout" : "", worst.error, worst.parameter,
                  worst.skipped > 0 ? " (kinks skipped)" : "");
    batch_free(&batch);
    pool_free(pool);
    plain_free(&plain);
    plain_free(&fixed);
    network_free(&network);
    network_free(&same);
}

// In turns with running text and with sentences by themselves, with direct connections and without.
static void gradients_of_every_stack(void **state)
{
    (void)state;
    const struct stacks stacks = all_stacks();
    for (size_t i = 0; i < stacks.count; i++) {
        size_t turn = stacks.turn[i];
        struct course course = new_course(stacks.layers[i], 3, turn / 3 % 2);
        course.maxent = turn / 2 % 2 * 101;
        check_gradients(&course);
    }
}

// Without back-propagation through time every step takes the state before it for given.
static void gradients_of_one_step(void **state)
{
    (void)state;
    const struct stacks stacks = all_stacks();
    for (size_t i = 0; i < stacks.count; i++) {
        struct course course =
            new_course(stacks.layers[i], 3, strstr(stacks.layers[i], "full") == NULL);
        course.through_time = false;
        check_gradients(&course);
    }
}

// Small enough for runs to collide, to reach the end, and for a start at 0.
static void gradients_of_small_hashes(void **state)
{
    (void)state;
    for (size_t maxent = 2; maxent < 60; maxent += 19) {
        struct course course = new_course("elman:5", 2, false);
        course.maxent = maxent;
        check_gradients(&course);
    }
}

// Clusters with and without classes, leaves of one word, and leaves that several shares take.
static void gradients_of_clusters(void **state)
{
    (void)state;
    static const char *const layers[] = {"lstm:18 adaptive:3,6,9/2", "elman:5 adaptive:1/3,8",
                                         "elman:33 adaptive:11/1",   "gru:5 adaptive",
                                         "sru:5 adaptive:1,4/2/2",   "lstm:18 adaptive:1/3/2,8/1/3",
                                         "gru:5 adaptive:1/1"};
    for (size_t i = 0; i < 2 * sizeof layers / sizeof layers[0]; i++) {
        struct course course = new_course(layers[i / 2], i % 2 ? MOST_STREAMS : 5, i % 2);
        course.threads = i % 2 ? 3 : 1;
        check_gradients(&course);
    }
}

// Streams in groups, rows in chunks, and classes with so many words of the block that several share
// them.
static void gradients_of_many_streams(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct course course =
            new_course("lstm:5,elman:4,compression:3", i < 2 ? 17 : MOST_STREAMS, true);
        course.classes = i < 2 ? 4 : 2;
        course.maxent = 101;
        course.threads = 3;
        check_gradients(&course);
    }
}

static const struct dropout_rule EVERYWHERE = {.words = 0.25f,
                                               .input = 0.5f,
                                               .layers = 0.25f,
                                               .output = 0.125f,
                                               .recurrent = 0.375f,
                                               .seed = 5};

static const struct penalty_rule BOTH = {.activation = 0.5f, .change = 0.75f};

// Masks for blocks and for words, and the other ways of learning, in turns of different lengths.
static void gradients_with_everything_dropped(void **state)
{
    (void)state;
    const struct stacks stacks = all_stacks();
    for (size_t i = 0; i < stacks.count; i++) {
        size_t turn = stacks.turn[i];
        struct course course = new_course(stacks.layers[i], 3, turn / 4 % 2 == 0);
        course.dropout = EVERYWHERE;
        course.seed = 11; // few units are at a kink
        course.dropout.each_word = turn / 2 % 2 == 0;
        course.penalty = BOTH;
        course.through_time = turn / 3 % 3 > 0;
        course.maxent = turn / 8 % 2 * 101;
        check_gradients(&course);
    }
}

// Each by itself, in small stacks and deep ones.
static void gradients_with_one_thing_dropped(void **state)
{
    (void)state;
    static const char *const layers[] = {"elman:7", "lstm:6", "elman:5:tanh,elman:6:tanh",
                                         "lstm:5,lstm:4",
                                         "compression:4,lstm:5,elman:4,compression:3"};
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        for (int kind = 0; kind < 8; kind++) {
            struct course course = new_course(layers[i], 3, kind % 2 == 1);
            course.dropout = (struct dropout_rule){.words = kind == 0 ? 0.5f : 0,
                                                   .input = kind == 1 ? 0.5f : 0,
                                                   .layers = kind == 2 ? 0.5f : 0,
                                                   .output = kind == 3 ? 0.5f : 0,
                                                   .recurrent = kind == 4 ? 0.5f : 0,
                                                   .each_word = i % 2 == 1};
            course.penalty.activation = kind == 5 || kind == 7 ? 0.5f : 0;
            course.penalty.change = kind == 6 || kind == 7 ? 0.5f : 0;
            check_gradients(&course);
        }
}

static void gradients_of_many_streams_with_dropout(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct course course = new_course("lstm:5,elman:4,compression:3", MOST_STREAMS, i == 0);
        course.dropout = EVERYWHERE;
        course.dropout.each_word = i == 0;
        course.penalty = BOTH;
        course.threads = 3;
        check_gradients(&course);
    }
}

// Softmaxes whose sums are to be 1, of a whole vocabulary and of classes.
static void gradients_of_sums(void **state)
{
    (void)state;
    static const char *const layers[] = {"lstm:6", "elman:5 full", "projection:5,gru:5 tied",
                                         "projection:5,lstm:5 full tied"};
    for (size_t i = 0; i < 2 * sizeof layers / sizeof layers[0]; i++) {
        struct course course = new_course(layers[i / 2], i % 2 ? MOST_STREAMS : 5, i % 2);
        course.threads = i % 2 ? 3 : 1;
        course.self_normalise = 0.25f;
        course.maxent = i == 0 ? 101 : 0;
        check_gradients(&course);
    }
}

// A distribution in eighths, which bfloat16 has exactly.
static void say(struct random *random, size_t n, uint16_t *said)
{
    int eighths[2 * WORDS] = {0};
    for (int i = 0; i < 8; i++)
        eighths[random_next(random) % (int32_t)n]++;
    for (size_t i = 0; i < n; i++)
        said[i] = bfloat16_from((float)eighths[i] / 8);
}

// What a teacher says of all rows but some: of the classes, and of the words of the target's.
static void teach(struct course *course, uint16_t said[MOST_ROWS][2 * WORDS])
{
    struct network network;
    struct random random;
    struct network_shape shape =
        new_shape(WORDS, course->layers, course->classes, course->maxent, 3);
    random_seed(&random, 9);
    make_network(&network, &shape, course->seed, stack_range(course->layers));
    for (size_t r = 0; r < STEPS * course->streams; r++) {
        if (r % 5 == 3 || course->target[r] < 0)
            continue;
        const struct classes *classes = &network.classes;
        int32_t k = classes->of_word[course->target[r]];
        say(&random, network.shape.classes, said[r]);
        say(&random, (size_t)(classes->begin[k + 1] - classes->begin[k]), said[r] + WORDS);
        course->lesson[r] = (struct output_lesson){said[r], said[r] + WORDS};
    }
    network_free(&network);
}

static void gradients_of_lessons(void **state)
{
    (void)state;
    static uint16_t said[MOST_ROWS][2 * WORDS];
    static const char *const layers[] = {"lstm:6", "elman:5", "projection:5,gru:5 tied"};
    for (size_t i = 0; i < 2 * sizeof layers / sizeof layers[0]; i++) {
        struct course course = new_course(layers[i / 2], i % 2 ? MOST_STREAMS : 5, i % 2);
        course.threads = i % 2 ? 3 : 1;
        course.lesson_share = i == 3 ? 1 : 0.75f;
        course.self_normalise = i == 2 ? 0.25f : 0;
        course.maxent = i == 0 ? 101 : 0;
        teach(&course, said);
        check_gradients(&course);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_every_stack),
        cmocka_unit_test(gradients_of_one_step),
        cmocka_unit_test(gradients_of_small_hashes),
        cmocka_unit_test(gradients_of_clusters),
        cmocka_unit_test(gradients_of_many_streams),
        cmocka_unit_test(gradients_of_sums),
        cmocka_unit_test(gradients_of_lessons),
        cmocka_unit_test(gradients_with_everything_dropped),
        cmocka_unit_test(gradients_with_one_thing_dropped),
        cmocka_unit_test(gradients_of_many_streams_with_dropout),
    };
    int failed = cmocka_run_group_tests_name("gradient", tests, NULL, NULL);
    for (size_t p = 0; p < PLAIN_PARAMETERS; p++)
        free(taken.sum[p]);
    return failed;
}
