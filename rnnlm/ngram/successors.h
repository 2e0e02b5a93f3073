// The words that a model has behind one context, beside the probabilities that backing off gives
// them: what back-off weights and pruning are made of.
#ifndef NGRAM_SUCCESSORS_H
#define NGRAM_SUCCESSORS_H

#include "ngram/backoff.h"

struct successors {
    uint32_t first, end;       // nodes of the level above the context's
    double *probability;       // [end - first] p(w | h)
    double *lower;             // [end - first] p(w | h'), h' being h without its first word
    double left, lower_left;   // 1 - sum p(w | h), 1 - sum p(w | h')
    bool backed_off;           // some p(w | h') is of a shorter n-gram yet
    struct ngram_query *query; // scratch
    size_t probability_capacity, lower_capacity, query_capacity;
};

// Fills in those of the context that the walk has come to; a struct of zeros at first.
// successors_free() in the end, also after a failure.
bool successors_find(struct successors *successors, const struct ngram_walk *context,
                     struct error *error);
void successors_free(struct successors *successors);

// The history of `count` words, forgetting all before them.
void ngram_history(const struct ngram_model *model, const int32_t *word, int count,
                   struct ngram_state *state);

#endif
