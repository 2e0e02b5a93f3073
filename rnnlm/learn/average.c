// Averages of weights, with momentum.
#include "learn/average.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool average_init(struct average *average, struct peers *peers, struct network *network,
                  const struct average_rule *rule, struct error *error)
{
    *average = (struct average){.peers = peers, .network = network, .rule = *rule};
    average->begun = memory_new(network->parameters, sizeof *average->begun, error);
    average->move = memory_new(network->parameters, sizeof *average->move, error);
    bool ok = average->begun != NULL && average->move != NULL;
    for (size_t i = 0; ok && i < network->parameters; i++) {
        size_t count = parameter_count(&network->parameter[i]);
        average->begun[i] = memory_new(count, sizeof(float), error);
        average->move[i] = memory_new(count, sizeof(float), error);
        ok = average->begun[i] != NULL && average->move[i] != NULL;
    }
    return ok;
}

void average_free(struct average *average)
{
    for (size_t i = 0; average->network != NULL && i < average->network->parameters; i++) {
        if (average->begun != NULL)
            free(average->begun[i]);
        if (average->move != NULL)
            free(average->move[i]);
    }
    free(average->begun);
    free(average->move);
    memset(average, 0, sizeof *average);
}

void average_begin(struct average *average)
{
    for (size_t i = 0; i < average->network->parameters; i++)
        memcpy(average->begun[i], average->network->parameter[i].data,
               parameter_bytes(&average->network->parameter[i]));
}

bool average_step(struct average *average, struct error *error)
{
    const struct network *network = average->network;
    if (average->peers->size == 1)
        return true;
    float share = 1 / (float)average->peers->size;
    float momentum = (float)average->rule.momentum, step = (float)average->rule.step;
    for (size_t i = 0; i < network->parameters; i++) {
        float *weight = network->parameter[i].data;
        float *begun = average->begun[i], *move = average->move[i];
        size_t count = parameter_count(&network->parameter[i]);
        if (!peers_sum(average->peers, weight, count, error))
            return false;
        for (size_t j = 0; j < count; j++) {
            float before = move[j];
            move[j] = momentum * before + step * (share * weight[j] - begun[j]);
            weight[j] = begun[j] += move[j] + momentum * (move[j] - before);
        }
    }
    return true;
}

void average_kept(struct average *average, struct kept *kept)
{
    for (size_t i = 0; i < average->network->parameters; i++)
        kept_add(kept, "average", average->network->parameter[i].name, average->move[i],
                 parameter_bytes(&average->network->parameter[i]));
}
