// States of a text.
#include "net/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/linear.h"
#include "text/vocabulary.h"

size_t state_size(const struct network *network)
{
    return sizeof(struct state) + network->state * sizeof(float);
}

struct state *state_new(const struct network *network, struct error *error)
{
    return memory_new(1, state_size(network), error);
}

void history_push(int32_t *history, int32_t word)
{
    memmove(history + 1, history, (SHAPE_MOST_ORDER - 1) * sizeof *history);
    history[0] = word;
}

void state_copy(const struct network *network, struct state *to, const struct state *from)
{
    memcpy(to, from, state_size(network));
}

// ---- beginnings -------------------------------------------------------------------------------

void state_values(const struct network *network, enum state_start start, const float *stored,
                  float *value)
{
    if (start == STATE_STORED) {
        memcpy(value, stored, network->state * sizeof *value);
        return;
    }
    memset(value, 0, network->state * sizeof *value);
    for (size_t i = 0; i < network->advanced && start != STATE_LISTS; i++) {
        const struct layer *layer = &network->layer[i];
        float output = start == STATE_TEXT ? layer->type->start : layer->type->restart;
        for (size_t j = 0; j < layer->units && layer->type->state > 0; j++)
            value[layer->at + j] = output;
    }
}

bool state_step(const struct network *network, const float *before, int32_t word, float *after,
                struct error *error)
{
    size_t row = network_widest(network);
    float *scratch = memory_new(3 * row, sizeof *scratch, error);
    const float *below = NULL;
    for (size_t i = 0; scratch != NULL && i < network->advanced; i++) {
        const struct layer *layer = &network->layer[i];
        float *to = layer->floats > 0 ? after + layer->at : scratch + (1 + i % 2) * row;
        linear_sums(layer, word, below, before + layer->at, scratch);
        layer->type->forward(layer, scratch, before + layer->at, to);
        below = to;
    }
    free(scratch);
    return scratch != NULL;
}

struct state *state_at_start(const struct network *network, enum state_start start,
                             const float *stored, struct error *error)
{
    struct state *before = state_new(network, error), *after = state_new(network, error);
    bool ok = before != NULL && after != NULL;
    if (ok)
        state_values(network, start, stored, before->value);
    ok = ok && state_step(network, before->value, WORD_END, after->value, error);
    if (ok && start == STATE_LISTS) {
        state_copy(network, before, after);
        ok = state_step(network, before->value, WORD_END, after->value, error);
    }
    free(before);
    if (ok) // the whole history is </s>
        return after;
    free(after);
    return NULL;
}

// ---- distance ---------------------------------------------------------------------------------

// Rows are padded with zeros to whole blocks, whose sums the compiler keeps in vectors.
double state_distance(const struct network *network, const struct state *a, const struct state *b)
{
    enum { BLOCK = 16 };
    float sums[BLOCK] = {0};
    double sum = 0;
    size_t values = 0;
    for (size_t i = 0; i < network->state; i += BLOCK)
        for (size_t j = 0; j < BLOCK; j++) {
            float difference = a->value[i + j] - b->value[i + j];
            sums[j] += difference * difference;
        }
    for (size_t j = 0; j < BLOCK; j++)
        sum += (double)sums[j];
    for (size_t i = 0; i < network->advanced; i++)
        values += network->layer[i].floats / network->layer[i].row * network->layer[i].units;
    return sqrt(sum / (double)values);
}
