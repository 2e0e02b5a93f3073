// The public interface, for decoders: models and states.
#include "rnnlm.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/model_file.h"
#include "net/forward.h"
#include "net/state.h"
#include "options.h"

enum { BATCH = 128 }; // pairs that are computed together

// What one call of rnnlm_score_batch() works in. A model keeps those that are not in use.
struct scratch {
    struct forward forward;
    const struct state *state[BATCH]; // distinct states
    size_t place[BATCH];              // for each pair, its state's place among them
    int32_t word[BATCH];
    double prob[BATCH];
    const struct state *before[BATCH]; // pairs that go on: from where,
    int32_t next_word[BATCH];          // by which word,
    struct state *after[BATCH];        // to where
    struct scratch *next;
};

struct rnnlm_model {
    struct model model;
    struct forward_weights weights;
    struct state *start; // template for rnnlm_start()
    pthread_mutex_t mutex;
    struct scratch *unused; // guarded by the mutex
};

static bool open_model(rnnlm_model *model, const char *path, struct error *error)
{
    if (!model_open(&model->model, path, error))
        return false;
    // A sentence of which nothing is known: as at the start of a text, or after a reset where
    // sentences are independent.
    bool independent = model->model.record.independent;
    model->start = state_at_start(&model->model.network, independent ? STATE_SENTENCE : STATE_TEXT,
                                  NULL, error);
    return model->start != NULL &&
           forward_weights_init(&model->weights, &model->model.network, independent, error);
}

rnnlm_model *rnnlm_open(const char *path, char *error, size_t size)
{
    struct error reason;
    rnnlm_model *model = memory_new(1, sizeof *model, &reason);
    if (model != NULL) {
        pthread_mutex_init(&model->mutex, NULL);
        if (open_model(model, path, &reason))
            return model;
    }
    rnnlm_close(model);
    if (error != NULL && size > 0)
        snprintf(error, size, "%s", reason.text);
    return NULL;
}

static void scratch_free(struct scratch *scratch)
{
    forward_free(&scratch->forward);
    free(scratch);
}

static struct scratch *take_scratch(const rnnlm_model *model)
{
    // The scratch list is the one part of a model that changes, and its mutex guards it.
    rnnlm_model *owner = (rnnlm_model *)model;
    pthread_mutex_lock(&owner->mutex);
    struct scratch *scratch = owner->unused;
    if (scratch != NULL)
        owner->unused = scratch->next;
    pthread_mutex_unlock(&owner->mutex);
    if (scratch != NULL)
        return scratch;
    scratch = memory_new(1, sizeof *scratch, NULL);
    if (scratch != NULL && !forward_init(&scratch->forward, &model->weights, BATCH, NULL)) {
        scratch_free(scratch);
        return NULL;
    }
    return scratch;
}

static void return_scratch(const rnnlm_model *model, struct scratch *scratch)
{
    rnnlm_model *owner = (rnnlm_model *)model;
    pthread_mutex_lock(&owner->mutex);
    scratch->next = owner->unused;
    owner->unused = scratch;
    pthread_mutex_unlock(&owner->mutex);
}

void rnnlm_close(rnnlm_model *model)
{
    if (model == NULL)
        return;
    while (model->unused != NULL) {
        struct scratch *scratch = model->unused;
        model->unused = scratch->next;
        scratch_free(scratch);
    }
    pthread_mutex_destroy(&model->mutex);
    forward_weights_free(&model->weights);
    model_free(&model->model);
    free(model->start);
    free(model);
}

size_t rnnlm_vocabulary_size(const rnnlm_model *model)
{
    return model->model.vocabulary.size;
}

int32_t rnnlm_word_id(const rnnlm_model *model, const char *word, size_t length)
{
    return vocabulary_find(&model->model.vocabulary, word, length);
}

static bool is_word(const rnnlm_model *model, int32_t id)
{
    return id >= 0 && (size_t)id < model->model.vocabulary.size;
}

const char *rnnlm_word(const rnnlm_model *model, int32_t id)
{
    return is_word(model, id) ? vocabulary_word(&model->model.vocabulary, id) : NULL;
}

size_t rnnlm_state_size(const rnnlm_model *model)
{
    return state_size(&model->model.network);
}

