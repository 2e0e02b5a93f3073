// What predicts the words of lattices.
#include "lattice/language.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

// ---- states -----------------------------------------------------------------------------------

bool language_init(struct language *language, const struct language_models *models,
                   struct pool *pool, struct error *error)
{
    memset(language, 0, sizeof *language);
    language->models = *models;
    language->unknown = WORD_OOV;
    if (models->network == NULL)
        return true;
    language->unknown = vocabulary_unknown(&models->network->vocabulary, NULL);
    // An utterance of which nothing is known, as in rnnlm_start().
    bool independent = models->network->record.independent;
    language->start = state_at_start(&models->network->network,
                                     independent ? STATE_SENTENCE : STATE_TEXT, NULL, error);
    if (language->start == NULL ||
        !forward_crew_init(&language->crew, &models->network->network, independent, pool, error))
        return false;
    language->crew.weights.unnormalised = models->unnormalised;
    return true;
}

void language_free(struct language *language)
{
    for (size_t i = 0; i < language->states; i++)
        free(language->state[i].network);
    if (language->models.network != NULL)
        forward_crew_free(&language->crew);
    free(language->start);
    free(language->net_id);
    free(language->ngram_id);
    free(language->old_id);
    free(language->net_share);
    free(language->ngram_share);
    free(language->state);
    free(language->unused);
    memset(language, 0, sizeof *language);
}

size_t language_longest(const struct language *language)
{
    const struct language_models *models = &language->models;
    int ngram = models->ngram != NULL ? ngram_order(models->ngram) - 1 : 0;
    int old = models->old != NULL ? ngram_order(models->old) - 1 : 0;
    return models->network != NULL ? SIZE_MAX : (size_t)(ngram > old ? ngram : old);
}

size_t language_memory(const struct language *language)
{
    const struct model *network = language->models.network;
    return (language->states - language->unused_count) *
           (sizeof *language->state + (network != NULL ? state_size(&network->network) : 0));
}

void language_give_back(struct language *language)
{
    for (size_t i = 0; i < language->unused_count; i++) {
        struct language_state *state = &language->state[language->unused[i]];
        free(state->network);
        state->network = NULL;
    }
}

static bool new_state(struct language *language, size_t *index, struct error *error)
{
    const struct model *network = language->models.network;
    if (language->unused_count == 0) {
        if (!memory_grow(&language->state, &language->state_capacity, language->states + 1,
                         sizeof *language->state, error) ||
            !memory_grow(&language->unused, &language->unused_capacity, language->states + 1,
                         sizeof *language->unused, error))
            return false;
        language->state[language->states] = (struct language_state){0};
        language->unused[language->unused_count++] = language->states++;
    }
    *index = language->unused[language->unused_count - 1];
    struct language_state *state = &language->state[*index];
    if (network != NULL && state->network == NULL)
        state->network = state_new(&network->network, error);
    if (network != NULL && state->network == NULL)
        return false;
    state->holders = 1;
    language->unused_count--;
    return true;
}

bool language_start(struct language *language, size_t *state, struct error *error)
{
    if (!new_state(language, state, error))
        return false;
    const struct language_models *models = &language->models;
    struct language_state *start = &language->state[*state];
    if (models->network != NULL)
        state_copy(&models->network->network, start->network, language->start);
    if (models->ngram != NULL)
        ngram_start(models->ngram, &start->ngram, true);
    if (models->old != NULL)
        ngram_start(models->old, &start->old, true);
    return true;
}

void language_hold(struct language *language, size_t state)
{
    language->state[state].holders++;
}

void language_release(struct language *language, size_t state)
{
    if (--language->state[state].holders == 0)
        language->unused[language->unused_count++] = state;
}

// ---- words ------------------------------------------------------------------------------------

static int32_t net_id(const struct language *language, const char *word)
{
    const struct vocabulary *vocabulary = &language->models.network->vocabulary;
    int32_t id = vocabulary_find(vocabulary, word, strlen(word));
    return id < 0 && language->models.unk ? language->unknown : id;
}

// Without `unk`, the word for unknown ones is none.
static int32_t ngram_id(const struct language *language, const struct ngram_model *ngram,
                        const char *word)
{
    int32_t id = ngram_word(ngram, word, strlen(word));
    return id == ngram->unknown && !language->models.unk ? WORD_OOV : id;
}

// With a table of unknown words those that it has are known, too.
static bool is_known(const struct language_models *models, const char *word)
{
    bool listed = false;
    if (models->shares != NULL)
        unknown_share(models->shares, word, strlen(word), &listed);
    return listed ||
           (models->network != NULL && vocabulary_has(&models->network->vocabulary, word)) ||
           (models->ngram != NULL && vocabulary_has(&models->ngram->words, word));
}

