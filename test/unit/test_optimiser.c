// Optimisers against their formulas, written plainly in double precision: a second network with the
// same weights hands its gradients to the test, which moves weights of its own.
#include "plain_network.h"

#include "base/kernels.h"
#include "learn/batch.h"
#include "learn/held.h"
#include "learn/optimisers/kinds.h"
#include "text/vocabulary.h"

enum { WORDS = 41, STEPS = 6, BLOCKS = 5, MOST_STREAMS = 33 };

// Differences of weights, relative to 1 + the weight: entries of the hash add up many runs.
static const double TOLERANCE = 3e-5;

static const char *const stacks[] = {
    "gru:5,sru:6,elman:17,compression:3", "lstm:5,elman:17 full",
    "elman:7:tanh,lstm:7 class tied",     "lstm:5,elman:20 full tied",
    "lstm:5,elman:20 adaptive:6,12/3/2,20/5", "elman:17 tree"};
enum { STACKS = sizeof stacks / sizeof stacks[0] };

static size_t stack; // under way

static struct network_shape test_shape(size_t maxent)
{
    return new_shape(WORDS, stacks[stack], 4, maxent, 3);
}

// The text: words of a block are drawn from some of the vocabulary, so that rows of words are touched
// in some blocks only. OOVs are among them.
static int32_t word_at(size_t block, size_t row)
{
    uint32_t x = (uint32_t)(block * 7919 + row * 104729 + 12345);
    x = (x ^ (x >> 7)) * 2654435761u;
    x ^= x >> 15;
    return x % 17 == 0 ? WORD_OOV : (int32_t)((x % 19 + block * 9) % WORDS);
}

// A block of the text; the last one is short.
static double learn_block(struct batch *batch, size_t block)
{
    size_t steps = block + 1 < BLOCKS ? STEPS : STEPS / 2, streams = batch->tape.streams;
    double log10_prob = 0;
    for (size_t r = 0; r < steps * streams; r++) {
        batch->tape.target[r] = word_at(block, r);
        batch->tape.word[r] = r < streams ? 3 : batch->tape.target[r - streams];
    }
    assert_true(batch_learn(batch, steps, &log10_prob, NULL));
    return log10_prob;
}

static void begin_batch(struct batch *batch, struct network *network, const struct batch_rule *rule,
                        size_t streams, struct pool *pool)
{
    struct error error = {""};
    float *value = calloc(network->state, sizeof *value);
    if (!batch_init(batch, network, rule, streams, STEPS, pool, &error))
        fail_msg("%s", error.text);
    state_values(network, STATE_TEXT, NULL, value);
    for (size_t b = 0; b < streams; b++)
        batch_start(batch, b, value, NULL);
    free(value);
}

// ---- plainly ------------------------------------------------------------------------------------

// A parameter as the test has it, and what a block says about it.
struct moved {
    enum parameter_use use;
    size_t rows, width;
    double *w, *m, *v;    // [rows x width]
    double *mean;         // [rows]
    size_t *missed;       // [rows] blocks since it moved last, or since the beginning
    double *gradient;     // [rows x width]
    double *size;         // [rows x width] sum of the absolute values of what it is a sum of
    bool *doubtful;       // [rows x width] a gradient so far was more rounding than its parts
    double *power;        // [rows] sum of the squared lengths of the gradients of each word
    size_t *terms;        // [rows] 0: no gradient
    struct gradient *run; // of the hash, in their order; `left` is a copy
    size_t runs;
};

static struct moved moved[PLAIN_PARAMETERS];
static size_t parameters;

static void *zeros(size_t count, size_t size)
{
    void *data = calloc(count, size);
    assert_non_null(data);
    return data;
}

static void begin_moves(const struct network *network)
{
    parameters = network->parameters;
    for (size_t p = 0; p < parameters; p++) {
        const struct parameter *of = &network->parameter[p];
        size_t count = of->rows * of->width;
        moved[p] = (struct moved){.use = of->use, .rows = of->rows, .width = of->width};
        moved[p].w = zeros(count, sizeof(double));
        moved[p].m = zeros(count, sizeof(double));
        moved[p].v = zeros(count, sizeof(double));
        moved[p].gradient = zeros(count, sizeof(double));
        moved[p].size = zeros(count, sizeof(double));
        moved[p].doubtful = zeros(count, sizeof(bool));
        moved[p].missed = zeros(of->rows, sizeof(size_t));
        moved[p].mean = zeros(of->rows, sizeof(double));
        moved[p].power = zeros(of->rows, sizeof(double));
        moved[p].terms = zeros(of->rows, sizeof(size_t));
        for (size_t i = 0; i < count; i++)
            moved[p].w[i] = (double)*parameter_weight(of, i);
    }
}

