// The command of rnnlm-ngram that makes a binary model: `build`.
#ifndef TOOLS_NGRAM_BUILD_H
#define TOOLS_NGRAM_BUILD_H

#include "ngram/binary.h"
#include "ngram/codebook.h"
#include "tool.h"

static struct {
    const char *model, *output;
    int64_t bits;
} build_set;

static const struct option build_table[] = {
    {.type = OPTION_GROUP, .help = "Files (- is standard input or output)"},
    {OPTION_TEXT, "lm", "FILE", &build_set.model, NULL, 0, 0,
     "Model to make it from: an ARPA file, plain or gzip-compressed, or a binary model; -ngram and "
     "-ngrams are the same."},
    {OPTION_TEXT, "o", "FILE", &build_set.output, NULL, 0, 0,
     "Write the binary model here. Compressed if the name ends in .gz, but then it is read into "
     "memory when it is opened, and not shared."},
    {.type = OPTION_GROUP, .help = "Numbers"},
    {OPTION_COUNT, "quantise", "BITS", &build_set.bits, NULL, CODEBOOK_LEAST_BITS, BINARY_MOST_BITS,
     "Round the probabilities and the back-off weights of each order above 1 to 2^BITS values, "
     "such "
     "as 8 bits; without it they are exact."},
};

static const struct options build_options = {
    .program = "rnnlm-ngram build",
    .summary = "write an n-gram model in a binary form that opens at once",
    .usage = "-lm MODEL.arpa -o MODEL.bin [-quantise BITS]",
    .about =
        "Writes an n-gram model in a binary form, which every program takes where it takes an "
        "ARPA\n"
        "file. It is mapped: it opens in milliseconds whatever its size, processes share it, and\n"
        "scores are those of the ARPA file, bit by bit, unless it is quantised. The form is for\n"
        "machines of the same byte order; `build` can be run again wherever the ARPA file is.",
    .table = build_table,
    .count = sizeof build_table / sizeof *build_table,
};

static bool build(const struct option_list *operands, struct output *output, struct error *error)
{
    (void)operands;
    (void)output;
    if (!output_try(build_set.output, error))
        return false;
    struct ngram_model *model = tool_load_ngram(build_options.program, build_set.model, error);
    bool ok =
        model != NULL && binary_write(model, build_set.output, (unsigned)build_set.bits, error);
    ngram_close(model);
    return ok;
}

static int ngram_build(int argc, char **argv)
{
    enum options_result result = options_parse(&build_options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    if (build_set.model == NULL || build_set.output == NULL) {
        options_fail(build_options.program, "wanted: -lm MODEL and -o FILE");
        return options_status(OPTIONS_BAD_USAGE);
    }
    return tool_run(build_options.program, build, NULL);
}

#endif