static void cover(struct language *language, const struct lattice *lattice)
{
    const struct language_models *models = &language->models;
    for (size_t i = 0; i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        const char *word = lattice_word(lattice, link);
        if (link->kind != LINK_WORD)
            continue;
        size_t length = strlen(word);
        if (models->network != NULL || models->ngram != NULL)
            coverage_add(&language->coverage, word, length, is_known(models, word));
        if (models->old != NULL)
            coverage_add(&language->old_coverage, word, length,
                         vocabulary_has(&models->old->words, word));
    }
}

// Room for the numbers of words in a model, where there is one.
static bool renew(int32_t **id, bool wanted, size_t words, struct error *error)
{
    free(*id);
    *id = wanted ? memory_new(words, sizeof **id, error) : NULL;
    return *id != NULL || !wanted;
}

static bool find_shares(double **share, const struct vocabulary *words,
                        const struct language_models *models, const struct lattice *lattice,
                        struct error *error)
{
    free(*share);
    *share = NULL;
    if (models->shares == NULL || words == NULL)
        return true;
    *share = memory_new(lattice->words.size, sizeof **share, error);
    for (size_t i = 0; *share != NULL && i < lattice->words.size; i++) {
        const char *word = vocabulary_word(&lattice->words, (int32_t)i);
        (*share)[i] = vocabulary_has(words, word)
                          ? 1
                          : unknown_share(models->shares, word, strlen(word), NULL);
    }
    return *share != NULL;
}

bool language_take_words(struct language *language, const struct lattice *lattice,
                         struct error *error)
{
    const struct language_models *models = &language->models;
    size_t words = lattice->words.size;
    if (!renew(&language->net_id, models->network != NULL, words, error) ||
        !renew(&language->ngram_id, models->ngram != NULL, words, error) ||
        !renew(&language->old_id, models->old != NULL, words, error) ||
        !find_shares(&language->net_share,
                     models->network != NULL ? &models->network->vocabulary : NULL, models, lattice,
                     error) ||
        !find_shares(&language->ngram_share, models->ngram != NULL ? &models->ngram->words : NULL,
                     models, lattice, error))
        return false;
    for (size_t i = 0; i < words; i++) {
        const char *word = vocabulary_word(&lattice->words, (int32_t)i);
        if (models->network != NULL)
            language->net_id[i] = net_id(language, word);
        if (models->ngram != NULL)
            language->ngram_id[i] = ngram_id(language, models->ngram, word);
        if (models->old != NULL)
            language->old_id[i] = ngram_id(language, models->old, word);
    }
    cover(language, lattice);
    language->unused_count = 0;
    for (size_t i = 0; i < language->states; i++)
        language->unused[language->unused_count++] = i;
    return true;
}

// What the threads work through.
struct steps {
    struct language *language;
    size_t count;
    const size_t *before, *after;
    const int32_t *word;
};

static void advance_item(void *context, size_t worker, size_t item)
{
    const struct steps *steps = context;
    const struct language *language = steps->language;
    const struct state *from[FORWARD_STATES];
    struct state *to[FORWARD_STATES];
    int32_t id[FORWARD_STATES];
    size_t begin = item * FORWARD_STATES, left = steps->count - begin;
    size_t n = left < FORWARD_STATES ? left : FORWARD_STATES;
    for (size_t i = 0; i < n; i++) {
        from[i] = language->state[steps->before[begin + i]].network;
        to[i] = language->state[steps->after[begin + i]].network;
        id[i] = language->net_id[steps->word[begin + i]];
    }
    forward_advance(&language->crew.forward[worker], n, from, id, to);
}

static void advance_ngrams(struct language *language, const struct steps *steps)
{
    const struct language_models *models = &language->models;
    for (size_t i = 0; i < steps->count; i++) {
        const struct language_state *in = &language->state[steps->before[i]];
        struct language_state *out = &language->state[steps->after[i]];
        int32_t word = steps->word[i];
        if (models->ngram != NULL)
            ngram_score(models->ngram, &in->ngram, language->ngram_id[word], &out->ngram, NULL);
        if (models->old != NULL)
            ngram_score(models->old, &in->old, language->old_id[word], &out->old, NULL);
    }
}

bool language_advance(struct language *language, size_t count, const size_t *before,
                      const int32_t *word, size_t *after, struct error *error)
{
    struct steps steps = {language, count, before, after, word};
    for (size_t i = 0; i < count; i++)
        if (!new_state(language, &after[i], error))
            return false;
    if (language->models.network != NULL)
        pool_run(language->crew.pool, advance_item, &steps,
                 (count + FORWARD_STATES - 1) / FORWARD_STATES);
    advance_ngrams(language, &steps);
    language->advanced += count;
    return true;
}

