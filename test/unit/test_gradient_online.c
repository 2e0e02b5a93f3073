// The gradients of learning word by word, against central differences of the network's definition in
// double precision (plain_network.h), for every kind of layer, stacked.
//
// The learner has no gradients to look at: it moves the weights as it goes. They are seen in two
// ways. With a learning rate of 0 up to the last word of a pass, that word's move divided by its
// rate is the gradient: of the pass for layers that it goes through, of the last target for the rest
// of the network. And with a small rate r all along, moves divided by r are the gradient of all
// words, off by c r + d r^2 + ..., because the errors of later words are those of weights that have
// moved already; moves at r, 2r and 4r are combined so that c and d drop out: (8 g(r) - 6 g(2r) +
// g(4r)) / 3. Weights of up to 1 are rounded by up to 3e-8 at each move; about ten moves that add
// like a random walk give 1e-7 / r * 8/3 = 1.4e-4 at r = 1/512.
#include "plain_network.h"

#include "learn/learner.h"
#include "stacks.h"
#include "text/vocabulary.h"

static const double STEP = 1e-5, LAST_RATE = 64, RATE = 1.0 / 512;

// Relative to the largest gradient of a parameter; in small steps to 1 where that is less.
static const double TOLERANCE = 5e-6, RATE_TOLERANCE = 5e-4;

// Gradients below this would show how weights are rounded: a move of LAST_RATE times as much is off by
// 3e-8.
static const double LEAST = 3e-4;

enum { MOST_STEPS = 300, MOST_WINDOWS = 16, MOST_SAMPLES = 80, WORDS = 13, CLASSES = 4 };

// One pass back through time: it begins with the state after `from` steps, which it takes as given,
// and carries the errors of the targets of steps first..last (counted from 1) down to there.
struct window {
    size_t from, first, last;
};

struct course {
    const char *layers;
    size_t maxent;
    int maxent_order;
    struct learning_rule rule; // but for alpha
    const int32_t *text;       // step t takes in text[t-1] and predicts text[t]
    size_t steps;
    float start; // values of the state before the text
    size_t windows;
    struct window window[MOST_WINDOWS];
    double range; // of the weights
};

static void make_course_network(const struct course *course, struct network *network)
{
    struct network_shape shape =
        new_shape(WORDS, course->layers, CLASSES, course->maxent, course->maxent_order);
    make_network(network, &shape, 7, course->range);
}

static float *start_values(const struct course *course, const struct network *network)
{
    float *value = calloc(network->state, sizeof *value);
    assert_non_null(value);
    for (size_t l = 0; l < network->advanced; l++)
        for (size_t i = 0; i < network->layer[l].floats; i++)
            if (i % network->layer[l].row < network->layer[l].units)
                value[network->layer[l].at + i] = course->start;
    return value;
}

// ---- wanted -----------------------------------------------------------------------------------

static struct plain_state states[MOST_STEPS + 1]; // of the text, with the weights as they are

static void find_states(const struct course *course, const struct plain *plain)
{
    float *value = start_values(course, plain->network);
    memset(&states[0], 0, sizeof states[0]);
    plain_set_values(plain, value, &states[0]);
    for (size_t t = 1; t <= course->steps; t++)
        plain_step(plain, &states[t - 1], course->text[t - 1], &states[t]);
    free(value);
}

// Sum of the log probabilities of a window's targets. In the step that takes in the state before the
// whole text, recurrent matrices of Elman layers are those of `fixed`, because the learner (as the
// reference) counts that state as 0 in their gradient in all but the newest step.
static double window_log_prob(const struct course *course, const struct window *window,
                              const struct plain *plain, const struct plain *fixed)
{
    struct plain_state before = states[window->from], after;
    double sum = 0;
    for (size_t t = window->from + 1; t <= window->last; t++) {
        bool uncounted = t == 1 && window->last > 1;
        plain_step_from(plain, uncounted ? fixed : plain, &before, course->text[t - 1], &after);
        if (t >= window->first && course->text[t] >= 0)
            sum += log(plain_prob(plain, &after, course->text[t]));
        before = after;
    }
    return sum;
}

