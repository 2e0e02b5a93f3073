// A text as models see it.
#include "score/text_view.h"

#include <inttypes.h>

#include "score/distribution.h"

struct view {
    struct blend *blend, *plain;
    struct distribution distribution;
    bool tells; // what other words would have had
};

// The most probable words of the distribution, the first of equal ones first.
static bool find_alternatives(struct view *view, struct text_view_word *word, struct error *error)
{
    const struct distribution *all = &view->distribution;
    int32_t best[TEXT_VIEW_ALTERNATIVES];
    size_t count = 0;
    if (!distribution_fill(&view->distribution, error))
        return false;
    for (size_t i = 0; i < all->words.size; i++) {
        if (!(all->prob[i] > 0) ||
            (count == TEXT_VIEW_ALTERNATIVES && all->prob[i] <= all->prob[best[count - 1]]))
            continue;
        size_t at = count < TEXT_VIEW_ALTERNATIVES ? count++ : count - 1;
        for (; at > 0 && all->prob[best[at - 1]] < all->prob[i]; at--)
            best[at] = best[at - 1];
        best[at] = (int32_t)i;
    }
    word->alternatives = count;
    for (size_t i = 0; i < count; i++) {
        word->alternative[i] = vocabulary_word(&all->words, best[i]);
        word->alternative_prob[i] = all->prob[best[i]];
    }
    return true;
}

static bool view_word(struct view *view, const struct token *token, bool detailed,
                      struct text_view_word *word, struct error *error)
{
    struct blend_word own, plain = {.mixed = 0};
    *word = (struct text_view_word){.token = token};
    if (detailed && view->tells && !find_alternatives(view, word, error))
        return false;
    if (!blend_next(view->blend, token, &own, error) ||
        (view->plain != NULL && !blend_next(view->plain, token, &plain, error)))
        return false;
    word->known = blend_word_is(&own, token);
    word->prob = own.mixed;
    word->plain = plain.mixed;
    return true;
}

bool text_view(struct blend *blend, bool learns, struct blend *plain, struct reader *text,
               uint64_t detailed, struct coverage *coverage,
               void (*take)(void *context, const struct text_view_word *word), void *context,
               struct error *error)
{
    struct view view = {
        .blend = blend, .plain = plain, .tells = !learns && distribution_known(blend)};
    struct token token;
    struct text_view_word word;
    uint64_t tokens = 0, sentences = 0;
    *coverage = (struct coverage){.words = 0};
    bool ok = !view.tells || distribution_init(&view.distribution, blend, error);
    while (ok && reader_next(text, &token)) {
        ok = view_word(&view, &token, tokens++ < detailed, &word, error) ||
             error_prefix(error, "%s: line %" PRIu64 ": ", reader_name(text),
                          reader_line_number(text));
        if (!ok)
            break;
        take(context, &word);
        sentences += token.sentence_end;
        if (!token.sentence_end)
            coverage_add(coverage, token.text, token.length, word.known);
    }
    distribution_free(&view.distribution);
    return ok && reader_ok(text, error) && blend_end(blend, error) &&
           (plain == NULL || blend_end(plain, error)) &&
           (sentences > 0 || error_set(error, "%s: the text is empty", reader_name(text)));
}
