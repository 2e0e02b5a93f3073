// gettext: the text of n-best lists, for another language model to score.
#include "nbest/hypothesis.h"
#include "tool.h"

#define PROGRAM "gettext"

static const struct options options = {
    .program = PROGRAM,
    .summary = "the text of n-best lists",
    .usage = "< NBEST > TEXT",
    .about = "Reads n-best lists, ID WORD WORD ..., from standard input and writes each line's\n"
             "words without the ID: a text, one sentence a line in the same order, for SRILM's\n"
             "ngram or any other model to score. SRILM's own lists (ACOUSTIC LANGUAGE NWORDS\n"
             "WORD ..., NBestList1.0, NBestList2.0) are read as well. Of lines ID ACOUSTIC\n"
             "LANGUAGE NWORDS <s> WORD ... </s>, which makenbest makes of names of files, it\n"
             "writes ID WORD WORD ..., for `rnnlm -nbest`. A hypothesis without words is an\n"
             "error: models leave empty lines out, and their scores would no longer be in step\n"
             "with the list.",
};

static bool get_text(const struct option_list *operands, struct output *output, struct error *error)
{
    (void)operands;
    struct hypothesis hypothesis;
    struct hypotheses *hypotheses = hypotheses_open("-", error);
    if (hypotheses == NULL)
        return false;
    bool ok = true, with_id = hypotheses_form(hypotheses) == HYPOTHESIS_ID_SRILM;
    while (ok && hypotheses_next(hypotheses, &hypothesis)) {
        if (hypothesis.count == 0)
            ok = error_set(error, "%s: line %llu: found no words, wanted at least one",
                           hypotheses_name(hypotheses),
                           (unsigned long long)hypotheses_line_number(hypotheses));
        if (with_id)
            output_format(output, "%.*s ", (int)hypothesis.id_length, hypothesis.id);
        output_write(output, hypothesis.words, hypothesis.length);
        output_text(output, "\n");
    }
    ok = ok && hypotheses_ok(hypotheses, error);
    hypotheses_close(hypotheses);
    return ok;
}

int main(int argc, char **argv)
{
    program_begin(PROGRAM);
    enum options_result result = options_parse(&options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    return tool_run(PROGRAM, get_text, NULL);
}
