// convert: the word probabilities of SRILM's `ngram -ppl TEXT -debug 2`, one a line.
#include <float.h>

#include "score/stream.h"
#include "tool.h"

#define PROGRAM "convert"

static const struct options options = {
    .program = PROGRAM,
    .summary = "word probabilities from the output of SRILM's ngram -ppl",
    .usage = "< SRILM-OUTPUT > PROBABILITIES",
    .about = "Reads what SRILM's `ngram -ppl TEXT -debug 2` prints from standard input and\n"
             "writes the probability of each word, </s> included, one a line in exponent form\n"
             "(2.139661E-03). Words unknown to the model have 0. SRILM leaves out empty lines of\n"
             "the text: so does the result. The other forms of probability streams (one number a\n"
             "line, the table of `rnnlm -test TEXT -debug 2`) and gzip-compressed input are read\n"
             "as well.",
};

// The reference keeps probabilities in single precision, which shows in the last digit of about one
// in a thousand. Where that would lose digits, they are kept.
static double in_single_precision(double prob)
{
    return prob < FLT_MIN ? prob : (double)(float)prob;
}

static bool convert(const struct option_list *operands, struct output *output, struct error *error)
{
    (void)operands;
    struct stream *stream = stream_open("-", STREAM_NET, error);
    struct stream_item item;
    if (stream == NULL)
        return false;
    while (stream_next(stream, &item))
        output_format(output, "%E\n", in_single_precision(item.prob));
    bool ok = stream_ok(stream, error);
    stream_close(stream);
    return ok;
}

int main(int argc, char **argv)
{
    program_begin(PROGRAM);
    enum options_result result = options_parse(&options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    return tool_run(PROGRAM, convert, NULL);
}