static void forget_gradients(void)
{
    for (size_t p = 0; p < parameters; p++) {
        for (size_t i = 0; i < moved[p].runs; i++)
            free((void *)moved[p].run[i].left);
        free(moved[p].run);
        moved[p].run = NULL;
        moved[p].runs = 0;
        memset(moved[p].gradient, 0, moved[p].rows * moved[p].width * sizeof(double));
        memset(moved[p].size, 0, moved[p].rows * moved[p].width * sizeof(double));
        memset(moved[p].power, 0, moved[p].rows * sizeof(double));
        memset(moved[p].terms, 0, moved[p].rows * sizeof(size_t));
    }
}

static void end_moves(void)
{
    forget_gradients();
    for (size_t p = 0; p < parameters; p++) {
        free(moved[p].w);
        free(moved[p].m);
        free(moved[p].v);
        free(moved[p].gradient);
        free(moved[p].size);
        free(moved[p].doubtful);
        free(moved[p].missed);
        free(moved[p].mean);
        free(moved[p].power);
        free(moved[p].terms);
    }
}

static void take_run(struct moved *to, const struct gradient *gradient)
{
    float *left = zeros(gradient->count, sizeof *left);
    memcpy(left, gradient->left, gradient->count * sizeof *left);
    to->run = realloc(to->run, (to->runs + 1) * sizeof *to->run);
    assert_non_null(to->run);
    to->run[to->runs] = *gradient;
    to->run[to->runs++].left = left;
}

// Each row has one gradient a block, or two in a tied table.
static void take(struct gradient_sink *sink, size_t worker, const struct gradient *gradient)
{
    struct moved *to = &moved[gradient->parameter];
    (void)sink;
    (void)worker;
    if (gradient->form == GRADIENT_RUN) {
        take_run(to, gradient);
        return;
    }
    for (size_t i = 0; i < gradient->count; i++) {
        size_t row = gradient->first + i;
        assert_true(to->terms[row] == 0 || to->use == PARAMETER_BY_BOTH);
        to->terms[row] += gradient->terms;
        if (gradient->form == GRADIENT_WHOLE)
            to->power[row] += (double)gradient->norm[i];
        for (size_t j = 0; gradient->form == GRADIENT_WHOLE && j < to->width; j++)
            to->gradient[row * to->width + j] +=
                (double)gradient->right[i * gradient->right_stride + j];
        for (size_t t = 0; gradient->form != GRADIENT_WHOLE && t < gradient->terms; t++) {
            size_t place = gradient->term != NULL ? (size_t)gradient->term[t] : t;
            const float *right = gradient->right + place * gradient->right_stride;
            double left = gradient->form == GRADIENT_SUM
                              ? 1
                              : (double)gradient->left[t * gradient->left_stride + i];
            for (size_t j = 0; j < to->width; j++) {
                to->gradient[row * to->width + j] += left * (double)right[j];
                to->size[row * to->width + j] += fabs(left * (double)right[j]);
                to->power[row] += left * left * (double)right[j] * (double)right[j];
            }
        }
    }
}

struct rule {
    double alpha, beta, clip, streams;
    double scale; // what clipping leaves of the gradient
    double block; // counted from 1
};

static double keep_of(const struct rule *rule, double words)
{
    return fmax(0, 1 - rule->alpha * rule->beta * words / 10);
}

static double gradient_length(const struct rule *rule)
{
    double square = 0;
    for (size_t p = 0; p < parameters; p++)
        for (size_t i = 0; moved[p].use == PARAMETER_BIAS && i < moved[p].runs; i++)
            for (size_t j = 0; j < moved[p].run[i].count; j++)
                square += (double)moved[p].run[i].left[j] * (double)moved[p].run[i].left[j];
    for (size_t p = 0; p < parameters; p++)
        for (size_t i = 0; moved[p].use != PARAMETER_HASH && i < moved[p].rows * moved[p].width;
             i++)
            square += moved[p].gradient[i] * moved[p].gradient[i];
    return sqrt(square) / rule->streams;
}

static void move_sgd(struct moved *to, size_t row, const struct rule *rule)
{
    double step = rule->alpha * rule->scale / rule->streams;
    double keep = keep_of(rule, (double)to->terms[row]);
    for (size_t i = row * to->width; i < (row + 1) * to->width; i++)
        to->w[i] = keep * to->w[i] + step * to->gradient[i];
}

static void run_sgd(struct moved *to, const struct gradient *run, const struct rule *rule)
{
    double step = rule->alpha * rule->scale / rule->streams;
    for (size_t i = 0; i < run->count; i++)
        to->w[run->first + i] =
            keep_of(rule, 10) * to->w[run->first + i] + step * (double)run->left[i];
}

