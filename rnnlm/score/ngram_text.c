// Scores of a text by a back-off n-gram model.
#include "score/ngram_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/reader.h"

struct scoring {
    const struct ngram_model *model;
    struct srilm_report report;
    struct ngram_state state;
    bool empty; // nothing of the sentence has been read
    bool held;  // a </s> has been read which may be the end of the sentence
};

static const char *field_of(int matched)
{
    static const char *const field[] = {"OOV",   "1gram", "2gram", "3gram", "4gram",
                                        "5gram", "6gram", "7gram", "8gram", "9gram"};
    return field[matched];
}

static bool score_word(struct scoring *scoring, int32_t word, struct error *error)
{
    int matched;
    double log10_prob =
        ngram_score(scoring->model, &scoring->state, word, &scoring->state, &matched);
    bool unknown = word == WORD_OOV || word == scoring->model->unknown;
    const struct srilm_word scored = {
        .word = word == WORD_OOV ? "<unk>" : vocabulary_word(&scoring->model->words, word),
        .field = field_of(matched),
        .log10_prob = log10_prob,
        .oov = unknown && log10_prob == -INFINITY};
    return srilm_report_word(&scoring->report, &scored, error);
}

static bool take_word(struct scoring *scoring, const struct token *token, struct error *error)
{
    bool first = scoring->empty;
    scoring->empty = false;
    if (!srilm_report_text(&scoring->report, token->text, token->length, error))
        return false;
    if (scoring->held && !score_word(scoring, WORD_END, error))
        return false;
    scoring->held = token->length == 4 && memcmp(token->text, "</s>", 4) == 0;
    if (scoring->held || (first && token->length == 3 && memcmp(token->text, "<s>", 3) == 0))
        return true;
    return score_word(scoring, ngram_word(scoring->model, token->text, token->length), error);
}

static bool take_end(struct scoring *scoring, struct error *error)
{
    int matched;
    bool ok = true;
    if (!scoring->empty) {
        double log10_prob =
            ngram_score(scoring->model, &scoring->state, WORD_END, &scoring->state, &matched);
        ok = srilm_report_end(&scoring->report, field_of(matched), log10_prob, error);
    }
    ngram_start(scoring->model, &scoring->state, true);
    scoring->empty = true;
    scoring->held = false;
    return ok;
}

bool ngram_text_score(const struct ngram_model *model, const char *path, int debug,
                      struct output *output, struct srilm_totals *totals, struct error *error)
{
    struct reader *reader = reader_open(path, error);
    if (reader == NULL)
        return false;
    struct scoring scoring = {.model = model, .empty = true};
    srilm_report_init(&scoring.report, output, debug);
    ngram_start(model, &scoring.state, true);
    struct token token;
    bool ok = true;
    while (ok && reader_next(reader, &token))
        ok = token.sentence_end ? take_end(&scoring, error) : take_word(&scoring, &token, error);
    ok = ok && reader_ok(reader, error);
    if (ok && scoring.report.total.sentences == 0)
        ok = error_set(error, "%s: the text is empty", reader_name(reader));
    if (ok)
        srilm_report_file(&scoring.report, path);
    *totals = scoring.report.total;
    srilm_report_free(&scoring.report);
    reader_close(reader);
    return ok;
}
