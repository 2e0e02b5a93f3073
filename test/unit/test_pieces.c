// Streams that are divided: what is learnt is the same as of one piece, but for the order of sums, and the
// same to the last bit on any number of processes; and averages of weights.
#include "testing.h"

#include "base/kernels.h"
#include "learn/average.h"
#include "learn/optimisers/kinds.h"
#include "learn/pieces.h"
#include "loop_peers.h"
#include "text/vocabulary.h"

enum { WORDS = 70, STREAMS = 5, STEPS = 4, BLOCKS = 4, CLASSES = 6, ALL = 16 };

static const char *const stacks[] = {"lstm:5,elman:17,compression:3", "gru:18 full",
                                     "elman:7:tanh,lstm:7 class tied", "elman:20"};
enum { STACKS = sizeof stacks / sizeof stacks[0] };

struct course {
    const char *layers;
    struct batch_rule rule;
    size_t pieces, processes; // pieces 0: a batch that is not divided
    size_t threads;
    // What comes of it, of each process.
    struct network network[LOOP_MOST];
    double log10_prob[LOOP_MOST];
    uint64_t kept[LOOP_MOST]; // a number for all that a checkpoint has
};

static struct course new_course(size_t i, const struct optimiser_type *optimiser)
{
    struct course course = {.layers = stacks[i % STACKS], .processes = 1, .threads = 1};
    course.rule = (struct batch_rule){
        .optimiser = optimiser,
        .step = {.alpha = 0.05f, .beta = 0.01f, .clip_norm = i % 2 == 0 ? 0.5f : 0},
        .through_time = true,
        .independent = i % 3 == 0,
        .dropout = {.output = 0.25f,
                    .words = 0.125f,
                    .recurrent = 0.25f,
                    .each_word = i % 2 == 0,
                    .seed = 9},
        .penalty = {0.1f, 0.2f}};
    return course;
}

// Of stream b; some are OOVs, and some words are rare.
static int32_t word_at(size_t step, size_t b)
{
    uint32_t x = (uint32_t)(step * 7919 + b * 104729 + 12345);
    x = (x ^ (x >> 7)) * 2654435761u;
    x ^= x >> 15;
    return x % 17 == 0 ? WORD_OOV : x % 5 == 0 ? WORD_END : (int32_t)(x % (11 + step * 5) % WORDS);
}

// The last block is short.
static size_t steps_of(size_t block)
{
    return block + 1 < BLOCKS ? STEPS : STEPS / 2;
}

// Streams first..first+count-1 of a block.
static void fill(struct batch *batch, size_t block, size_t first, size_t count)
{
    for (size_t t = 0; t < steps_of(block); t++)
        for (size_t b = 0; b < count; b++) {
            size_t step = block * STEPS + t;
            batch->tape.target[t * count + b] = word_at(step + 1, first + b);
            batch->tape.word[t * count + b] = word_at(step, first + b);
        }
}

static void start(struct batch *batch)
{
    float *value = calloc(batch->network->state, sizeof *value);
    state_values(batch->network, STATE_TEXT, NULL, value);
    for (size_t b = 0; b < STREAMS; b++)
        (batch->pieces != NULL ? pieces_start : batch_start)(batch, b, value, NULL);
    free(value);
    batch_refresh(batch);
}

static uint64_t number_of(struct batch *batch)
{
    struct kept kept = {0};
    uint64_t number = 0;
    batch_kept(batch, &kept);
    assert_true(kept_ok(&kept, NULL));
    for (size_t i = 0; i < kept.count; i++)
        for (size_t j = 0; j < kept.piece[i].bytes; j++)
            number = (number ^ ((unsigned char *)kept.piece[i].data)[j]) * 0x9e3779b97f4a7c15u;
    kept_free(&kept);
    return number;
}

static void learn_block(struct batch *batch, size_t block, double *log10_prob)
{
    struct share_note note = {0};
    if (batch->pieces == NULL) {
        fill(batch, block, 0, STREAMS);
        assert_true(batch_learn(batch, steps_of(block), log10_prob, NULL));
        return;
    }
    struct pieces_range own = pieces_own(batch->pieces);
    for (size_t p = own.first; p < own.first + own.count; p++) {
        struct pieces_range streams = pieces_range(batch->pieces, p);
        fill(batch, block, streams.first, streams.count);
        assert_true(pieces_learn(batch, p, steps_of(block), &note, NULL));
    }
    assert_true(pieces_step(batch, &note, NULL));
    *log10_prob += note.log10_prob;
}

static void run_process(struct peers *peers, void *context)
{
    struct course *course = context;
    struct pieces_rule pieces = {.peers = peers, .pieces = course->pieces};
    struct batch_rule rule = course->rule;
    struct network *network = &course->network[peers->rank];
    struct network_shape shape = new_shape(WORDS, course->layers, CLASSES, 0, 0);
    struct pool *pool = pool_new(course->threads, NULL);
    struct batch batch;
    rule.pieces = course->pieces > 0 ? &pieces : NULL;
    make_network(network, &shape, 7, 0.4);
    assert_true(batch_init(&batch, network, &rule, STREAMS, STEPS, pool, NULL));
    start(&batch);
    for (size_t block = 0; block < BLOCKS; block++)
        learn_block(&batch, block, &course->log10_prob[peers->rank]);
    if (course->pieces > 0)
        assert_true(pieces_gather(&batch, NULL));
    course->kept[peers->rank] = number_of(&batch);
    batch_free(&batch);
    pool_free(pool);
}

