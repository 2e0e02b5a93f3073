// The hidden layer along a text, by many threads.
//
// Each state depends on the one before; but networks forget, so that parts of the text can be
// begun before the state in front of them is known: from a guess, whose traces fade within some
// tens of words. Once all parts are through, each begins again with the state in which the part
// before really ended, and goes on until it meets what is there already to within MARCH_NEAR, a few
// units in the last place of a float. The rest of the part stands. A network that does not forget
// is followed word by word.
#ifndef NET_MARCH_H
#define NET_MARCH_H

#include "net/forward.h"

static const float MARCH_NEAR = 0x1p-20f; // in each unit

struct march {
    const struct forward_crew *crew;
    const struct state *reset; // the state behind </s> where sentences are independent, else NULL
    bool sequential;           // the network does not forget: one part
    struct march_part *part;   // scratch
};

// `reset` stays the caller's. Error: no memory. march_free() in any case.
bool march_init(struct march *march, const struct forward_crew *crew, const struct state *reset,
                struct error *error);
void march_free(struct march *march);

// From state 0 of `states` (n + 1 of them, state_size() bytes each), which is given, fills state
// i + 1: that behind word[i]. The result does not depend on the number of threads.
void march_run(struct march *march, const int32_t *word, size_t n, char *states);

#endif
