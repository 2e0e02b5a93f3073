// Perplexity of a text.
#include "score/perplexity.h"

#include <inttypes.h>
#include <math.h>

#include "base/threads.h"
#include "net/march.h"
#include "score/log_sum.h"
#include "text/tokens.h"

enum { READ_AHEAD = MARCH_WORDS }; // tokens: as many as a network takes at a time

// In front of what is wrong with a word: where it stands.
static bool wrong_word(const struct reader *text, uint64_t line, struct error *error)
{
    return error_prefix(error, "%s: line %" PRIu64 ": ", reader_name(text), line);
}

// What the networks are charged for a word that only the other model knows.
static const double OOV_LOG10 = -8;

static void write_row(const struct blend *blend, struct output *table, const struct token *token,
                      const struct blend_word *word)
{
    bool pair = blend->other != NULL;
    if (!word->known)
        output_text(table, pair ? "-1\t0\t\t0\t\tOOV\n" : "-1\t0\t\tOOV\n");
    else if (pair)
        output_format(table, "%d\t%.10f\t%.10f\t%.*s\n", word->id, word->net, word->other,
                      (int)token->length, token->text);
    else
        output_format(table, "%d\t%.10f\t%.*s\n", word->id, word->net, (int)token->length,
                      token->text);
}

// Of the part of the text that is in memory.
struct sums {
    struct log_sum net, other, mix;
};

static void count_word(const struct blend *blend, const struct token *token,
                       const struct blend_word *word, struct totals *totals, struct sums *sums)
{
    if (!token->sentence_end)
        coverage_add(&totals->coverage, token->text, token->length, blend_word_is(word, token));
    bool begins = token->sentence_end ||
                  unit_begins_word(blend->unit, token->text, token->length, !totals->inside);
    totals->inside = !token->sentence_end;
    if (!word->known && !(word->other > 0)) {
        totals->oovs++;
        return;
    }
    totals->words++;
    totals->text_words += begins;
    if (word->known)
        log_sum_add(&sums->net, word->net);
    else
        sums->net.log10 += OOV_LOG10;
    if (blend->other == NULL)
        return;
    if (word->other > 0)
        log_sum_add(&sums->other, word->other);
    else
        totals->zeros++;
    log_sum_add(&sums->mix, word->mixed);
}

static void write_heading(const struct blend *blend, struct output *table)
{
    output_text(table, blend->other != NULL ? "Index   P(NET)          P(LM)           Word\n"
                                              "--------------------------------------------------\n"
                                            : "Index   P(NET)          Word\n"
                                              "----------------------------------\n");
}

// ---- reading ----------------------------------------------------------------------------------

// Scores some tokens of a text.
typedef bool score_part(void *context, const struct reader *text, const struct tokens *tokens,
                        struct error *error);

// The text, and what is read of it while the tokens before are scored.
struct reading {
    struct reader *text;
    bool skip_empty;       // empty lines are no sentences
    bool inside;           // a word of the line has been read
    struct tokens *tokens; // to be filled
};

// The next tokens of the text, at most READ_AHEAD.
static bool read_tokens(void *context, struct error *error)
{
    struct reading *reading = context;
    struct token token;
    tokens_clear(reading->tokens);
    while (reading->tokens->count < READ_AHEAD && reader_next(reading->text, &token)) {
        bool empty = token.sentence_end && !reading->inside;
        reading->inside = !token.sentence_end;
        if (empty && reading->skip_empty)
            continue;
        if (!tokens_add(reading->tokens, &token, reader_line_number(reading->text), error))
            return false;
    }
    return reader_ok(reading->text, error);
}

// Scores what has been read while the next tokens are read.
static bool score_and_read(score_part *score, void *context, struct reading *reading,
                           struct tokens *other, struct error *error)
{
    const struct tokens *tokens = reading->tokens;
    struct errand errand;
    reading->tokens = other;
    errand_begin(&errand, read_tokens, reading);
    bool ok = score(context, reading->text, tokens, error);
    bool read = errand_end(&errand, ok ? error : NULL);
    return ok && read;
}

static bool score_text(struct reader *text, bool skip_empty, score_part *score, void *context,
                       struct error *error)
{
    struct tokens tokens[2] = {{.count = 0}, {.count = 0}};
    struct reading reading = {.text = text, .skip_empty = skip_empty, .tokens = &tokens[0]};
    bool ok = read_tokens(&reading, error);
    for (size_t next = 1; ok && reading.tokens->count > 0; next = 1 - next)
        ok = score_and_read(score, context, &reading, &tokens[next], error);
    tokens_free(&tokens[0]);
    tokens_free(&tokens[1]);
    return ok;
}

// ---- words and totals --------------------------------------------------------------------------

struct totals_scoring {
    struct blend *blend;
    struct output *table; // may be NULL
    struct totals *totals;
};

