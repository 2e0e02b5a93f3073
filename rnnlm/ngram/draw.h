// Words drawn from a back-off model's distribution.
#ifndef NGRAM_DRAW_H
#define NGRAM_DRAW_H

#include "base/random.h"
#include "ngram/backoff.h"

// The model's unigrams, prepared for drawing. May be used by any number of threads.
struct ngram_drawer {
    const struct ngram_model *model;
    double *cumulative; // [words] of unigram probabilities, in the order of the ARPA file
    int32_t *id;        // [words] where a packed model has those words; NULL for others
};

bool ngram_drawer_init(struct ngram_drawer *drawer, const struct ngram_model *model,
                       struct error *error);
void ngram_drawer_free(struct ngram_drawer *drawer);

// A word drawn with the probabilities that ngram_score() gives after this history, <s> excepted.
int32_t ngram_draw(const struct ngram_drawer *drawer, const struct ngram_state *state,
                   struct random *random);

#endif
