// Scores of n-best lists.
#include "score/nbest.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const double OOV_LOG10 = -5;

struct lists {
    struct reader *reader;
    char *id; // of the current list
    size_t id_length, id_capacity;
    bool begun;
};

// Takes the hypothesis' ID and tells whether it begins a new list.
static bool read_id(struct lists *lists, const struct token *token, bool *begins,
                    struct error *error)
{
    if (token->sentence_end)
        return error_set(error,
                         "%s: line %" PRIu64 ": found an empty line, wanted \"ID word word ...\"",
                         reader_name(lists->reader), reader_line_number(lists->reader));
    *begins = !lists->begun || lists->id_length != token->length ||
              memcmp(lists->id, token->text, token->length) != 0;
    if (!memory_grow(&lists->id, &lists->id_capacity, token->length, 1, error))
        return false;
    memcpy(lists->id, token->text, token->length);
    lists->id_length = token->length;
    lists->begun = true;
    return true;
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

// Scores the words behind the ID, up to the line's end.
static bool score_words(struct blend *blend, struct lists *lists, struct totals *totals,
                        double *log10_prob, struct error *error)
{
    struct token token = {.sentence_end = false};
    struct blend_word word;
    *log10_prob = 0;
    for (uint64_t words = 0; !token.sentence_end; words++) {
        if (!reader_next(lists->reader, &token))
            return reader_ok(lists->reader, error) &&
                   error_set(error, "%s: unexpected end", reader_name(lists->reader));
        if (token.sentence_end && words == 0)
            return error_set(
                error, "%s: line %" PRIu64 ": found only the ID \"%.*s\", wanted words behind it",
                reader_name(lists->reader), reader_line_number(lists->reader),
                (int)lists->id_length, lists->id);
        if (!blend_next(blend, &token, &word, error))
            return error_prefix(error, "%s: line %" PRIu64 ": ", reader_name(lists->reader),
                                reader_line_number(lists->reader));
        *log10_prob += count_word(&word, totals);
    }
    return true;
}

bool nbest_score(struct blend *blend, struct reader *reader, struct output *output,
                 struct totals *totals, struct error *error)
{
    struct lists lists = {.reader = reader};
    struct token token;
    bool ok = true, begins = false;
    double log10_prob;
    *totals = (struct totals){.words = 0};
    while (ok && reader_next(reader, &token)) {
        ok = read_id(&lists, &token, &begins, error);
        if (!ok)
            break;
        blend_begin_hypothesis(blend, begins);
        ok = score_words(blend, &lists, totals, &log10_prob, error);
        if (ok)
            output_format(output, "%f\n", log10_prob);
    }
    free(lists.id);
    return ok && reader_ok(reader, error) && blend_end(blend, error) &&
           (totals->words > 0 ||
            error_set(error, "%s: the n-best file is empty", reader_name(reader)));
}
