// The public interface: dynamic evaluation.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "dynamic_options.h"
#include "part.h"
#include "rnnlm.h"

struct rnnlm_adapter {
    rnnlm_model *model;      // whose networks are owned
    struct dynamic *dynamic; // [parts] those of n-gram models empty
    uint64_t *steps;         // [parts] of theirs that the model has taken over
    struct ngram_state *now; // [parts] where n-gram models stand
};

// What the options say.
struct wishes {
    double rate, beta, cutoff;
    struct dynamic_options by;
};

static bool take_options(struct wishes *wishes, const char *const *option, size_t options,
                         struct error *error)
{
    const struct option table[] = {
        {OPTION_NUMBER, "dynamic", NULL, &wishes->rate, NULL, 0, 1e6, NULL},
        {OPTION_NUMBER, "beta", NULL, &wishes->beta, NULL, 0, 1e3, NULL},
        {OPTION_NUMBER, "gradient-cutoff", NULL, &wishes->cutoff, NULL, 0, 1e30, NULL},
        DYNAMIC_OPTIONS_ROWS(wishes->by)};
    const struct options all = {.table = table, .count = sizeof table / sizeof table[0]};
    return options_take(&all, option, options, error) &&
           (wishes->rate > 0 || error_usage(error, "option dynamic: a rate above 0 is wanted"));
}

// ---- opening ----------------------------------------------------------------------------------

static bool restart_part(rnnlm_adapter *adapter, size_t i, struct error *error)
{
    struct part *part = &adapter->model->part[i];
    if (part->network == NULL) {
        part_start(part, true, &adapter->now[i]);
        return true;
    }
    bool independent = part_network_model(part->network)->record.independent;
    return dynamic_start(&adapter->dynamic[i], independent ? STATE_SENTENCE : STATE_TEXT, NULL,
                         error);
}

static bool start_networks(rnnlm_adapter *adapter, const char *const *path,
                           const struct wishes *wishes, struct error *error)
{
    const rnnlm_model *model = adapter->model;
    size_t networks = 0;
    for (size_t i = 0; i < model->parts; i++)
        networks += model->part[i].network != NULL;
    if (networks == 0)
        return error_set(error, "%s: found an n-gram model, wanted a network, which can learn",
                         path[0]);
    if (!dynamic_options_check(&wishes->by, networks, true, false, error))
        return false;
    for (size_t i = 0, network = 0; i < model->parts; i++) {
        struct part_network *part = model->part[i].network;
        const struct dynamic_rule rule = {
            .rate = wishes->rate,
            .beta = wishes->beta,
            .gradient_cutoff = wishes->cutoff,
            .independent = part != NULL && part_network_model(part)->record.independent,
            .restores = true};
        if ((part != NULL &&
             !dynamic_options_start(&wishes->by, &adapter->dynamic[i], part_network_model(part),
                                    path[i], network++, dynamic_options_rms(&wishes->by), rule,
                                    error)) ||
            !restart_part(adapter, i, error))
            return false;
    }
    return true;
}

static rnnlm_adapter *open_adapter(const char *const *path, const double *weight, size_t count,
                                   const struct wishes *wishes, struct error *error)
{
    rnnlm_adapter *adapter = memory_new(1, sizeof *adapter, error);
    if (adapter == NULL)
        return NULL;
    adapter->model = parts_open(path, weight, count, true, error);
    if (adapter->model != NULL) {
        adapter->dynamic = memory_new(count, sizeof *adapter->dynamic, error);
        adapter->steps = memory_new(count, sizeof *adapter->steps, error);
        adapter->now = memory_new(count, sizeof *adapter->now, error);
    }
    if (adapter->dynamic != NULL && adapter->steps != NULL && adapter->now != NULL &&
        start_networks(adapter, path, wishes, error))
        return adapter;
    rnnlm_adapter_close(adapter);
    return NULL;
}