void rnnlm_start(const rnnlm_model *model, void *state)
{
    memcpy(state, model->start, rnnlm_state_size(model));
}

static bool predict_pairs(const rnnlm_model *model, struct scratch *scratch, size_t n,
                          const void *const *before, const int32_t *word, double *log10_prob)
{
    size_t states = 0;
    for (size_t i = 0; i < n; i++) {
        if (states == 0 || scratch->state[states - 1] != before[i])
            scratch->state[states++] = before[i];
        scratch->place[i] = states - 1;
        scratch->word[i] = is_word(model, word[i]) ? word[i] : WORD_OOV;
    }
    forward_load(&scratch->forward, states, scratch->state);
    if (!forward_predict(&scratch->forward, n, scratch->place, scratch->word, scratch->prob, NULL))
        return false;
    for (size_t i = 0; i < n; i++)
        log10_prob[i] = log10(scratch->prob[i]);
    return true;
}

static void advance_pairs(struct scratch *scratch, size_t n, const void *const *before,
                          void *const *after)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (after[i] == NULL)
            continue;
        scratch->before[count] = before[i];
        scratch->next_word[count] = scratch->word[i];
        scratch->after[count++] = after[i];
    }
    if (count > 0)
        forward_advance(&scratch->forward, count, scratch->before, scratch->next_word,
                        scratch->after);
}

int rnnlm_score_batch(const rnnlm_model *model, size_t n, const void *const *before,
                      const int32_t *word, void *const *after, double *log10_prob)
{
    struct scratch *scratch = take_scratch(model);
    bool ok = scratch != NULL;
    for (size_t from = 0; from < n && ok; from += BATCH) {
        size_t count = n - from < BATCH ? n - from : BATCH;
        ok = predict_pairs(model, scratch, count, before + from, word + from, log10_prob + from);
        if (ok && after != NULL)
            advance_pairs(scratch, count, before + from, after + from);
    }
    if (scratch != NULL)
        return_scratch(model, scratch);
    return ok ? 0 : -1;
}

double rnnlm_score(const rnnlm_model *model, const void *before, int32_t word, void *after)
{
    double log10_prob = -INFINITY;
    if (rnnlm_score_batch(model, 1, &before, &word, &after, &log10_prob) != 0)
        return -INFINITY;
    return log10_prob;
}

// Some sentences side by side. `states` has room for two of each.
static int score_side_by_side(const rnnlm_model *model, size_t count, const int32_t *const *word,
                              const size_t *length, double *const *log10_prob, char *states)
{
    const void *before[BATCH];
    void *after[BATCH];
    int32_t next[BATCH];
    size_t sentence[BATCH], size = rnnlm_state_size(model), going = count;
    double prob[BATCH];
    for (size_t i = 0; i < count; i++) {
        sentence[i] = i;
        before[i] = model->start;
        after[i] = states + i * size;
    }
    for (size_t j = 0; going > 0; j++) {
        size_t left = 0;
        for (size_t k = 0; k < going; k++)
            next[k] = j < length[sentence[k]] ? word[sentence[k]][j] : RNNLM_SENTENCE_END;
        if (rnnlm_score_batch(model, going, before, next, after, prob) != 0)
            return -1;
        for (size_t k = 0; k < going; k++) {
            size_t i = sentence[k];
            log10_prob[i][j] = prob[k];
            if (j == length[i])
                continue;
            before[left] = after[k];
            after[left] = states + (i + (j % 2 == 0 ? count : 0)) * size;
            sentence[left++] = i;
        }
        going = left;
    }
    return 0;
}

int rnnlm_score_sentences(const rnnlm_model *model, size_t count, const int32_t *const *word,
                          const size_t *length, double *const *log10_prob)
{
    char *states = memory_new(2 * BATCH, rnnlm_state_size(model), NULL);
    int result = states != NULL ? 0 : -1;
    for (size_t from = 0; from < count && result == 0; from += BATCH) {
        size_t some = count - from < BATCH ? count - from : BATCH;
        result =
            score_side_by_side(model, some, word + from, length + from, log10_prob + from, states);
    }
    free(states);
    return result;
}

const char *rnnlm_version(void)
{
    return RNNLM_VERSION;
}
