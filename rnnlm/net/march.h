// The forward pass along a text, by many threads.
//
// Each hidden layer depends on the one before; but networks forget, so that parts of the text can
// be begun before the state in front of them is known: from a guess, whose traces fade within some
// tens of words. Once all parts are through, each begins again with the state in which the part
// before really ended, and goes on until it meets what is there already to within MARCH_NEAR, a few
// units in the last place of a float. The rest of the part stands. A network that does not forget
// is followed word by word. Output layers follow when the hidden layers are there.
#ifndef NET_MARCH_H
#define NET_MARCH_H

#include "net/forward.h"

static const float MARCH_NEAR = 0x1p-20f; // in each value, or of it where it is above 1

struct march {
    const struct forward_crew *crew; // not owned
    bool sequential;                 // the network does not forget: one part
    struct march_part *part;         // scratch
    char *states;                    // consecutive ones of the text under way
    size_t states_capacity;
    size_t *order; // its known words as the output wants them
    size_t order_capacity;
    size_t *sort_scratch;
};

// Error: no memory. march_free() in any case.
bool march_init(struct march *march, const struct forward_crew *crew, struct error *error);
void march_free(struct march *march);

// prob[i] = P(word[i] | those before), 0 for WORD_OOV, from `state` on, which then is that behind
// all n words. The results do not depend on the number of threads. Error: no memory.
bool march_score(struct march *march, struct state *state, const int32_t *word, size_t n,
                 double *prob, struct error *error);

#endif
