// A network on a running text: where it stands, and what comes next.
#ifndef SCORE_SCORER_H
#define SCORE_SCORER_H

#include "base/random.h"
#include "model/model.h"
#include "net/forward.h"
#include "net/state.h"

struct scorer {
    const struct model *model;
    struct state *begin;      // template: where the text begins
    struct state *now, *next; // `next` is scratch
    struct forward forward;   // one state
    int32_t *all;             // all words, once their probabilities have been asked for
    size_t *place;            // zeros, as many
};

// Stands before the first word of a text that begins as `start` says (STATE_STORED: in the state that
// the model file was left in). `weights` are those of the model's network; they stay the caller's.
// scorer_free() in any case. Error: no memory.
bool scorer_init(struct scorer *scorer, const struct model *model,
                 const struct forward_weights *weights, enum state_start start,
                 struct error *error);
void scorer_free(struct scorer *scorer);

// Stands there again.
void scorer_restart(struct scorer *scorer);

// Probability of `word` here (0 for WORD_OOV), then goes on behind it.
double scorer_word(struct scorer *scorer, int32_t word);

// Goes on behind `word`.
void scorer_advance(struct scorer *scorer, int32_t word);

// The probabilities of all words here [words of the model]; the scorer stays where it is. Error: no
// memory.
bool scorer_distribution(struct scorer *scorer, double *prob, struct error *error);

// What the output takes in [width of the network], where scorer_word() of a known word, scorer_load(),
// scorer_distribution() or scorer_draw() was asked last; valid until the next of these.
const float *scorer_top(const struct scorer *scorer);
void scorer_load(struct scorer *scorer);

// A word drawn from the distribution here; the scorer stays where it is.
int32_t scorer_draw(struct scorer *scorer, struct random *random);

#endif
