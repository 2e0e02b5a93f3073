// Scores of n-best lists.
#include "score/nbest.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const double OOV_LOG10 = -5;

struct list_reader {
    struct reader *lines;
    char *id; // of the current list; NULL before the first
    size_t id_length, id_capacity;
};

// Takes the hypothesis' ID and tells whether it begins a new list.
static bool read_id(struct list_reader *lists, const struct token *token, bool *begins,
                    struct error *error)
{
    if (token->sentence_end)
        return error_set(error,
                         "%s: line %" PRIu64 ": found an empty line, wanted \"ID word word ...\"",
                         reader_name(lists->lines), reader_line_number(lists->lines));
    *begins = lists->id == NULL || lists->id_length != token->length ||
              memcmp(lists->id, token->text, token->length) != 0;
    if (!memory_grow(&lists->id, &lists->id_capacity, token->length, 1, error))
        return false;
    memcpy(lists->id, token->text, token->length);
    lists->id_length = token->length;
    return true;
}

static double add_word(struct nbest *nbest, int32_t id, double net, double other)
{
    double log10_net, log10_mix;
    if (id < 0) {
        log10_net = log10_mix = other > 0 ? log10(other) : OOV_LOG10;
    } else {
        log10_net = log10(net);
        log10_mix = nbest->other != NULL ? log10(nbest->lambda * net + (1 - nbest->lambda) * other)
                                         : log10_net;
    }
    nbest->totals.words++;
    nbest->totals.log10_net += log10_net;
    nbest->totals.log10_other += other > 0 ? log10(other) : 0;
    nbest->totals.log10_mix += log10_mix;
    return log10_mix;
}

// Scores the words behind the ID, up to the line's end.
static bool score_words(struct nbest *nbest, struct scorer *scorer, struct list_reader *lists,
                        double *log10_prob, struct error *error)
{
    struct token token = {.sentence_end = false};
    uint64_t words = 0;
    *log10_prob = 0;
    for (; !token.sentence_end; words++) {
        double other = 0;
        if (!reader_next(lists->lines, &token))
            return reader_ok(lists->lines, error) &&
                   error_set(error, "%s: unexpected end", reader_name(lists->lines));
        if (token.sentence_end && words == 0)
            return error_set(
                error, "%s: line %" PRIu64 ": found only the ID \"%.*s\", wanted words behind it",
                reader_name(lists->lines), reader_line_number(lists->lines), (int)lists->id_length,
                lists->id);
        if (nbest->other != NULL && !other_next(nbest->other, &token, &other, error))
            return false;
        int32_t id = vocabulary_find(&scorer->model->vocabulary, token.text, token.length);
        *log10_prob += add_word(nbest, id, scorer_word(scorer, id), other);
    }
    return true;
}

static bool score_lists(struct nbest *nbest, struct scorer *scorer, struct list_reader *lists,
                        struct state *begin, struct state *after_best, struct output *output,
                        struct error *error)
{
    const struct network *network = &scorer->model->network;
    struct token token;
    int32_t history[MAXENT_MOST_ORDER];
    while (reader_next(lists->lines, &token)) {
        bool begins = false;
        double log10_prob;
        if (!read_id(lists, &token, &begins, error))
            return false;
        if (begins)
            state_copy(network, begin, after_best);
        // The words before a hypothesis, which direct connections look at, are those of the line
        // before whatever it was.
        memcpy(history, scorer->now->history, sizeof history);
        state_copy(network, scorer->now, begin);
        memcpy(scorer->now->history, history, sizeof history);
        if (!score_words(nbest, scorer, lists, &log10_prob, error))
            return false;
        if (begins)
            state_copy(network, after_best, scorer->now);
        output_format(output, "%f\n", log10_prob);
    }
    return reader_ok(lists->lines, error) &&
           (nbest->totals.words > 0 ||
            error_set(error, "%s: the n-best file is empty", reader_name(lists->lines)));
}

bool nbest_score(struct nbest *nbest, struct scorer *scorer, struct reader *file,
                 struct output *output, struct error *error)
{
    const struct network *network = &scorer->model->network;
    struct list_reader lists = {.lines = file};
    // The reference has an empty state here, into which </s> is taken twice.
    struct state *begin = state_at_start(network, 0, NULL, error),
                 *after_best = state_new(network, error);
    bool ok = begin != NULL && after_best != NULL;
    if (ok) {
        state_advance(network, begin, WORD_END, after_best);
        ok = score_lists(nbest, scorer, &lists, begin, after_best, output, error);
    }
    ok = ok && (nbest->other == NULL || other_end(nbest->other, error));
    free(begin);
    free(after_best);
    free(lists.id);
    return ok;
}
