// Command lines: every form, every wrong form, and what is said about it.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "options.h"
#include "scratch.h"

enum { MOST_ARGUMENTS = 10 };

static struct {
    bool fast, count_given;
    const char *model, *text, *ngram;
    struct option_list mix;
    int64_t hidden, seed;
    double alpha;
} values;

static const struct option table[] = {
    {.type = OPTION_GROUP, .help = "Everything"},
    {OPTION_FLAG, "fast", NULL, &values.fast, NULL, 0, 0, "Be quick."},
    {OPTION_TEXT, "rnnlm", "FILE", &values.model, NULL, 0, 0, "The model."},
    {OPTION_TEXT, "text", "FILE", &values.text, NULL, 0, 0, "A text."},
    {OPTION_TEXT, "lm", "FILE", &values.ngram, NULL, 0, 0, "Another model."},
    {OPTION_LIST, "mix", "FILE", &values.mix, NULL, 0, 0, "Another model; may be repeated."},
    {OPTION_COUNT, "hidden", "N", &values.hidden, &values.count_given, 1, 1000, "Units."},
    {OPTION_COUNT, "rand-seed", "N", &values.seed, NULL, -5, 1e19, "Seed."},
    {OPTION_NUMBER, "alpha", "X", &values.alpha, NULL, 0, 10, "Learning rate."},
};

static struct options options = {
    "prog", "nothing", "[options]", "Does nothing.", table, sizeof table / sizeof *table, NULL};