// As if the row had moved in each block, by gradients of 0 in those that it has missed.
static void move_adam(struct moved *to, size_t row, const struct rule *rule)
{
    double keep = keep_of(rule, (double)to->terms[row]);
    double m_whole = 1 - pow(0.9, rule->block), v_whole = 1 - pow(0.999, rule->block);
    for (size_t i = row * to->width; i < (row + 1) * to->width; i++) {
        for (size_t missed = 0; missed <= to->missed[row]; missed++) {
            bool last = missed == to->missed[row];
            double g = last ? to->gradient[i] * rule->scale / rule->streams : 0;
            to->m[i] = 0.9 * to->m[i] + 0.1 * g;
            to->v[i] = 0.999 * to->v[i] + 0.001 * g * g;
            to->w[i] = (last ? keep : 1) * to->w[i] +
                       rule->alpha * to->m[i] / m_whole / (sqrt(to->v[i] / v_whole) + 1e-8);
        }
    }
}

static void run_adam(struct moved *to, const struct gradient *run, const struct rule *rule)
{
    for (size_t j = 0; j < run->count; j++) {
        size_t i = run->first + j;
        double g = (double)run->left[j] * rule->scale / rule->streams;
        to->m[i] = 0.9 * to->m[i] + 0.1 * g;
        to->v[i] = 0.999 * to->v[i] + 0.001 * g * g;
        to->w[i] = keep_of(rule, 10) * to->w[i] + rule->alpha * to->m[i] / (sqrt(to->v[i]) + 1e-8);
    }
}

static void move_adagrad(struct moved *to, size_t row, const struct rule *rule)
{
    for (size_t i = row * to->width; i < (row + 1) * to->width; i++) {
        double g = to->gradient[i] * rule->scale / rule->streams;
        to->v[i] += g * g;
        to->w[i] = keep_of(rule, (double)to->terms[row]) * to->w[i] +
                   rule->alpha * g / (sqrt(to->v[i]) + 1e-8);
    }
}

static void run_adagrad(struct moved *to, const struct gradient *run, const struct rule *rule)
{
    for (size_t j = 0; j < run->count; j++) {
        size_t i = run->first + j;
        double g = (double)run->left[j] * rule->scale / rule->streams;
        to->v[i] += g * g;
        to->w[i] = keep_of(rule, 10) * to->w[i] + rule->alpha * g / (sqrt(to->v[i]) + 1e-8);
    }
}

static void move_rmsprop(struct moved *to, size_t row, const struct rule *rule)
{
    double keep = keep_of(rule, (double)to->terms[row]);
    for (size_t i = row * to->width; i < (row + 1) * to->width; i++) {
        double g = to->gradient[i] * rule->scale / rule->streams;
        for (size_t missed = 0; missed < to->missed[row]; missed++)
            to->v[i] *= 0.99;
        to->v[i] = 0.99 * to->v[i] + 0.01 * g * g;
        to->w[i] = keep * to->w[i] + rule->alpha * g / (sqrt(to->v[i]) + 1e-8);
    }
}

static void run_rmsprop(struct moved *to, const struct gradient *run, const struct rule *rule)
{
    for (size_t j = 0; j < run->count; j++) {
        size_t i = run->first + j;
        double g = (double)run->left[j] * rule->scale / rule->streams;
        to->v[i] = 0.99 * to->v[i] + 0.01 * g * g;
        to->w[i] = keep_of(rule, 10) * to->w[i] + rule->alpha * g / (sqrt(to->v[i]) + 1e-8);
    }
}

// As if the row had moved in each block.
static void move_momentum(struct moved *to, size_t row, const struct rule *rule)
{
    double keep = keep_of(rule, (double)to->terms[row]);
    for (size_t i = row * to->width; i < (row + 1) * to->width; i++) {
        double w = keep * to->w[i], g = to->gradient[i] * rule->scale / rule->streams;
        for (size_t missed = 0; missed < to->missed[row]; missed++) {
            to->v[i] *= 0.9;
            w += rule->alpha * 0.9 * to->v[i];
        }
        to->v[i] = 0.9 * to->v[i] + g;
        to->w[i] = w + rule->alpha * (g + 0.9 * to->v[i]);
    }
}

static void run_momentum(struct moved *to, const struct gradient *run, const struct rule *rule)
{
    for (size_t j = 0; j < run->count; j++) {
        size_t i = run->first + j;
        double g = (double)run->left[j] * rule->scale / rule->streams;
        to->v[i] = 0.9 * to->v[i] + g;
        to->w[i] = keep_of(rule, 10) * to->w[i] + rule->alpha * (g + 0.9 * to->v[i]);
    }
}

