// Sources of probabilities: what is common to all kinds.
#include "score/source.h"

#include <string.h>

void source_free(struct source *source)
{
    if (source != NULL)
        source->type->free(source);
}

bool source_next(struct source *source, const struct token *token, struct source_word *word,
                 struct error *error)
{
    return source->type->next(source, token, word, error);
}

void source_advance(struct source *source, const struct token *token)
{
    if (source->type->advance != NULL)
        source->type->advance(source, token);
}

bool source_end(struct source *source, struct error *error)
{
    return source->type->end == NULL || source->type->end(source, error);
}

bool source_look_ahead(struct source *source, const struct token *token, size_t count,
                       struct error *error)
{
    return source->type->look_ahead == NULL ||
           source->type->look_ahead(source, token, count, error);
}

bool source_begin_lists(struct source *source, const struct token *token, size_t count,
                        const size_t *list, struct error *error)
{
    return source->type->begin_lists == NULL ||
           source->type->begin_lists(source, token, count, list, error);
}

const char *source_draw(struct source *source, struct random *random)
{
    return source->type->draw != NULL ? source->type->draw(source, random) : NULL;
}

const struct vocabulary *source_words(const struct source *source)
{
    return source->type->words != NULL ? source->type->words(source) : NULL;
}

int32_t source_id(const struct source *source, const struct token *token)
{
    return source_words(source) != NULL ? source->type->id(source, token) : WORD_OOV;
}

bool source_distribution(struct source *source, double *prob, struct error *error)
{
    return source->type->words == NULL || source->type->distribution(source, prob, error);
}

void source_share(const struct unknown_shares *shares, int32_t unknown, const struct token *token,
                  struct source_word *word)
{
    word->listed = false;
    if (shares == NULL || word->id < 0 || word->id != unknown ||
        (strlen(word->name) == token->length &&
         memcmp(word->name, token->text, token->length) == 0))
        return;
    word->prob *= unknown_share(shares, token->text, token->length, &word->listed);
}

enum state_start network_use_start(const struct network_use *use)
{
    return use->independent ? STATE_SENTENCE : use->per_sentence ? STATE_TEXT : STATE_STORED;
}

int32_t network_use_id(const struct network_use *use, const struct vocabulary *words,
                       const struct token *token)
{
    int32_t id = vocabulary_find(words, token->text, token->length);
    return id >= 0 ? id : use->unknown;
}
