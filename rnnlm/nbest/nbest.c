// Scores of n-best lists.
#include "nbest/nbest.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "score/log_sum.h"
#include "text/tokens.h"

static const double OOV_LOG10 = -5;

enum { TOGETHER = 1 << 16 }; // tokens of lists that are scored together, if there are so many

// Complete lists that are scored together.
struct lists {
    struct tokens words; // of the hypotheses, each with its </s>
    size_t *list;        // [hypotheses] which list each belongs to
    size_t hypotheses, capacity;
    size_t count;
};

// The file, and what is read of it while the lists before are scored.
struct reading {
    struct reader *reader;
    struct tokens id; // one token: the ID of the last list read, or of the one that comes next
    bool ended;
    struct lists *lists; // to be filled
};

static bool same_id(const struct reading *reading, const struct token *token)
{
    const struct token *id = reading->id.token;
    return reading->id.count > 0 && id->length == token->length &&
           memcmp(id->text, token->text, id->length) == 0;
}

static bool wrong_line(const struct reading *reading, const char *found, struct error *error)
{
    return error_set(error, "%s: line %" PRIu64 ": found %s, wanted \"ID word word ...\"",
                     reader_name(reading->reader), reader_line_number(reading->reader), found);
}

static bool is_bar(const struct token *token)
{
    return token->length == 3 && memcmp(token->text, "|||", 3) == 0;
}

// The words behind an ID, up to the line's end; in Moses' form, ID ||| WORD WORD ... ||| ..., those
// between the bars.
static bool read_words(struct reading *reading, struct error *error)
{
    struct token token = {.sentence_end = false};
    size_t bars = 0;
    for (size_t words = 0; !token.sentence_end;) {
        if (!reader_next(reading->reader, &token))
            return reader_ok(reading->reader, error) &&
                   wrong_line(reading, "the end of the file", error);
        uint64_t line = reader_line_number(reading->reader);
        if (token.sentence_end && words == 0)
            return error_set(
                error, "%s: line %" PRIu64 ": found only the ID \"%.*s\", wanted words behind it",
                reader_name(reading->reader), line, (int)reading->id.token[0].length,
                reading->id.token[0].text);
        bool first = words == 0 && bars == 0;
        bars += (first || bars > 0) && is_bar(&token);
        if (!token.sentence_end && (bars > 1 || (bars == 1 && is_bar(&token))))
            continue;
        if (!tokens_add(&reading->lists->words, &token, line, error))
            return false;
        words++;
    }
    return true;
}

// Reads the hypotheses of the list whose ID has been read, and the ID of the list behind it.
static bool read_list(struct reading *reading, struct error *error)
{
    struct lists *lists = reading->lists;
    struct token id;
    for (;;) {
        if (!memory_grow(&lists->list, &lists->capacity, lists->hypotheses + 1, sizeof *lists->list,
                         error) ||
            !read_words(reading, error))
            return false;
        lists->list[lists->hypotheses++] = lists->count;
        if (!reader_next(reading->reader, &id)) {
            reading->ended = true;
            return reader_ok(reading->reader, error);
        }
        if (id.sentence_end)
            return wrong_line(reading, "an empty line", error);
        if (same_id(reading, &id))
            continue;
        tokens_clear(&reading->id);
        return tokens_add(&reading->id, &id, 0, error);
    }
}

static bool read_first_id(struct reading *reading, struct error *error)
{
    struct token id;
    if (!reader_next(reading->reader, &id))
        return reader_ok(reading->reader, error) &&
               error_set(error, "%s: the n-best file is empty", reader_name(reading->reader));
    if (id.sentence_end)
        return wrong_line(reading, "an empty line", error);
    return tokens_add(&reading->id, &id, 0, error);
}

// Reads lists until there is work enough, none at the end.
static bool read_lists(void *context, struct error *error)
{
    struct reading *reading = context;
    struct lists *lists = reading->lists;
    tokens_clear(&lists->words);
    lists->hypotheses = lists->count = 0;
    while (!reading->ended && lists->words.count < TOGETHER) {
        if (!read_list(reading, error))
            return false;
        lists->count++;
    }
    return true;
}

// Of one hypothesis.
struct score {
    uint64_t words, zeros; // zeros: as in struct totals
    struct log_sum net, mixed;
    double log10_other;
};

static const struct score no_words = {.net.product = 1, .mixed.product = 1};

static void add_word(struct score *score, const struct blend_word *word)
{
    score->words++;
    score->zeros += !(word->other > 0);
    score->log10_other += word->other > 0 ? log10(word->other) : 0;
    if (word->known) {
        log_sum_add(&score->net, word->net);
        log_sum_add(&score->mixed, word->mixed);
        return;
    }
    double log10_prob = word->other > 0 ? log10(word->other) : OOV_LOG10;
    score->net.log10 += log10_prob;
    score->mixed.log10 += log10_prob;
}

static void write_score(const struct score *score, struct output *output, struct totals *totals)
{
    double log10_mix = log_sum_log10(&score->mixed);
    output_format(output, "%f\n", log10_mix);
    totals->words += score->words;
    totals->zeros += score->zeros;
    totals->log10_net += log_sum_log10(&score->net);
    totals->log10_other += score->log10_other;
    totals->log10_mix += log10_mix;
}

static bool score_lists(struct blend *blend, const struct lists *lists, const char *name,
                        struct output *output, struct totals *totals, struct error *error)
{
    const struct tokens *words = &lists->words;
    struct score score = no_words;
    struct blend_word word;
    if (!blend_begin_lists(blend, words->token, words->count, lists->list, error))
        return false;
    for (size_t i = 0; i < words->count; i++) {
        if (!blend_next(blend, &words->token[i], &word, error))
            return error_prefix(error, "%s: line %" PRIu64 ": ", name, words->line[i]);
        add_word(&score, &word);
        if (!words->token[i].sentence_end) {
            coverage_add(&totals->coverage, words->token[i].text, words->token[i].length,
                         blend_word_is(&word, &words->token[i]));
        } else {
            write_score(&score, output, totals);
            score = no_words;
        }
    }
    return true;
}

// Scores what has been read while the next lists are read.
static bool score_and_read(struct blend *blend, struct reading *reading, struct lists *other,
                           struct output *output, struct totals *totals, struct error *error)
{
    struct lists *lists = reading->lists;
    struct errand errand;
    reading->lists = other;
    errand_begin(&errand, read_lists, reading);
    bool ok = score_lists(blend, lists, reader_name(reading->reader), output, totals, error);
    bool read = errand_end(&errand, ok ? error : NULL);
    return ok && read;
}

bool nbest_score(struct blend *blend, struct reader *reader, struct output *output,
                 struct totals *totals, struct error *error)
{
    struct lists lists[2] = {{.count = 0}, {.count = 0}};
    struct reading reading = {.reader = reader, .lists = &lists[0]};
    *totals = (struct totals){.words = 0};
    bool ok = read_first_id(&reading, error) && read_lists(&reading, error);
    for (size_t next = 1; ok && reading.lists->count > 0; next = 1 - next)
        ok = score_and_read(blend, &reading, &lists[next], output, totals, error);
    tokens_free(&reading.id);
    for (size_t i = 0; i < 2; i++) {
        tokens_free(&lists[i].words);
        free(lists[i].list);
    }
    return ok && blend_end(blend, error);
}