static bool score_tokens(void *context, const struct reader *text, const struct tokens *tokens,
                         struct error *error)
{
    const struct totals_scoring *scoring = context;
    struct blend *blend = scoring->blend;
    struct totals *totals = scoring->totals;
    struct sums sums = {LOG_SUM_EMPTY, LOG_SUM_EMPTY, LOG_SUM_EMPTY};
    struct blend_word word;
    if (!blend_look_ahead(blend, tokens->token, tokens->count, error))
        return false;
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->token[i];
        if (!blend_next(blend, token, &word, error))
            return wrong_word(text, tokens->line[i], error);
        if (scoring->table != NULL)
            write_row(blend, scoring->table, token, &word);
        count_word(blend, token, &word, totals, &sums);
    }
    totals->log10_net += log_sum_log10(&sums.net);
    if (blend->other != NULL) {
        totals->log10_other += log_sum_log10(&sums.other);
        totals->log10_mix += log_sum_log10(&sums.mix);
    }
    return true;
}

// After the text.
static bool end_text(struct blend *blend, const struct reader *text, const struct totals *totals,
                     struct error *error)
{
    if (!blend_end(blend, error))
        return false;
    if (totals->words == 0)
        return error_set(error, "%s: %s", reader_name(text),
                         totals->oovs > 0 ? "the model knows none of the words"
                                          : "the text is empty");
    return true;
}

bool perplexity_score(struct blend *blend, struct reader *text, struct output *table,
                      struct totals *totals, struct error *error)
{
    struct totals_scoring scoring = {blend, table, totals};
    *totals = (struct totals){.words = 0};
    if (table != NULL)
        write_heading(blend, table);
    return score_text(text, false, score_tokens, &scoring, error) &&
           end_text(blend, text, totals, error);
}

// ---- lines -------------------------------------------------------------------------------------

struct line_scoring {
    struct blend *blend;
    struct output *output;
    struct totals *totals;
    struct sums sums; // of the line
};

static bool score_lines(void *context, const struct reader *text, const struct tokens *tokens,
                        struct error *error)
{
    struct line_scoring *scoring = context;
    struct blend *blend = scoring->blend;
    struct blend_word word;
    if (!blend_look_ahead(blend, tokens->token, tokens->count, error))
        return false;
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->token[i];
        if (!blend_next(blend, token, &word, error))
            return wrong_word(text, tokens->line[i], error);
        count_word(blend, token, &word, scoring->totals, &scoring->sums);
        if (!token->sentence_end)
            continue;
        const struct log_sum *sum = blend->other != NULL ? &scoring->sums.mix : &scoring->sums.net;
        output_format(scoring->output, "%f\n", log_sum_log10(sum));
        scoring->sums = (struct sums){LOG_SUM_EMPTY, LOG_SUM_EMPTY, LOG_SUM_EMPTY};
    }
    return true;
}

bool perplexity_lines(struct blend *blend, struct reader *text, struct output *output,
                      struct totals *totals, struct error *error)
{
    *totals = (struct totals){.words = 0};
    struct line_scoring scoring = {
        blend, output, totals, {LOG_SUM_EMPTY, LOG_SUM_EMPTY, LOG_SUM_EMPTY}};
    return score_text(text, false, score_lines, &scoring, error) &&
           end_text(blend, text, totals, error);
}

// ---- SRILM's report ----------------------------------------------------------------------------

struct report_scoring {
    struct blend *blend;
    struct srilm_report *report;
};

// A word that no model knows shows as <unk>.
static bool report_word(const struct report_scoring *scoring, const struct token *token,
                        const struct blend_word *word, struct error *error)
{
    if (token->sentence_end)
        return srilm_report_end(scoring->report, "rnn", log10(word->mixed), error);
    bool oov = !word->known && !(word->mixed > 0);
    const char *name = word->name != NULL ? word->name : "<unk>";
    struct srilm_word told = {name, oov ? "OOV" : "rnn", oov ? 0 : log10(word->mixed), oov};
    return srilm_report_word(scoring->report, &told, error);
}

// A running text is not computed ahead: figures have seven digits here, and those of a march may differ
// in the last.
static bool report_tokens(void *context, const struct reader *text, const struct tokens *tokens,
                          struct error *error)
{
    const struct report_scoring *scoring = context;
    struct blend *blend = scoring->blend;
    struct blend_word word;
    if (blend->per_sentence && !blend_look_ahead(blend, tokens->token, tokens->count, error))
        return false;
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->token[i];
        if (!token->sentence_end &&
            !srilm_report_text(scoring->report, token->text, token->length, error))
            return false;
        if (!blend_next(blend, token, &word, error))
            return wrong_word(text, tokens->line[i], error);
        if (!report_word(scoring, token, &word, error))
            return false;
    }
    return true;
}

bool perplexity_report(struct blend *blend, struct reader *text, struct srilm_report *report,
                       struct error *error)
{
    struct report_scoring scoring = {blend, report};
    if (!score_text(text, true, report_tokens, &scoring, error) || !blend_end(blend, error))
        return false;
    if (report->total.sentences == 0)
        return error_set(error, "%s: the text is empty", reader_name(text));
    srilm_report_file(report, reader_name(text));
    return true;
}
