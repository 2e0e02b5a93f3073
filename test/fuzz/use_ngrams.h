// For fuzz harnesses: uses a back-off model that was read, as far as its form allows.
#ifndef USE_NGRAMS_H
#define USE_NGRAMS_H

#include "fuzz.h"
#include "ngram/arpa.h"
#include "ngram/backoff.h"
#include "ngram/draw.h"

static inline void score_ngrams(const struct ngram_model *model)
{
    struct ngram_state state;
    ngram_start(model, &state, true);
    for (size_t i = 0; i < 3 * model->words.size && i < 60; i++) {
        int matched;
        int32_t word = (int32_t)(i * 5 % model->words.size);
        double prob = ngram_score(model, &state, word, &state, &matched);
        fuzz_check(prob <= 1e-3 || prob != prob || !ngram_check(model, word, prob, NULL),
                   "a log probability above 0 is told of");
        fuzz_check(matched >= 0 && matched <= ngram_order(model), "an n-gram has an order");
    }
}

static inline void draw_ngrams(const struct ngram_model *model)
{
    struct ngram_drawer drawer;
    struct ngram_state state;
    struct random random;
    random_seed(&random, 1);
    ngram_start(model, &state, true);
    bool ok = ngram_drawer_init(&drawer, model, NULL);
    for (int i = 0; ok && i < 3; i++) {
        int32_t word = ngram_draw(&drawer, &state, &random);
        fuzz_check(word >= 0 && (size_t)word < model->words.size, "what is drawn is a word");
        ngram_score(model, &state, word, &state, NULL);
    }
    ngram_drawer_free(&drawer);
}

static inline void walk_ngrams(const struct ngram_model *model)
{
    for (int order = 1; order <= ngram_order(model); order++) {
        struct ngram_walk walk;
        size_t count = 0;
        ngram_walk_start(&walk, model, order);
        while (ngram_walk_next(&walk))
            count++;
        fuzz_check(count == ngram_count(model, order), "a walk meets every n-gram");
    }
}

// A model of ngram_open(), closed behind.
static inline void use_opened(struct ngram_model *model, const char *path)
{
    struct error remark;
    ngram_remark(model, path, &remark);
    score_ngrams(model);
    draw_ngrams(model);
    ngram_close(model);
}

// One of ngram_load().
static inline void use_loaded(struct ngram_model *model)
{
    struct error error;
    score_ngrams(model);
    walk_ngrams(model);
    fuzz_check(arpa_write(model, "/dev/null", &error), "a model can be written");
    ngram_close(model);
}

#endif
