// makenbest: n-best lists of a recogniser in the form that `rnnlm -nbest` reads.
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "text/span.h"
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
    .summary = "n-best lists in the form that rnnlm -nbest scores",
    .usage = "[LIST...] > NBEST\n< NAMES > NBEST",
    .about = "Writes n-best lists as lines ID WORD WORD ..., which `rnnlm -test NBEST -nbest`\n"
             "scores. The lists are in SRILM's forms (ACOUSTIC LANGUAGE NWORDS WORD ..., as\n"
             "lattice-tool -nbest-decode writes them, NBestList1.0 or NBestList2.0), each in a\n"
             "file of its own, plain or gzip-compressed; without LIST they come from standard\n"
             "input, with blank lines or headers between. IDs number the lists. <s>, </s>, times\n"
             "and phones are left out, and so are hypotheses without words, which rnnlm refuses.\n"
             "Lists that are lines with IDs already are numbered anew, a list for each change of\n"
             "ID. Where standard input has names of files, each line of theirs is written as it\n"
             "is behind the ID, as the reference's makenbest does, for gettext and getbest.",
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

// ---- names of files ---------------------------------------------------------------------------

// The path that a line holds, without blanks around it.
static char *path_of(const struct hypothesis *hypothesis, struct error *error)
{
    const char *line = hypothesis->line;
    size_t length = hypothesis->line_length;
    for (; length > 0 && span_is_blank(*line); length--)
        line++;
    while (length > 0 && span_is_blank(line[length - 1]))
        length--;
    return memory_text(line, length, error);
}

static bool look_for_name(const struct hypothesis *hypothesis, bool *found, struct error *error)
{
    struct stat status;
    char *path = path_of(hypothesis, error);
    *found = path != NULL && stat(path, &status) == 0 && S_ISREG(status.st_mode);
    free(path);
    return path != NULL;
}

// Every line of a file that is not blank.
static bool copy_lines(const char *path, int64_t number, struct output *output, struct error *error)
{
    struct input *input = input_open_text(path, error);
    size_t length;
    for (const char *line; input != NULL && (line = input_line(input, &length)) != NULL;) {
        while (length > 0 && span_is_blank(line[length - 1]))
            length--;
        if (length == 0)
            continue;
        write_id(output, path, number);
        output_text(output, " ");
        output_write(output, line, length);
        output_text(output, "\n");
    }
    bool ok = input != NULL && input_ok(input, error);
    input_close(input);
    return ok;
}

// The first line has been read.
static bool copy_files(struct hypotheses *names, struct hypothesis *name, int64_t number,
                       struct output *output, struct error *error)
{
    bool ok = true;
    do {
        char *path = path_of(name, error);
        ok = path != NULL && copy_lines(path, number++, output, error);
        free(path);
    } while (ok && hypotheses_next(names, name));
    return ok && hypotheses_ok(names, error);
}

// ---- lists ------------------------------------------------------------------------------------

// The first hypothesis has been read; *number is that of the next list.
static bool write_hypotheses(struct hypotheses *hypotheses, struct hypothesis *hypothesis,
                             const char *path, int64_t *number, struct output *output,
                             struct error *error)
{
    uint64_t empty = 0, written = 0;
    do {
        *number += hypothesis->begins_list;
        empty += hypothesis->count == 0;
        if (hypothesis->count == 0)
            continue;
        write_id(output, path, *number - 1);
        output_text(output, " ");
        output_write(output, hypothesis->words, hypothesis->length);
        output_text(output, "\n");
        written++;
    } while (hypotheses_next(hypotheses, hypothesis));
    if (!hypotheses_ok(hypotheses, error))
        return false;
    if (written == 0 && strcmp(path, "-") == 0)
        return error_set(error,
                         "%s: no hypothesis has words, wanted n-best lists, or names of files that "
                         "are there",
                         hypotheses_name(hypotheses));
    if (empty > 0) {
        struct error warning;
        error_set(&warning, "%s: %llu hypotheses without words left out",
                  hypotheses_name(hypotheses), (unsigned long long)empty);
        options_warn(PROGRAM, warning.text);
    }
    return true;
}

static bool write_lists(const char *path, int64_t *number, struct output *output,
                        struct error *error)
{
    struct error remark;
    struct hypothesis first;
    struct hypotheses *hypotheses = tool_open_list(path, set.form, error);
    if (hypotheses == NULL)
        return false;
    bool ok = hypotheses_next(hypotheses, &first), names = false;
    if (ok && strcmp(path, "-") == 0 && set.form == NULL && !look_for_name(&first, &names, error)) {
        hypotheses_close(hypotheses);
        return false;
    }
    if (!names && hypotheses_remark(hypotheses, &remark))
        options_warn(PROGRAM, remark.text);
    if (names)
        ok = copy_files(hypotheses, &first, *number, output, error);
    else
        ok = ok ? write_hypotheses(hypotheses, &first, path, number, output, error)
                : hypotheses_ok(hypotheses, error);
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
    program_begin(PROGRAM);
    enum options_result result = options_parse(&options, argc, argv, &operands);
    if (result != OPTIONS_RUN)
        return options_status(result);
    return tool_run(PROGRAM, make_nbest, &operands);
}