static void move_rows(struct moved *to, size_t row, const struct rule *rule)
{
    double p = to->power[row], step = 0, keep = keep_of(rule, (double)to->terms[row]);
    double gain = to->use == PARAMETER_BY_INPUT ? 50 : to->use == PARAMETER_BY_BOTH ? 1 : 3;
    if (p > 0 && (to->use == PARAMETER_BY_INPUT || to->use == PARAMETER_BY_OUTPUT ||
                  to->use == PARAMETER_BY_BOTH))
        step = gain * rule->alpha / (1 + gain * rule->alpha * p);
    if (p > 0 && (to->use == PARAMETER_EACH_WORD || to->use == PARAMETER_DIAGONAL ||
                  to->use == PARAMETER_BIAS)) {
        to->mean[row] = to->mean[row] > 0 ? 0.99 * to->mean[row] + 0.01 * p : p;
        step = rule->alpha / sqrt(to->mean[row]);
    }
    if (p > 0)
        step = fmin(step, 4 / sqrt((double)to->terms[row] * p)) * rule->scale;
    for (size_t i = row * to->width; i < (row + 1) * to->width; i++)
        to->w[i] = keep * to->w[i] + step * to->gradient[i];
}

static void run_rows(struct moved *to, const struct gradient *run, const struct rule *rule)
{
    double step = rule->alpha / (1 + rule->alpha * (double)run->terms / 10) * rule->scale;
    for (size_t i = 0; i < run->count; i++)
        to->w[run->first + i] =
            keep_of(rule, 10) * to->w[run->first + i] + step * (double)run->left[i];
}

static const struct plain_optimiser {
    const char *name;
    void (*move)(struct moved *to, size_t row, const struct rule *rule);
    void (*run)(struct moved *to, const struct gradient *run, const struct rule *rule);
    // A rate for bounds. Where steps do not depend on the size of gradients, whose sign may be
    // rounding, one of them may be as long as the weights.
    double high;
} plain_optimisers[] = {
    {"sgd", move_sgd, run_sgd, 30},
    {"rows", move_rows, run_rows, 30},
    {"adam", move_adam, run_adam, 30},
    {"adagrad", move_adagrad, run_adagrad, 1},
    {"rmsprop", move_rmsprop, run_rmsprop, 1},
    {"momentum", move_momentum, run_momentum, 30},
    {"average", move_sgd, run_sgd, 30},
};

static const struct plain_optimiser *plain_optimiser_named(const char *name)
{
    for (size_t i = 0; i < sizeof plain_optimisers / sizeof plain_optimisers[0]; i++)
        if (strcmp(plain_optimisers[i].name, name) == 0)
            return &plain_optimisers[i];
    fail_msg("no formula for the optimiser %s", name);
    return NULL;
}

static void move_plainly(const struct plain_optimiser *optimiser, struct rule *rule)
{
    double length = gradient_length(rule);
    rule->block++;
    rule->scale = rule->clip > 0 && length > rule->clip ? rule->clip / length : 1;
    for (size_t p = 0; p < parameters; p++) {
        for (size_t row = 0; row < moved[p].rows; row++) {
            if (moved[p].terms[row] > 0)
                optimiser->move(&moved[p], row, rule);
            moved[p].missed[row] = moved[p].terms[row] > 0 ? 0 : moved[p].missed[row] + 1;
        }
        for (size_t i = 0; i < moved[p].runs; i++)
            optimiser->run(&moved[p], &moved[p].run[i], rule);
    }
}

// ---- compared -----------------------------------------------------------------------------------

static void copy_parameters(struct network *to, const struct network *from)
{
    for (size_t p = 0; p < from->parameters; p++)
        memcpy(to->parameter[p].data, from->parameter[p].data,
               parameter_bytes(&from->parameter[p]));
}

// The largest difference, relative to 1 + the weight. Optimisers that divide gradients by their size
// make much of little: weights whose gradient was next to nothing beside its parts are few, and left
// out.
static double worst_weight(const struct network *network)
{
    double worst = 0;
    size_t doubtful = 0, compared = 0;
    for (size_t p = 0; p < parameters; p++)
        for (size_t i = 0; i < moved[p].rows * moved[p].width; i++) {
            bool *doubt = &moved[p].doubtful[i];
            *doubt = *doubt || fabs(moved[p].gradient[i]) < 1e-3 * moved[p].size[i];
            doubtful += *doubt;
            compared++;
            if (*doubt)
                continue;
            double found = (double)*parameter_weight(&network->parameter[p], i);
            double off = fabs(found - moved[p].w[i]) / (1 + fabs(moved[p].w[i]));
            if (!(off <= TOLERANCE))
                fail_msg("%s, weight %zu: found %.9g, wanted %.9g", network->parameter[p].name, i,
                         found, moved[p].w[i]);
            worst = fmax(worst, off);
        }
    assert_true(doubtful * 50 <= compared);
    return worst;
}

static bool some_rows_rest(void)
{
    bool rest = false, move = false;
    for (size_t row = 0; row < moved[0].rows; row++) {
        rest = rest || moved[0].terms[row] == 0;
        move = move || moved[0].terms[row] > 0;
    }
    return rest && move;
}