static void run(struct course *course)
{
    loop_run(course->processes, run_process, course);
}

static void end(struct course *course)
{
    for (size_t i = 0; i < course->processes; i++)
        network_free(&course->network[i]);
}

// Steps that are divided by what gradients are over time turn rounding into more.
static bool divides(const struct optimiser_type *type)
{
    return type == &optimiser_adam || type == &optimiser_adagrad || type == &optimiser_rmsprop;
}

static void assert_near_parameters(const struct network *a, const struct network *b)
{
    for (size_t p = 0; p < a->parameters; p++)
        for (size_t i = 0; i < a->parameter[p].rows * a->parameter[p].width; i++)
            assert_near(*parameter_weight(&a->parameter[p], i),
                        *parameter_weight(&b->parameter[p], i), 1e-5);
}

static void pieces_learn_what_one_does(void **state)
{
    (void)state;
    for (size_t i = 0; optimiser_table[i] != NULL; i++)
        for (size_t s = 0; s < STACKS; s++) {
            struct course one = new_course(i + s, optimiser_table[i]), three;
            three = one;
            three.pieces = 3;
            run(&one);
            run(&three);
            assert_near(three.log10_prob[0], one.log10_prob[0], 1e-4);
            if (!divides(optimiser_table[i]))
                assert_near_parameters(&one.network[0], &three.network[0]);
            end(&one);
            end(&three);
        }
}

static void check_processes(const struct course *alone, size_t processes, size_t threads)
{
    struct course several = *alone;
    memset(several.log10_prob, 0, sizeof several.log10_prob);
    several.processes = processes;
    several.threads = threads;
    run(&several);
    for (size_t i = 0; i < processes; i++) {
        assert_same_parameters(&alone->network[0], &several.network[i]);
        assert_true(several.log10_prob[i] == alone->log10_prob[0]);
        assert_true(several.kept[i] == alone->kept[0]);
    }
    end(&several);
}

// Four pieces on up to five processes, of which one then has nothing to do; seven, of which some are
// empty.
static void any_number_of_processes(void **state)
{
    (void)state;
    for (size_t i = 0; optimiser_table[i] != NULL; i++) {
        struct course alone = new_course(i, optimiser_table[i]);
        alone.pieces = i % 3 == 2 ? 7 : 4;
        alone.rule.halves = i == 1;
        run(&alone);
        check_processes(&alone, 2, 1);
        check_processes(&alone, 3, 2);
        check_processes(&alone, 5, 1);
        end(&alone);
    }
}

// ---- averages -----------------------------------------------------------------------------------

static const double ETA = 0.5, ZETA = 0.75;

static void average_process(struct peers *peers, void *context)
{
    struct course *course = context;
    struct pieces_rule pieces = {.peers = peers, .pieces = peers->size, .average = true};
    struct batch_rule rule = course->rule;
    struct network *network = &course->network[peers->rank];
    struct network_shape shape = new_shape(WORDS, course->layers, CLASSES, 101, 3);
    struct pool *pool = pool_new(1, NULL);
    struct batch batch;
    struct average average;
    rule.pieces = &pieces;
    make_network(network, &shape, 7, 0.4);
    assert_true(batch_init(&batch, network, &rule, STREAMS, STEPS, pool, NULL));
    assert_true(average_init(&average, peers, network, &(struct average_rule){ETA, ZETA}, NULL));
    start(&batch);
    average_begin(&average);
    for (size_t block = 0; block < BLOCKS; block++) {
        learn_block(&batch, block, &course->log10_prob[peers->rank]);
        if (block % 2 == 0)
            continue;
        assert_true(average_step(&average, NULL));
        batch_refresh(&batch);
    }
    assert_true(pieces_gather(&batch, NULL));
    course->kept[peers->rank] = number_of(&batch);
    average_free(&average);
    batch_free(&batch);
    pool_free(pool);
}

// A process by itself: a batch of its streams alone.
struct plain {
    struct network network;
    struct batch batch;
    size_t first, count;
};

static void begin_plain(struct plain *plain, const struct course *course, size_t rank,
                        struct pool *pool)
{
    struct network_shape shape = new_shape(WORDS, course->layers, CLASSES, 101, 3);
    plain->first = STREAMS * rank / 2;
    plain->count = STREAMS * (rank + 1) / 2 - plain->first;
    make_network(&plain->network, &shape, 7, 0.4);
    assert_true(
        batch_init(&plain->batch, &plain->network, &course->rule, plain->count, STEPS, pool, NULL));
    float *value = calloc(plain->network.state, sizeof *value);
    state_values(&plain->network, STATE_TEXT, NULL, value);
    for (size_t b = 0; b < plain->count; b++)
        batch_start(&plain->batch, b, value, NULL);
    free(value);
    batch_refresh(&plain->batch);
}

