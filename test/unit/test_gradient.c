// The gradients of the learner against finite differences of the network's definition in double
// precision.
//
// The learner has no gradients to look at: it moves the weights as it goes. At a small learning
// rate r its move divided by r is the gradient, off by c r + d r^2 + ..., because the errors of
// later words are those of weights that have moved already, and by the rounding of float weights
// over r. Moves at r, 2r and 4r are combined so that c and d drop out: (8 g(r) - 6 g(2r) + g(4r)) /
// 3. Weights of up to 1 are rounded by up to 3e-8 at each move; about ten moves that add like a
// random walk give 1e-7 / r * 8/3 = 1.4e-4 at r = 1/512. What is left of the rest is of the order
// of r^3. TOLERANCE, relative to 1 + the gradient, is a few times the sum.
#include "plain_network.h"

#include "net/learner.h"
#include "net/state.h"
#include "text/vocabulary.h"

static const double RATE = 1.0 / 512, TOLERANCE = 4e-4;

enum { MOST_STEPS = 300, MOST_HIDDEN = 20, MOST_WINDOWS = 16 };

// One pass back through time: it begins at the hidden layer after `from` steps, which it takes as
// given, and carries the errors of the targets of steps first..last (counted from 1) down to there.
struct window {
    size_t from, first, last;
};

struct course {
    struct network_shape shape;
    struct learning_rule rule; // but for alpha
    const int32_t *text;       // step t takes in text[t-1] and predicts text[t]
    size_t steps;
    size_t silent; // steps at the beginning at which the learning rate is 0
    float start;   // hidden layer before the text
    size_t windows;
    struct window window[MOST_WINDOWS];
};

// ---- wanted -----------------------------------------------------------------------------------

typedef double hidden_layers[MOST_STEPS + 1][MOST_HIDDEN];

static void history_before(const struct course *course, size_t step, int32_t *history)
{
    memset(history, 0, MAXENT_MOST_ORDER * sizeof *history);
    for (size_t t = 1; t <= step; t++)
        history_push(history, course->text[t - 1]);
}

// Sum of the log probabilities of a window's targets. The layer before the window is that of
// `fixed`; so is, in the step that takes in the layer before the whole text, the recurrent matrix,
// because the learner (as the reference) counts that layer as 0 in the gradient of all but the
// newest step.
static double window_log_prob(const struct course *course, const struct window *window,
                              const struct plain *plain, const struct plain *fixed,
                              hidden_layers layers)
{
    double before[MOST_HIDDEN], after[MOST_HIDDEN], sum = 0;
    int32_t history[MAXENT_MOST_ORDER];
    memcpy(before, layers[window->from], sizeof before);
    history_before(course, window->from, history);
    for (size_t t = window->from + 1; t <= window->last; t++) {
        bool uncounted = t == 1 && window->last > 1;
        plain_forward(plain, (uncounted ? fixed : plain)->weight[RECURRENT], before,
                      course->text[t - 1], after);
        history_push(history, course->text[t - 1]);
        if (t >= window->first && course->text[t] >= 0)
            sum += log(plain_prob(plain, after, history, course->text[t]));
        memcpy(before, after, sizeof before);
    }
    return sum;
}

static void all_layers(const struct course *course, const struct plain *plain, hidden_layers layers)
{
    for (size_t i = 0; i < course->shape.hidden; i++)
        layers[0][i] = (double)course->start;
    for (size_t t = 1; t <= course->steps; t++)
        plain_forward(plain, plain->weight[RECURRENT], layers[t - 1], course->text[t - 1],
                      layers[t]);
}

static double difference(const struct course *course, const struct plain *plain,
                         const struct plain *fixed, double *weight, hidden_layers layers)
{
    const double step = 1e-5, old = *weight;
    double sum[2] = {0, 0};
    for (int side = 0; side < 2; side++) {
        *weight = side == 0 ? old - step : old + step;
        for (size_t w = 0; w < course->windows; w++)
            sum[side] += window_log_prob(course, &course->window[w], plain, fixed, layers);
    }
    *weight = old;
    return (sum[1] - sum[0]) / (2 * step);
}

// ---- found ------------------------------------------------------------------------------------

static void make_course_network(const struct course *course, struct network *network)
{
    make_network(network, &course->shape, 7, 1);
}

