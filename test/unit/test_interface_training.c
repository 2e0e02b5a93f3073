// The public interface: training as programs use it.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnnlm.h"
#include "scratch.h"
#include "testing.h"

enum { SENTENCES = 150 };

// What the calls have told.
struct told {
    int calls, epochs, remarks, end_after; // epochs; 0: never
    double first_bits, last_bits, rate;
};

static int listen(void *context, const rnnlm_progress *progress)
{
    struct told *told = context;
    told->calls++;
    if (progress->remark != NULL) {
        assert_true(strchr(progress->remark, '\n') == NULL);
        told->remarks++;
        return 0;
    }
    assert_true(progress->words > 0 && isfinite(progress->train_bits));
    if (!progress->epoch_done)
        return 0;
    assert_int_equal(progress->epoch, told->epochs);
    if (told->epochs++ == 0)
        told->first_bits = progress->valid_bits;
    told->last_bits = progress->valid_bits;
    told->rate = progress->learning_rate;
    return told->epochs == told->end_after;
}

static const char *const texts[] = {"train", "text", "valid", "text", "class", "2"};

// Trains with the texts and more options, names and values, NULL at the end.
static int train(struct told *told, char *error, const char *const *more)
{
    const char *option[40];
    size_t count = sizeof texts / sizeof *texts;
    memcpy(option, texts, sizeof texts);
    for (; *more != NULL; more++)
        option[count++] = *more;
    return rnnlm_train(option, count / 2, listen, told, error, RNNLM_ERROR_SIZE);
}

#define TRAIN(told, error, ...) train(told, error, (const char *const[]){__VA_ARGS__, NULL})

static void models_are_trained_and_used(void **state)
{
    (void)state;
    static const char *const layers[] = {"elman:8", "lstm:8"};
    for (int i = 0; i < 2; i++) {
        struct told told = {.calls = 0};
        char error[RNNLM_ERROR_SIZE] = "";
        if (TRAIN(&told, error, "rnnlm", layers[i], "layers", layers[i], "alpha", "0.25",
                  "max-iter", "3") != 0)
            fail_msg("%s", error);
        assert_int_equal(told.epochs, 3);
        assert_true(told.last_bits < told.first_bits && told.rate == 0.25);
        rnnlm_model *model = rnnlm_open(layers[i], error, sizeof error);
        assert_non_null(model);
        assert_int_equal(rnnlm_vocabulary_size(model), 5);
        rnnlm_close(model);
    }
}

static void models_go_on(void **state)
{
    (void)state;
    struct told told = {.end_after = 1};
    char error[RNNLM_ERROR_SIZE] = "";
    assert_int_equal(TRAIN(&told, error, "rnnlm", "model", "hidden", "6", "max-iter", "5"), 1);
    assert_int_equal(told.epochs, 1);
    assert_int_equal(rnnlm_train((const char *const[]){"rnnlm", "model", "train", "text", "valid",
                                                       "text", "max-iter", "2"},
                                 4, NULL, NULL, error, sizeof error),
                     0);
    assert_int_equal(TRAIN(&told, error, "rnnlm", "model"), -1);
    assert_contains(error, "options of a new one");
}

static void batches_learn(void **state)
{
    (void)state;
    struct told told = {.calls = 0};
    char error[RNNLM_ERROR_SIZE] = "";
    rnnlm_one_thread();
    if (TRAIN(&told, error, "rnnlm", "batches", "layers", "lstm:6,gru:6", "output", "full",
              "streams", "3", "dropout", "0.1", "epochs", "3", "independent", "1", "format",
              "native", "tied", "0", "min-count", "2", "threads", "2") != 0)
        fail_msg("%s", error);
    assert_int_equal(told.epochs, 3);
    assert_true(told.last_bits < told.first_bits);
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {
        {"hiden", "5", "unknown option hiden; did you mean hidden"},
        {"xyzzy", "5", "unknown option xyzzy"},
        {"hidden", "0", "option -hidden: found \"0\""},
        {"hidden", "x", "a whole number"},
        {"alpha", "x", "a number"},
        {"tied", "yes", "wanted 0 or 1"},
        {"layers", "lstn:5", "lstm"},
        {"output", "ful", "full"},
        {"format", "json", "native"},
        {"format", "text", ""},
        {"dropout", "0.5", "streams"},
        {"clip-norm", "1", "streams"},
        {"optimiser", "adam", "streams"},
        {"optimiser", "adm", "adam"},
        {"train", "nothing-here", "nothing-here"},
        {"valid", "nothing-here", "nothing-here"},
        {"rnnlm", "no/folder/here", "no/folder/here"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct told told = {.calls = 0};
        char error[RNNLM_ERROR_SIZE] = "";
        if (strcmp(wrong[i][1], "text") == 0)
            assert_int_equal(
                TRAIN(&told, error, "rnnlm", "wrong", "layers", "lstm:5", wrong[i][0], wrong[i][1]),
                -1);
        else
            assert_int_equal(TRAIN(&told, error, "rnnlm", "wrong", wrong[i][0], wrong[i][1]), -1);
        assert_contains(error, wrong[i][2]);
        assert_true(*error != '\0' && access("wrong", F_OK) != 0);
    }
    char error[RNNLM_ERROR_SIZE] = "";
    assert_int_equal(rnnlm_train(texts, 3, NULL, NULL, error, sizeof error), -1);
    assert_contains(error, "no model named");
    assert_int_equal(rnnlm_train((const char *const[]){"rnnlm", "wrong", "train", "text"}, 2, NULL,
                                 NULL, error, sizeof error),
                     -1);
    assert_contains(error, "one-iter");
    assert_int_equal(rnnlm_train(NULL, 0, NULL, NULL, NULL, 0), -1);
}

static int make_text(void **state)
{
    static const char *const words[] = {"a b", "b c", "c d a", "a b c"};
    char text[SENTENCES * 8] = "";
    if (scratch_enter(state) != 0)
        return -1;
    for (int i = 0; i < SENTENCES; i++) {
        strcat(text, words[i * i % 4 + (i % 7 == 0)]);
        strcat(text, "\n");
    }
    write_file("text", text, strlen(text));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_trained_and_used),
        cmocka_unit_test(models_go_on),
        cmocka_unit_test(batches_learn),
        cmocka_unit_test(wrong_options_are_named),
    };
    return cmocka_run_group_tests_name("interface_training", tests, make_text, scratch_leave);
}
