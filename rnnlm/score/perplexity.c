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
    if (!word->known && !(word->other > 0)) {
        totals->oovs++;
        return;
    }
    totals->words++;
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

// A part of the text that is in memory.
static bool score_tokens(struct blend *blend, const struct reader *text,
                         const struct tokens *tokens, struct output *table, struct totals *totals,
                         struct error *error)
{
    struct sums sums = {LOG_SUM_EMPTY, LOG_SUM_EMPTY, LOG_SUM_EMPTY};
    struct blend_word word;
    if (!blend_look_ahead(blend, tokens->token, tokens->count, error))
        return false;
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->token[i];
        if (!blend_next(blend, token, &word, error))
            return wrong_word(text, tokens->line[i], error);
        if (table != NULL)
            write_row(blend, table, token, &word);
        count_word(blend, token, &word, totals, &sums);
    }
    totals->log10_net += log_sum_log10(&sums.net);
    if (blend->other != NULL) {
        totals->log10_other += log_sum_log10(&sums.other);
        totals->log10_mix += log_sum_log10(&sums.mix);
    }
    return true;
}

// The text, and what is read of it while the tokens before are scored.
struct reading {
    struct reader *text;
    struct tokens *tokens; // to be filled
};

// The next tokens of the text, at most READ_AHEAD.
static bool read_tokens(void *context, struct error *error)
{
    struct reading *reading = context;
    struct token token;
    tokens_clear(reading->tokens);
    while (reading->tokens->count < READ_AHEAD && reader_next(reading->text, &token))
        if (!tokens_add(reading->tokens, &token, reader_line_number(reading->text), error))
            return false;
    return reader_ok(reading->text, error);
}

// Scores what has been read while the next tokens are read.
static bool score_and_read(struct blend *blend, struct reading *reading, struct tokens *other,
                           struct output *table, struct totals *totals, struct error *error)
{
    const struct tokens *tokens = reading->tokens;
    struct errand errand;
    reading->tokens = other;
    errand_begin(&errand, read_tokens, reading);
    bool ok = score_tokens(blend, reading->text, tokens, table, totals, error);
    bool read = errand_end(&errand, ok ? error : NULL);
    return ok && read;
}

bool perplexity_score(struct blend *blend, struct reader *text, struct output *table,
                      struct totals *totals, struct error *error)
{
    struct tokens tokens[2] = {{.count = 0}, {.count = 0}};
    struct reading reading = {.text = text, .tokens = &tokens[0]};
    *totals = (struct totals){.words = 0};
    if (table != NULL)
        write_heading(blend, table);
    bool ok = read_tokens(&reading, error);
    for (size_t next = 1; ok && reading.tokens->count > 0; next = 1 - next)
        ok = score_and_read(blend, &reading, &tokens[next], table, totals, error);
    tokens_free(&tokens[0]);
    tokens_free(&tokens[1]);
    if (!ok || !blend_end(blend, error))
        return false;
    if (totals->words == 0)
        return error_set(error, "%s: %s", reader_name(text),
                         totals->oovs > 0 ? "the model knows none of the words"
                                          : "the text is empty");
    return true;
}

// One sentence, of which the first word has been read. A word that no model knows shows as <unk>.
static bool report_sentence(struct blend *blend, struct reader *text, struct token token,
                            struct srilm_report *report, struct error *error)
{
    struct blend_word word;
    while (!token.sentence_end) {
        if (!srilm_report_text(report, token.text, token.length, error))
            return false;
        if (!blend_next(blend, &token, &word, error))
            return wrong_word(text, reader_line_number(text), error);
        bool oov = !word.known && !(word.mixed > 0);
        const char *name = word.name != NULL ? word.name : "<unk>";
        struct srilm_word told = {name, oov ? "OOV" : "rnn", oov ? 0 : log10(word.mixed), oov};
        if (!srilm_report_word(report, &told, error))
            return false;
        if (!reader_next(text, &token))
            return reader_ok(text, error) &&
                   error_set(error, "%s: unexpected end", reader_name(text));
    }
    if (!blend_next(blend, &token, &word, error))
        return wrong_word(text, reader_line_number(text), error);
    return srilm_report_end(report, "rnn", log10(word.mixed), error);
}

bool perplexity_report(struct blend *blend, struct reader *text, struct srilm_report *report,
                       struct error *error)
{
    struct token token;
    while (reader_next(text, &token))
        if (!token.sentence_end && !report_sentence(blend, text, token, report, error))
            return false;
    if (!reader_ok(text, error) || !blend_end(blend, error))
        return false;
    if (report->total.sentences == 0)
        return error_set(error, "%s: the text is empty", reader_name(text));
    srilm_report_file(report, reader_name(text));
    return true;
}
