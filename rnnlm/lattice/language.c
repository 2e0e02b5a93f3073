// What predicts the words of lattices.
#include "lattice/language.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

// ---- states -----------------------------------------------------------------------------------

bool language_init(struct language *language, const struct model *model,
                   const struct ngram_model *ngram, double lambda, bool unk, struct pool *pool,
                   struct error *error)
{
    memset(language, 0, sizeof *language);
    language->model = model;
    language->ngram = ngram;
    language->lambda = ngram != NULL ? lambda : 1;
    language->unk = unk;
    language->unknown = vocabulary_unknown(&model->vocabulary, NULL);
    // An utterance of which nothing is known, as in rnnlm_start().
    bool independent = model->record.independent;
    language->start =
        state_at_start(&model->network, independent ? STATE_SENTENCE : STATE_TEXT, NULL, error);
    return language->start != NULL &&
           forward_crew_init(&language->crew, &model->network, independent, pool, error);
}

void language_free(struct language *language)
{
    for (size_t i = 0; i < language->states; i++)
        free(language->state[i].network);
    forward_crew_free(&language->crew);
    free(language->start);
    free(language->net_id);
    free(language->ngram_id);
    free(language->state);
    free(language->unused);
    memset(language, 0, sizeof *language);
}

static bool new_state(struct language *language, size_t *index, struct error *error)
{
    if (language->unused_count > 0) {
        *index = language->unused[--language->unused_count];
    } else {
        if (!memory_grow(&language->state, &language->state_capacity, language->states + 1,
                         sizeof *language->state, error) ||
            !memory_grow(&language->unused, &language->unused_capacity, language->states + 1,
                         sizeof *language->unused, error))
            return false;
        *index = language->states;
        language->state[*index].network = state_new(&language->model->network, error);
        if (language->state[*index].network == NULL)
            return false;
        language->states++;
    }
    language->state[*index].holders = 1;
    return true;
}

bool language_start(struct language *language, size_t *state, struct error *error)
{
    if (!new_state(language, state, error))
        return false;
    state_copy(&language->model->network, language->state[*state].network, language->start);
    if (language->ngram != NULL)
        ngram_start(language->ngram, &language->state[*state].ngram, true);
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
    const struct vocabulary *vocabulary = &language->model->vocabulary;
    int32_t id = vocabulary_find(vocabulary, word, strlen(word));
    return id < 0 && language->unk ? language->unknown : id;
}

// Without `unk`, the word for unknown ones is none.
static int32_t ngram_id(const struct language *language, const char *word)
{
    int32_t id = ngram_word(language->ngram, word, strlen(word));
    return id == language->ngram->unknown && !language->unk ? WORD_OOV : id;
}

static void cover(struct language *language, const struct lattice *lattice)
{
    for (size_t i = 0; i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        const char *word = lattice_word(lattice, link);
        if (link->kind == LINK_WORD)
            coverage_add(
                &language->coverage, word, strlen(word),
                vocabulary_has(&language->model->vocabulary, word) ||
                    (language->ngram != NULL && vocabulary_has(&language->ngram->words, word)));
    }
}

bool language_take_words(struct language *language, const struct lattice *lattice,
                         struct error *error)
{
    size_t words = lattice->words.size;
    free(language->net_id);
    free(language->ngram_id);
    language->ngram_id = NULL;
    language->net_id = memory_new(words, sizeof *language->net_id, error);
    if (language->net_id == NULL)
        return false;
    if (language->ngram != NULL) {
        language->ngram_id = memory_new(words, sizeof *language->ngram_id, error);
        if (language->ngram_id == NULL)
            return false;
    }
    for (size_t i = 0; i < words; i++) {
        const char *word = vocabulary_word(&lattice->words, (int32_t)i);
        language->net_id[i] = net_id(language, word);
        if (language->ngram != NULL)
            language->ngram_id[i] = ngram_id(language, word);
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
        const struct language_state *in = &language->state[steps->before[begin + i]];
        struct language_state *out = &language->state[steps->after[begin + i]];
        int32_t word = steps->word[begin + i];
        from[i] = in->network;
        to[i] = out->network;
        id[i] = language->net_id[word];
        if (language->ngram != NULL)
            ngram_score(language->ngram, &in->ngram, language->ngram_id[word], &out->ngram, NULL);
    }
    forward_advance(&language->crew.forward[worker], n, from, id, to);
}

bool language_advance(struct language *language, size_t count, const size_t *before,
                      const int32_t *word, size_t *after, struct error *error)
{
    struct steps steps = {language, count, before, after, word};
    for (size_t i = 0; i < count; i++)
        if (!new_state(language, &after[i], error))
            return false;
    pool_run(language->crew.pool, advance_item, &steps,
             (count + FORWARD_STATES - 1) / FORWARD_STATES);
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
    if (language->net_id[word] < 0 || (prob >= 0 && prob <= 1.001))
        return true;
    return error_set(error, "the network's probability of \"%s\" is %g",
                     vocabulary_word(&language->model->vocabulary, language->net_id[word]), prob);
}

bool language_predict(struct language *language, size_t count, const size_t *state,
                      const int32_t *word, double *prob, struct error *error)
{
    if (!predict(language, count, state, word, prob, error))
        return false;
    struct ngram_state after;
    for (size_t i = 0; i < count; i++) {
        if (!verify(language, word[i], prob[i], error))
            return false;
        if (language->ngram == NULL)
            continue;
        double other;
        if (!ngram_prob(language->ngram, &language->state[state[i]].ngram,
                        language->ngram_id[word[i]], &after, &other, error))
            return false;
        prob[i] = language->lambda * prob[i] + (1 - language->lambda) * other;
    }
    language->predicted += count;
    return true;
}

double language_distance(const struct language *language, size_t a, size_t b)
{
    return state_distance(&language->model->network, language->state[a].network,
                          language->state[b].network);
}
