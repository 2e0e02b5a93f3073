// Probabilities and back-off weights from sorted counts, interpolated with those of shorter n-grams or
// not.
#ifndef NGRAM_INTERPOLATE_H
#define NGRAM_INTERPOLATE_H

#include "base/error.h"
#include "ngram/counts.h"

// The n-grams of one order above 1, in the order of their contexts (nearest word first) and words.
struct interpolated_order {
    struct record_shape shape;
    // Payload: a float, -log10 of the probability; its sign bit marks n-grams that a cut-off has
    // dropped, whose probability is then the one from backing off.
    struct sequence ngrams;
    uint64_t kept; // n-grams that are not dropped
    // Back-off weights of the n-grams that are contexts in the model, in the same order. Payload:
    // float, log10.
    struct sorter backoffs;
};

struct interpolated {
    size_t orders;
    struct interpolated_order order[NGRAM_MOST_ORDER + 1]; // [2..]
    const union unigram *unigram; // [words + 1] probabilities, in the places of the counts
    float *unigram_backoff;       // [words + 1] log10
    unsigned char *context;       // [words + 1] whether unigram_backoff is to be written
    size_t taken;                 // of the allowance, for both
    uint64_t events;        // words that can be predicted
    bool mixes;             // probabilities hold a share of those of shorter n-grams
};

// Takes the n-grams out of `counts`, whose discounts have been computed; it must stay as long as the model. `cutoff[k]` drops k-grams
// with counts up to it. Without `mixes`, n-grams that have been seen have what the discounts leave them,
// and no more. interpolated_free() also after a failure.
bool interpolate(struct interpolated *model, struct counts *counts, const uint64_t *cutoff,
                 bool mixes, struct allowance *allowance, const char *temporary,
                 struct error *error);
void interpolated_free(struct interpolated *model);

// Gives back the memory of back-off weights of single words.
void interpolated_free_unigrams(struct interpolated *model);

#endif
