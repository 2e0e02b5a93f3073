// rnnlm-mix: weights of a linear mixture of probability streams, its perplexity, and the mixed
// stream.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "score/mixture.h"
#include "score/streams.h"
#include "tool.h"

#define PROGRAM "rnnlm-mix"

static struct {
    const char *lambda, *columns, *output;
    double precision;
    int64_t most_iterations;
} set = {.precision = MIXTURE_PRECISION, .most_iterations = 100000};

static const struct option table[] = {
    {.type = OPTION_GROUP, .help = "Weights"},
    {OPTION_TEXT, "lambda", "A,B,...", &set.lambda, NULL, 0, 0,
     "Take these weights, one for each stream, instead of finding them: none negative, sum 1."},
    {OPTION_NUMBER, "precision", "X", &set.precision, NULL, 0, 1,
     "EM ends when no weight changes by so much in an iteration. Where streams are much alike a "
     "smaller number takes the weights nearer to the best ones."},
    {OPTION_COUNT, "max-iter", "N", &set.most_iterations, NULL, 1, 9e15,
     "At most so many iterations."},
    {.type = OPTION_GROUP, .help = "Files"},
    {OPTION_TEXT, "column", "NAME,...", &set.columns, NULL, 0, 0,
     "For rnnlm tables made with -lm-prob, which probability to take: net (default) or lm; one for "
     "all streams, or one for each."},
    {OPTION_TEXT, "o", "FILE", &set.output, NULL, 0, 0,
     "Write the mixed probabilities, one a line; with - they go to standard output and the report "
     "to standard error."}};

static const struct options options = {
    .program = PROGRAM,
    .summary = "weights of a mixture of language models",
    .usage = "[-lambda A,B,...] [-o FILE] STREAM STREAM ...",
    .about = "Finds the weights with which a linear mixture of models gives a text the highest\n"
             "probability (expectation maximisation, which begins and ends as SRILM's\n"
             "compute-best-mix does), and prints them with log10 probability and perplexity of\n"
             "each model and of the mixture. A STREAM holds a model's probabilities of the words\n"
             "of one text, the same for all: one number a line, the output of SRILM's `ngram\n"
             "-ppl TEXT -debug 2`, or that of `rnnlm -test TEXT -debug 2`; plain or\n"
             "gzip-compressed, - is standard input. Words to which every model gives 0 are left\n"
             "out; a model's own figures leave out all to which it gives 0, and \"zeros\" counts\n"
             "them.",
    .table = table,
    .count = sizeof table / sizeof *table,
    .operands = "STREAM...",
};

// ---- lists ------------------------------------------------------------------------------------

// The next part of a list with commas between; false at its end.
static bool next_part(const char **list, const char **part, size_t *length)
{
    if (*list == NULL)
        return false;
    *part = *list;
    *length = strcspn(*list, ",");
    *list = (*list)[*length] == ',' ? *list + *length + 1 : NULL;
    return true;
}

static bool read_lambda(double *weight, size_t count, struct error *error)
{
    const char *list = set.lambda, *part;
    size_t length, n = 0;
    for (; next_part(&list, &part, &length); n++) {
        double value;
        if (!number_parse(part, length, &value))
            return error_usage(error, "option -lambda: found \"%.*s\", wanted a number",
                               (int)length, part);
        if (n < count)
            weight[n] = value;
    }
    if (n != count)
        return error_usage(
            error, "option -lambda: found %zu weights, wanted one for each of the %zu streams", n,
            count);
    return mixture_check(count, weight, error) || error_option(error, "lambda");
}

static bool read_columns(enum stream_column *column, size_t count, struct error *error)
{
    const char *list = set.columns, *part;
    size_t length, n = 0;
    for (; next_part(&list, &part, &length); n++) {
        bool net = length == 3 && strncmp(part, "net", 3) == 0,
             lm = length == 2 && strncmp(part, "lm", 2) == 0;
        if (!net && !lm)
            return error_usage(error, "option -column: found \"%.*s\", wanted net or lm",
                               (int)length, part);
        if (n < count)
            column[n] = lm ? STREAM_OTHER : STREAM_NET;
    }
    if (n == 1) {
        for (size_t i = 1; i < count; i++)
            column[i] = column[0];
    } else if (n != 0 && n != count) {
        return error_usage(
            error,
            "option -column: found %zu names, wanted one, or one for each of the %zu streams", n,
            count);
    }
    return true;
}