// Entries that runs of features of `order` have for the classes (k < 0) or the words of class k.
static size_t run_length(const struct plain *plain, const int32_t *history, int64_t k,
                         uint32_t order)
{
    const int32_t *begin = plain->network->classes.begin;
    size_t n = k < 0 ? plain->network->shape.classes : (size_t)(begin[k + 1] - begin[k]), count = 0;
    for (size_t i = 0; i < n; i++) {
        bool on = true; // no lower order has ended
        for (uint32_t lower = 0; lower <= order; lower++)
            on = on && plain_entry(plain, history, k, i, lower) != 0;
        count += on;
    }
    return count;
}

// Every run tells how many words of the block share its feature: all those that the class layer, or
// the words of the class, are asked for; of higher orders at most those with the same last word.
static void check_terms_of_runs(const struct batch *batch)
{
    const struct network *network = batch->network;
    struct plain plain = plain_new(network);
    size_t rows = batch->rows_now, found = 0, wanted = 0, hash = network->parameters - 1;
    assert_int_equal(network->parameter[hash].use, PARAMETER_HASH);
    for (size_t i = 0; i < moved[hash].runs; i++)
        found += moved[hash].run[i].terms * moved[hash].run[i].count;
    for (size_t r = 0; r < rows; r++) {
        int32_t target = batch->tape.target[r],
                k = target < 0 ? -1 : network->classes.of_word[target];
        const int32_t *history = batch->history + (batch->tape.streams + r) * SHAPE_MOST_ORDER;
        size_t same = 0, of_class = 0;
        for (size_t q = 0; q < rows; q++) {
            int32_t other = batch->tape.target[q];
            same += batch->tape.word[q] == batch->tape.word[r];
            of_class += other >= 0 && network->classes.of_word[other] == k;
        }
        for (uint32_t order = 0; order < 3 && target >= 0; order++)
            wanted += run_length(&plain, history, -1, order) * (order == 0 ? rows : same) +
                      run_length(&plain, history, k, order) * (order == 0 ? of_class : same);
    }
    assert_true(wanted > 0);
    assert_int_equal(found, wanted);
    plain_free(&plain);
}

static void compare(const struct optimiser_type *type, const struct optimiser_rule *step,
                    size_t streams)
{
    const struct network_shape shape = test_shape(101);
    const struct plain_optimiser *plain = plain_optimiser_named(type->name);
    struct network network, twin;
    struct batch batch, other;
    struct batch_rule rule = {.optimiser = type, .step = *step, .through_time = true};
    struct rule same = {.alpha = (double)step->alpha,
                        .beta = (double)step->beta,
                        .clip = (double)step->clip_norm,
                        .streams = (double)streams};
    struct pool *pool = pool_new(1, NULL);
    double worst = 0;
    make_network(&network, &shape, 5, 0.7);
    make_network(&twin, &shape, 5, 0.7);
    begin_batch(&batch, &network, &rule, streams, pool);
    begin_batch(&other, &twin, &rule, streams, pool);
    other.optimiser.sink.take = take;
    other.rule.step.clip_norm = 0;
    begin_moves(&network);
    for (size_t block = 0; block < BLOCKS; block++) {
        copy_parameters(&twin, &network);
        batch_refresh(&other);
        forget_gradients();
        assert_near(learn_block(&batch, block), learn_block(&other, block), 1e-12);
        assert_true(streams > 5 || some_rows_rest() || strstr(stacks[stack], "full tied"));
        if (network.shape.maxent > 0)
            check_terms_of_runs(&other);
        move_plainly(plain, &same);
        worst = fmax(worst, worst_weight(&network));
        for (size_t p = 0; p < parameters; p++) // differences do not add up
            for (size_t i = 0; i < moved[p].rows * moved[p].width; i++)
                moved[p].w[i] = (double)*parameter_weight(&network.parameter[p], i);
    }
    print_message("%-32s %-5s alpha %g, beta %g, clip_norm %g, %zu streams: %.1e\n", stacks[stack],
                  type->name, same.alpha, same.beta, same.clip, streams, worst);
    end_moves();
    batch_free(&batch);
    batch_free(&other);
    pool_free(pool);
    network_free(&network);
    network_free(&twin);
}

static void formulas_of_a_stack(void)
{
    for (size_t i = 0; optimiser_table[i] != NULL; i++)
        for (size_t streams = 1; streams <= MOST_STREAMS; streams += streams < 5 ? 4 : 28) {
            const struct optimiser_type *type = optimiser_table[i];
            float alpha = (float)type->alpha, high = (float)plain_optimiser_named(type->name)->high;
            compare(type, &(struct optimiser_rule){.alpha = alpha}, streams);
            compare(type, &(struct optimiser_rule){.alpha = alpha, .beta = 0.01f}, streams);
            compare(type, &(struct optimiser_rule){.alpha = alpha, .clip_norm = 0.25f}, streams);
            compare(type, &(struct optimiser_rule){.alpha = alpha, .clip_norm = 1e6f}, streams);
            compare(type, &(struct optimiser_rule){.alpha = high, .beta = 1}, streams);
        }
}

