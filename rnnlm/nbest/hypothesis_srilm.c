// Hypotheses in SRILM's own form, ACOUSTIC LANGUAGE NWORDS WORD WORD ..., and the same behind an ID.
#include "nbest/hypothesis_forms.h"
#include "text/marks.h"

static bool read_count(struct span word, double *value)
{
    return span_score(word, value) && *value >= 0 && *value == floor(*value);
}

// Word count without marks.
static double count_words(struct span rest)
{
    struct span word;
    double count = 0;
    while (span_take(&rest, &word))
        count += mark_of(word.text, word.length) == MARK_NONE;
    return count;
}

static bool take_numbers(struct span *rest, double *acoustic, double *language, double *count)
{
    struct span word;
    return span_take(rest, &word) && span_score(word, acoustic) && span_take(rest, &word) &&
           span_score(word, language) && span_take(rest, &word) && read_count(word, count);
}

bool hypothesis_is_srilm(struct span line)
{
    struct span rest = line, first, second;
    double acoustic, language, count;
    if (!take_numbers(&rest, &acoustic, &language, &count))
        return false;
    rest = line;
    span_take(&rest, &first);
    span_take(&rest, &second);
    span_take(&rest, &line);
    return *first.text == '-' || *second.text == '-' || count == count_words(rest);
}

static bool recognise(struct span first, struct span second)
{
    (void)second;
    return hypothesis_is_srilm(first);
}

static bool read_line(struct hypotheses *hypotheses, struct span line,
                      struct hypothesis *hypothesis)
{
    struct span rest = line;
    double count;
    if (!take_numbers(&rest, &hypothesis->acoustic, &hypothesis->language, &count))
        return hypothesis_wrong(hypotheses, line, "ACOUSTIC LANGUAGE NWORDS WORD ...");
    return hypothesis_add_words(hypotheses, rest);
}

// ---- ID ACOUSTIC LANGUAGE NWORDS <s> WORD WORD ... </s> ------------------------------------------

// Words may be numbers, too: the mark behind them tells.
static bool recognise_id(struct span first, struct span second)
{
    (void)second;
    struct span id, word;
    double acoustic, language, count;
    return span_take(&first, &id) && hypothesis_is_srilm(first) &&
           take_numbers(&first, &acoustic, &language, &count) && span_take(&first, &word) &&
           mark_of(word.text, word.length) == MARK_START;
}

static bool read_id(struct hypotheses *hypotheses, struct span line, struct hypothesis *hypothesis)
{
    struct span rest = line, id;
    double count;
    if (!span_take(&rest, &id) ||
        !take_numbers(&rest, &hypothesis->acoustic, &hypothesis->language, &count))
        return hypothesis_wrong(hypotheses, line, "ID ACOUSTIC LANGUAGE NWORDS <s> WORD ... </s>");
    return hypothesis_set_id(hypotheses, id) && hypothesis_add_words(hypotheses, rest);
}

const struct hypothesis_type hypothesis_id_srilm = {"id-srilm", NULL, recognise_id, read_id};
const struct hypothesis_type hypothesis_srilm = {"srilm", NULL, recognise, read_line};
