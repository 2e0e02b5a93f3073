// Hypotheses of a translation decoder: ID ||| WORD WORD ... ||| NAME= VALUE ... ||| TOTAL ||| ...
// and the short forms ID ||| WORD WORD ... and ID ||| WORD WORD ... ||| TOTAL.
#include "nbest/hypothesis_forms.h"

static const char separator[] = "|||";
static const double ln_to_log10 = 0.43429448190325182765;

// The language model's score among the features: that of "RNNLM=" if there is one, else of the
// first that begins with "LM" or "lm". Every value must be a number.
static bool read_features(struct span features, double *language)
{
    struct span word;
    double value;
    bool is_language = false, is_ours = false, found_ours = false;
    while (span_take(&features, &word)) {
        char last = word.text[word.length - 1];
        if (last == '=' || last == ':') {
            is_ours = span_is(word, "RNNLM=");
            is_language = word.length > 2 &&
                          (memcmp(word.text, "LM", 2) == 0 || memcmp(word.text, "lm", 2) == 0);
            continue;
        }
        if (!span_score(word, &value))
            return false;
        if (is_ours || (is_language && !found_ours && isnan(*language)))
            *language = value * ln_to_log10;
        found_ours = found_ours || is_ours;
        is_ours = is_language = false;
    }
    return true;
}

static bool recognise(struct span first, struct span second)
{
    (void)second;
    struct span id, word;
    return span_take(&first, &id) && span_take(&first, &word) && span_is(word, separator);
}

// ID, words, and what stands behind them; *total is empty where there is nothing.
static bool split_short(struct span line, struct span *id, struct span *text, struct span *total)
{
    struct span rest = line;
    *total = (struct span){"", 0};
    if (!recognise(line, line) || !span_field(&rest, separator, id) ||
        !span_field(&rest, separator, text))
        return false;
    return rest.text == NULL || (span_field(&rest, separator, total) && rest.text == NULL);
}

static bool recognise_words(struct span first, struct span second)
{
    (void)second;
    struct span id, text, total;
    return split_short(first, &id, &text, &total) && total.length == 0;
}

static bool recognise_total(struct span first, struct span second)
{
    (void)second;
    struct span id, text, total;
    double value;
    return split_short(first, &id, &text, &total) && span_score(total, &value);
}

static bool read_words(struct hypotheses *hypotheses, struct span line,
                       struct hypothesis *hypothesis)
{
    (void)hypothesis;
    struct span id, text, total;
    if (!split_short(line, &id, &text, &total) || total.length > 0)
        return hypothesis_wrong(hypotheses, line, "ID ||| WORD WORD ...");
    return hypothesis_set_id(hypotheses, id) && hypothesis_add_words(hypotheses, text);
}

static bool read_total(struct hypotheses *hypotheses, struct span line,
                       struct hypothesis *hypothesis)
{
    struct span id, text, total;
    if (!split_short(line, &id, &text, &total) || !span_score(total, &hypothesis->acoustic))
        return hypothesis_wrong(hypotheses, line, "ID ||| WORD WORD ... ||| TOTAL");
    hypothesis->acoustic *= ln_to_log10;
    return hypothesis_set_id(hypotheses, id) && hypothesis_add_words(hypotheses, text);
}

static bool read_line(struct hypotheses *hypotheses, struct span line,
                      struct hypothesis *hypothesis)
{
    struct span rest = line, id, text, features, total;
    bool ok = span_field(&rest, separator, &id) && id.length > 0 &&
              span_field(&rest, separator, &text) && span_field(&rest, separator, &features) &&
              span_field(&rest, separator, &total) && span_score(total, &hypothesis->acoustic) &&
              read_features(features, &hypothesis->language);
    if (!ok)
        return hypothesis_wrong(hypotheses, line,
                                "ID ||| WORD WORD ... ||| NAME= VALUE ... ||| TOTAL");
    hypothesis->acoustic *= ln_to_log10;
    return hypothesis_set_id(hypotheses, id) && hypothesis_add_words(hypotheses, text);
}

const struct hypothesis_type hypothesis_moses = {"moses", NULL, recognise, read_line};
const struct hypothesis_type hypothesis_moses_words = {"moses-words", NULL, recognise_words,
                                                       read_words};
const struct hypothesis_type hypothesis_moses_total = {"moses-total", NULL, recognise_total,
                                                       read_total};
