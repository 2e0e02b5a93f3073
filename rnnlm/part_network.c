// A network as the public interface uses it.
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/model_file.h"
#include "net/forward.h"
#include "net/state.h"
#include "part.h"

// What one call works in. A network keeps those that are not in use.
struct scratch {
    struct forward forward;
    const struct state *state[PART_BATCH]; // distinct states
    size_t place[PART_BATCH];              // for each pair, its state's place among them
    double prob[PART_BATCH];
    const struct state *before[PART_BATCH]; // pairs that go on: from where,
    int32_t next_word[PART_BATCH];          // by which word,
    struct state *after[PART_BATCH];        // to where
    struct scratch *next;
};

struct part_network {
    struct model model;
    struct forward_weights weights;
    struct state *start, *empty; // templates
    pthread_mutex_t mutex;
    struct scratch *unused; // guarded by the mutex
};

static bool open_network(struct part_network *network, struct input *input, const char *path,
                         struct error *error)
{
    if (input != NULL ? !model_open_input(&network->model, input, path, error)
                      : !model_load(&network->model, path, error))
        return false;
    // A sentence of which nothing is known: as at the start of a text, or after a reset where
    // sentences are independent.
    const struct network *weights = &network->model.network;
    bool independent = network->model.record.independent;
    enum state_start start = independent ? STATE_SENTENCE : STATE_TEXT;
    network->start = state_at_start(weights, start, NULL, error);
    network->empty = state_new(weights, error);
    if (network->start == NULL || network->empty == NULL)
        return false;
    for (int i = 0; i < SHAPE_MOST_ORDER; i++)
        network->empty->history[i] = WORD_OOV;
    state_values(weights, start, NULL, network->empty->value);
    return forward_weights_init(&network->weights, weights, independent, error);
}

struct part_network *part_network_open(struct part *part, struct input *input, const char *path,
                                       struct error *error)
{
    struct part_network *network = memory_new(1, sizeof *network, error);
    if (network == NULL)
        return NULL;
    pthread_mutex_init(&network->mutex, NULL);
    if (!open_network(network, input, path, error)) {
        part_network_close(network);
        return NULL;
    }
    part->words = &network->model.vocabulary;
    part->unknown = vocabulary_unknown(part->words, NULL);
    part->unit = (enum text_unit)network->model.record.unit;
    part->state_size = state_size(&network->model.network);
    return network;
}

struct model *part_network_model(struct part_network *network)
{
    return &network->model;
}

bool part_network_refresh(struct part_network *network, struct error *error)
{
    const struct network *weights = &network->model.network;
    bool independent = network->model.record.independent;
    struct state *start =
        state_at_start(weights, independent ? STATE_SENTENCE : STATE_TEXT, NULL, error);
    if (start == NULL)
        return false;
    free(network->start);
    network->start = start;
    return forward_weights_refresh(&network->weights, error);
}

static void scratch_free(struct scratch *scratch)
{
    forward_free(&scratch->forward);
    free(scratch);
}

void part_network_close(struct part_network *network)
{
    if (network == NULL)
        return;
    while (network->unused != NULL) {
        struct scratch *scratch = network->unused;
        network->unused = scratch->next;
        scratch_free(scratch);
    }
    pthread_mutex_destroy(&network->mutex);
    forward_weights_free(&network->weights);
    model_free(&network->model);
    free(network->start);
    free(network->empty);
    free(network);
}

void part_network_start(const struct part_network *network, bool sentence, void *state)
{
    memcpy(state, sentence ? network->start : network->empty, state_size(&network->model.network));
}

bool part_network_state_ok(const struct part_network *network, const void *bytes)
{
    const struct state *state = bytes;
    for (int i = 0; i < SHAPE_MOST_ORDER; i++)
        if (state->history[i] < WORD_OOV ||
            state->history[i] >= (int64_t)network->model.vocabulary.size)
            return false;
    for (size_t i = 0; i < network->model.network.state; i++)
        if (!isfinite(state->value[i]))
            return false;
    return true;
}

static struct scratch *take_scratch(const struct part_network *network)
{
    // The scratch list is the one part of a network that changes, and its mutex guards it.
    struct part_network *owner = (struct part_network *)network;
    pthread_mutex_lock(&owner->mutex);
    struct scratch *scratch = owner->unused;
    if (scratch != NULL)
        owner->unused = scratch->next;
    pthread_mutex_unlock(&owner->mutex);
    if (scratch != NULL)
        return scratch;
    scratch = memory_new(1, sizeof *scratch, NULL);
    if (scratch != NULL && !forward_init(&scratch->forward, &network->weights, PART_BATCH, NULL)) {
        scratch_free(scratch);
        return NULL;
    }
    return scratch;
}

static void return_scratch(const struct part_network *network, struct scratch *scratch)
{
    struct part_network *owner = (struct part_network *)network;
    pthread_mutex_lock(&owner->mutex);
    scratch->next = owner->unused;
    owner->unused = scratch;
    pthread_mutex_unlock(&owner->mutex);
}

static bool predict_pairs(struct scratch *scratch, size_t n, const void *const *before,
                          const int32_t *word, double *log10_prob)
{
    size_t states = 0;
    for (size_t i = 0; i < n; i++) {
        if (states == 0 || scratch->state[states - 1] != before[i])
            scratch->state[states++] = before[i];
        scratch->place[i] = states - 1;
    }
    forward_load(&scratch->forward, states, scratch->state);
    if (!forward_predict(&scratch->forward, n, scratch->place, word, scratch->prob, NULL))
        return false;
    for (size_t i = 0; i < n; i++)
        log10_prob[i] = log10(scratch->prob[i]);
    return true;
}

// The memory of new states is the caller's, and what lay there may not stay in the padding of rows.
static void advance_pairs(struct scratch *scratch, size_t n, const void *const *before,
                          const int32_t *word, void *const *after, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (after[i] == NULL)
            continue;
        memset(after[i], 0, size);
        scratch->before[count] = before[i];
        scratch->next_word[count] = word[i];
        scratch->after[count++] = after[i];
    }
    if (count > 0)
        forward_advance(&scratch->forward, count, scratch->before, scratch->next_word,
                        scratch->after);
}

bool part_network_score(const struct part_network *network, size_t n, const void *const *before,
                        const int32_t *word, void *const *after, double *log10_prob)
{
    struct scratch *scratch = take_scratch(network);
    if (scratch == NULL)
        return false;
    bool ok = predict_pairs(scratch, n, before, word, log10_prob);
    if (ok && after != NULL)
        advance_pairs(scratch, n, before, word, after, state_size(&network->model.network));
    return_scratch(network, scratch);
    return ok;
}

bool part_network_distribution(const struct part_network *network, const void *state, double *prob)
{
    size_t words = network->model.vocabulary.size;
    const struct state *loaded = state;
    struct scratch *scratch = take_scratch(network);
    size_t *place = memory_new(words, sizeof *place, NULL); // zeros
    int32_t *all = memory_new(words, sizeof *all, NULL);
    bool ok = scratch != NULL && place != NULL && all != NULL;
    for (size_t i = 0; ok && i < words; i++)
        all[i] = (int32_t)i;
    if (ok) {
        forward_load(&scratch->forward, 1, &loaded);
        ok = forward_predict(&scratch->forward, words, place, all, prob, NULL);
    }
    if (scratch != NULL)
        return_scratch(network, scratch);
    free(place);
    free(all);
    return ok;
}
