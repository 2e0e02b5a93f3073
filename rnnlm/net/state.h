// The state of a text at one place: all that the next word's probability depends on besides the
// model.
//
// A state is a plain value: copying it is a memcpy of state_size() bytes, and any number of states
// share a network.
#ifndef NET_STATE_H
#define NET_STATE_H

#include "net/network.h"

struct state {
    int32_t history[SHAPE_MOST_ORDER]; // history[0] is the previous word, history[1] the one
                                       // before; WORD_OOV possible
    float value[]; // [network.state] what the layers carry, with the previous word taken in; laid
                   // out as in struct layer: `at`, `floats`
};

// What a state is before </s> has been taken in, with which every text begins.
enum state_start {
    STATE_TEXT,     // a text of which nothing is known
    STATE_SENTENCE, // a sentence, where sentences are independent
    STATE_STORED,   // where a text before ended: values of a model file
    STATE_LISTS // before the first n-best list, as the reference has it: zeros, and </s> is then
                // taken in twice
};

// Bytes of a state.
size_t state_size(const struct network *network);

// A new state (zeros); free() it. NULL if memory runs out.
struct state *state_new(const struct network *network, struct error *error);

// A new state in which a text's first word is predicted: `start`, a history of </s>, and then </s>
// taken in. `stored` [network.state] is for STATE_STORED. It serves as a template to copy from;
// free() it.
struct state *state_at_start(const struct network *network, enum state_start start,
                             const float *stored, struct error *error);

// The values themselves, before </s> is taken in.
void state_values(const struct network *network, enum state_start start, const float *stored,
                  float *value);

// The values behind `word`, one of `network` (or WORD_OOV), after `before`: [network.state] each, for
// those who need a single step now and then. What fills up rows of `after` stays as it is, and has to be zeros.
// Error: no memory.
bool state_step(const struct network *network, const float *before, int32_t word, float *after,
                struct error *error);

void state_copy(const struct network *network, struct state *to, const struct state *from);

// Root of the mean square of the differences of two states' values.
double state_distance(const struct network *network, const struct state *a, const struct state *b);

// Puts `word` in front of a history.
void history_push(int32_t *history, int32_t word);

#endif