// What the learner has moved a network's weights by, per unit of the learning rate.
static struct plain learner_moves(const struct course *course, double rate)
{
    struct network network;
    struct learner learner;
    struct error error;
    make_course_network(course, &network);
    struct plain before = plain_new(&network);
    assert_true(learner_init(&learner, &network, &course->rule, &error));
    learner_start(&learner, course->start, NULL);
    for (size_t t = 1; t <= course->steps; t++) {
        learner.counter++;
        learner.rule.alpha = t > course->silent ? (float)rate : 0;
        learner_step(&learner, course->text[t - 1], course->text[t]);
    }
    struct plain after = plain_new(&network);
    for (int m = 0; m < MATRICES; m++)
        for (size_t i = 0; i < plain_count(&after, m); i++)
            after.weight[m][i] = (after.weight[m][i] - before.weight[m][i]) / rate;
    plain_free(&before);
    learner_free(&learner);
    network_free(&network);
    return after;
}

// ---- compared ---------------------------------------------------------------------------------

// Largest difference of found and wanted in units of the tolerance, for each matrix; *largest is
// the largest gradient seen in it.
static double worst_difference(const struct course *course, int m, double *largest)
{
    static hidden_layers layers;
    struct network network;
    make_course_network(course, &network);
    struct plain plain = plain_new(&network), fixed = plain_new(&network);
    struct plain moves[3];
    for (int i = 0; i < 3; i++)
        moves[i] = learner_moves(course, RATE * (1 << i));
    double worst = 0;
    *largest = 0;
    all_layers(course, &fixed, layers);
    for (size_t i = 0; i < plain_count(&plain, m); i++) {
        double wanted = difference(course, &plain, &fixed, &plain.weight[m][i], layers);
        double found =
            (8 * moves[0].weight[m][i] - 6 * moves[1].weight[m][i] + moves[2].weight[m][i]) / 3;
        worst = fmax(worst, fabs(found - wanted) / (TOLERANCE * (1 + fabs(wanted))));
        *largest = fmax(*largest, fabs(wanted));
    }
    plain_free(&plain);
    plain_free(&fixed);
    for (int i = 0; i < 3; i++)
        plain_free(&moves[i]);
    network_free(&network);
    return worst;
}

static const char *const matrix_name[MATRICES] = {"embedding", "recurrent", "compression", "output",
                                                  "hash"};

static void check_gradients(const struct course *course)
{
    for (int m = 0; m < MATRICES; m++) {
        double largest;
        double worst = worst_difference(course, m, &largest);
        if (getenv("GRADIENT_VERBOSE") != NULL)
            print_message("%s: %g of the tolerance, largest gradient %g\n", matrix_name[m], worst,
                          largest);
        bool absent = (m == COMPRESSION && course->shape.compression == 0) ||
                      (m == MAXENT && course->shape.maxent == 0);
        if (!(worst <= 1))
            fail_msg("%s: a gradient is off by %g times the tolerance", matrix_name[m], worst);
        if (!absent && !(largest > 100 * TOLERANCE))
            fail_msg("%s: gradients are too small to be a test", matrix_name[m]);
    }
}

// What a wrong window would give is far outside of the tolerance.
static void check_that_window_matters(const struct course *course, size_t w, size_t from)
{
    struct course wrong = *course;
    double largest;
    wrong.window[w].from = from;
    double worst = worst_difference(&wrong, RECURRENT, &largest);
    if (!(worst > 5))
        fail_msg("a window from step %zu makes no difference (%g)", from, worst);
}

// ---- courses ----------------------------------------------------------------------------------

// 13 words in 4 classes; OOVs as target, as input, and within histories.
static const int32_t TEXT[] = {0, 3, 12, 3, 5, WORD_OOV, 9, 1, 3, 12, 4, 0, 7};

static struct course basic_course(void)
{
    struct course course = {.shape = {.words = 13, .hidden = 18, .classes = 4},
                            .rule = {.bptt = 9, .bptt_block = 8},
                            .text = TEXT,
                            .steps = 8,
                            .windows = 1,
                            .window = {{0, 1, 8}}};
    return course;
}

static void hidden_and_output_layer(void **state)
{
    (void)state;
    struct course course = basic_course();
    check_gradients(&course);
    check_that_window_matters(&course, 0, 2);
}

static void compression_layer(void **state)
{
    (void)state;
    struct course course = basic_course();
    course.shape.compression = 5;
    check_gradients(&course);
}