// ---- probabilities ----------------------------------------------------------------------------

// What the threads work through: the item-th part of the words is those from begin[item] to
// begin[item + 1] - 1, with at most FORWARD_STATES states among them.
struct predictions {
    struct language *language;
    const size_t *state;
    const int32_t *word;
    double *prob;  // filled with the network's share
    size_t *begin; // [parts + 1]
    size_t *place; // [words] scratch
    int32_t *id;   // [words]
    atomic_bool failed;
};

static void predict_item(void *context, size_t worker, size_t item)
{
    struct predictions *predictions = context;
    const struct language *language = predictions->language;
    struct forward *forward = &language->crew.forward[worker];
    const struct state *loaded[FORWARD_STATES];
    size_t begin = predictions->begin[item], end = predictions->begin[item + 1], states = 0;
    for (size_t i = begin; i < end; i++) {
        if (i == begin || predictions->state[i] != predictions->state[i - 1])
            loaded[states++] = language->state[predictions->state[i]].network;
        predictions->place[i] = states - 1;
        predictions->id[i] = language->net_id[predictions->word[i]];
    }
    forward_load(forward, states, loaded);
    if (!forward_predict(forward, end - begin, predictions->place + begin, predictions->id + begin,
                         predictions->prob + begin, NULL))
        atomic_store(&predictions->failed, true);
}

// Divides the words into parts, and returns how many they are.
static size_t divide(const size_t *state, size_t count, size_t *begin)
{
    size_t parts = 0, states = 0;
    for (size_t i = 0; i < count; i++) {
        states += i == 0 || state[i] != state[i - 1];
        if (i == 0 || states > FORWARD_STATES) {
            begin[parts++] = i;
            states = 1;
        }
    }
    begin[parts] = count;
    return parts;
}

static bool predict(struct language *language, size_t count, const size_t *state,
                    const int32_t *word, double *prob, struct error *error)
{
    struct predictions predictions = {
        .language = language, .state = state, .word = word, .prob = prob};
    predictions.begin = memory_new(count / FORWARD_STATES + 2, sizeof *predictions.begin, error);
    predictions.place = memory_new(count, sizeof *predictions.place, error);
    predictions.id = memory_new(count, sizeof *predictions.id, error);
    bool ok = predictions.begin != NULL && predictions.place != NULL && predictions.id != NULL;
    if (ok) {
        pool_run(language->crew.pool, predict_item, &predictions,
                 divide(state, count, predictions.begin));
        ok = !atomic_load(&predictions.failed) || error_set(error, "not enough memory");
    }
    free(predictions.begin);
    free(predictions.place);
    free(predictions.id);
    return ok;
}

static bool verify(const struct language *language, int32_t word, double prob, struct error *error)
{
    if (language->net_id[word] < 0 || prob == 0 || forward_may_be(&language->crew.weights, prob))
        return true;
    return error_set(error, "the network's probability of \"%s\" is %g",
                     vocabulary_word(&language->models.network->vocabulary, language->net_id[word]),
                     prob);
}

bool language_predict(struct language *language, size_t count, const size_t *state,
                      const int32_t *word, double *prob, double *old, struct error *error)
{
    const struct language_models *models = &language->models;
    double lambda = models->network != NULL ? models->lambda : 0, other;
    if (models->network != NULL && !predict(language, count, state, word, prob, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct language_state *here = &language->state[state[i]];
        struct ngram_state after;
        if (models->network != NULL && !verify(language, word[i], prob[i], error))
            return false;
        if (language->net_share != NULL)
            prob[i] *= language->net_share[word[i]];
        if (models->old != NULL &&
            !ngram_prob(models->old, &here->old, language->old_id[word[i]], &after, &old[i], error))
            return false;
        if (models->network == NULL)
            prob[i] = models->ngram == NULL;
        if (models->ngram == NULL)
            continue;
        if (!ngram_prob(models->ngram, &here->ngram, language->ngram_id[word[i]], &after, &other,
                        error))
            return false;
        if (language->ngram_share != NULL)
            other *= language->ngram_share[word[i]];
        prob[i] = lambda * prob[i] + (1 - lambda) * other;
    }
    language->predicted += count;
    return true;
}

double language_distance(const struct language *language, size_t a, size_t b)
{
    const struct language_state *left = &language->state[a], *right = &language->state[b];
    if (language->models.network != NULL)
        return state_distance(&language->models.network->network, left->network, right->network);
    bool same = memcmp(&left->ngram, &right->ngram, sizeof left->ngram) == 0 &&
                memcmp(&left->old, &right->old, sizeof left->old) == 0;
    return same ? 0 : INFINITY;
}
