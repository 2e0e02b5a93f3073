// The public interface, for decoders: models and states.
#include "rnnlm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/model.h"
#include "net/output.h"
#include "net/state.h"
#include "options.h"

struct rnnlm_model {
    struct model model;
    struct state *start; // template for rnnlm_start()
};

static bool open_model(rnnlm_model *model, const char *path, struct error *error)
{
    if (!model_open(&model->model, path, error))
        return false;
    // A sentence of which nothing is known: as at the start of a text, or after a reset where
    // sentences are independent.
    float activation = model->model.record.independent ? STATE_INDEPENDENT : STATE_START;
    model->start = state_at_start(&model->model.network, activation, NULL, error);
    return model->start != NULL;
}

rnnlm_model *rnnlm_open(const char *path, char *error, size_t size)
{
    struct error reason;
    rnnlm_model *model = memory_new(1, sizeof *model, &reason);
    if (model != NULL && open_model(model, path, &reason))
        return model;
    rnnlm_close(model);
    if (error != NULL && size > 0)
        snprintf(error, size, "%s", reason.text);
    return NULL;
}

void rnnlm_close(rnnlm_model *model)
{
    if (model == NULL)
        return;
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

// What the last pair computed, so that the next one with the same state need not: its classes, then
// the words of one.
struct shared {
    const void *before;
    bool has_words; // word_prob is there, for prediction.k
    struct prediction prediction;
};

static double score_one(const struct network *network, struct shared *shared,
                        const struct state *before, int32_t word)
{
    if (shared->before != before) {
        predict_classes(network, before->hidden, before->history, &shared->prediction);
        shared->before = before;
        shared->has_words = false;
    }
    size_t k = (size_t)network->classes.of_word[word];
    if (!shared->has_words || shared->prediction.k != k) {
        predict_words(network, before->history, k, &shared->prediction);
        shared->has_words = true;
    }
    float in_class = shared->prediction.word_prob[word - network->classes.begin[k]];
    return log10((double)shared->prediction.class_prob[k]) + log10((double)in_class);
}

// Where sentences are independent, </s> leads back to the start.
static void advance(const rnnlm_model *model, const struct state *before, int32_t word,
                    struct state *after)
{
    if (model->model.record.independent && word == WORD_END)
        memcpy(after, model->start, rnnlm_state_size(model));
    else
        state_advance(&model->model.network, before, word, after);
}

int rnnlm_score_batch(const rnnlm_model *model, size_t n, const void *const *before,
                      const int32_t *word, void *const *after, double *log10_prob)
{
    const struct network *network = &model->model.network;
    struct shared shared = {.before = NULL};
    bool ok = prediction_init(&shared.prediction, network, NULL);
    for (size_t i = 0; i < n && ok; i++) {
        int32_t id = is_word(model, word[i]) ? word[i] : WORD_OOV;
        log10_prob[i] = id >= 0 ? score_one(network, &shared, before[i], id) : -INFINITY;
        if (after != NULL && after[i] != NULL)
            advance(model, before[i], id, after[i]);
    }
    prediction_free(&shared.prediction);
    return ok ? 0 : -1;
}

double rnnlm_score(const rnnlm_model *model, const void *before, int32_t word, void *after)
{
    double log10_prob = -INFINITY;
    if (rnnlm_score_batch(model, 1, &before, &word, &after, &log10_prob) != 0)
        return -INFINITY;
    return log10_prob;
}

const char *rnnlm_version(void)
{
    return RNNLM_VERSION;
}