// ---- results ----------------------------------------------------------------------------------

// The report goes to standard error where there is no output for it.
#define PRINT(report, ...)                                                                         \
    ((report) != NULL ? output_format(report, __VA_ARGS__) : (void)fprintf(stderr, __VA_ARGS__))

static void print_row(struct output *report, double weight, struct mixture_score score,
                      const char *name)
{
    PRINT(report, "%.8f  %16.6f  %10llu  %12.6f  %s\n", weight, score.log10_prob,
          (unsigned long long)score.zeros, mixture_perplexity(&score), name);
}

static void print_report(struct output *report, const struct mixture *mixture, const double *weight,
                         const char *const *name, uint64_t iterations)
{
    uint64_t words = mixture_words(mixture);
    PRINT(report, "words: %llu, left out: %llu\n", (unsigned long long)words,
          (unsigned long long)(mixture->words - words));
    if (set.lambda == NULL)
        PRINT(report, "iterations: %llu\n", (unsigned long long)iterations);
    PRINT(report, "%-10s  %16s  %10s  %12s  %s\n", "lambda", "log10 prob", "zeros", "PPL",
          "stream");
    for (size_t i = 0; i < mixture->models; i++)
        print_row(report, weight[i], mixture_score_one(mixture, i), name[i]);
    print_row(report, 1, mixture_score(mixture, weight), "mixture");
    PRINT(report, "lambda: ");
    for (size_t i = 0; i < mixture->models; i++)
        PRINT(report, "%s%.8f", i > 0 ? "," : "", weight[i]);
    PRINT(report, "\n");
}

static bool write_mixed(const struct mixture *mixture, const double *weight,
                        struct output *standard, struct error *error)
{
    bool is_standard = strcmp(set.output, "-") == 0;
    struct output *output = is_standard ? standard : output_create(set.output, error);
    if (output == NULL)
        return false;
    for (size_t t = 0; t < mixture->words; t++)
        output_format(output, "%.10g\n", mixture_prob(mixture, weight, t));
    return is_standard || output_commit(output, error);
}

// ---- the program ------------------------------------------------------------------------------

static bool mix(const struct streams *streams, double *weight, const char *const *name,
                struct output *output, struct error *error)
{
    struct mixture mixture = {streams->count, streams->words, (const double *const *)streams->prob};
    uint64_t iterations = 0;
    if (set.lambda == NULL) {
        mixture_start(mixture.models, weight);
        if (!mixture_train(&mixture, weight, set.precision, (uint64_t)set.most_iterations,
                           &iterations, error))
            return error_prefix(error, "%s: ", name[0]);
    }
    if (set.output != NULL && !write_mixed(&mixture, weight, output, error))
        return false;
    bool mixed_there = set.output != NULL && strcmp(set.output, "-") == 0;
    print_report(mixed_there ? NULL : output, &mixture, weight, name, iterations);
    return true;
}

static bool run(const struct option_list *operands, struct output *output, struct error *error)
{
    size_t count = operands->count;
    struct streams streams = {0};
    double *weight = memory_new(count, sizeof *weight, error);
    enum stream_column *column = memory_new(count, sizeof *column, error);
    bool ok = weight != NULL && column != NULL &&
              (set.lambda == NULL || read_lambda(weight, count, error)) &&
              read_columns(column, count, error) &&
              (set.output == NULL || output_try(set.output, error)) &&
              streams_read(&streams, operands->item, column, count, error) &&
              mix(&streams, weight, operands->item, output, error);
    streams_free(&streams);
    free(weight);
    free(column);
    return ok;
}

int main(int argc, char **argv)
{
    static struct option_list operands;
    program_begin(PROGRAM);
    enum options_result result = options_parse(&options, argc, argv, &operands);
    if (result != OPTIONS_RUN)
        return options_status(result);
    if (operands.count == 0) {
        options_fail(PROGRAM, "no stream named; " PROGRAM " --help says what one is");
        return options_status(OPTIONS_BAD_USAGE);
    }
    return tool_run(PROGRAM, run, &operands);
}