// NAN where the two sides disagree: a unit is at its kink.
static double difference(const struct course *course, const struct plain *plain,
                         const struct plain *fixed, double *weight)
{
    double old = *weight, sum[3] = {0};
    for (int side = 0; side < 3; side++) {
        *weight = old + STEP * (side - 1);
        for (size_t w = 0; w < course->windows; w++)
            sum[side] += window_log_prob(course, &course->window[w], plain, fixed);
    }
    *weight = old;
    double bend = (sum[0] - 2 * sum[1] + sum[2]) / STEP;
    return fabs(bend) < 1e-2 ? (sum[2] - sum[0]) / (2 * STEP) : NAN;
}

// ---- found ------------------------------------------------------------------------------------

// What the learner has moved a network's weights by, per unit of the learning rate, which is 0 in all
// but the last step if `last_only`.
static struct plain learner_moves(const struct course *course, const struct plain *before,
                                  double rate, bool last_only)
{
    struct network network;
    struct learner learner;
    make_course_network(course, &network);
    float *value = start_values(course, &network);
    assert_true(learner_init(&learner, &network, &course->rule, NULL));
    learner_start(&learner, STATE_STORED, value);
    for (size_t t = 1; t <= course->steps; t++) {
        learner.counter++;
        learner.rule.alpha = t == course->steps || !last_only ? (float)rate : 0;
        learner_step(&learner, course->text[t - 1], course->text[t]);
    }
    struct plain moves = plain_new(&network);
    moves.network = before->network;
    for (size_t p = 0; p < network.parameters; p++)
        for (size_t i = 0; i < plain_count(&moves, p); i++)
            moves.weight[p][i] = (moves.weight[p][i] - before->weight[p][i]) / rate;
    learner_free(&learner);
    network_free(&network);
    free(value);
    return moves;
}

// ---- compared ---------------------------------------------------------------------------------

struct worst {
    double error;
    char parameter[PARAMETER_NAME];
    double largest[PLAIN_PARAMETERS]; // gradient
    bool seen[PLAIN_PARAMETERS];
    size_t compared, skipped;
};

// Largest difference of found and wanted gradients, relative to the largest gradient, or to `least`.
// A tied table has two parts to play: `as_output` (or NULL) is its copy for that of the output, which
// learns along `word`.
static double compare_parameter(const struct course *course, struct plain *plain,
                                const struct plain *fixed, const double *found, size_t p,
                                const struct course *word, double *as_output, double least,
                                struct worst *worst)
{
    size_t count = plain_count(plain, p), step = count / MOST_SAMPLES + 1;
    double largest = least, error = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(found[i]));
    worst->seen[p] = true;
    worst->largest[p] = fmax(worst->largest[p], largest);
    for (size_t i = 0; i < count; i += step) {
        double wanted = difference(course, plain, fixed, &plain->weight[p][i]);
        if (as_output != NULL && plain->network->parameter[p].use == PARAMETER_BY_BOTH)
            wanted += difference(word, plain, fixed, &as_output[i]);
        worst->compared++;
        worst->skipped += isnan(wanted);
        if (!isnan(wanted) && wanted != found[i])
            error = fmax(error, fabs(found[i] - wanted) / fmax(largest, fabs(wanted)));
    }
    if (error >= worst->error) {
        worst->error = error;
        strcpy(worst->parameter, plain->network->parameter[p].name);
    }
    return error;
}

// The rows of words that the output has, apart from the table that they are tied to; to be freed.
static double *copy_words(struct plain *plain)
{
    size_t count = plain_count(plain, (size_t)(plain->network->tied - plain->network->parameter));
    double *copy = malloc(count * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, plain->words, count * sizeof *copy);
    plain->words = copy;
    return copy;
}

