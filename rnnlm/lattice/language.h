// What predicts the words of lattices: a network, a back-off model or both mixed, for many states and
// words at once; and what an old back-off model, whose scores the lattices have, says of the same
// words.
#ifndef LATTICE_LANGUAGE_H
#define LATTICE_LANGUAGE_H

#include "lattice/lattice.h"
#include "lattice/pair_map.h"
#include "model/model.h"
#include "net/forward.h"
#include "net/state.h"
#include "ngram/backoff.h"
#include "score/unknown_shares.h"
#include "text/coverage.h"

// The state of all models. States are numbers, and counted: the last release frees one.
struct language_state {
    struct state *network; // NULL where there is no network
    struct ngram_state ngram, old;
    size_t holders;
};

// The parts stay the caller's; any may be NULL. With neither network nor `ngram` all words have
// probability 1.
struct language_models {
    const struct model *network;
    const struct ngram_model *ngram;
    const struct ngram_model *old; // whose scores the lattices have
    double lambda;                 // weight of the network beside `ngram`
    bool unnormalised;             // its scores stand for probabilities (model_has_scores())
    bool unk;                      // unknown words are taken as a model's word for them
    // and have their shares of its probability, but in `old`; NULL: each has all of it
    const struct unknown_shares *shares;
};

struct language {
    struct language_models models;
    int32_t unknown; // the network's word for unknown ones; the caller may choose another
    struct forward_crew crew;
    struct state *start;                 // template
    int32_t *net_id, *ngram_id, *old_id; // of the current lattice's words; NULL without the model
    double *net_share, *ngram_share;     // 1 for words that the model knows; NULL without shares
    struct language_state *state;        // [states]
    size_t states, state_capacity;
    size_t *unused; // states that are free
    size_t unused_count, unused_capacity;
    uint64_t predicted, advanced; // words and states computed so far
    struct coverage coverage;     // words of links so far: of network and `ngram` together
    struct coverage old_coverage; // of the old model
};

// `pool` may be NULL without a network. language_free() in any case. The results do not depend on the
// number of threads.
bool language_init(struct language *language, const struct language_models *models,
                   struct pool *pool, struct error *error);
void language_free(struct language *language);

// Words of the longest history that the back-off models tell apart; SIZE_MAX with a network.
size_t language_longest(const struct language *language);

// Bytes of the states that are held.
size_t language_memory(const struct language *language);

// Frees the memory of states that are not held.
void language_give_back(struct language *language);

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

// prob[i] = P(word[i] | state[i]), 0 for words that no model knows; old[i] likewise by the old model,
// not touched without one. Equal states should stand together.
bool language_predict(struct language *language, size_t count, const size_t *state,
                      const int32_t *word, double *prob, double *old, struct error *error);

// Root mean square difference of the hidden vectors of two states, 0 to 1. Without a network 0 where
// the back-off models cannot tell them apart, else INFINITY.
double language_distance(const struct language *language, size_t a, size_t b);

#endif
