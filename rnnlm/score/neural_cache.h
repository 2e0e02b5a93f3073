// A cache of a network's own states (Grave, Joulin & Usunier 2017): words that came where the topmost
// layer's output was like what it is now are likely to come again.
//
//   P_cache(w | h) = sum of exp(theta h . h_i) over i with w_i = w / sum of the same over all i
//   P(w)           = (1 - lambda) P_network(w) + lambda P_cache(w)
//
// i runs over the last `window` known words w_i, h_i is the output in front of w_i. While there are none,
// P is the network's. Nothing is learnt: it costs a product of `window` rows with one vector a word.
#ifndef SCORE_NEURAL_CACHE_H
#define SCORE_NEURAL_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/threads.h"

struct neural_cache_rule {
    size_t window; // 0: no cache
    double theta, lambda;
};

enum { NEURAL_CACHE_MOST = 1 << 20 }; // words of a window

struct neural_cache {
    struct neural_cache_rule rule;
    size_t width, row; // floats of an output, and of a row
    float *top;        // [window + some][row] outputs, the oldest first
    int32_t *word;     // the word behind each
    size_t count;
    float *scratch;    // [threads][2][row of a window]
    struct pool *pool; // not owned; may be NULL
};

// An empty cache of outputs of `width` floats. Error: no memory. neural_cache_free() in any case.
bool neural_cache_init(struct neural_cache *cache, const struct neural_cache_rule *rule,
                       size_t width, struct pool *pool, struct error *error);
void neural_cache_free(struct neural_cache *cache);

// Takes in the next n words of a text, word[i] behind the output top + i * stride, and fills
// prob[k * n + i] = P_cache(word[i]) with theta[k], k < thetas: 0 for WORD_OOV, which is not taken
// in, and -1 while the cache is empty. The results do not depend on threads.
void neural_cache_words(struct neural_cache *cache, const float *top, size_t stride,
                        const int32_t *word, size_t n, const double *theta, size_t thetas,
                        double *prob);

// The same, and P_network becomes P in prob [n].
void neural_cache_mix(struct neural_cache *cache, const float *top, size_t stride,
                      const int32_t *word, size_t n, double *prob);

// P_network of all words becomes P, behind the output `top`, which is not taken in.
void neural_cache_mix_all(struct neural_cache *cache, const float *top, double *prob, size_t words);

// With probability lambda a word drawn from the cache, else WORD_OOV: the network is to draw.
int32_t neural_cache_draw(struct neural_cache *cache, const float *top, struct random *random);

#endif
