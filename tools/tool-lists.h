// N-best lists as the companion programs open them.
#ifndef TOOLS_TOOL_LISTS_H
#define TOOLS_TOOL_LISTS_H

#include "nbest/hypothesis.h"
#include "tool.h"

#define TOOL_FORM_HELP                                                                             \
    "Form of the lists instead of what they look like: id, kaldi, srilm, nbestlist1, nbestlist2, " \
    "tabs, moses, moses-words, moses-total."

// `form` may be NULL; a guess that may be wrong is told.
static inline struct hypotheses *tool_open_list(const char *program, const char *path,
                                                const char *form, struct error *error)
{
    struct error remark;
    enum hypothesis_form chosen;
    if (form != NULL && !hypothesis_form_named(form, &chosen, error)) {
        error_prefix(error, "option -form: ");
        return NULL;
    }
    struct hypotheses *hypotheses = hypotheses_open(path, error);
    if (hypotheses != NULL && form != NULL)
        hypotheses_set_form(hypotheses, chosen);
    else if (hypotheses != NULL && hypotheses_remark(hypotheses, &remark))
        options_warn(program, remark.text);
    return hypotheses;
}

#endif