rnnlm_adapter *rnnlm_adapter_open(const char *const *path, const double *weight, size_t count,
                                  const char *const *option, size_t options, char *error,
                                  size_t size)
{
    struct wishes wishes = {.beta = 1e-7, .cutoff = 15, .by = DYNAMIC_OPTIONS_DEFAULT};
    struct error reason;
    rnnlm_adapter *adapter = NULL;
    if (take_options(&wishes, option, options, &reason))
        adapter = open_adapter(path, weight, count, &wishes, &reason);
    free(wishes.by.statistics.item);
    if (adapter == NULL && error != NULL && size > 0)
        snprintf(error, size, "%s", reason.text);
    return adapter;
}

void rnnlm_adapter_close(rnnlm_adapter *adapter)
{
    if (adapter == NULL)
        return;
    for (size_t i = 0; adapter->dynamic != NULL && i < adapter->model->parts; i++)
        dynamic_free(&adapter->dynamic[i]);
    rnnlm_close(adapter->model);
    free(adapter->dynamic);
    free(adapter->steps);
    free(adapter->now);
    free(adapter);
}

const rnnlm_model *rnnlm_adapter_model(const rnnlm_adapter *adapter)
{
    return adapter->model;
}

// ---- learning ---------------------------------------------------------------------------------

// What was made of the weights before they changed.
static bool take_over_weights(rnnlm_adapter *adapter, struct error *error)
{
    for (size_t i = 0; i < adapter->model->parts; i++) {
        struct part_network *network = adapter->model->part[i].network;
        if (network == NULL || adapter->steps[i] == adapter->dynamic[i].steps)
            continue;
        if (!part_network_refresh(network, error))
            return false;
        adapter->steps[i] = adapter->dynamic[i].steps;
    }
    return true;
}

// P(word) by part i, which goes on behind it.
static bool next(rnnlm_adapter *adapter, size_t i, int32_t word, double *prob, struct error *error)
{
    const struct part *part = &adapter->model->part[i];
    if (part->network != NULL) {
        if (!dynamic_next(&adapter->dynamic[i], word, prob, error))
            return false;
        return word == WORD_OOV || *prob > 0 ||
               error_set(error,
                         "the network's probability of \"%s\" is %g: the learning rate is too high",
                         vocabulary_word(part->words, word), *prob);
    }
    struct ngram_state before = adapter->now[i];
    const void *from = &before;
    void *to = &adapter->now[i];
    if (!part_score(part, 1, &from, &word, &to, prob))
        return error_set(error, "not enough memory");
    *prob = pow(10, *prob);
    if (word == RNNLM_SENTENCE_END)
        part_start(part, true, &adapter->now[i]);
    return true;
}

static bool learn(rnnlm_adapter *adapter, int32_t word, double *log10_prob, struct error *error)
{
    const rnnlm_model *model = adapter->model;
    bool known = word >= 0 && (size_t)word < model->words->size;
    double sum = 0;
    for (size_t i = 0; i < model->parts; i++) {
        int32_t id = !known ? WORD_OOV : model->parts == 1 ? word : model->id[i][word];
        double prob;
        if (!next(adapter, i, id, &prob, error))
            return false;
        sum += model->weight[i] * prob;
    }
    *log10_prob = sum > 0 ? log10(sum) : -INFINITY;
    return true;
}

int rnnlm_adapter_learn(rnnlm_adapter *adapter, const int32_t *word, size_t count,
                        double *log10_prob, char *error, size_t size)
{
    struct error reason;
    bool ok = true;
    double unwanted;
    for (size_t i = 0; ok && i < count; i++)
        ok = learn(adapter, word[i], log10_prob != NULL ? &log10_prob[i] : &unwanted, &reason);
    ok = take_over_weights(adapter, ok ? &reason : NULL) && ok;
    if (!ok && error != NULL && size > 0)
        snprintf(error, size, "%s", reason.text);
    return ok ? 0 : -1;
}

int rnnlm_adapter_restart(rnnlm_adapter *adapter, int forget)
{
    for (size_t i = 0; i < adapter->model->parts; i++) {
        if (forget && adapter->model->part[i].network != NULL)
            dynamic_restore(&adapter->dynamic[i]);
        if (!restart_part(adapter, i, NULL))
            return -1;
    }
    return take_over_weights(adapter, NULL) ? 0 : -1;
}
