// Fuzzing of command lines (options*.c): each line of the input is an argument. Also of what values
// of options are parsed by.
#include "fuzz.h"

#include <string.h>

#include "model/model_file.h"
#include "net/shape.h"
#include "ngram/estimate.h"
#include "options.h"

enum { MOST_ARGUMENTS = 64 };

static struct {
    bool fast, given;
    const char *model;
    struct option_list mix;
    int64_t hidden, seed;
    double alpha;
} set;

static const struct option table[] = {
    {.type = OPTION_GROUP, .help = "Everything"},
    {OPTION_FLAG, "fast", NULL, &set.fast, NULL, 0, 0, "Be quick."},
    {OPTION_TEXT, "rnnlm", "FILE", &set.model, NULL, 0, 0, "The model."},
    {OPTION_LIST, "ngram", "FILE", &set.mix, NULL, 0, 0, "Another model; may be repeated."},
    {OPTION_COUNT, "hidden", "N", &set.hidden, &set.given, 1, 1000, "Units."},
    {OPTION_COUNT, "rand-seed", "N", &set.seed, NULL, -5, 1e19, "Seed."},
    {OPTION_NUMBER, "alpha", "X", &set.alpha, NULL, 0, 10, "Learning rate."},
};

static const struct options options = {"prog",          "nothing", "[options] FILE",
                                       "Does nothing.", table,     sizeof table / sizeof *table,
                                       "FILE"};

static void parse_values(const char *text)
{
    struct network_shape shape = {.words = 10};
    struct error error = {""};
    enum model_format format;
    char printed[SHAPE_TEXT];
    size_t memory;
    if (shape_parse_layers(&shape, text, NULL, &error))
        shape_print_layers(&shape, printed);
    else
        fuzz_check_error(&error);
    if (!model_format_named(text, &format, &error))
        fuzz_check_error(&error);
    if (!estimate_parse_memory(text, &memory, &error))
        fuzz_check_error(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    char *argv[MOST_ARGUMENTS + 1] = {"prog"}, *text = malloc(size + 1), *rest = text;
    struct option_list operands = {NULL, 0, 0};
    int argc = 1;
    if (nowhere == NULL)
        stdout = stderr = nowhere = fopen("/dev/null", "w");
    fuzz_check(text != NULL, "there is memory");
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *line; argc < MOST_ARGUMENTS && (line = strsep(&rest, "\n")) != NULL;)
        argv[argc++] = line;
    memset(&set, 0, sizeof set);
    enum options_result result = options_parse(&options, argc, argv, &operands);
    fuzz_check(result <= OPTIONS_BAD_USAGE, "a command line has a result");
    if (result == OPTIONS_RUN && set.given)
        fuzz_check(set.hidden >= 1 && set.hidden <= 1000, "a value is within its bounds");
    if (argc > 1)
        parse_values(argv[1]);
    free(set.mix.item);
    free(operands.item);
    free(text);
    return 0;
}
