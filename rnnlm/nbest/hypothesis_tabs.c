// Hypotheses with tabs between: ID TAB SCORE TAB ... TAB WORD WORD ...
#include "nbest/hypothesis_forms.h"

// ID, scores and text of a line; *scores counts the scores, of which the first two are kept.
static bool split(struct span line, struct span *id, double score[2], size_t *scores,
                  struct span *text)
{
    struct span rest = line, next;
    double value;
    *scores = 0;
    if (!span_field(&rest, "\t", id) || id->length == 0 ||
        memchr(id->text, ' ', id->length) != NULL || !span_field(&rest, "\t", text))
        return false;
    for (; span_field(&rest, "\t", &next); *text = next) {
        if (!span_score(*text, &value))
            return false;
        if (*scores < 2)
            score[*scores] = value;
        ++*scores;
    }
    return *scores > 0;
}

// SRILM's lists may have tabs too; they begin with a number that is no ID.
static bool recognise(struct span first, struct span second)
{
    (void)second;
    struct span id, text;
    double score[2], value;
    size_t scores;
    if (!split(first, &id, score, &scores, &text))
        return false;
    return !(span_score(id, &value) &&
             (*id.text == '-' || memchr(id.text, '.', id.length) != NULL));
}

static bool read_line(struct hypotheses *hypotheses, struct span line,
                      struct hypothesis *hypothesis)
{
    struct span id, text;
    double score[2];
    size_t scores;
    if (!split(line, &id, score, &scores, &text))
        return hypothesis_wrong(hypotheses, line, "ID TAB SCORE TAB ... TAB WORD WORD ...");
    hypothesis->acoustic = score[0];
    if (scores > 1)
        hypothesis->language = score[1];
    return hypothesis_set_id(hypotheses, id) && hypothesis_add_words(hypotheses, text);
}

const struct hypothesis_type hypothesis_tabs = {"tabs", NULL, recognise, read_line};
