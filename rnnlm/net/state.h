// The state of a text at one place: all that the next word's probability depends on besides the
// model.
//
// A state is a plain value: copying it is a memcpy of state_size() bytes, and any number of states
// share a network.
#ifndef NET_STATE_H
#define NET_STATE_H

#include "net/network.h"

struct state {
    int32_t history[MAXENT_MOST_ORDER]; // history[0] is the previous word, history[1] the one
                                        // before; WORD_OOV possible
    float hidden[]; // [hidden_row] s[t], with the previous word taken in; zeros behind H
};

static const float STATE_START = 0.1f; // activation of every hidden unit before a text
static const float STATE_INDEPENDENT =
    1.0f; // likewise before each sentence where sentences are independent

// Bytes of a state.
size_t state_size(const struct network *network);

// A new state (zeros); free() it. NULL if memory runs out.
struct state *state_new(const struct network *network, struct error *error);

// A new state before a text's first word: every hidden unit at `activation` (or copied from
// `stored` [H] if that is not NULL), a history of </s>, and then </s> taken in. It serves as a
// template to copy from; free() it.
struct state *state_at_start(const struct network *network, float activation, const float *stored,
                             struct error *error);

void state_copy(const struct network *network, struct state *to, const struct state *from);

// The state after `word` (WORD_OOV: no input is switched on). `in` and `out` are different states.
void state_advance(const struct network *network, const struct state *in, int32_t word,
                   struct state *out);

// Puts `word` in front of a history.
void history_push(int32_t *history, int32_t word);

#endif
