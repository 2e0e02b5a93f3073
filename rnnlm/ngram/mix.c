// Static interpolation of back-off models.
#include "ngram/mix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/build.h"
#include "ngram/renormalise.h"
#include "ngram/successors.h"

struct component {
    const struct ngram_model *model;
    double weight;
    int32_t *mixed_id;          // [words] ids in the mixture
    int32_t *own_id;            // [words of the mixture] WORD_OOV: not in this model
    struct ngram_state history; // of the present context
};

struct mixing {
    struct component *component; // [models]
    size_t models;
    struct ngram_model *mixed;
};

// ---- words -------------------------------------------------------------------------------------

static bool map_words(struct component *component, struct vocabulary *words, struct error *error)
{
    const struct vocabulary *own = &component->model->words;
    component->mixed_id = memory_new(own->size, sizeof *component->mixed_id, error);
    if (component->mixed_id == NULL)
        return false;
    for (size_t i = 0; i < own->size; i++) {
        const char *word = vocabulary_word(own, (int32_t)i);
        component->mixed_id[i] = vocabulary_add(words, word, strlen(word), error);
        if (component->mixed_id[i] == WORD_OOV)
            return false;
    }
    return true;
}

static bool map_back(struct component *component, size_t words, struct error *error)
{
    component->own_id = memory_new(words, sizeof *component->own_id, error);
    if (component->own_id == NULL)
        return false;
    for (size_t i = 0; i < words; i++)
        component->own_id[i] = WORD_OOV;
    for (size_t i = 0; i < component->model->words.size; i++)
        component->own_id[component->mixed_id[i]] = (int32_t)i;
    return true;
}

// log10 of the mixture's probability of a word behind the present histories.
static float mixed_prob(const struct mixing *mixing, int32_t word)
{
    double sum = 0;
    for (size_t i = 0; i < mixing->models; i++) {
        const struct component *component = &mixing->component[i];
        struct ngram_state unwanted;
        sum += component->weight * pow(10, ngram_score(component->model, &component->history,
                                                       component->own_id[word], &unwanted, NULL));
    }
    return sum > 0 ? (float)log10(sum) : -INFINITY;
}

static bool mix_words(struct mixing *mixing, struct error *error)
{
    struct vocabulary words;
    bool ok = vocabulary_init(&words, error);
    for (size_t i = 0; ok && i < mixing->models; i++)
        ok = map_words(&mixing->component[i], &words, error);
    for (size_t i = 0; ok && i < mixing->models; i++) {
        ok = map_back(&mixing->component[i], words.size, error);
        ngram_start(mixing->component[i].model, &mixing->component[i].history, false);
    }
    bool has_end = false;
    for (size_t i = 0; i < mixing->models; i++)
        has_end |= mixing->component[i].model->has_end;
    for (size_t i = has_end ? 0 : 1; ok && i < words.size; i++)
        ok = ngram_add_word(mixing->mixed, vocabulary_word(&words, (int32_t)i),
                            mixed_prob(mixing, (int32_t)i), 0, NULL, error);
    vocabulary_free(&words);
    return ok;
}

// ---- n-grams -----------------------------------------------------------------------------------

static void set_histories(struct mixing *mixing, const int32_t *word, int count)
{
    for (size_t i = 0; i < mixing->models; i++) {
        struct component *component = &mixing->component[i];
        int32_t own[NGRAM_LONGEST];
        for (int k = 0; k < count; k++)
            own[k] = component->own_id[word[k]];
        ngram_history(component->model, own, count, &component->history);
    }
}

static bool is_in_one_before(const struct mixing *mixing, size_t before, const int32_t *word,
                             int order)
{
    for (size_t i = 0; i < before; i++) {
        const struct component *component = &mixing->component[i];
        int32_t own[NGRAM_LONGEST];
        for (int k = 0; k < order; k++)
            own[k] = component->own_id[word[k]];
        if (order <= component->model->order &&
            ngram_find(component->model, own, order) != TRIE_NONE)
            return true;
    }
    return false;
}

// The n-grams of an order of one model, but for those of models before it.
static bool add_ngrams(struct mixing *mixing, size_t which, int order, struct error *error)
{
    const struct component *component = &mixing->component[which];
    struct ngram_walk walk;
    uint32_t context = TRIE_NONE, last = TRIE_NONE;
    ngram_walk_start(&walk, component->model, order);
    while (ngram_walk_next(&walk)) {
        int32_t word[NGRAM_LONGEST];
        for (int k = 0; k < order; k++)
            word[k] = component->mixed_id[walk.word[k]];
        if (is_in_one_before(mixing, which, word, order))
            continue;
        if (walk.path[order - 2] != last) {
            last = walk.path[order - 2];
            context = ngram_find(mixing->mixed, word, order - 1);
            set_histories(mixing, word, order - 1);
        }
        if (!ngram_add(mixing->mixed, order, context, word[order - 1],
                       mixed_prob(mixing, word[order - 1]), 0, error))
            return false;
    }
    return true;
}

static bool mix(struct mixing *mixing, struct error *error)
{
    bool ok = mix_words(mixing, error);
    for (int k = 2; ok && k <= mixing->mixed->order; k++) {
        for (size_t i = 0; ok && i < mixing->models; i++)
            ok = add_ngrams(mixing, i, k, error);
        ok = ok && ngram_end_order(mixing->mixed, k, error);
    }
    if (ok)
        ngram_ready(mixing->mixed);
    return ok && ngram_renormalise(mixing->mixed, NULL, NULL, error);
}

struct ngram_model *ngram_mix(struct ngram_model *const *model, const double *weight, size_t models,
                              struct error *error)
{
    int order = 1;
    struct mixing mixing = {.models = models,
                            .component = memory_new(models, sizeof(struct component), error)};
    if (mixing.component == NULL)
        return NULL;
    for (size_t i = 0; i < models; i++) {
        mixing.component[i] = (struct component){.model = model[i], .weight = weight[i]};
        order = model[i]->order > order ? model[i]->order : order;
    }
    mixing.mixed = ngram_new(order, error);
    bool ok = mixing.mixed != NULL && mix(&mixing, error);
    for (size_t i = 0; i < models; i++) {
        free(mixing.component[i].mixed_id);
        free(mixing.component[i].own_id);
    }
    free(mixing.component);
    if (ok)
        return mixing.mixed;
    ngram_close(mixing.mixed);
    return NULL;
}
