// States: what texts and sentences begin with, single steps, and that they are plain values.
#include "plain_network.h"

#include "text/vocabulary.h"

static const int32_t TEXT[] = {0, 5, 2, 8, WORD_OOV, 1, 8, 8, 3, 0, 6, 2};
enum { TEXT_LENGTH = sizeof TEXT / sizeof TEXT[0] };

static const char *const stacks[] = {
    "elman:5",
    "elman:17",
    "elman:5,compression:18",
    "compression:6",
    "lstm:7",
    "lstm:17,elman:5:tanh,compression:3",
    "compression:4,elman:5:elu,lstm:16",
    "gru:17,gru:5",
    "sru:17,elman:5,sru:6",
    "jordan:17:tanh,jordan:5",
    "qrnn:17,qrnn:5",
    "projection:6",
    "projection:17,lstm:5,projection:18",
};
enum { STACKS = sizeof stacks / sizeof stacks[0] };

static void oov_switches_no_input_on(void **state)
{
    (void)state;
    for (size_t s = 0; s < STACKS; s++) {
        struct network network;
        struct network_shape shape = new_shape(9, stacks[s], 3, 50, 3);
        make_network(&network, &shape, 4, 1);
        struct parameter *table = network_parameter(&network, "layer0.input");
        memset(parameter_row(table, 3), 0, table->stride * sizeof(float));
        struct state *in = state_at_start(&network, STATE_TEXT, NULL, NULL);
        struct state *unknown = state_new(&network, NULL), *zero = state_new(&network, NULL);
        assert_true(in != NULL && unknown != NULL && zero != NULL);
        advance_state(&network, in, WORD_OOV, unknown);
        advance_state(&network, in, 3, zero);
        assert_memory_equal(unknown->value, zero->value, network.state * sizeof(float));
        assert_int_equal(unknown->history[0], WORD_OOV);
        assert_int_equal(zero->history[0], 3);
        assert_memory_equal(unknown->history + 1, in->history,
                            (SHAPE_MOST_ORDER - 1) * sizeof in->history[0]);
        free(in);
        free(unknown);
        free(zero);
        network_free(&network);
    }
}

// What the first </s> of each start is taken in with: the reference's 0.1 and 1 in Elman layers, 0
// in all else. Padding is 0.
static void values_before_the_start(void **state)
{
    (void)state;
    const struct network_shape shape =
        new_shape(9, "compression:3,elman:5,lstm:4,elman:17:relu,compression:2", 3, 0, 0);
    const float output[] = {[STATE_TEXT] = 0.1f, [STATE_SENTENCE] = 1, [STATE_LISTS] = 0};
    struct network network;
    make_network(&network, &shape, 4, 1);
    float *stored = calloc(network.state, sizeof *stored), *value = malloc(sizeof(float[200]));
    assert_true(stored != NULL && value != NULL && network.state <= 200);
    for (size_t i = 0; i < network.state; i++)
        stored[i] = (float)i / 3;
    state_values(&network, STATE_STORED, stored, value);
    assert_memory_equal(value, stored, network.state * sizeof *value);
    for (int start = STATE_TEXT; start <= STATE_LISTS; start++) {
        if (start == STATE_STORED)
            continue;
        float *wanted = calloc(network.state, sizeof *wanted);
        for (size_t l = 1; l < 4; l += 2)
            for (size_t i = 0; i < shape.layer[l].units; i++)
                wanted[network.layer[l].at + i] = output[start];
        state_values(&network, (enum state_start)start, NULL, value);
        assert_memory_equal(value, wanted, network.state * sizeof *value);
        free(wanted);
    }
    free(stored);
    free(value);
    network_free(&network);
}

