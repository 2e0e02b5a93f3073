// Hypotheses of NBestList1.0 and NBestList2.0, the forms of SRI's Decipher.
#include "nbest/hypothesis_forms.h"
#include "text/marks.h"

static const char header1[] = "NBestList1.0", header2[] = "NBestList2.0";

// A bytelog is a logarithm to base 1.0001, divided by 1024; this is 1024 log10(1.0001).
static const double bytelog_to_log10 = 1024 * 4.342727686266485e-05;

static bool begins_with(struct span line, const char *header)
{
    struct span word;
    return span_take(&line, &word) && span_is(word, header);
}

static bool recognise1(struct span first, struct span second)
{
    (void)second;
    return begins_with(first, header1);
}

static bool recognise2(struct span first, struct span second)
{
    (void)second;
    return begins_with(first, header2);
}

// "(SCORE)"; there may be blanks within.
static bool take_bytelog(struct span *rest, double *log10_score)
{
    struct span word;
    const char *end = memchr(rest->text, ')', rest->length);
    if (!span_take(rest, &word) || *word.text != '(' || end == NULL)
        return false;
    struct span inside = {word.text + 1, (size_t)(end - word.text - 1)}, number;
    rest->length -= (size_t)(end + 1 - rest->text);
    rest->text = end + 1;
    if (!span_take(&inside, &number) || !span_score(number, log10_score))
        return false;
    *log10_score *= bytelog_to_log10;
    return true;
}

static bool read1(struct hypotheses *hypotheses, struct span line, struct hypothesis *hypothesis)
{
    struct span rest = line;
    if (!take_bytelog(&rest, &hypothesis->acoustic))
        return hypothesis_wrong(hypotheses, line, "(SCORE) WORD ...");
    return hypothesis_add_words(hypotheses, rest);
}

// Start and end time, and the language model's score in bytelogs, NAN if there is none.
struct unit {
    double start, end, language;
};

// "( st: 0.1 et: 0.2 g: -3 a: -20 )"
static bool take_unit(struct span *rest, struct unit *unit)
{
    struct span word, value;
    *unit = (struct unit){NAN, NAN, NAN};
    if (!span_take(rest, &word) || !span_is(word, "("))
        return false;
    while (span_take(rest, &word) && !span_is(word, ")"))
        if (!span_take(rest, &value) ||
            (span_is(word, "st:") && !span_score(value, &unit->start)) ||
            (span_is(word, "et:") && !span_score(value, &unit->end)) ||
            (span_is(word, "g:") && !span_score(value, &unit->language)))
            return false;
    return span_is(word, ")") && unit->start <= unit->end;
}

// (SCORE) WORD ( st: .. et: .. ) and its phones and states, again and again.
static bool read2(struct hypotheses *hypotheses, struct span line, struct hypothesis *hypothesis)
{
    struct span rest = line, word;
    struct unit now = {INFINITY, -INFINITY, NAN}, unit;
    if (!take_bytelog(&rest, &hypothesis->acoustic))
        return hypothesis_wrong(hypotheses, line, "(SCORE) WORD ...");
    double language = 0;
    while (span_take(&rest, &word)) {
        if (!take_unit(&rest, &unit))
            return hypothesis_wrong(
                hypotheses, line,
                "(SCORE) and WORD ( st: START et: END g: SCORE a: SCORE ) for each word");
        if (unit.start >= now.start && unit.end <= now.end)
            continue;
        now = unit;
        language += unit.language * bytelog_to_log10;
        if (mark_of(word.text, word.length) == MARK_NONE && !hypothesis_add_word(hypotheses, word))
            return false;
    }
    hypothesis->language = language;
    return true;
}

const struct hypothesis_type hypothesis_nbest1 = {"nbestlist1", header1, recognise1, read1};
const struct hypothesis_type hypothesis_nbest2 = {"nbestlist2", header2, recognise2, read2};
