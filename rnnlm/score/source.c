// Sources of probabilities: what is common to all kinds.
#include "score/source.h"

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

void source_begin_hypothesis(struct source *source, bool first_of_list)
{
    if (source->type->begin_hypothesis != NULL)
        source->type->begin_hypothesis(source, first_of_list);
}

const char *source_draw(struct source *source, struct random *random)
{
    return source->type->draw != NULL ? source->type->draw(source, random) : NULL;
}
