// The forward pass along a text, by many threads, as products of matrices.
//
// Each hidden layer depends on the one before; but networks forget, so that parts of the text can
// be begun before the state in front of them is known: from a guess, whose traces fade within some
// tens of words (Elman) or hundreds (LSTM). Once all parts are through, each begins again with the
// state in which the part before really ended, and goes on until it meets what was there to within
// MARCH_NEAR, a few units in the last place of a float. The rest of the part stands. A network that
// does not forget is followed word by word. The longer the text given at once, the less is computed
// twice.
#ifndef NET_MARCH_H
#define NET_MARCH_H

#include "net/forward.h"

static const float MARCH_NEAR = 0x1p-20f; // in each value, or of it where it is above 1

// Where products are of bfloat16: what is less apart than that may be rounded to different numbers, and
// so never comes nearer for good.
static const float MARCH_NEAR_HALVES = 0x1p-9f;

enum { MARCH_WORDS = 1 << 17 }; // of a text that are divided into parts at a time

struct march {
    const struct forward_crew *crew; // not owned
    bool sequential;                 // the network does not forget: one part
    struct march_part *part;         // scratch
    char *states;                    // those of the words under way
    char *trace;                     // states at some places of each part
    int32_t *id;                     // the words under way
    struct march_word *word;
    size_t *order; // the known ones of them as the output wants them
    size_t *sort_scratch;
    size_t states_room, trace_capacity, id_capacity, word_capacity, order_capacity;
};

// Error: no memory. march_free() in any case.
bool march_init(struct march *march, const struct forward_crew *crew, struct error *error);
void march_free(struct march *march);

// prob[i] = P(word[i] | those before), 0 for WORD_OOV, from `state` on, which then is that behind
// all n words. The results do not depend on the number of threads. Error: no memory.
bool march_score(struct march *march, struct state *state, const int32_t *word, size_t n,
                 double *prob, struct error *error);

// The same, and in top [n][width of the network] what the output takes in, in front of each word.
bool march_score_tops(struct march *march, struct state *state, const int32_t *word, size_t n,
                      double *prob, float *top, struct error *error);

#endif