// The state before a text is one that has </s> taken in, from the start's values or stored ones;
// before lists two.
static void states_at_the_start(void **state)
{
    (void)state;
    for (size_t s = 0; s < STACKS; s++) {
        struct network network;
        struct network_shape shape = new_shape(9, stacks[s], 3, 50, 3);
        make_network(&network, &shape, 4, 1);
        float *stored = calloc(network.state, sizeof *stored);
        struct state *before = state_new(&network, NULL), *wanted = state_new(&network, NULL);
        assert_true(stored != NULL && before != NULL && wanted != NULL);
        for (size_t l = 0; l < network.advanced; l++)
            for (size_t i = 0; i < network.layer[l].floats; i++)
                if (i % network.layer[l].row < network.layer[l].units)
                    stored[network.layer[l].at + i] = (float)(i + 1) / 50;
        for (int at = STATE_TEXT; at <= STATE_LISTS; at++) {
            struct state *start = state_at_start(&network, (enum state_start)at, stored, NULL);
            assert_non_null(start);
            state_values(&network, (enum state_start)at, stored, before->value);
            advance_state(&network, before, WORD_END, wanted);
            if (at == STATE_LISTS) {
                state_copy(&network, before, wanted);
                advance_state(&network, before, WORD_END, wanted);
            }
            assert_memory_equal(start, wanted, state_size(&network));
            free(start);
        }
        free(stored);
        free(before);
        free(wanted);
        network_free(&network);
    }
}

// Two texts taken in turns through one network, one of them moved elsewhere half-way, end where
// each ends alone.
static void check_turns(const struct network *network)
{
    size_t size = state_size(network);
    struct state *alone[2], *turns[2], *scratch = state_new(network, NULL);
    for (int t = 0; t < 2; t++) {
        alone[t] = state_at_start(network, STATE_TEXT, NULL, NULL);
        turns[t] = state_at_start(network, STATE_TEXT, NULL, NULL);
        for (int i = 0; i < TEXT_LENGTH; i++) {
            advance_state(network, alone[t], t == 0 ? TEXT[i] : TEXT[TEXT_LENGTH - 1 - i], scratch);
            state_copy(network, alone[t], scratch);
        }
    }
    for (int i = 0; i < TEXT_LENGTH; i++)
        for (int t = 0; t < 2; t++) {
            struct state *moved = malloc(size);
            assert_non_null(moved);
            advance_state(network, turns[t], t == 0 ? TEXT[i] : TEXT[TEXT_LENGTH - 1 - i], scratch);
            memcpy(moved, scratch, size);
            free(turns[t]);
            turns[t] = moved;
        }
    for (int t = 0; t < 2; t++) {
        assert_memory_equal(turns[t], alone[t], size);
        free(alone[t]);
        free(turns[t]);
    }
    free(scratch);
}

static void states_are_plain_values(void **state)
{
    (void)state;
    for (size_t s = 0; s < STACKS; s++) {
        struct network network;
        struct network_shape shape = new_shape(9, stacks[s], 3, 50, 3);
        make_network(&network, &shape, 4, 1);
        check_turns(&network);
        network_free(&network);
    }
}

static void distance_of_states(void **state)
{
    (void)state;
    const struct network_shape shape = new_shape(9, "compression:3,elman:5,lstm:17", 3, 0, 0);
    struct network network;
    make_network(&network, &shape, 4, 1);
    struct state *a = state_new(&network, NULL), *b = state_new(&network, NULL);
    for (size_t i = 0; i < 5; i++)
        a->value[network.layer[1].at + i] = 2;
    for (size_t i = 0; i < 17; i++) {
        a->value[network.layer[2].at + i] = 3;
        b->value[network.layer[2].at + network.layer[2].row + i] = -1;
    }
    assert_near(state_distance(&network, a, b), sqrt((5 * 4 + 17 * 9 + 17 * 1) / 39.0), 1e-6);
    assert_true(state_distance(&network, a, a) == 0);
    free(a);
    free(b);
    network_free(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oov_switches_no_input_on), cmocka_unit_test(values_before_the_start),
        cmocka_unit_test(states_at_the_start),      cmocka_unit_test(states_are_plain_values),
        cmocka_unit_test(distance_of_states),
    };
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