// Parses a command line that ends with NULL; *message is what came on standard output and standard
// error, free() it.
static enum options_result parse(const char *const *arguments, char **message)
{
    char *argv[MOST_ARGUMENTS + 1];
    int argc = 1;
    size_t size;
    argv[0] = "prog";
    for (; arguments[argc - 1] != NULL; argc++)
        argv[argc] = (char *)arguments[argc - 1]; // only read
    argv[argc] = NULL;
    memset(&values, 0, sizeof values);
    values.hidden = 30;
    values.alpha = 0.1;
    fflush(stdout);
    int out = redirect(STDOUT_FILENO, "said", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
    int err = redirect(STDERR_FILENO, "said", O_WRONLY | O_APPEND);
    enum options_result result = options_parse(&options, argc, argv, NULL);
    fflush(stdout);
    restore(STDOUT_FILENO, out);
    restore(STDERR_FILENO, err);
    *message = read_whole("said", false, &size);
    return result;
}

static void texts_are_taken(void **state)
{
    (void)state;
    char *argv[] = {"prog", "--mix",  "b",          "-mix=c", "-mix",
                    "-d",   "--mix=", "-rnnlm=e=f", "--fast", NULL};
    memset(&values, 0, sizeof values);
    assert_int_equal(options_parse(&options, 9, argv, NULL), OPTIONS_RUN);
    assert_string_equal(values.model, "e=f");
    assert_true(values.fast);
    const char *const wanted[] = {"b", "c", "-d", ""};
    assert_int_equal(values.mix.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(values.mix.item[i], wanted[i]);
    free(values.mix.item);
}

static void forms_of_options(void **state)
{
    (void)state;
    const struct {
        const char *arguments[MOST_ARGUMENTS];
        bool fast, count_given;
        int64_t hidden, seed;
        double alpha;
    } rows[] = {
        {{NULL}, false, false, 30, 0, 0.1},
        {{"-fast"}, true, false, 30, 0, 0.1},
        {{"--fast", "-fast"}, true, false, 30, 0, 0.1},
        {{"-hidden", "5"}, false, true, 5, 0, 0.1},
        {{"--hidden", "5"}, false, true, 5, 0, 0.1},
        {{"--hidden=5"}, false, true, 5, 0, 0.1},
        {{"-hidden=5"}, false, true, 5, 0, 0.1},
        {{"-hidden", "1", "--alpha", "0"}, false, true, 1, 0, 0},
        {{"-hidden", "1000", "--alpha", "10"}, false, true, 1000, 0, 10},
        {{"-alpha", "1e-3"}, false, false, 30, 0, 1e-3},
        {{"-rand-seed", "-5", "-fast"}, true, false, 30, -5, 0.1},
        {{"-rand-seed=4611686018427387905"}, false, false, 30, 4611686018427387905, 0.1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *message;
        assert_int_equal(parse(rows[i].arguments, &message), OPTIONS_RUN);
        assert_string_equal(message, "");
        assert_int_equal(values.fast, rows[i].fast);
        assert_int_equal(values.count_given, rows[i].count_given);
        assert_int_equal(values.hidden, rows[i].hidden);
        assert_int_equal(values.seed, rows[i].seed);
        assert_true(values.alpha == rows[i].alpha);
        free(message);
    }
}

static void wrong_lines_are_explained(void **state)
{
    (void)state;
    const struct {
        const char *arguments[MOST_ARGUMENTS];
        enum options_result result;
        const char *message;
    } rows[] = {
        {{"-hidden", "0"},
         OPTIONS_BAD_USAGE,
         "-hidden: found \"0\", wanted a whole number from 1 to 1000"},
        {{"-hidden", "1001"}, OPTIONS_BAD_USAGE, "\"1001\""},
        {{"-hidden", "ten"}, OPTIONS_BAD_USAGE, "\"ten\""},
        {{"-hidden", "5x"}, OPTIONS_BAD_USAGE, "\"5x\""},
        {{"-hidden", "5.5"}, OPTIONS_BAD_USAGE, "\"5.5\""},
        {{"-hidden", ""}, OPTIONS_BAD_USAGE, "\"\""},
        {{"--hidden="}, OPTIONS_BAD_USAGE, "\"\""},
        {{"-hidden", "-fast"}, OPTIONS_BAD_USAGE, "\"-fast\""},
        {{"-hidden", "99999999999999999999"}, OPTIONS_BAD_USAGE, "\"99999999999999999999\""},
        {{"-rand-seed", "-6"}, OPTIONS_BAD_USAGE, "wanted a whole number, at least -5"},
        {{"-rand-seed", "9300000000000000000"}, OPTIONS_BAD_USAGE, "\"9300000000000000000\""},
        {{"-alpha", "-0.1"},
         OPTIONS_BAD_USAGE,
         "-alpha: found \"-0.1\", wanted a number from 0 to 10"},
        {{"-alpha", "nan"}, OPTIONS_BAD_USAGE, "\"nan\""},
        {{"-alpha", "inf"}, OPTIONS_BAD_USAGE, "\"inf\""},
        {{"-alpha", "1e999"}, OPTIONS_BAD_USAGE, "\"1e999\""},
        {{"-alpha", "0.1,"}, OPTIONS_BAD_USAGE, "\"0.1,\""},
        {{"-alpha", ""}, OPTIONS_BAD_USAGE, "\"\""},
        {{"-hidden"}, OPTIONS_BAD_USAGE, "option -hidden wants a value: N"},
        {{"-fast", "-rnnlm"}, OPTIONS_BAD_USAGE, "option -rnnlm wants a value: FILE"},
        {{"-fast=1"}, OPTIONS_BAD_USAGE, "option -fast takes no value, found \"1\""},
        {{"-hiden", "5"}, OPTIONS_BAD_USAGE, "unknown option -hiden; did you mean -hidden?"},
        {{"--rnnml"}, OPTIONS_BAD_USAGE, "unknown option --rnnml; did you mean -rnnlm?"},
        {{"-hiddem=123456789"}, OPTIONS_BAD_USAGE, "did you mean -hidden?"},
        {{"--rnlm=/some/where/model"}, OPTIONS_BAD_USAGE, "did you mean -rnnlm?"},
        {{"-zzzz"}, OPTIONS_BAD_USAGE, "unknown option -zzzz; prog --help lists them all"},
        {{"-hiddenn"}, OPTIONS_BAD_USAGE, "did you mean -hidden?"},
        {{"-fas"}, OPTIONS_BAD_USAGE, "did you mean -fast?"},
        {{"-perplexity"}, OPTIONS_BAD_USAGE, "prog --help lists them all"},
        {{"---fast"}, OPTIONS_BAD_USAGE, "unknown option ---fast"},
        {{"-=5"}, OPTIONS_BAD_USAGE, "unknown option -=5"},
        {{"file"}, OPTIONS_BAD_USAGE, "unexpected argument \"file\""},
        {{"-fast", "-"}, OPTIONS_BAD_USAGE, "unexpected argument \"-\""},
        {{"--", "-fast"}, OPTIONS_BAD_USAGE, "unexpected argument \"-fast\""},
        {{"-hidden", "5", "-fast", "--hidden=6"},
         OPTIONS_BAD_USAGE,
         "option -hidden: found twice, with \"5\" and \"6\", wanted once"},
        {{"-hidden", "5", "-hidden", "5"}, OPTIONS_BAD_USAGE, "-hidden: found twice"},
        {{"-alpha", "", "-alpha", "1"}, OPTIONS_BAD_USAGE, "-alpha: found \"\""},
        {{"-rnnlm", "", "-rnnlm", "a"}, OPTIONS_BAD_USAGE, "with \"\" and \"a\", wanted once\n"},
        {{"-text=a", "-text", "b"}, OPTIONS_BAD_USAGE, "wanted once: it takes one file"},
        {{"-ngram=a", "-lm", "b"}, OPTIONS_BAD_USAGE, "option -lm: found twice"},
        {{"-fast", "-bad1", "-bad2"}, OPTIONS_BAD_USAGE, "unknown option -bad1"}, // the first only
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *message;
        enum options_result result = parse(rows[i].arguments, &message);
        if (result != rows[i].result || strncmp(message, "prog: ", 6) != 0 ||
            strstr(message, rows[i].message) == NULL ||
            strchr(message, '\n') != message + strlen(message) - 1)
            fail_msg("row %zu: result %d, message: %s", i, result, message);
        free(message);
    }
}

// A name of any length is compared, and one far from all gets no suggestion.
static void very_long_names(void **state)
{
    (void)state;
    char name[5000] = "-";
    memset(name + 1, 'q', sizeof name - 2);
    const char *arguments[] = {name, NULL};
    char *message;
    assert_int_equal(parse(arguments, &message), OPTIONS_BAD_USAGE);
    assert_non_null(strstr(message, name));
    free(message);
}

static void operands_are_gathered(void **state)
{
    (void)state;
    const struct {
        char *argv[MOST_ARGUMENTS];
        const char *operands[MOST_ARGUMENTS];
        bool fast;
    } rows[] = {
        {{"prog"}, {NULL}, false},
        {{"prog", "a", "-fast", "b"}, {"a", "b"}, true},
        {{"prog", "-", "-fast", "-"}, {"-", "-"}, true},
        {{"prog", "--", "a", "-fast"}, {"a", "-fast"}, false},
        {{"prog", "-fast", "--", "--", "-x", "--help"}, {"--", "-x", "--help"}, true},
        {{"prog", "-rnnlm", "--", "a"}, {"a"}, false}, // the value of -rnnlm
        {{"prog", "", "a=b"}, {"", "a=b"}, false},
        {{"prog", "--"}, {NULL}, false},
    };
    options.operands = "FILE...";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct option_list operands = {0};
        int argc = 0;
        while (rows[i].argv[argc] != NULL)
            argc++;
        memset(&values, 0, sizeof values);
        assert_int_equal(options_parse(&options, argc, (char **)rows[i].argv, &operands),
                         OPTIONS_RUN);
        size_t count = 0;
        for (; rows[i].operands[count] != NULL; count++)
            assert_true(count < operands.count &&
                        strcmp(operands.item[count], rows[i].operands[count]) == 0);
        assert_int_equal(operands.count, count);
        assert_int_equal(values.fast, rows[i].fast);
        free(operands.item);
    }
    options.operands = NULL;
}

static void requests_are_answered(void **state)
{
    (void)state;
    const struct {
        const char *arguments[MOST_ARGUMENTS], *answer;
    } rows[] = {{{"-h"}, "usage: prog [options]\n"},
                {{"--help"}, "-hidden N"},
                {{"-help"}, "(30)"},
                {{"-fast", "--help", "-bad"}, "Be quick."},
                {{"-version"}, "prog " RNNLM_VERSION},
                {{"--version"}, "prog " RNNLM_VERSION}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *message;
        assert_int_equal(parse(rows[i].arguments, &message), OPTIONS_DONE);
        assert_non_null(strstr(message, rows[i].answer));
        free(message);
    }
}

static void exit_statuses(void **state)
{
    (void)state;
    assert_int_equal(options_status(OPTIONS_DONE), 0);
    assert_int_equal(options_status(OPTIONS_FAILED), 1);
    assert_int_equal(options_status(OPTIONS_BAD_USAGE), 2);
}

static void list_without_memory(void **state)
{
    (void)state;
    const char *arguments[] = {"-mix", "a", NULL};
    char *message, *argv[] = {"prog", "-mix", "a", NULL};
    int err = redirect(STDERR_FILENO, "said", O_WRONLY | O_CREAT | O_TRUNC);
    memset(&values, 0, sizeof values);
    for (int allowed = 0; allowed < 2; allowed++) {
        memory_fail_after(allowed);
        assert_int_equal(options_parse(&options, 3, argv, NULL), OPTIONS_FAILED);
    }
    memory_fail_after(-1);
    restore(STDERR_FILENO, err);
    assert_file_holds("said", "prog: not enough memory\n"
                              "prog: not enough memory: 128 bytes wanted\n");
    assert_int_equal(parse(arguments, &message), OPTIONS_RUN);
    assert_int_equal(values.mix.count, 1);
    free(values.mix.item);
    free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_taken),
        cmocka_unit_test(forms_of_options),
        cmocka_unit_test(wrong_lines_are_explained),
        cmocka_unit_test(very_long_names),
        cmocka_unit_test(operands_are_gathered),
        cmocka_unit_test(requests_are_answered),
        cmocka_unit_test(exit_statuses),
        cmocka_unit_test(list_without_memory),
    };
    return cmocka_run_group_tests_name("options", tests, scratch_enter, scratch_leave);
}