// The course up to the end of its window number w, whose last word alone is learnt from. Layers that
// the pass does not go through have the gradient of the last target.
static double compare_window(const struct course *course, size_t w, const char *parameter,
                             struct worst *worst)
{
    struct course pass = *course, word = *course;
    struct network network;
    double error = 0;
    pass.windows = word.windows = 1;
    pass.window[0] = course->window[w];
    pass.steps = word.steps = course->window[w].last;
    word.window[0] = (struct window){pass.steps - 1, pass.steps, pass.steps};
    make_course_network(course, &network);
    struct plain plain = plain_new(&network), fixed = plain_new(&network);
    struct plain moves = learner_moves(&pass, &plain, LAST_RATE, true);
    double *as_output = network.tied != NULL ? copy_words(&plain) : NULL;
    find_states(&pass, &plain);
    for (size_t p = 0; p < network.parameters; p++) {
        const char *name = network.parameter[p].name;
        size_t l = strncmp(name, "layer", 5) == 0 ? (size_t)(name[5] - '0') : SIZE_MAX;
        if (parameter == NULL || strcmp(parameter, name) == 0)
            error =
                fmax(error, compare_parameter(l < network.advanced ? &pass : &word, &plain, &fixed,
                                              moves.weight[p], p, &word, as_output, 0, worst));
    }
    free(as_output);
    plain_free(&moves);
    plain_free(&plain);
    plain_free(&fixed);
    network_free(&network);
    return error;
}

static void check_course(const struct course *course)
{
    struct worst worst = {.parameter = ""};
    for (size_t w = 0; w < course->windows; w++)
        compare_window(course, w, NULL, &worst);
    print_message("%-54s hash %3zu  %.1e %s\n", course->layers, course->maxent, worst.error,
                  worst.parameter);
    if (!(worst.error <= TOLERANCE))
        fail_msg("%s: a gradient of %s is off by %g of the largest", course->layers,
                 worst.parameter, worst.error);
    assert_true(worst.skipped * 100 <= worst.compared);
    for (size_t p = 0; p < PLAIN_PARAMETERS; p++)
        if (worst.seen[p] && !(worst.largest[p] > LEAST))
            fail_msg("%s: gradients of parameter %zu are too small to be a test: %g",
                     course->layers, p, worst.largest[p]);
}

// All words of all windows at a small rate.
static void check_small_steps(const struct course *course)
{
    struct worst worst = {.parameter = ""};
    struct network network;
    struct plain moves[3];
    make_course_network(course, &network);
    struct plain plain = plain_new(&network), fixed = plain_new(&network);
    for (int i = 0; i < 3; i++)
        moves[i] = learner_moves(course, &plain, RATE * (1 << i), false);
    find_states(course, &plain);
    for (size_t p = 0; p < network.parameters; p++) {
        for (size_t i = 0; i < plain_count(&plain, p); i++)
            moves[0].weight[p][i] =
                (8 * moves[0].weight[p][i] - 6 * moves[1].weight[p][i] + moves[2].weight[p][i]) / 3;
        compare_parameter(course, &plain, &fixed, moves[0].weight[p], p, NULL, NULL, 1, &worst);
    }
    print_message("%-54s hash %3zu  %.1e %s, in small steps\n", course->layers, course->maxent,
                  worst.error, worst.parameter);
    if (!(worst.error <= RATE_TOLERANCE))
        fail_msg("%s: a gradient of %s is off by %g of the largest", course->layers,
                 worst.parameter, worst.error);
    for (int i = 0; i < 3; i++)
        plain_free(&moves[i]);
    plain_free(&plain);
    plain_free(&fixed);
    network_free(&network);
}

// The weights of the lowest layer that sees the state before.
static const char *first_from_state(const struct course *course)
{
    return strncmp(course->layers, "sru", 3) == 0           ? "layer0.cell"
           : strncmp(course->layers, "qrnn", 4) == 0        ? "layer0.input"
           : strncmp(course->layers, "projection", 10) == 0 ? "layer1.recurrent"
                                                            : "layer0.recurrent";
}

