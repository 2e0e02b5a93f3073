// Hidden states as an array of NumPy, against the plain network's.
#include "plain_network.h"

#include "score/hidden_states.h"
#include "scratch.h"

enum { WORDS = 9, HEADING = 128 };

static const char *const spelling[WORDS] = {"</s>", "a", "b", "c", "d", "e", "f", "g", "h"};
static const char TEXT[] = "a b zebra c\n\nd d e\nh a quagga\ng\n";
static const int32_t ids[] = {1, 2, WORD_OOV, 3, 0, 0, 4, 4, 5, 0, 8, 1, WORD_OOV, 0, 7, 0};
enum { TOKENS = sizeof ids / sizeof ids[0] };

static void make_model(struct model *model, const char *layers)
{
    const struct network_shape shape = new_shape(WORDS, layers, 3, 200, 3);
    memset(model, 0, sizeof *model);
    assert_true(vocabulary_init(&model->vocabulary, NULL));
    for (size_t i = 0; i < WORDS; i++)
        vocabulary_add(&model->vocabulary, spelling[i], strlen(spelling[i]), NULL);
    make_network(&model->network, &shape, 9, 1.2);
    assert_true(model_attach(model, NULL));
    state_values(&model->network, STATE_TEXT, NULL, model->state);
}

static uint64_t count(const char *path)
{
    uint64_t tokens = 0;
    struct reader *text = reader_open(path, NULL);
    assert_true(text != NULL && hidden_states_count(text, &tokens, NULL));
    reader_close(text);
    return tokens;
}

static bool write_states(const struct model *model, const struct network_use *use, uint64_t tokens,
                         struct error *error)
{
    struct reader *text = reader_open("text", error);
    struct output *output = output_open("states", error);
    if (text == NULL || output == NULL)
        fail_msg("%s", error->text);
    bool ok = hidden_states_write(model, use, text, tokens, output, error);
    reader_close(text);
    if (ok)
        assert_true(output_commit(output, NULL));
    else
        output_discard(output);
    return ok;
}

static void assert_states(const struct model *model, const struct network_use *use)
{
    const struct network *network = &model->network;
    const size_t width = network->width, top = network->shape.layers - 1;
    struct plain plain = plain_new(network);
    struct plain_state before, after;
    size_t size;
    char *file = read_whole("states", false, &size), wanted[HEADING];
    assert_int_equal(size, HEADING + TOKENS * width * sizeof(float));
    assert_memory_equal(file, "\x93NUMPY\x01\x00\x76\x00", 10);
    int length =
        snprintf(wanted, sizeof wanted,
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %zu), } ", TOKENS, width);
    assert_memory_equal(file + 10, wanted, (size_t)length);
    for (size_t i = 10 + (size_t)length; i < HEADING - 1; i++)
        assert_int_equal(file[i], ' ');
    assert_int_equal(file[HEADING - 1], '\n');
    plain_begin(&plain, use->independent, &before);
    plain_step(&plain, &before, WORD_END, &after);
    for (size_t i = 0; i < TOKENS; i++) {
        before = after;
        if (ids[i] == WORD_END && (use->independent || use->per_sentence))
            plain_begin(&plain, use->independent, &before);
        plain_step(&plain, &before, ids[i] == WORD_OOV ? use->unknown : ids[i], &after);
        for (size_t k = 0; k < width; k++) {
            float found;
            memcpy(&found, file + HEADING + (i * width + k) * sizeof found, sizeof found);
            assert_near((double)found, after.value[top][0][k], 2e-6);
        }
    }
    free(file);
    plain_free(&plain);
}

static void states_are_those_of_the_definition(void **state)
{
    (void)state;
    static const char *const layers[] = {"elman:6", "lstm:5", "gru:7,elman:4", "sru:6"};
    write_file("text", TEXT, sizeof TEXT - 1);
    assert_int_equal(count("text"), TOKENS);
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        struct model model;
        struct error error = {""};
        make_model(&model, layers[i]);
        for (int way = 0; way < 4; way++) {
            struct network_use use = {.independent = way == 1,
                                      .per_sentence = way == 2,
                                      .unknown = way == 3 ? 6 : WORD_OOV};
            assert_true(write_states(&model, &use, TOKENS, &error));
            assert_states(&model, &use);
        }
        model_free(&model);
    }
}

static void texts_that_do_not_fit(void **state)
{
    (void)state;
    struct model model;
    struct network_use use = {.unknown = WORD_OOV};
    struct error error = {""};
    uint64_t tokens;
    make_model(&model, "elman:6");
    write_file("text", TEXT, sizeof TEXT - 1);
    for (int more = -1; more <= 1; more += 2) {
        assert_false(write_states(&model, &use, (uint64_t)(TOKENS - more), &error));
        assert_non_null(
            strstr(error.text, more > 0 ? "found more than 15" : "found fewer than 17"));
    }
    write_file("empty", "", 0);
    struct reader *empty = reader_open("empty", NULL);
    assert_non_null(empty);
    assert_false(hidden_states_count(empty, &tokens, &error));
    assert_string_equal(error.text, "empty: the text is empty");
    reader_close(empty);
    model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_those_of_the_definition),
        cmocka_unit_test(texts_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
