// N-best lists as the companion programs open them.
#ifndef TOOLS_TOOL_LISTS_H
#define TOOLS_TOOL_LISTS_H

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "nbest/hypothesis.h"
#include "tool.h"

#define TOOL_FORM_HELP                                                                             \
    "Form of the lists instead of what they look like: id, kaldi, srilm, nbestlist1, nbestlist2, " \
    "tabs, moses, moses-words, moses-total, id-srilm."

// `form` may be NULL.
static inline struct hypotheses *tool_open_list(const char *path, const char *form,
                                                struct error *error)
{
    enum hypothesis_form chosen;
    if (form != NULL && !hypothesis_form_named(form, &chosen, error)) {
        error_option(error, "form");
        return NULL;
    }
    struct hypotheses *hypotheses = hypotheses_open(path, error);
    if (hypotheses != NULL && form != NULL)
        hypotheses_set_form(hypotheses, chosen);
    return hypotheses;
}

// A score a line, in step with hypotheses.
static inline bool tool_take_score(struct input *scores, double *score, struct error *error)
{
    size_t length;
    const char *line = input_line(scores, &length);
    if (line == NULL)
        return input_ok(scores, error) &&
               error_set(error, "%s: ends after line %llu", input_name(scores),
                         (unsigned long long)input_line_number(scores));
    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
        length--;
    if (number_parse(line, length, score) && *score < INFINITY)
        return true;
    return error_set(error, "%s: line %llu: found \"%.60s\", wanted a log10 score",
                     input_name(scores), (unsigned long long)input_line_number(scores), line);
}

static inline bool tool_scores_end(struct input *scores, struct error *error)
{
    size_t length;
    if (input_line(scores, &length) != NULL)
        return error_set(error,
                         "%s: line %llu: found one more score, but the n-best lists have ended",
                         input_name(scores), (unsigned long long)input_line_number(scores));
    return input_ok(scores, error);
}

#endif
