// Hypotheses behind an ID: those of the reference, and Kaldi's.
#include "nbest/hypothesis_forms.h"

// ---- ID WORD WORD ... -------------------------------------------------------------------------

static bool recognise_id(struct span first, struct span second)
{
    (void)first;
    (void)second;
    return true;
}

// Any line can be read as one of an ID and words; those that surely are of another form are not.
static bool is_foreign(struct span line)
{
    struct span rest = line, word;
    double value;
    if (!span_take(&rest, &word) || span_is(word, "NBestList1.0") || span_is(word, "NBestList2.0"))
        return true;
    bool signed_number = span_score(word, &value) && *word.text == '-';
    bool bracketed = word.length > 2 && word.text[0] == '(' && word.text[word.length - 1] == ')' &&
                     span_score((struct span){word.text + 1, word.length - 2}, &value);
    if (bracketed || (signed_number && hypothesis_is_srilm(line)))
        return true;
    return span_take(&rest, &word) && span_is(word, "|||");
}

static bool read_id(struct hypotheses *hypotheses, struct span line, struct hypothesis *hypothesis)
{
    (void)hypothesis;
    struct span rest = line, id;
    if (is_foreign(line))
        return hypothesis_wrong(hypotheses, line, "ID WORD WORD ..., as in the lines before");
    span_take(&rest, &id);
    return hypothesis_set_id(hypotheses, id) && hypothesis_add_words(hypotheses, rest);
}

const struct hypothesis_type hypothesis_id = {"id", NULL, recognise_id, read_id};

// ---- UTTERANCE-N WORD WORD ... ----------------------------------------------------------------

// The first line is hypothesis 1 of an utterance, the second hypothesis 2, or 1 of the next.
static bool recognise_kaldi(struct span first, struct span second)
{
    struct span one, two;
    double n, m;
    if (!span_take(&first, &one) || !span_take(&second, &two))
        return false;
    size_t stem = span_stem(one, &n), next = span_stem(two, &m);
    if (stem == 0 || next == 0 || n != 1)
        return false;
    bool same = stem == next && memcmp(one.text, two.text, stem) == 0;
    return m == (same ? 2 : 1);
}

static bool read_kaldi(struct hypotheses *hypotheses, struct span line,
                       struct hypothesis *hypothesis)
{
    struct span rest = line, id;
    span_take(&rest, &id);
    size_t stem = span_stem(id, NULL);
    if (stem == 0)
        return hypothesis_wrong(hypotheses, line, "UTTERANCE-N WORD WORD ...");
    hypothesis->name = id.text;
    hypothesis->name_length = id.length;
    return hypothesis_set_id(hypotheses, (struct span){id.text, stem}) &&
           hypothesis_add_words(hypotheses, rest);
}

const struct hypothesis_type hypothesis_kaldi = {"kaldi", NULL, recognise_kaldi, read_kaldi};
