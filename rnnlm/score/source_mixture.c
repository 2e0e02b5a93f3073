// Linear mixtures of sources as a source. Log-linear ones are in source_log_linear.c.
#include "score/source_mixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "score/distribution.h"

struct linear_source {
    struct source source;
    struct blend blend; // of the parts, all of them in the networks' place
    struct distribution distribution;
    bool tells; // the probabilities of all words
};

static struct linear_source *of(struct source *source)
{
    return (struct linear_source *)source;
}

static bool linear_next(struct source *source, const struct token *token, struct source_word *word,
                        struct error *error)
{
    struct linear_source *linear = of(source);
    struct blend_word mixed;
    if (!blend_next(&linear->blend, token, &mixed, error))
        return false;
    const struct vocabulary *words = linear->tells ? &linear->distribution.words : NULL;
    bool named = words != NULL && mixed.name != NULL;
    word->id = named ? vocabulary_find(words, mixed.name, strlen(mixed.name)) : WORD_OOV;
    word->name = mixed.name;
    word->listed = mixed.listed;
    word->prob = mixed.net;
    return true;
}

static void linear_advance(struct source *source, const struct token *token)
{
    struct blend *blend = &of(source)->blend;
    for (size_t i = 0; i < blend->networks; i++)
        source_advance(blend->network[i], token);
}

static bool linear_end(struct source *source, struct error *error)
{
    return blend_end(&of(source)->blend, error);
}

static bool linear_look_ahead(struct source *source, const struct token *token, size_t count,
                              struct error *error)
{
    return blend_look_ahead(&of(source)->blend, token, count, error);
}

static bool linear_begin_lists(struct source *source, const struct token *token, size_t count,
                               const size_t *list, struct error *error)
{
    return blend_begin_lists(&of(source)->blend, token, count, list, error);
}

static const char *linear_draw(struct source *source, struct random *random)
{
    const struct blend *blend = &of(source)->blend;
    double left = random_uniform(random, 0, 1);
    size_t i = 0;
    while (i + 1 < blend->networks && left >= blend->weight[i])
        left -= blend->weight[i++];
    return source_draw(blend->network[i], random);
}

static const struct vocabulary *linear_words(const struct source *source)
{
    const struct linear_source *linear = (const struct linear_source *)source;
    return linear->tells ? &linear->distribution.words : NULL;
}

static int32_t linear_id(const struct source *source, const struct token *token)
{
    const struct linear_source *linear = (const struct linear_source *)source;
    const struct vocabulary *words = &linear->distribution.words;
    int32_t id = vocabulary_find(words, token->text, token->length);
    for (size_t i = 0; i < linear->blend.networks && id < 0; i++) {
        int32_t own = source_id(linear->blend.network[i], token);
        id = own >= 0 ? linear->distribution.id[i][own] : WORD_OOV;
    }
    return id;
}

static bool linear_distribution(struct source *source, double *prob, struct error *error)
{
    struct linear_source *linear = of(source);
    if (!linear->tells)
        return true;
    if (!distribution_fill(&linear->distribution, error))
        return false;
    memcpy(prob, linear->distribution.prob, linear->distribution.words.size * sizeof *prob);
    return true;
}

static void linear_free(struct source *source)
{
    struct linear_source *linear = of(source);
    blend_free(&linear->blend);
    distribution_free(&linear->distribution);
    free(linear);
}

static const struct source_type linear_type = {.next = linear_next,
                                               .advance = linear_advance,
                                               .end = linear_end,
                                               .look_ahead = linear_look_ahead,
                                               .begin_lists = linear_begin_lists,
                                               .draw = linear_draw,
                                               .words = linear_words,
                                               .id = linear_id,
                                               .distribution = linear_distribution,
                                               .free = linear_free};

struct source *source_linear(struct source *const *part, const double *weight, size_t parts,
                             struct error *error)
{
    struct linear_source *linear = memory_new(1, sizeof *linear, error);
    struct blend blend;
    if (!blend_init(&blend, part, weight, parts, error) || linear == NULL) {
        blend_free(&blend);
        free(linear);
        return NULL;
    }
    linear->source.type = &linear_type;
    linear->blend = blend;
    linear->tells = distribution_known(&linear->blend);
    if (!linear->tells || distribution_init(&linear->distribution, &linear->blend, error))
        return &linear->source;
    linear_free(&linear->source);
    return NULL;
}

size_t source_parts(const struct source *source)
{
    return source->type == &linear_type ? ((const struct linear_source *)source)->blend.networks
                                        : 1;
}

struct source *source_part(struct source *source, size_t i)
{
    return source->type == &linear_type ? of(source)->blend.network[i] : source;
}

double *source_part_weights(struct source *source)
{
    return source->type == &linear_type ? of(source)->blend.weight : NULL;
}