static void formulas(void **state)
{
    (void)state;
    for (stack = 0; stack < STACKS; stack += slow_build() ? 3 : 1)
        formulas_of_a_stack();
    stack = 0;
}

static void assert_padding_is_zero(const struct network *network)
{
    for (size_t p = 0; p < network->parameters; p++) {
        const struct parameter *parameter = &network->parameter[p];
        for (size_t i = 0; i < parameter->rows; i++)
            for (size_t j = parameter->width; j < parameter->stride; j++)
                if (parameter_row(parameter, i)[j] != 0)
                    fail_msg("%s: row %zu is %g behind its width", parameter->name, i,
                             (double)parameter_row(parameter, i)[j]);
    }
}

// ---- rows far apart -----------------------------------------------------------------------------

enum { MANY_WORDS = 300 };

// Gradients of rows of words, as if a block of a text with many words had given them.
struct far {
    const struct network *network;
    struct gradient_sink *sink;
    size_t block;
};

static uint32_t drawn(size_t block, size_t i)
{
    uint32_t x = (uint32_t)(block * 7919 + i * 104729 + 1);
    x = (x ^ (x >> 7)) * 2654435761u;
    return (x ^ (x >> 15)) * 2246822519u >> 8;
}

// Those of one parameter: single rows, and stretches of rows, with gaps of up to some groups of rows.
static void give_far(void *context, size_t worker, size_t p)
{
    const struct far *far = context;
    const struct parameter *of = &far->network->parameter[p];
    float right[200 * MEMORY_ROW * 2], norm[200];
    if (of->use != PARAMETER_BY_INPUT && of->use != PARAMETER_BY_OUTPUT &&
        of->use != PARAMETER_BY_BOTH)
        return;
    assert_true(of->stride <= MEMORY_ROW * 2);
    for (size_t row = drawn(far->block, p) % 70; row < of->rows;) {
        uint32_t length = drawn(far->block + 1, row), gap = drawn(far->block + 2, row);
        size_t count = of->use == PARAMETER_BY_OUTPUT && length % 2 ? 1 + length / 2 % 150 : 1;
        count = count < of->rows - row ? count : of->rows - row;
        memset(right, 0, sizeof right);
        for (size_t i = 0; i < count; i++) {
            norm[i] = 0;
            for (size_t j = 0; j < of->width; j++) {
                float *g = &right[i * of->stride + j];
                *g = (float)(drawn(far->block * 31 + p, (row + i) * of->width + j) % 2000) / 1000 -
                     1;
                norm[i] += *g * *g;
            }
        }
        struct gradient gradient = {.parameter = p,
                                    .form = GRADIENT_WHOLE,
                                    .first = row,
                                    .count = count,
                                    .terms = 1 + length % 3,
                                    .right = right,
                                    .right_stride = of->stride,
                                    .norm = norm};
        far->sink->take(far->sink, worker, &gradient);
        row += count + (gap % 3 == 0 ? 0 : gap % 150);
    }
}

// Blocks of which each has gradients for other rows, also none for whole groups of them.
static void check_far_rows(const struct optimiser_type *type, const char *text, float clip_norm)
{
    const struct network_shape shape = new_shape(MANY_WORDS, text, 4, 0, 0);
    const struct batch_rule rule = {
        .optimiser = type,
        .step = {.alpha = (float)type->alpha, .beta = 0.01f, .clip_norm = clip_norm}};
    struct rule same = {
        (double)rule.step.alpha, (double)rule.step.beta, (double)clip_norm, 5, 1, 0};
    struct gradient_sink plainly = {.take = take};
    struct network network;
    struct batch batch;
    struct error error = {""};
    struct pool *pool = pool_new(1, NULL);
    make_network(&network, &shape, 5, 0.7);
    begin_batch(&batch, &network, &rule, 5, pool);
    begin_moves(&network);
    for (size_t block = 0; block < 3 * BLOCKS; block++) {
        struct far far = {&network, &batch.optimiser.sink, block},
                   other = {&network, &plainly, block};
        forget_gradients();
        for (size_t p = 0; p < network.parameters; p++)
            give_far(&other, 0, p);
        assert_true(some_rows_rest());
        assert_true(
            optimiser_step(&batch.optimiser, pool, give_far, &far, network.parameters, &error));
        move_plainly(plain_optimiser_named(type->name), &same);
        worst_weight(&network);
    }
    assert_padding_is_zero(&network);
    end_moves();
    batch_free(&batch);
    pool_free(pool);
    network_free(&network);
}

static void rows_far_apart(void **state)
{
    (void)state;
    for (size_t i = 0; optimiser_table[i] != NULL; i++) {
        check_far_rows(optimiser_table[i], "elman:17 full", 0);
        check_far_rows(optimiser_table[i], "elman:17 full", 0.25f);
        check_far_rows(optimiser_table[i], "elman:7 full", 1e6f);
        check_far_rows(optimiser_table[i], "elman:7 full tied", 0.25f);
    }
}

