// States of a text.
#include "net/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/recurrent.h"

size_t state_size(const struct network *network)
{
    return sizeof(struct state) + network->hidden_row * sizeof(float);
}

struct state *state_new(const struct network *network, struct error *error)
{
    return memory_new(1, state_size(network), error);
}

void history_push(int32_t *history, int32_t word)
{
    memmove(history + 1, history, (MAXENT_MOST_ORDER - 1) * sizeof *history);
    history[0] = word;
}

struct state *state_at_start(const struct network *network, float activation, const float *stored,
                             struct error *error)
{
    struct state *before = state_new(network, error), *start = state_new(network, error);
    if (before != NULL && start != NULL) {
        for (size_t i = 0; i < network->shape.hidden; i++)
            before->hidden[i] = stored != NULL ? stored[i] : activation;
        state_advance(network, before, 0, start);
    } else {
        free(start);
        start = NULL;
    }
    free(before);
    return start;
}

void state_copy(const struct network *network, struct state *to, const struct state *from)
{
    memcpy(to, from, state_size(network));
}

void state_advance(const struct network *network, const struct state *in, int32_t word,
                   struct state *out)
{
    memcpy(out->history, in->history, sizeof out->history);
    history_push(out->history, word);
    recurrent_forward(network, in->hidden, word, out->hidden);
}
