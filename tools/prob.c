// prob: mixes two probability streams, or says how probable a text is.
#include <string.h>

#include "base/number.h"
#include "score/mixture.h"
#include "score/streams.h"
#include "tool.h"

#define PROGRAM "prob"

static const struct options options = {
    .program = PROGRAM,
    .summary = "mix two probability streams, or give a text's perplexity",
    .usage = "A B LAMBDA > MIXED\n< A",
    .about = "With three operands: writes LAMBDA * a + (1 - LAMBDA) * b for each word, one a\n"
             "line in exponent form, where a and b are its probabilities in the streams A and B.\n"
             "Without: reads one stream from standard input and prints its log10 probability\n"
             "(Log P) and its perplexity (PPL); words of probability 0 count in neither. A\n"
             "stream has one number a line, or is the output of `rnnlm -test TEXT -debug 2` or\n"
             "of SRILM's `ngram -ppl TEXT -debug 2`. To mix more than two, or to find the\n"
             "weights: rnnlm-mix.",
    .operands = "A B LAMBDA",
};

static bool mix(const struct option_list *operands, struct output *output, struct error *error)
{
    double lambda;
    const char *text = operands->item[2];
    if (!number_parse(text, strlen(text), &lambda) || !(lambda >= 0 && lambda <= 1))
        return error_usage(error, "LAMBDA: found \"%s\", wanted a number from 0 to 1", text);
    const double weight[] = {lambda, 1 - lambda};
    struct streams streams;
    bool ok = streams_read(&streams, operands->item, NULL, 2, error);
    struct mixture mixture = {2, streams.words, (const double *const *)streams.prob};
    for (size_t t = 0; ok && t < streams.words; t++)
        output_format(output, "%E\n", mixture_prob(&mixture, weight, t));
    streams_free(&streams);
    return ok;
}

static bool measure(const struct option_list *operands, struct output *output, struct error *error)
{
    (void)operands;
    const char *const standard_input = "-";
    struct streams streams;
    bool ok = streams_read(&streams, &standard_input, NULL, 1, error);
    struct mixture mixture = {1, streams.words, (const double *const *)streams.prob};
    if (ok) {
        struct mixture_score score = mixture_score_one(&mixture, 0);
        if (score.words == 0)
            ok = error_set(error, "standard input: every probability is 0");
        else
            output_format(output, "Log P: %f\nPPL: %f\n", score.log10_prob,
                          mixture_perplexity(&score));
    }
    streams_free(&streams);
    return ok;
}

int main(int argc, char **argv)
{
    static struct option_list operands;
    program_begin(PROGRAM);
    enum options_result result = options_parse(&options, argc, argv, &operands);
    if (result != OPTIONS_RUN)
        return options_status(result);
    if (operands.count != 0 && operands.count != 3) {
        options_fail(PROGRAM, "wanted: A B LAMBDA, or nothing and a stream on standard input");
        return options_status(OPTIONS_BAD_USAGE);
    }
    return tool_run(PROGRAM, operands.count == 3 ? mix : measure, &operands);
}
