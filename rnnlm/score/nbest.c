// Scores of n-best lists.
#include "score/nbest.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/tokens.h"

static const double OOV_LOG10 = -5;

enum { TOGETHER = 1 << 16 }; // tokens of lists that are scored together, if there are so many

struct lists {
    struct reader *reader;
    struct tokens
        id; // one token: the ID of the last list in `words`, or of the one that comes next
    struct tokens words; // of the hypotheses, each with its </s>
    size_t *list;        // [hypotheses] which list each belongs to
    size_t hypotheses, capacity;
    size_t lists; // complete ones in `words`
    bool ended;
};

static bool same_id(const struct lists *lists, const struct token *token)
{
    const struct token *id = lists->id.token;
    return lists->id.count > 0 && id->length == token->length &&
           memcmp(id->text, token->text, id->length) == 0;
}

static bool wrong_line(const struct lists *lists, const char *found, struct error *error)
{
    return error_set(error, "%s: line %" PRIu64 ": found %s, wanted \"ID word word ...\"",
                     reader_name(lists->reader), reader_line_number(lists->reader), found);
}

// The words behind an ID, up to the line's end.
static bool read_words(struct lists *lists, struct error *error)
{
    struct token token = {.sentence_end = false};
    for (size_t words = 0; !token.sentence_end; words++) {
        if (!reader_next(lists->reader, &token))
            return reader_ok(lists->reader, error) &&
                   wrong_line(lists, "the end of the file", error);
        if (token.sentence_end && words == 0)
            return error_set(
                error, "%s: line %" PRIu64 ": found only the ID \"%.*s\", wanted words behind it",
                reader_name(lists->reader), reader_line_number(lists->reader),
                (int)lists->id.token[0].length, lists->id.token[0].text);
        if (!tokens_add(&lists->words, &token, reader_line_number(lists->reader), error))
            return false;
    }
    return true;
}

// Reads the hypotheses of the list whose ID has been read, and the ID of the list behind it.
static bool read_list(struct lists *lists, struct error *error)
{
    struct token id;
    for (;;) {
        if (!memory_grow(&lists->list, &lists->capacity, lists->hypotheses + 1, sizeof *lists->list,
                         error) ||
            !read_words(lists, error))
            return false;
        lists->list[lists->hypotheses++] = lists->lists;
        if (!reader_next(lists->reader, &id)) {
            lists->ended = true;
            return reader_ok(lists->reader, error);
        }
        if (id.sentence_end)
            return wrong_line(lists, "an empty line", error);
        if (same_id(lists, &id))
            continue;
        tokens_clear(&lists->id);
        return tokens_add(&lists->id, &id, 0, error);
    }
}

static bool read_first_id(struct lists *lists, struct error *error)
{
    struct token id;
    if (!reader_next(lists->reader, &id))
        return reader_ok(lists->reader, error) &&
               error_set(error, "%s: the n-best file is empty", reader_name(lists->reader));
    if (id.sentence_end)
        return wrong_line(lists, "an empty line", error);
    return tokens_add(&lists->id, &id, 0, error);
}

static double count_word(const struct blend_word *word, struct totals *totals)
{
    double log10_net = log10(word->net), log10_mixed = log10(word->mixed);
    if (!word->known)
        log10_net = log10_mixed = word->other > 0 ? log10(word->other) : OOV_LOG10;
    totals->words++;
    totals->log10_net += log10_net;
    totals->log10_other += word->other > 0 ? log10(word->other) : 0;
    totals->log10_mix += log10_mixed;
    return log10_mixed;
}

// Reads lists until there is work enough.
static bool read_lists(struct lists *lists, struct error *error)
{
    tokens_clear(&lists->words);
    lists->hypotheses = lists->lists = 0;
    while (!lists->ended && lists->words.count < TOGETHER) {
        if (!read_list(lists, error))
            return false;
        lists->lists++;
    }
    return true;
}

static bool score_lists(struct blend *blend, const struct lists *lists, struct output *output,
                        struct totals *totals, struct error *error)
{
    const struct tokens *words = &lists->words;
    struct blend_word word;
    double log10_prob = 0;
    if (!blend_begin_lists(blend, words->token, words->count, lists->list, error))
        return false;
    for (size_t i = 0; i < words->count; i++) {
        if (!blend_next(blend, &words->token[i], &word, error))
            return error_prefix(error, "%s: line %" PRIu64 ": ", reader_name(lists->reader),
                                words->line[i]);
        log10_prob += count_word(&word, totals);
        if (words->token[i].sentence_end) {
            output_format(output, "%f\n", log10_prob);
            log10_prob = 0;
        }
    }
    return true;
}

bool nbest_score(struct blend *blend, struct reader *reader, struct output *output,
                 struct totals *totals, struct error *error)
{
    struct lists lists = {.reader = reader};
    *totals = (struct totals){.words = 0};
    bool ok = read_first_id(&lists, error);
    while (ok && !lists.ended)
        ok = read_lists(&lists, error) && score_lists(blend, &lists, output, totals, error);
    tokens_free(&lists.id);
    tokens_free(&lists.words);
    free(lists.list);
    return ok && blend_end(blend, error);
}