// `weight` and `move` as W and d of learn/average.h; all begin with `begun`.
static void average_plainly(struct plain plain[2], struct network *begun, double **weight,
                            double **move)
{
    for (size_t p = 0; p < begun->parameters; p++)
        for (size_t i = 0; i < begun->parameter[p].rows * begun->parameter[p].width; i++) {
            float *w = parameter_weight(&begun->parameter[p], i);
            float *a = parameter_weight(&plain[0].network.parameter[p], i);
            float *b = parameter_weight(&plain[1].network.parameter[p], i);
            double says = ((double)*a + (double)*b) / 2 - (double)*w;
            move[p][i] = ETA * move[p][i] + ZETA * says;
            weight[p][i] += move[p][i];
            *w = *a = *b = (float)(weight[p][i] + ETA * move[p][i]);
        }
    batch_refresh(&plain[0].batch);
    batch_refresh(&plain[1].batch);
}

static void weights_are_averaged_with_momentum(void **state)
{
    (void)state;
    struct course course = new_course(3, &optimiser_momentum);
    course.rule.dropout = (struct dropout_rule){0};
    course.processes = 2;
    loop_run(2, average_process, &course);
    struct pool *pool = pool_new(1, NULL);
    struct network begun;
    struct network_shape shape = new_shape(WORDS, course.layers, CLASSES, 101, 3);
    struct plain plain[2];
    double *weight[ALL], *move[ALL], log10_prob[2] = {0};
    make_network(&begun, &shape, 7, 0.4);
    for (size_t p = 0; p < begun.parameters; p++) {
        struct parameter *parameter = &begun.parameter[p];
        weight[p] = calloc(parameter_count(parameter), sizeof(double));
        move[p] = calloc(parameter_count(parameter), sizeof(double));
        for (size_t i = 0; i < parameter->rows * parameter->width; i++)
            weight[p][i] = (double)*parameter_weight(parameter, i);
    }
    for (size_t i = 0; i < 2; i++)
        begin_plain(&plain[i], &course, i, pool);
    for (size_t block = 0; block < BLOCKS; block++) {
        for (size_t i = 0; i < 2; i++) {
            fill(&plain[i].batch, block, plain[i].first, plain[i].count);
            assert_true(batch_learn(&plain[i].batch, steps_of(block), &log10_prob[i], NULL));
        }
        if (block % 2 != 0)
            average_plainly(plain, &begun, weight, move);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_near(course.log10_prob[i], log10_prob[i], 1e-5);
        assert_near_parameters(&course.network[i], &begun);
        assert_true(course.kept[i] == course.kept[0]);
        batch_free(&plain[i].batch);
        network_free(&plain[i].network);
    }
    assert_same_parameters(&course.network[0], &course.network[1]);
    for (size_t p = 0; p < begun.parameters; p++) {
        free(weight[p]);
        free(move[p]);
    }
    network_free(&begun);
    pool_free(pool);
    end(&course);
}

// ---- memory -------------------------------------------------------------------------------------

static bool try_to_learn(const struct batch_rule *rule, struct network *network,
                         struct error *error)
{
    struct batch batch;
    struct average average = {.peers = NULL};
    struct share_note note = {0};
    struct pool *pool = pool_new(1, error);
    if (pool == NULL)
        return false;
    bool ok =
        batch_init(&batch, network, rule, STREAMS, STEPS, pool, error) &&
        average_init(&average, &peers_alone, network, &(struct average_rule){ETA, ZETA}, error);
    for (size_t p = 0; ok && p < 2; p++) {
        struct pieces_range streams = pieces_range(batch.pieces, p);
        fill(&batch, 0, streams.first, streams.count);
        ok = pieces_learn(&batch, p, STEPS, &note, error);
    }
    ok = ok && pieces_step(&batch, &note, error) && pieces_gather(&batch, error);
    average_free(&average);
    batch_free(&batch);
    pool_free(pool);
    return ok;
}

static void no_memory(void **state)
{
    (void)state;
    struct course course = new_course(0, &optimiser_adam);
    struct pieces_rule pieces = {.peers = &peers_alone, .pieces = 2};
    struct network_shape shape = new_shape(WORDS, course.layers, CLASSES, 0, 0);
    bool ok = false;
    course.rule.pieces = &pieces;
    for (int64_t count = 0; !ok && count < 1000; count++) {
        struct network network;
        struct error error = {""};
        make_network(&network, &shape, 7, 0.4);
        memory_fail_after(count);
        ok = try_to_learn(&course.rule, &network, &error);
        memory_fail_after(-1);
        if (!ok)
            assert_true(error_is_of_memory(&error));
        network_free(&network);
    }
    assert_true(ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_learn_what_one_does),
        cmocka_unit_test(any_number_of_processes),
        cmocka_unit_test(weights_are_averaged_with_momentum),
        cmocka_unit_test(no_memory),
    };
    if (!kernels_choose(NULL, NULL))
        return 1;
    return cmocka_run_group_tests_name("pieces", tests, NULL, NULL);
}
