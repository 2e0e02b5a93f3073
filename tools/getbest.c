// getbest: the best hypothesis of each n-best list.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nbest/hypothesis.h"
#include "tool-lists.h"

#define PROGRAM "getbest"

static struct {
    const char *form;
    double acoustic_scale, word_penalty;
    bool acoustic_given, id;
} set;

static const struct option table[] = {
    {.type = OPTION_GROUP,
     .help = "What is best: the highest score + X1 * acoustic score + X2 * words"},
    {OPTION_NUMBER, "ac-scale", "X1", &set.acoustic_scale, &set.acoustic_given, 0, 1e30,
     "Weight of the acoustic score, where the lists have one; 1/14 for a language model scale of "
     "14, which is the default where ID ACOUSTIC LANGUAGE NWORDS <s> WORD ... </s> are the lines."},
    {OPTION_NUMBER, "word-penalty", "X2", &set.word_penalty, NULL, -1e30, 1e30,
     "What each word adds."},
    {.type = OPTION_GROUP, .help = "Lists"},
    {OPTION_TEXT, "form", "NAME", &set.form, NULL, 0, 0, TOOL_FORM_HELP},
    {.type = OPTION_GROUP, .help = "Output"},
    {OPTION_FLAG, "id", NULL, &set.id, NULL, 0, 0, "Print ID and words, not only the words."},
};

static const struct options options = {
    .program = PROGRAM,
    .summary = "the best hypothesis of each n-best list",
    .usage = "SCORES NBEST...",
    .about = "Prints the words of the best hypothesis of each n-best list: that with the highest\n"
             "score, the first of several. SCORES has one log10 score a line, as `rnnlm -test\n"
             "NBEST -nbest -debug 0` prints them, in step with the hypotheses of all NBEST\n"
             "together. These are lines ID WORD WORD ..., a list being the lines of one ID that\n"
             "follow each other, or lists in SRILM's forms, as makenbest reads them; hypotheses\n"
             "without words are then left out, as makenbest does. Or they are lines ID ACOUSTIC\n"
             "LANGUAGE NWORDS <s> WORD ... </s>, as makenbest makes them of names of files: the\n"
             "best has the highest ACOUSTIC + 14 * score then. - is standard input.",
    .table = table,
    .count = sizeof table / sizeof *table,
    .operands = "SCORES NBEST...",
};

enum { LM_SCALE = 14 }; // the reference's

// The best of a list so far.
struct best {
    char *line; // what will be printed
    size_t used, capacity;
    double total;
    bool open; // there is a list
};

static void print_best(struct best *best, struct output *output)
{
    if (best->open)
        output_write(output, best->line, best->used);
    best->open = false;
}

static bool set_best(struct best *best, const struct hypothesis *hypothesis, uint64_t number,
                     struct error *error)
{
    char digits[32];
    int written = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    const char *id = hypothesis->id != NULL ? hypothesis->id : digits;
    size_t id_length = !set.id                  ? 0
                       : hypothesis->id != NULL ? hypothesis->id_length
                                                : (size_t)written;
    best->used = 0;
    if (!memory_grow(&best->line, &best->capacity, id_length + hypothesis->length + 2, 1, error))
        return false;
    memcpy(best->line, id, id_length);
    best->used = id_length;
    if (set.id)
        best->line[best->used++] = ' ';
    memcpy(best->line + best->used, hypothesis->words, hypothesis->length);
    best->used += hypothesis->length;
    best->line[best->used++] = '\n';
    return true;
}

// One file of hypotheses; *lists counts the lists.
static bool search(struct hypotheses *hypotheses, struct input *scores, uint64_t *lists,
                   struct best *best, struct output *output, struct error *error)
{
    struct hypothesis hypothesis;
    enum hypothesis_form form = hypotheses_form(hypotheses);
    bool with_ids = form == HYPOTHESIS_ID || form == HYPOTHESIS_ID_SRILM;
    double scale =
        form == HYPOTHESIS_ID_SRILM && !set.acoustic_given ? 1. / LM_SCALE : set.acoustic_scale;
    while (hypotheses_next(hypotheses, &hypothesis)) {
        if (hypothesis.begins_list) {
            print_best(best, output);
            ++*lists;
        }
        if (hypothesis.count == 0 && !with_ids)
            continue;
        double score;
        if (!tool_take_score(scores, &score, error))
            return error_prefix(error, "%s: line %llu: no score: ", hypotheses_name(hypotheses),
                                (unsigned long long)hypotheses_line_number(hypotheses));
        double acoustic = scale > 0 ? scale * hypothesis.acoustic : 0;
        double total = score + acoustic + set.word_penalty * (double)hypothesis.count;
        if (best->open && !(total > best->total))
            continue;
        best->open = true;
        best->total = total;
        if (!set_best(best, &hypothesis, *lists - 1, error))
            return false;
    }
    print_best(best, output);
    return hypotheses_ok(hypotheses, error);
}

static bool get_best(const struct option_list *operands, struct output *output, struct error *error)
{
    struct best best = {0};
    uint64_t lists = 0;
    struct input *scores = input_open_text(operands->item[0], error);
    bool ok = scores != NULL;
    for (size_t i = 1; ok && i < operands->count; i++) {
        struct error remark;
        struct hypotheses *hypotheses = tool_open_list(operands->item[i], set.form, error);
        if (hypotheses != NULL && hypotheses_remark(hypotheses, &remark))
            options_warn(PROGRAM, remark.text);
        ok = hypotheses != NULL && search(hypotheses, scores, &lists, &best, output, error);
        hypotheses_close(hypotheses);
    }
    ok = ok && tool_scores_end(scores, error);
    input_close(scores);
    free(best.line);
    return ok;
}

int main(int argc, char **argv)
{
    static struct option_list operands;
    program_begin(PROGRAM);
    enum options_result result = options_parse(&options, argc, argv, &operands);
    if (result != OPTIONS_RUN)
        return options_status(result);
    if (operands.count < 2) {
        options_fail(PROGRAM, "wanted: SCORES NBEST...");
        return options_status(OPTIONS_BAD_USAGE);
    }
    return tool_run(PROGRAM, get_best, &operands);
}