// Each row that is held is in one stretch, one after another.
static void check_stretches(size_t words, const char *text)
{
    const struct network_shape shape = new_shape(words, text, 4, 0, 0);
    const struct batch_rule rule = {.optimiser = &optimiser_adam,
                                    .step = {.alpha = 0.5f, .clip_norm = 1}};
    struct network network;
    struct batch batch;
    struct pool *pool = pool_new(1, NULL);
    make_network(&network, &shape, 5, 0.7);
    begin_batch(&batch, &network, &rule, 5, pool);
    const struct optimiser *optimiser = &batch.optimiser;
    size_t item = 0;
    for (size_t p = 0; p < network.parameters; p++) {
        size_t rows = held_rows_of(optimiser, p).rows, covered = 0;
        while (covered < rows) {
            struct held_stretch stretch = held_stretch(optimiser, item++);
            assert_int_equal(stretch.parameter, p);
            assert_int_equal(stretch.first, covered);
            assert_true(stretch.count > 0 && stretch.count <= rows - covered);
            covered += stretch.count;
        }
    }
    assert_int_equal(item, optimiser->stretches);
    batch_free(&batch);
    pool_free(pool);
    network_free(&network);
}

// Rows of 16, 32 and 304 floats: stretches of 4096, 2048 and 512 rows.
static void stretches_cover_rows(void **state)
{
    (void)state;
    static const size_t words[] = {100, 511, 512, 513, 2047, 2048, 2049, 4095, 4096, 4097, 9000};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        check_stretches(words[i], "elman:7 full");
        check_stretches(words[i], "elman:17 full");
        check_stretches(words[i], "elman:300 full");
    }
}

// ---- clipping -----------------------------------------------------------------------------------

// Moves of one block by plain gradient descent: their length over alpha.
static double length_of_move(float clip_norm, struct network *network)
{
    const struct network_shape shape = test_shape(101);
    struct batch_rule rule = {.optimiser = &optimiser_sgd,
                              .step = {.alpha = 0.5f, .clip_norm = clip_norm},
                              .through_time = true};
    struct batch batch;
    struct pool *pool = pool_new(2, NULL);
    double square = 0;
    make_network(network, &shape, 5, 0.7);
    struct plain before = plain_new(network);
    begin_batch(&batch, network, &rule, 3, pool);
    learn_block(&batch, 0);
    for (size_t p = 0; p < network->parameters; p++)
        for (size_t i = 0; i < plain_count(&before, p); i++) {
            double moved_by =
                (double)*parameter_weight(&network->parameter[p], i) - before.weight[p][i];
            if (network->parameter[p].use != PARAMETER_HASH)
                square += moved_by * moved_by;
        }
    plain_free(&before);
    batch_free(&batch);
    pool_free(pool);
    return sqrt(square) / 0.5;
}

static void check_clipping(void)
{
    struct network network, other;
    double whole = length_of_move(0, &network);
    assert_true(whole > 1);
    assert_near(length_of_move((float)(whole * 1.01), &other), whole, 1e-6);
    for (size_t p = 0; p < network.parameters; p++)
        for (size_t i = 0; i < network.parameter[p].rows * network.parameter[p].width; i++)
            assert_near(*parameter_weight(&network.parameter[p], i),
                        *parameter_weight(&other.parameter[p], i), 1e-7);
    network_free(&other);
    assert_near(length_of_move((float)(whole / 7), &other), whole / 7, 1e-5);
    network_free(&other);
    network_free(&network);
}

static void clipping_bounds_the_whole_gradient(void **state)
{
    (void)state;
    for (stack = 0; stack < STACKS; stack += slow_build() ? 3 : 1)
        check_clipping();
    stack = 0;
}

// ---- averages -----------------------------------------------------------------------------------

// The weights are the sums over `blocks`.
static void check_means(const struct network *network, double *const *sum, size_t blocks)
{
    for (size_t p = 0; p < network->parameters; p++)
        for (size_t i = 0; i < network->parameter[p].rows * network->parameter[p].width; i++) {
            double found = (double)*parameter_weight(&network->parameter[p], i);
            double wanted = sum[p][i] / (double)blocks;
            if (!(fabs(found - wanted) <= 1e-6 * (1 + fabs(wanted))))
                fail_msg("%s, weight %zu after %zu blocks: found %.9g, wanted %.9g",
                         network->parameter[p].name, i, blocks, found, wanted);
        }
}

