// The public interface, for decoders: models, alone or mixed, and states.
#include "rnnlm.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "options.h"
#include "part.h"
#include "score/mixture.h"

enum { BATCH = PART_BATCH };

// ---- opening ----------------------------------------------------------------------------------

static bool add_words(struct vocabulary *all, const struct vocabulary *words, struct error *error)
{
    for (size_t i = 0; i < words->size; i++) {
        const char *word = vocabulary_word(words, (int32_t)i);
        if (vocabulary_add(all, word, strlen(word), error) == WORD_OOV)
            return false;
    }
    return true;
}

// The parts' words for unknown ones are one in the mixture, whatever each calls it.
static bool find_ids(rnnlm_model *model, size_t part, struct error *error)
{
    const struct part *own = &model->part[part];
    int32_t *id = memory_new(model->all.size, sizeof *id, error);
    model->id[part] = id;
    for (size_t i = 0; id != NULL && i < model->all.size; i++) {
        const char *word = vocabulary_word(&model->all, (int32_t)i);
        id[i] = (int32_t)i == model->unknown ? own->unknown
                                             : vocabulary_find(own->words, word, strlen(word));
    }
    return id != NULL;
}

static bool mix_words(rnnlm_model *model, struct error *error)
{
    model->id = memory_new(model->parts, sizeof *model->id, error);
    if (model->id == NULL || !vocabulary_init(&model->all, error))
        return false;
    for (size_t i = 0; i < model->parts; i++) {
        const struct part *part = &model->part[i];
        if (!add_words(&model->all, part->words, error))
            return false;
        if (model->unknown == WORD_OOV && part->unknown != WORD_OOV) {
            const char *word = vocabulary_word(part->words, part->unknown);
            model->unknown = vocabulary_find(&model->all, word, strlen(word));
        }
    }
    for (size_t i = 0; i < model->parts; i++)
        if (!find_ids(model, i, error))
            return false;
    model->words = &model->all;
    return true;
}

// Of the networks.
static bool take_unit(rnnlm_model *model, const char *const *path, struct error *error)
{
    const char *first = NULL;
    for (size_t i = 0; i < model->parts; i++) {
        const struct part *part = &model->part[i];
        if (part->network == NULL)
            continue;
        if (first != NULL && part->unit != model->unit)
            return error_set(error, "%s: found a model of unit %s, wanted one of unit %s as %s is",
                             path[i], unit_name(part->unit), unit_name(model->unit), first);
        first = path[i];
        model->unit = part->unit;
    }
    return true;
}

static bool open_parts(rnnlm_model *model, const char *const *path, const double *weight,
                       size_t count, bool owned, struct error *error)
{
    if (count == 0)
        return error_set(error, "no model named: at least one file is wanted");
    if (weight != NULL && !mixture_check(count, weight, error))
        return false;
    model->part = memory_new(count, sizeof *model->part, error);
    model->weight = memory_new(count, sizeof *model->weight, error);
    if (model->part == NULL || model->weight == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        model->parts++;
        model->weight[i] = weight != NULL ? weight[i] : 1. / (double)count;
        if (!part_open(&model->part[i], path[i], owned, error))
            return false;
        model->state_size += model->part[i].state_size;
    }
    if (!take_unit(model, path, error))
        return false;
    model->unknown = count == 1 ? model->part->unknown : WORD_OOV;
    model->words = model->part->words;
    return count == 1 || mix_words(model, error);
}

rnnlm_model *parts_open(const char *const *path, const double *weight, size_t count, bool owned,
                        struct error *error)
{
    rnnlm_model *model = memory_new(1, sizeof *model, error);
    if (model != NULL && open_parts(model, path, weight, count, owned, error))
        return model;
    rnnlm_close(model);
    return NULL;
}

rnnlm_model *rnnlm_open_mixture(const char *const *path, const double *weight, size_t count,
                                char *error, size_t size)
{
    struct error reason;
    rnnlm_model *model = parts_open(path, weight, count, false, &reason);
    if (model == NULL && error != NULL && size > 0)
        snprintf(error, size, "%s", reason.text);
    return model;
}

rnnlm_model *rnnlm_open(const char *path, char *error, size_t size)
{
    return rnnlm_open_mixture(&path, NULL, 1, error, size);
}

void rnnlm_close(rnnlm_model *model)
{
    if (model == NULL)
        return;
    for (size_t i = 0; i < model->parts; i++) {
        part_close(&model->part[i]);
        if (model->id != NULL)
            free(model->id[i]);
    }
    if (model->id != NULL)
        vocabulary_free(&model->all);
    free(model->id);
    free(model->part);
    free(model->weight);
    free(model);
}

// ---- words ------------------------------------------------------------------------------------

size_t rnnlm_vocabulary_size(const rnnlm_model *model)
{
    return model->words->size;
}

const char *rnnlm_unit(const rnnlm_model *model)
{
    return unit_name(model->unit);
}

int32_t rnnlm_word_id(const rnnlm_model *model, const char *word, size_t length)
{
    return vocabulary_find(model->words, word, length);
}

int32_t rnnlm_unknown_id(const rnnlm_model *model)
{
    return model->unknown;
}

static bool is_word(const rnnlm_model *model, int32_t id)
{
    return id >= 0 && (size_t)id < model->words->size;
}

const char *rnnlm_word(const rnnlm_model *model, int32_t id)
{
    return is_word(model, id) ? vocabulary_word(model->words, id) : NULL;
}