// What a wrong window would give is far outside of the tolerance.
static void check_that_window_matters(const struct course *course, size_t w, size_t from)
{
    struct course wrong = *course;
    struct worst worst = {.parameter = ""};
    wrong.window[w].from = from;
    double error = compare_window(&wrong, w, first_from_state(course), &worst);
    if (!(error > 50 * TOLERANCE))
        fail_msg("%s: a window from step %zu makes no difference (%g)", course->layers, from,
                 error);
}

// ---- courses ----------------------------------------------------------------------------------

// 13 words in 4 classes; OOVs as target, as input, and within histories.
static const int32_t TEXT[] = {0, 3, 12, 3, 5, WORD_OOV, 9, 1, 3, 12, 4, 0, 7};

// Logits of words in clusters are products of two weights, and grow with what a layer hands up.
static double course_range(const char *layers)
{
    return strstr(layers, "elu adaptive") != NULL ? 0.5 : stack_range(layers);
}

static struct course new_course(const char *layers)
{
    struct course course = {.layers = layers,
                            .maxent_order = 4,
                            .rule = {.bptt = 8, .bptt_block = 8},
                            .text = TEXT,
                            .steps = 8,
                            .windows = 1,
                            .window = {{0, 1, 8}},
                            .range = course_range(layers)};
    return course;
}

static const char *const recurrent[] = {
    "elman:18",
    "elman:5,compression:4",
    "lstm:18",
    "lstm:5,elman:6:tanh",
    "elman:5,lstm:5,compression:3",
    "gru:18",
    "elman:5,gru:6,compression:3",
    "sru:18",
    "elman:5,sru:6,compression:3",
    "jordan:18",
    "jordan:5:tanh,elman:6",
    "qrnn:18",
    "elman:5,qrnn:6",
    "projection:5,elman:6",
};
enum { RECURRENT = sizeof recurrent / sizeof recurrent[0] };

// A pass to the beginning of the text.
static void every_stack(void **state)
{
    (void)state;
    const struct stacks stacks = all_stacks();
    for (size_t i = 0; i < stacks.count; i++)
        for (int hash = 0; hash < 2; hash++) {
            struct course course = new_course(stacks.layers[i]);
            course.maxent = hash ? 101 : 0;
            check_course(&course);
            check_small_steps(&course);
        }
}

static void the_window_matters(void **state)
{
    (void)state;
    for (size_t i = 0; i < RECURRENT; i++) {
        struct course course = new_course(recurrent[i]);
        check_that_window_matters(&course, 0, 2);
    }
}

// Small enough for runs to collide, to reach the end, and for a start at 0.
static void direct_connections(void **state)
{
    (void)state;
    struct course course = new_course("elman:18");
    for (course.maxent = 21; course.maxent < 100; course.maxent += 19) {
        check_course(&course);
        check_small_steps(&course);
    }
}

// The state before the text counts as 0 in Elman layers but for the newest step: only a start other
// than 0 shows.
static void start_other_than_0(void **state)
{
    (void)state;
    const struct stacks stacks = all_stacks();
    for (size_t i = 0; i < stacks.count; i++) {
        struct course course = new_course(stacks.layers[i]);
        course.start = 0.7f;
        check_course(&course);
        course.steps = 1; // the newest step is the first one
        course.rule.bptt_block = 1;
        course.window[0] = (struct window){0, 1, 1};
        check_course(&course);
    }
}

// Two steps for the oldest word of a block of 4: windows reach 2 + 4 - 1 = 5 steps back.
static void truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < RECURRENT; i++) {
        struct course course = new_course(recurrent[i]);
        course.rule.bptt = 2;
        course.rule.bptt_block = 4;
        course.steps = 12;
        course.windows = 3;
        course.window[0] = (struct window){0, 1, 4};
        course.window[1] = (struct window){3, 5, 8};
        course.window[2] = (struct window){7, 9, 12};
        check_course(&course);
        check_small_steps(&course);
        check_that_window_matters(&course, 1, 2);
        check_that_window_matters(&course, 1, 4);
        check_that_window_matters(&course, 2, 6);
    }
}