static void check_averages(const struct optimiser_type *type)
{
    const struct network_shape shape = test_shape(101);
    struct batch_rule rule = {.optimiser = type,
                              .step = {.alpha = (float)type->alpha, .beta = 0.01f},
                              .through_time = true};
    struct network network, kept;
    struct batch batch;
    struct pool *pool = pool_new(1, NULL);
    double *sum[PLAIN_PARAMETERS];
    make_network(&network, &shape, 5, 0.7);
    make_network(&kept, &shape, 5, 0.7);
    begin_batch(&batch, &network, &rule, 5, pool);
    for (size_t p = 0; p < network.parameters; p++)
        sum[p] = zeros(network.parameter[p].rows * network.parameter[p].width, sizeof(double));
    for (size_t block = 0; block < BLOCKS; block++) {
        if (block == 1)
            type->begin_averages(&batch.optimiser);
        learn_block(&batch, block);
        copy_parameters(&kept, &network);
        for (size_t p = 0; p < network.parameters && block > 0; p++)
            for (size_t i = 0; i < network.parameter[p].rows * network.parameter[p].width; i++)
                sum[p][i] += (double)*parameter_weight(&network.parameter[p], i);
        if (block % 2 == 1)
            continue;
        type->show_averages(&batch.optimiser, true);
        if (block > 0)
            check_means(&network, sum, block);
        type->show_averages(&batch.optimiser, false);
        assert_same_parameters(&network, &kept);
    }
    type->begin_averages(&batch.optimiser);
    type->show_averages(&batch.optimiser, true);
    assert_same_parameters(&network, &kept); // of no block yet
    for (size_t p = 0; p < network.parameters; p++)
        free(sum[p]);
    batch_free(&batch);
    pool_free(pool);
    network_free(&network);
    network_free(&kept);
}

static void averages_are_means(void **state)
{
    (void)state;
    for (size_t i = 0; optimiser_table[i] != NULL; i++)
        if (optimiser_table[i]->begin_averages != NULL)
            check_averages(optimiser_table[i]);
}

// ---- threads ------------------------------------------------------------------------------------

static double run(const struct batch_rule *rule, size_t streams, size_t threads,
                  struct network *network)
{
    const struct network_shape shape = test_shape(300);
    struct batch batch;
    struct pool *pool = pool_new(threads, NULL);
    double sum = 0;
    make_network(network, &shape, 5, 0.7);
    begin_batch(&batch, network, rule, streams, pool);
    for (size_t block = 0; block < BLOCKS; block++)
        sum += learn_block(&batch, block);
    batch_free(&batch);
    pool_free(pool);
    return sum;
}

static void check_threads(void)
{
    for (size_t i = 0; optimiser_table[i] != NULL; i++)
        for (int clip = 0; clip < 2; clip++)
            for (size_t streams = 3; streams <= MOST_STREAMS; streams += 15) {
                struct batch_rule rule = {.optimiser = optimiser_table[i],
                                          .step = {.alpha = (float)optimiser_table[i]->alpha,
                                                   .beta = 1e-4f,
                                                   .clip_norm = clip ? 0.3f : 0},
                                          .gradient_cutoff = 15,
                                          .through_time = true,
                                          .independent = streams == 18};
                struct network one, other;
                double wanted = run(&rule, streams, 1, &one);
                assert_padding_is_zero(&one);
                for (size_t threads = 2; threads <= 3; threads++) {
                    assert_true(run(&rule, streams, threads, &other) == wanted);
                    assert_same_parameters(&one, &other);
                    network_free(&other);
                }
                network_free(&one);
            }
}

// With every set of kernels: which of them, or BLAS, multiplies is decided by sizes.
static void threads_do_not_change_results(void **state)
{
    (void)state;
    const char *before = kernels->name;
    for (const struct kernels *const *set = kernels_available(); *set != NULL; set++) {
        assert_true(kernels_choose((*set)->name, NULL));
        for (stack = 0; stack < STACKS; stack += slow_build() ? 3 : 1)
            check_threads();
        stack = 0;
    }
    assert_true(kernels_choose(before, NULL));
}

// ---- names --------------------------------------------------------------------------------------

static void optimisers_by_name(void **state)
{
    (void)state;
    struct error error = {""};
    for (size_t i = 0; optimiser_table[i] != NULL; i++)
        assert_ptr_equal(optimiser_named(optimiser_table[i]->name, &error), optimiser_table[i]);
    assert_null(optimiser_named("adma", &error));
    assert_contains(error.text, "optimiser \"adma\"");
    assert_contains(error.text, "did you mean adam?");
    assert_contains(error.text, "sgd, rows, adam");
    assert_null(optimiser_named("", &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulas),
        cmocka_unit_test(rows_far_apart),
        cmocka_unit_test(stretches_cover_rows),
        cmocka_unit_test(clipping_bounds_the_whole_gradient),
        cmocka_unit_test(averages_are_means),
        cmocka_unit_test(threads_do_not_change_results),
        cmocka_unit_test(optimisers_by_name),
    };
    return cmocka_run_group_tests_name("optimiser", tests, NULL, NULL);
}
