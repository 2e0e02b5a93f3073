// What predicts the words of lattices: a network, alone or mixed with a back-off model, for many
// states and words at once.
#ifndef LATTICE_LANGUAGE_H
#define LATTICE_LANGUAGE_H

#include "lattice/lattice.h"
#include "lattice/pair_map.h"
#include "model/model.h"
#include "net/forward.h"
#include "net/state.h"
#include "ngram/backoff.h"
#include "text/coverage.h"

// The state of both models. States are numbers, and counted: the last release frees one.
struct language_state {
    struct state *network;
    struct ngram_state ngram;
    size_t holders;
};

struct language {
    const struct model *model;
    const struct ngram_model *ngram; // NULL: the network alone
    double lambda;                   // weight of the network beside it
    bool unk;                        // unknown words are taken as a model's word for them,
    int32_t unknown;                 // the network's; the caller may choose another
    struct forward_crew crew;
    struct state *start;          // template
    int32_t *net_id, *ngram_id;   // of the current lattice's words
    struct language_state *state; // [states]
    size_t states, state_capacity;
    size_t *unused; // states that are free
    size_t unused_count, unused_capacity;
    uint64_t predicted, advanced; // words and states computed so far
    struct coverage coverage;     // words of links so far
};

// The models and the pool stay the caller's; `ngram` may be NULL. language_free() in any case. The
// results do not depend on the number of threads.
bool language_init(struct language *language, const struct model *model,
                   const struct ngram_model *ngram, double lambda, bool unk, struct pool *pool,
                   struct error *error);
void language_free(struct language *language);

// Words are henceforth the numbers of this lattice's words. No state lives on.
bool language_take_words(struct language *language, const struct lattice *lattice,
                         struct error *error);

// The state at the start of an utterance, held once.
bool language_start(struct language *language, size_t *state, struct error *error);

void language_hold(struct language *language, size_t state);
void language_release(struct language *language, size_t state);

// after[i] = a new state behind word[i] in before[i], held once.
bool language_advance(struct language *language, size_t count, const size_t *before,
                      const int32_t *word, size_t *after, struct error *error);

// prob[i] = P(word[i] | state[i]), 0 for words that no model knows. Equal states should stand
// together.
bool language_predict(struct language *language, size_t count, const size_t *state,
                      const int32_t *word, double *prob, struct error *error);

// Root mean square difference of the hidden vectors of two states, 0 to 1.
double language_distance(const struct language *language, size_t a, size_t b);

#endif
