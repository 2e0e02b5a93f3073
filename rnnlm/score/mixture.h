// Linear mixtures of models: P(w) = sum of weight[i] * P_i(w), weights found by expectation
// maximisation.
//
// Everything here is about arrays of probabilities, one for each word of a text. A word to which
// every model gives 0 (it is unknown to all of them) counts nowhere.
#ifndef SCORE_MIXTURE_H
#define SCORE_MIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mixture {
    size_t models;
    size_t words;
    const double *const *prob; // [models][words], each from 0 to 1
};

// The precision to which SRILM's compute-best-mix works unless told otherwise.
#define MIXTURE_PRECISION 0.001

// Log probability of a text under one model or a mixture.
struct mixture_score {
    double log10_prob; // over the words that have a probability above 0
    uint64_t words;    // how many they are
    uint64_t zeros;    // words that count and have none: known to another model only
};

// 10^(-log10_prob / words), NaN without words.
double mixture_perplexity(const struct mixture_score *score);

// Finds weights by expectation maximisation, from those in weight[models] on; mixture_equal() gives
// the usual start. Ends, as SRILM's compute-best-mix, after the first iteration that changes no
// weight by `precision` or more, or after `most_iterations`. The likelihood never falls, and it has
// one maximum; where models are much alike EM is slow, and a smaller precision takes the weights
// nearer to it. *iterations (may be NULL) counts them. Error: no word counts; a weight is zero,
// negative or NaN at the start; no memory.
bool mixture_train(const struct mixture *mixture, double *weight, double precision,
                   uint64_t most_iterations, uint64_t *iterations, struct error *error);

// The weights that compute-best-mix starts from: 1/2 for the first model, the others share the
// rest.
void mixture_start(size_t models, double *weight);

// Error: a weight is negative or NaN, or they do not sum to 1 (within 1e-6).
bool mixture_check(size_t models, const double *weight, struct error *error);

// The mixed probability of a word.
double mixture_prob(const struct mixture *mixture, const double *weight, size_t word);

// Scores of the mix and of the model `model` alone.
struct mixture_score mixture_score(const struct mixture *mixture, const double *weight);
struct mixture_score mixture_score_one(const struct mixture *mixture, size_t model);

// Words that count: those with a probability above 0 in some model.
uint64_t mixture_words(const struct mixture *mixture);

#endif
