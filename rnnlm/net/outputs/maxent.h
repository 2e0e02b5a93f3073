// Direct connections: hashed n-gram features that are added to the output layer's logits (Mikolov
// et al., ASRU 2011).
//
// A feature of order a (a history words) of the class layer is a run of C entries of the hash, one
// a class; one of the word layer is a run of entries for the words of one class. A run that reaches
// the end of the hash ends there, for the rest of its classes or words, and those of all higher
// orders end with it: this is what the reference's models are trained with.
#ifndef NET_OUTPUTS_MAXENT_H
#define NET_OUTPUTS_MAXENT_H

#include "net/gradient.h"
#include "net/network.h"

struct maxent_features {
    int count;                      // features that are on, orders 0..count-1
    size_t start[SHAPE_MOST_ORDER]; // where each one's run begins
    size_t most[SHAPE_MOST_ORDER];  // entries that it has at most
};

// The features of a history for the class layer, and for the words of class k. Orders end at the first OOV of the history.
void maxent_class_features(const struct network *network, const int32_t *history,
                           struct maxent_features *features);
void maxent_word_features(const struct network *network, const int32_t *history, size_t k,
                          struct maxent_features *features);

// logit[i] += the i-th entry of every run that has one, for i < n; from the hash `table`, in float
// or bfloat16 (which may be NULL where there are no features).
void maxent_add(const struct parameter *table, const struct maxent_features *features, float *logit,
                size_t n);

// The sum of the i-th entries of the runs that have one.
float maxent_element(const struct parameter *table, const struct maxent_features *features,
                     size_t i);

// entry = keep entry + step e[i], for the same entries.
void maxent_learn(struct parameter *table, const struct maxent_features *features, const float *e,
                  size_t n, float step, float keep);

// Entries that the i-th run has of n.
static inline size_t maxent_run(const struct maxent_features *features, int i, size_t n)
{
    return n < features->most[i] ? n : features->most[i];
}

#endif