static void block_of_one_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < RECURRENT; i++) {
        struct course course = new_course(recurrent[i]);
        course.rule.bptt = 2;
        course.rule.bptt_block = 1;
        course.steps = 4;
        course.windows = 4;
        course.window[0] = (struct window){0, 1, 1};
        course.window[1] = (struct window){0, 2, 2};
        course.window[2] = (struct window){1, 3, 3};
        course.window[3] = (struct window){2, 4, 4};
        check_course(&course);
        check_small_steps(&course);
    }
}

static void no_steps_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < RECURRENT; i++) {
        struct course course = new_course(recurrent[i]);
        course.start = 0.3f;
        course.rule.bptt = 0;
        course.windows = 0;
        for (size_t t = 1; t <= course.steps; t++)
            if (course.text[t] >= 0)
                course.window[course.windows++] = (struct window){t - 1, t, t};
        check_course(&course);
        check_small_steps(&course);
    }
}

// Every word is a target, in clusters with and without classes.
static void clusters(void **state)
{
    (void)state;
    static const char *const layers[] = {"elman:18 adaptive:3,6,9/2", "elman:5 adaptive:1/3,8",
                                         "lstm:33 adaptive:11/1", "elman:5 adaptive:1,4/2/2",
                                         "lstm:18 adaptive:1/3/2,8/1/3"};
    static const int32_t text[] = {0, 3, 12, 3, 5, 6, WORD_OOV, 8, 9, 10, 11, 1, 4, 2, 7, 0};
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        struct course course = new_course(layers[i]);
        course.text = text;
        course.steps = sizeof text / sizeof text[0] - 1;
        course.range = 0.5; // in small steps two moves of a product meet
        course.rule.bptt = 0;
        course.windows = 0;
        for (size_t t = 1; t <= course.steps; t++)
            if (course.text[t] >= 0)
                course.window[course.windows++] = (struct window){t - 1, t, t};
        check_course(&course);
        check_small_steps(&course);
    }
}

// Independent sentences: </s> ends a block.
static void end_of_independent_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < RECURRENT; i++) {
        struct course course = new_course(recurrent[i]);
        course.text = (const int32_t[]){0, 4, 11, 0};
        course.steps = 3;
        course.rule.independent = true;
        course.window[0] = (struct window){0, 1, 3};
        course.start = 1;
        check_course(&course);
        check_small_steps(&course);
    }
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
    for (size_t i = 0; i < 2 * RECURRENT; i++) {
        struct course course = new_course(recurrent[i / 2]);
        size_t size = i % 2 == 0 ? 4 : 6;
        course.text = text;
        course.rule.bptt = 3;
        course.rule.bptt_block = (int64_t)size;
        course.steps = i % 2 == 0 ? 200 : 204;
        course.start = 0.1f;
        course.range *= 0.7; // a chaotic network's rounding grows without bound
        for (size_t t = course.steps - size; t <= course.steps; t++)
            text[t] = 1 + (int32_t)(t % 12);
        course.window[0] =
            (struct window){course.steps - size - 2, course.steps - size + 1, course.steps};
        check_course(&course);
        check_that_window_matters(&course, 0, course.steps - size - 1);
        check_that_window_matters(&course, 0, course.steps - size - 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stack),
        cmocka_unit_test(the_window_matters),
        cmocka_unit_test(direct_connections),
        cmocka_unit_test(start_other_than_0),
        cmocka_unit_test(truncation),
        cmocka_unit_test(block_of_one_word),
        cmocka_unit_test(no_steps_back),
        cmocka_unit_test(clusters),
        cmocka_unit_test(end_of_independent_sentence),
        cmocka_unit_test(far_into_a_text),
    };
    return cmocka_run_group_tests_name("online gradient", tests, NULL, NULL);
}