// What a part takes a word of the model as.
static int32_t id_in_part(const rnnlm_model *model, size_t part, int32_t word)
{
    if (!is_word(model, word))
        return WORD_OOV;
    if (model->parts == 1)
        return word;
    int32_t id = model->id[part][word];
    return id != WORD_OOV ? id : model->part[part].unknown;
}

// ---- states -----------------------------------------------------------------------------------

size_t rnnlm_state_size(const rnnlm_model *model)
{
    return model->state_size;
}

static void start(const rnnlm_model *model, bool sentence, char *state)
{
    for (size_t i = 0; i < model->parts; i++) {
        part_start(&model->part[i], sentence, state);
        state += model->part[i].state_size;
    }
}

void rnnlm_start(const rnnlm_model *model, void *state)
{
    start(model, true, state);
}

void rnnlm_start_anywhere(const rnnlm_model *model, void *state)
{
    start(model, false, state);
}

int rnnlm_state_check(const rnnlm_model *model, const void *state)
{
    const char *own_state = state;
    for (size_t i = 0; i < model->parts; i++) {
        if (!part_state_ok(&model->part[i], own_state))
            return -1;
        own_state += model->part[i].state_size;
    }
    return 0;
}

int rnnlm_order(const rnnlm_model *model)
{
    int longest = 0;
    for (size_t i = 0; i < model->parts; i++)
        if (part_order(&model->part[i]) > longest)
            longest = part_order(&model->part[i]);
    return longest;
}

int rnnlm_matched(const rnnlm_model *model, const void *before, int32_t word)
{
    int longest = 0;
    const char *state = before;
    for (size_t i = 0; i < model->parts; i++) {
        int matched = part_matched(&model->part[i], state, id_in_part(model, i, word));
        if (matched > longest)
            longest = matched;
        state += model->part[i].state_size;
    }
    return longest;
}

// ---- scores -----------------------------------------------------------------------------------

// The scores of one part; `at` is where its states lie in those of the model.
static bool score_part(const rnnlm_model *model, size_t part, size_t at, size_t n,
                       const void *const *before, const int32_t *word, void *const *after,
                       double *log10_prob)
{
    const void *own_before[BATCH];
    void *own_after[BATCH];
    int32_t id[BATCH];
    for (size_t i = 0; i < n; i++) {
        own_before[i] = (const char *)before[i] + at;
        own_after[i] = after != NULL && after[i] != NULL ? (char *)after[i] + at : NULL;
        id[i] = id_in_part(model, part, word[i]);
    }
    return part_score(&model->part[part], n, own_before, id, own_after, log10_prob);
}

// n <= BATCH pairs of a mixture.
static bool score_mixed(const rnnlm_model *model, size_t n, const void *const *before,
                        const int32_t *word, void *const *after, double *log10_prob)
{
    double prob[BATCH] = {0}, own[BATCH];
    size_t at = 0;
    for (size_t part = 0; part < model->parts; part++) {
        if (!score_part(model, part, at, n, before, word, after, own))
            return false;
        for (size_t i = 0; i < n; i++)
            prob[i] += model->weight[part] * pow(10, own[i]);
        at += model->part[part].state_size;
    }
    for (size_t i = 0; i < n; i++)
        log10_prob[i] = log10(prob[i]);
    return true;
}

int rnnlm_score_batch(const rnnlm_model *model, size_t n, const void *const *before,
                      const int32_t *word, void *const *after, double *log10_prob)
{
    for (size_t from = 0; from < n; from += BATCH) {
        size_t count = n - from < BATCH ? n - from : BATCH;
        void *const *behind = after != NULL ? after + from : NULL;
        if (model->parts == 1
                ? !score_part(model, 0, 0, count, before + from, word + from, behind,
                              log10_prob + from)
                : !score_mixed(model, count, before + from, word + from, behind, log10_prob + from))
            return -1;
    }
    return 0;
}

double rnnlm_score(const rnnlm_model *model, const void *before, int32_t word, void *after)
{
    double log10_prob = -INFINITY;
    if (rnnlm_score_batch(model, 1, &before, &word, &after, &log10_prob) != 0)
        return -INFINITY;
    return log10_prob;
}

int rnnlm_distribution(const rnnlm_model *model, const void *state, double *prob)
{
    const char *own_state = state;
    if (model->parts == 1)
        return part_distribution(model->part, state, prob) ? 0 : -1;
    memset(prob, 0, model->words->size * sizeof *prob);
    for (size_t part = 0; part < model->parts; part++) {
        double *own = memory_new(model->part[part].words->size, sizeof *own, NULL);
        bool ok = own != NULL && part_distribution(&model->part[part], own_state, own);
        for (size_t i = 0; ok && i < model->words->size; i++)
            if (model->id[part][i] != WORD_OOV)
                prob[i] += model->weight[part] * own[model->id[part][i]];
        free(own);
        if (!ok)
            return -1;
        own_state += model->part[part].state_size;
    }
    return 0;
}

// Some sentences side by side. `states` has room for two of each, and behind them is the start.
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
        before[i] = states + 2 * BATCH * size;
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
    char *states = memory_new(2 * BATCH + 1, rnnlm_state_size(model), NULL);
    int result = states != NULL ? 0 : -1;
    if (states != NULL)
        rnnlm_start(model, states + 2 * BATCH * rnnlm_state_size(model));
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
