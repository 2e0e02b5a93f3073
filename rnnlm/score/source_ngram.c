// A back-off n-gram model as a source.
#include <stdlib.h>

#include "base/memory.h"
#include "ngram/draw.h"
#include "score/source.h"

struct ngram_source {
    struct source source;
    const struct ngram_model *model;
    const struct unknown_shares *shares;
    struct ngram_state start, now;
    struct ngram_drawer drawer; // made when the first word is drawn
};

static struct ngram_source *of(struct source *source)
{
    return (struct ngram_source *)source;
}

static bool score(struct ngram_source *ngram, const struct token *token, struct source_word *word,
                  struct error *error)
{
    word->id = ngram_word(ngram->model, token->text, token->length);
    word->name = word->id >= 0 ? vocabulary_word(&ngram->model->words, word->id) : NULL;
    bool ok = ngram_prob(ngram->model, &ngram->now, word->id, &ngram->now, &word->prob, error);
    source_share(ngram->shares, ngram->model->unknown, token, word);
    if (token->sentence_end)
        ngram->now = ngram->start;
    return ok;
}

static bool ngram_source_next(struct source *source, const struct token *token,
                              struct source_word *word, struct error *error)
{
    return score(of(source), token, word, error);
}

static void ngram_source_advance(struct source *source, const struct token *token)
{
    struct source_word word;
    score(of(source), token, &word, NULL);
}

static const char *ngram_source_draw(struct source *source, struct random *random)
{
    struct ngram_source *ngram = of(source);
    if (ngram->drawer.model == NULL && !ngram_drawer_init(&ngram->drawer, ngram->model, NULL))
        return NULL;
    return vocabulary_word(&ngram->model->words, ngram_draw(&ngram->drawer, &ngram->now, random));
}

static const struct vocabulary *ngram_source_words(const struct source *source)
{
    return &((const struct ngram_source *)source)->model->words;
}

static int32_t ngram_source_id(const struct source *source, const struct token *token)
{
    const struct ngram_source *ngram = (const struct ngram_source *)source;
    return ngram_word(ngram->model, token->text, token->length);
}

static bool ngram_source_distribution(struct source *source, double *prob, struct error *error)
{
    const struct ngram_source *ngram = of(source);
    struct ngram_state behind;
    (void)error;
    for (size_t i = 0; i < ngram->model->words.size; i++)
        prob[i] = (int32_t)i == ngram->model->start
                      ? 0
                      : pow(10, ngram_score(ngram->model, &ngram->now, (int32_t)i, &behind, NULL));
    return true;
}

static void ngram_source_free(struct source *source)
{
    ngram_drawer_free(&of(source)->drawer);
    free(source);
}

static const struct source_type ngram_type = {.next = ngram_source_next,
                                              .advance = ngram_source_advance,
                                              .draw = ngram_source_draw,
                                              .words = ngram_source_words,
                                              .id = ngram_source_id,
                                              .distribution = ngram_source_distribution,
                                              .free = ngram_source_free};

struct source *source_ngram(const struct ngram_model *model, const struct unknown_shares *shares,
                            struct error *error)
{
    struct ngram_source *ngram = memory_new(1, sizeof *ngram, error);
    if (ngram == NULL)
        return NULL;
    ngram->source.type = &ngram_type;
    ngram->model = model;
    ngram->shares = shares;
    ngram_start(model, &ngram->start, true);
    ngram->now = ngram->start;
    return &ngram->source;
}
