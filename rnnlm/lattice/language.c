// What predicts the words of lattices.
#include "lattice/language.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { BATCH = 128 }; // states at a time

// ---- states -----------------------------------------------------------------------------------

bool language_init(struct language *language, const struct model *model,
                   const struct ngram_model *ngram, double lambda, bool unk, struct error *error)
{
    memset(language, 0, sizeof *language);
    language->model = model;
    language->ngram = ngram;
    language->lambda = ngram != NULL ? lambda : 1;
    language->unk = unk;
    // An utterance of which nothing is known, as in rnnlm_start().
    float activation = model->record.independent ? STATE_INDEPENDENT : STATE_START;
    language->start = state_at_start(&model->network, activation, NULL, error);
    return language->start != NULL &&
           forward_weights_init(&language->weights, &model->network, error) &&
           forward_init(&language->forward, &language->weights, BATCH, error);
}

void language_free(struct language *language)
{
    for (size_t i = 0; i < language->states; i++)
        free(language->state[i].network);
    forward_free(&language->forward);
    forward_weights_free(&language->weights);
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
    return id < 0 && language->unk ? vocabulary_find(vocabulary, "<unk>", 5) : id;
}

// Without `unk`, <unk> is no word.
static int32_t ngram_id(const struct language *language, const char *word)
{
    int32_t id = ngram_word(language->ngram, word, strlen(word));
    return id == language->ngram->unknown && !language->unk ? WORD_OOV : id;
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
    language->unused_count = 0;
    for (size_t i = 0; i < language->states; i++)
        language->unused[language->unused_count++] = i;
    return true;
}

bool language_advance(struct language *language, size_t count, const size_t *before,
                      const int32_t *word, size_t *after, struct error *error)
{
    const struct state *from[BATCH];
    struct state *to[BATCH];
    int32_t id[BATCH];
    for (size_t i = 0; i < count; i++)
        if (!new_state(language, &after[i], error))
            return false;
    for (size_t begin = 0; begin < count; begin += BATCH) {
        size_t n = count - begin < BATCH ? count - begin : BATCH;
        for (size_t i = 0; i < n; i++) {
            struct language_state *in = &language->state[before[begin + i]];
            struct language_state *out = &language->state[after[begin + i]];
            from[i] = in->network;
            to[i] = out->network;
            id[i] = language->net_id[word[begin + i]];
            if (language->ngram != NULL)
                ngram_score(language->ngram, &in->ngram, language->ngram_id[word[begin + i]],
                            &out->ngram, NULL);
        }
        forward_advance(&language->forward, n, from, id, to);
    }
    language->advanced += count;
    return true;
}

// ---- probabilities ----------------------------------------------------------------------------

// Words begin..end-1, with at most BATCH states among them. Fills prob with the network's share.
static bool predict_batch(struct language *language, size_t begin, size_t end, const size_t *state,
                          const int32_t *word, double *prob, struct error *error)
{
    const struct state *loaded[BATCH];
    size_t states = 0, count = end - begin;
    size_t *place = memory_new(count, sizeof *place, error);
    int32_t *id = memory_new(count, sizeof *id, error);
    bool ok = place != NULL && id != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        if (i == 0 || state[begin + i] != state[begin + i - 1])
            loaded[states++] = language->state[state[begin + i]].network;
        place[i] = states - 1;
        id[i] = language->net_id[word[begin + i]];
    }
    if (ok) {
        forward_load(&language->forward, states, loaded);
        ok = forward_predict(&language->forward, count, place, id, prob + begin, error);
    }
    free(place);
    free(id);
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
    for (size_t begin = 0, end; begin < count; begin = end) {
        size_t states = 0;
        for (end = begin; end < count; end++) {
            bool other = end == begin || state[end] != state[end - 1];
            if (other && states == BATCH)
                break;
            states += other;
        }
        if (!predict_batch(language, begin, end, state, word, prob, error))
            return false;
    }
    struct ngram_state after;
    for (size_t i = 0; i < count; i++) {
        if (!verify(language, word[i], prob[i], error))
            return false;
        if (language->ngram == NULL)
            continue;
        double other = ngram_score(language->ngram, &language->state[state[i]].ngram,
                                   language->ngram_id[word[i]], &after, NULL);
        prob[i] = language->lambda * prob[i] + (1 - language->lambda) * pow(10, other);
    }
    language->predicted += count;
    return true;
}

// Rows are padded with zeros to whole blocks, whose sums the compiler keeps in vectors.
double language_distance(const struct language *language, size_t a, size_t b)
{
    enum { BLOCK = 16 };
    const float *left = language->state[a].network->hidden;
    const float *right = language->state[b].network->hidden;
    size_t hidden = language->model->network.shape.hidden;
    float sums[BLOCK] = {0};
    double sum = 0;
    for (size_t i = 0; i < language->model->network.hidden_row; i += BLOCK)
        for (size_t j = 0; j < BLOCK; j++) {
            float difference = left[i + j] - right[i + j];
            sums[j] += difference * difference;
        }
    for (size_t j = 0; j < BLOCK; j++)
        sum += (double)sums[j];
    return hidden > 0 ? sqrt(sum / (double)hidden) : 0;
}
