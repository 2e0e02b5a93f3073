// Dropout in batches: a share p of values, drawn anew for each block or word, is left out, and what
// is kept is multiplied by 1 / (1 - p): scoring, which leaves nothing out, need not know of it
// (Srivastava et al. 2014).
//
//   units      out[t] = m[t] h[t] is what a layer hands up, while h[t] goes to its own next step
//              (Zaremba et al. 2014): m[t] is new for each word, or the same for all words of a
//              stream in a block (Gal & Ghahramani 2016)
//   weights    M W stands for a recurrent matrix W for a block (DropConnect, Wan et al. 2013; of
//              recurrent matrices Merity et al. 2018)
//   words      whole words of the input for a block: their rows count as 0 (Gal & Ghahramani 2016)
//
// Each factor, 0 or 1 / (1 - p), is a function of the seed and of its place (number of the block;
// layer and row, matrix and row, or word) alone: neither threads nor interruptions change it.
#ifndef LEARN_DROPOUT_H
#define LEARN_DROPOUT_H

#include "base/threads.h"
#include "learn/tape.h"

// Shares that are left out, from 0 to DROPOUT_MOST, exact to 2^-16.
struct dropout_rule {
    float words;     // of words taken in
    float input;     // of a bottom layer's units, if it carries nothing on: an embedding
    float layers;    // of the units of the other layers below another
    float output;    // of the topmost layer's units
    float recurrent; // of the weights of recurrent matrices
    bool each_word;  // units: a new mask for each word
    uint32_t seed;
};

#define DROPOUT_MOST 0.999

// Who draws the factors of a tape.
struct dropout {
    struct dropout_rule rule;
    struct tape *tape; // not owned; NULL if nothing is dropped
    // The tape has some of the streams of a block: `first` is the number of its first one, of `streams`.
    // Set by dropout_init() to those that the tape has.
    size_t first, streams;
    // The rest belongs to dropout.c.
    uint64_t block; // at hand
    size_t rows;    // of it
};

// Whether anything is dropped.
bool dropout_wanted(const struct dropout_rule *rule);

// Error: a share is above 0 of which the network has nothing.
bool dropout_check(const struct dropout_rule *rule, const struct network_shape *shape,
                   struct error *error);

// Gives a tape in batches its factors, which then belong to it. Error: no memory.
bool dropout_init(struct dropout *dropout, const struct dropout_rule *rule, struct tape *tape,
                  struct error *error);

// Draws the factors of the block of this number, which has `rows` rows, whose words are there.
void dropout_draw(struct dropout *dropout, uint64_t block, size_t rows, struct pool *pool);

#endif