static void direct_connections(void **state)
{
    (void)state;
    struct course course = basic_course();
    course.shape.maxent_order = 4;
    // Small enough for runs to collide, to reach the end, and for a start at 0.
    for (course.shape.maxent = 21; course.shape.maxent < 100; course.shape.maxent += 19)
        check_gradients(&course);
}

static void everything_at_once(void **state)
{
    (void)state;
    struct course course = basic_course();
    course.shape.compression = 17;
    course.shape.maxent = 101;
    course.shape.maxent_order = 3;
    check_gradients(&course);
}

// The layer before the text counts as 0 but for the newest step: only a start other than 0 shows.
static void start_other_than_0(void **state)
{
    (void)state;
    struct course course = basic_course();
    course.start = 0.7f;
    check_gradients(&course);
    course.steps = 1; // the newest step is the first one
    course.rule.bptt_block = 1;
    course.window[0] = (struct window){0, 1, 1};
    check_gradients(&course);
}

// Stored 3 means two steps for the oldest word of a block of 4: windows reach 3 + 4 - 2 = 5 steps
// back.
static void truncation(void **state)
{
    (void)state;
    struct course course = basic_course();
    course.rule.bptt = 3;
    course.rule.bptt_block = 4;
    course.steps = 12;
    course.windows = 3;
    course.window[0] = (struct window){0, 1, 4};
    course.window[1] = (struct window){3, 5, 8};
    course.window[2] = (struct window){7, 9, 12};
    check_gradients(&course);
    check_that_window_matters(&course, 1, 2);
    check_that_window_matters(&course, 1, 4);
    check_that_window_matters(&course, 2, 6);
}

static void block_of_one_word(void **state)
{
    (void)state;
    struct course course = basic_course();
    course.rule.bptt = 3;
    course.rule.bptt_block = 1;
    course.steps = 4;
    course.windows = 4;
    course.window[0] = (struct window){0, 1, 1};
    course.window[1] = (struct window){0, 2, 2};
    course.window[2] = (struct window){1, 3, 3};
    course.window[3] = (struct window){2, 4, 4};
    check_gradients(&course);
}

static void no_steps_back(void **state)
{
    (void)state;
    for (int64_t stored = 0; stored <= 1; stored++) {
        struct course course = basic_course();
        course.start = 0.3f;
        course.rule.bptt = stored;
        course.windows = 0;
        for (size_t t = 1; t <= course.steps; t++)
            if (course.text[t] >= 0)
                course.window[course.windows++] = (struct window){t - 1, t, t};
        check_gradients(&course);
    }
}

// Independent sentences: </s> ends a block.
static void end_of_independent_sentence(void **state)
{
    (void)state;
    struct course course = basic_course();
    course.text = (const int32_t[]){0, 4, 11, 0};
    course.steps = 3;
    course.rule.independent = true;
    course.window[0] = (struct window){0, 1, 3};
    course.start = STATE_INDEPENDENT;
    check_gradients(&course);
}

// The kept steps have slid several times when learning begins, and slide again within the block.
static void far_into_a_text(void **state)
{
    (void)state;
    static int32_t text[MOST_STEPS + 1];
    struct random random;
    random_seed(&random, 5);
    for (size_t i = 0; i <= MOST_STEPS; i++)
        text[i] = random_next(&random) % 14 - 1;
    for (int64_t block = 4; block <= 6; block += 2) {
        struct course course = basic_course();
        size_t size = (size_t)block;
        course.text = text;
        course.rule.bptt = 4;
        course.rule.bptt_block = block;
        course.steps = block == 4 ? 200 : 204;
        course.silent = course.steps - size;
        course.start = 0.1f;
        for (size_t t = course.silent; t <= course.steps; t++)
            text[t] = 1 + (int32_t)(t % 12);
        course.window[0] =
            (struct window){course.steps - size - 2, course.steps - size + 1, course.steps};
        check_gradients(&course);
        check_that_window_matters(&course, 0, course.steps - size - 1);
        check_that_window_matters(&course, 0, course.steps - size - 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hidden_and_output_layer),     cmocka_unit_test(compression_layer),
        cmocka_unit_test(direct_connections),          cmocka_unit_test(everything_at_once),
        cmocka_unit_test(start_other_than_0),          cmocka_unit_test(truncation),
        cmocka_unit_test(block_of_one_word),           cmocka_unit_test(no_steps_back),
        cmocka_unit_test(end_of_independent_sentence), cmocka_unit_test(far_into_a_text),
    };
    return cmocka_run_group_tests_name("gradient", tests, NULL, NULL);
}
