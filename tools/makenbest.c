// makenbest: n-best lists of a recogniser in the form that `rnnlm -nbest` reads.
#include <stdio.h>
#include <string.h>

#include "nbest/hypothesis.h"
#include "tool-lists.h"

#define PROGRAM "makenbest"

static struct {
    const char *form;
    int64_t first;
    bool names;
} set;

static const struct option table[] = {
    {.type = OPTION_GROUP, .help = "IDs"},
    {OPTION_COUNT, "first", "N", &set.first, NULL, 0, 9e15, "The number of the first list."},
    {OPTION_FLAG, "names", NULL, &set.names, NULL, 0, 0,
     "Name lists by their files, without folder and what follows the first dot, instead of "
     "numbering them."},
    {.type = OPTION_GROUP, .help = "Lists"},
    {OPTION_TEXT, "form", "NAME", &set.form, NULL, 0, 0, TOOL_FORM_HELP},
};

static const struct options options = {
    .program = PROGRAM,
    .usage = "[LIST...] > NBEST",
    .about = "Writes n-best lists as lines ID WORD WORD ..., which `rnnlm -test NBEST -nbest`\n"
             "scores. The lists are in SRILM's forms (ACOUSTIC LANGUAGE NWORDS WORD ..., as\n"
             "lattice-tool -nbest-decode writes them, NBestList1.0 or NBestList2.0), each in a\n"
             "file of its own, plain or gzip-compressed; without LIST they come from standard\n"
             "input, with blank lines or headers between. IDs number the lists. <s>, </s>, times\n"
             "and phones are left out, and so are hypotheses without words, which rnnlm refuses.\n"
             "Lists that are lines with IDs already are numbered anew, a list for each change of\n"
             "ID.",
    .table = table,
    .count = sizeof table / sizeof *table,
    .operands = "LIST...",
};

static void write_id(struct output *output, const char *path, int64_t number)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    if (set.names && strcmp(path, "-") != 0)
        output_write(output, name, strcspn(name, "."));
    else
        output_format(output, "%lld", (long long)number);
}

// *number is that of the next list.
static bool write_lists(const char *path, int64_t *number, struct output *output,
                        struct error *error)
{
    struct hypothesis hypothesis;
    struct hypotheses *hypotheses = tool_open_list(PROGRAM, path, set.form, error);
    if (hypotheses == NULL)
        return false;
    uint64_t empty = 0;
    while (hypotheses_next(hypotheses, &hypothesis)) {
        *number += hypothesis.begins_list;
        empty += hypothesis.count == 0;
        if (hypothesis.count == 0)
            continue;
        write_id(output, path, *number - 1);
        output_text(output, " ");
        output_write(output, hypothesis.words, hypothesis.length);
        output_text(output, "\n");
    }
    if (empty > 0)
        fprintf(stderr, PROGRAM ": warning: %s: %llu hypotheses without words left out\n",
                hypotheses_name(hypotheses), (unsigned long long)empty);
    bool ok = hypotheses_ok(hypotheses, error);
    hypotheses_close(hypotheses);
    return ok;
}

static bool make_nbest(const struct option_list *operands, struct output *output,
                       struct error *error)
{
    int64_t number = set.first;
    if (operands->count == 0)
        return write_lists("-", &number, output, error);
    for (size_t i = 0; i < operands->count; i++)
        if (!write_lists(operands->item[i], &number, output, error))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    static struct option_list operands;
    enum options_result result = options_parse(&options, argc, argv, &operands);
    if (result != OPTIONS_RUN)
        return options_status(result);
    return tool_run(PROGRAM, make_nbest, &operands);
}
