// Scores of a text by a back-off n-gram model: many sentences side by side, told in their order.
#include "score/ngram_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/reader.h"

enum { SIDE_BY_SIDE = 32 }; // sentences

struct scored {
    int32_t word;
    int matched;
    float log10_prob;
    float log10_share; // of an unknown word, else 0
};

struct sentence {
    struct scored *scored; // [count], </s> the last
    size_t count, capacity;
    char *text; // the words as they stand in the text, with blanks between; only if they are shown
    size_t text_used, text_capacity;
    uint64_t line;
    struct ngram_state state;
};

struct scoring {
    const struct ngram_model *model;
    const struct unknown_shares *shares;
    struct reader *reader;
    struct srilm_report report;
    struct coverage coverage;
    struct sentence sentence[SIDE_BY_SIDE];
};

// ---- reading ----------------------------------------------------------------------------------

static bool is_text(const struct token *token, const char *text)
{
    return token->length == strlen(text) && memcmp(token->text, text, token->length) == 0;
}

static bool add_word(struct sentence *sentence, int32_t word, double share, struct error *error)
{
    if (!memory_grow(&sentence->scored, &sentence->capacity, sentence->count + 1,
                     sizeof *sentence->scored, error))
        return false;
    sentence->scored[sentence->count++] =
        (struct scored){.word = word, .log10_share = share < 1 ? (float)log10(share) : 0};
    return true;
}

static bool add_text(struct sentence *sentence, const struct token *token, struct error *error)
{
    size_t needed = sentence->text_used + token->length + 1;
    if (!memory_grow(&sentence->text, &sentence->text_capacity, needed, 1, error))
        return false;
    if (sentence->text_used > 0)
        sentence->text[sentence->text_used++] = ' ';
    memcpy(sentence->text + sentence->text_used, token->text, token->length);
    sentence->text_used += token->length;
    return true;
}

// Taken as the model's word for unknown ones, and not that itself.
static bool is_unknown(const struct scoring *scoring, int32_t word, const struct token *token)
{
    const struct ngram_model *model = scoring->model;
    return word >= 0 && word == model->unknown &&
           !is_text(token, vocabulary_word(&model->words, word));
}

// The next line that is not empty; no words at the end of the text.
static bool read_sentence(struct scoring *scoring, struct sentence *sentence, struct error *error)
{
    struct token token;
    bool empty = true, end = false; // a </s> that the text has at the end is the sentence's
    sentence->count = sentence->text_used = 0;
    while (reader_next(scoring->reader, &token)) {
        if (token.sentence_end && empty)
            continue;
        sentence->line = reader_line_number(scoring->reader);
        if (token.sentence_end)
            return end || add_word(sentence, WORD_END, 1, error);
        if (scoring->report.debug > 0 && !add_text(sentence, &token, error))
            return false;
        bool start = empty && is_text(&token, "<s>");
        empty = false;
        end = is_text(&token, "</s>");
        int32_t word = end ? WORD_END : ngram_word(scoring->model, token.text, token.length);
        bool listed = false;
        double share = is_unknown(scoring, word, &token)
                           ? unknown_share(scoring->shares, token.text, token.length, &listed)
                           : 1;
        if (!start && !end)
            coverage_add(&scoring->coverage, token.text, token.length,
                         listed || word != scoring->model->unknown);
        if (!start && !add_word(sentence, word, share, error))
            return false;
    }
    return reader_ok(scoring->reader, error);
}

// ---- scoring ----------------------------------------------------------------------------------

// Word by word through all sentences at once.
static void score_sentences(struct scoring *scoring, size_t count)
{
    struct ngram_query query[SIDE_BY_SIDE];
    struct scored *result[SIDE_BY_SIDE];
    for (size_t i = 0; i < count; i++)
        ngram_start(scoring->model, &scoring->sentence[i].state, true);
    size_t queries = 1;
    for (size_t t = 0; queries > 0; t++) {
        queries = 0;
        for (size_t i = 0; i < count; i++) {
            struct sentence *sentence = &scoring->sentence[i];
            if (t >= sentence->count)
                continue;
            result[queries] = &sentence->scored[t];
            query[queries++] = (struct ngram_query){
                .in = &sentence->state, .out = &sentence->state, .word = sentence->scored[t].word};
        }
        ngram_score_all(scoring->model, query, queries);
        for (size_t i = 0; i < queries; i++) {
            result[i]->matched = query[i].matched;
            result[i]->log10_prob = (float)query[i].log10_prob + result[i]->log10_share;
        }
    }
}

static const char *field_of(int matched)
{
    static const char *const field[] = {"OOV",   "1gram", "2gram", "3gram", "4gram",
                                        "5gram", "6gram", "7gram", "8gram", "9gram"};
    return field[matched];
}

static bool tell_sentence(struct scoring *scoring, const struct sentence *sentence,
                          struct error *error)
{
    const struct ngram_model *model = scoring->model;
    for (size_t t = 0; t < sentence->count; t++)
        if (!ngram_check(model, sentence->scored[t].word, (double)sentence->scored[t].log10_prob,
                         error))
            return error_prefix(error, "%s: line %" PRIu64 ": ", reader_name(scoring->reader),
                                sentence->line);
    if (!srilm_report_text(&scoring->report, sentence->text, sentence->text_used, error))
        return false;
    for (size_t t = 0; t + 1 < sentence->count; t++) {
        const struct scored *scored = &sentence->scored[t];
        bool unknown = scored->word == WORD_OOV || scored->word == model->unknown;
        const struct srilm_word word = {
            .word = unknown ? "<unk>" : vocabulary_word(&model->words, scored->word),
            .field = field_of(scored->matched),
            .log10_prob = (double)scored->log10_prob,
            .oov = unknown && scored->log10_prob == -INFINITY};
        if (!srilm_report_word(&scoring->report, &word, error))
            return false;
    }
    const struct scored *end = &sentence->scored[sentence->count - 1];
    return srilm_report_end(&scoring->report, field_of(end->matched), (double)end->log10_prob,
                            error);
}

static bool score_text(struct scoring *scoring, struct error *error)
{
    size_t count = SIDE_BY_SIDE;
    while (count == SIDE_BY_SIDE) {
        for (count = 0; count < SIDE_BY_SIDE; count++) {
            struct sentence *sentence = &scoring->sentence[count];
            if (!read_sentence(scoring, sentence, error))
                return false;
            if (sentence->count == 0)
                break;
        }
        score_sentences(scoring, count);
        for (size_t i = 0; i < count; i++)
            if (!tell_sentence(scoring, &scoring->sentence[i], error))
                return false;
    }
    return scoring->report.total.sentences > 0 ||
           error_set(error, "%s: the text is empty", reader_name(scoring->reader));
}

static void scoring_free(struct scoring *scoring)
{
    for (size_t i = 0; i < SIDE_BY_SIDE; i++) {
        free(scoring->sentence[i].scored);
        free(scoring->sentence[i].text);
    }
    srilm_report_free(&scoring->report);
    reader_close(scoring->reader);
    free(scoring);
}

bool ngram_text_score(const struct ngram_model *model, const struct unknown_shares *shares,
                      const char *path, int debug, struct output *output,
                      struct srilm_totals *totals, struct coverage *coverage, struct error *error)
{
    struct scoring *scoring = memory_new(1, sizeof *scoring, error);
    if (scoring == NULL)
        return false;
    scoring->model = model;
    scoring->shares = shares;
    srilm_report_init(&scoring->report, output, debug);
    scoring->reader = reader_open(path, error);
    bool ok = scoring->reader != NULL && score_text(scoring, error);
    if (ok)
        srilm_report_file(&scoring->report, path);
    *totals = scoring->report.total;
    *coverage = scoring->coverage;
    scoring_free(scoring);
    return ok;
}
