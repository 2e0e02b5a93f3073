// A cache of a network's own states.
#include "score/neural_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "text/vocabulary.h"

enum { AHEAD = 512 }; // words that are taken in at a time: room behind the window

bool neural_cache_init(struct neural_cache *cache, const struct neural_cache_rule *rule,
                       size_t width, struct pool *pool, struct error *error)
{
    size_t threads = pool != NULL ? pool_threads(pool) : 1, window = rule->window;
    *cache = (struct neural_cache){
        .rule = *rule, .width = width, .row = memory_row(width), .pool = pool};
    cache->top = memory_new(window + AHEAD, cache->row * sizeof *cache->top, error);
    cache->word = memory_new(window + AHEAD, sizeof *cache->word, error);
    cache->scratch = memory_new(threads, 2 * memory_row(window) * sizeof(float), error);
    return cache->top != NULL && cache->word != NULL && cache->scratch != NULL;
}

void neural_cache_free(struct neural_cache *cache)
{
    free(cache->top);
    free(cache->word);
    free(cache->scratch);
    memset(cache, 0, sizeof *cache);
}

// What a worker has: h . h_i, and these times theta.
struct scratch {
    float *product, *logit;
};

static struct scratch scratch_of(const struct neural_cache *cache, size_t worker)
{
    size_t row = memory_row(cache->rule.window);
    float *begin = cache->scratch + 2 * worker * row;
    return (struct scratch){begin, begin + row};
}

// product[i] = h . h_(first + i) of the entries in front of `end`; how many they are.
static size_t attend(const struct neural_cache *cache, size_t end, const float *top, float *product)
{
    size_t window = cache->rule.window, first = end > window ? end - window : 0, n = end - first;
    memset(product, 0, n * sizeof *product);
    kernels->rows_times(product, cache->top + first * cache->row, cache->row, n, top, cache->width);
    return n;
}

// P of each entry at the end.
static size_t shares(const struct neural_cache *cache, const float *top, float *share)
{
    size_t n = attend(cache, cache->count, top, share);
    for (size_t i = 0; i < n; i++)
        share[i] *= (float)cache->rule.theta;
    if (n > 0)
        kernels->softmax(share, n);
    return n;
}

// ---- words of a text --------------------------------------------------------------------------

// Some words that have been entered behind those in front of them.
struct entered {
    struct neural_cache *cache;
    size_t first, n; // entries
    const double *theta;
    size_t thetas;
    double *prob[AHEAD]; // of each: prob[i][k * stride]
    size_t stride;
};

// P_cache of the word at entry `at`, behind n others.
static double prob_of(const struct neural_cache *cache, size_t at, size_t n, double theta,
                      const struct scratch *scratch)
{
    for (size_t i = 0; i < n; i++)
        scratch->logit[i] = (float)theta * scratch->product[i];
    double prob = 0;
    kernels->softmax(scratch->logit, n);
    for (size_t i = 0; i < n; i++)
        if (cache->word[at - n + i] == cache->word[at])
            prob += (double)scratch->logit[i];
    return prob < 1 ? prob : 1; // a sum of floats
}

static void find_probs(void *context, size_t worker, size_t item)
{
    const struct entered *entered = context;
    const struct neural_cache *cache = entered->cache;
    struct scratch scratch = scratch_of(cache, worker);
    size_t at = entered->first + item;
    size_t n = attend(cache, at, cache->top + at * cache->row, scratch.product);
    for (size_t k = 0; k < entered->thetas; k++)
        entered->prob[item][k * entered->stride] =
            n > 0 ? prob_of(cache, at, n, entered->theta[k], &scratch) : -1;
}

// Entries that are too old go.
static void make_room(struct neural_cache *cache)
{
    size_t window = cache->rule.window;
    if (cache->count <= window)
        return;
    size_t old = cache->count - window;
    memmove(cache->top, cache->top + old * cache->row, window * cache->row * sizeof *cache->top);
    memmove(cache->word, cache->word + old, window * sizeof *cache->word);
    cache->count = window;
}

void neural_cache_words(struct neural_cache *cache, const float *top, size_t stride,
                        const int32_t *word, size_t n, const double *theta, size_t thetas,
                        double *prob)
{
    struct entered entered = {.cache = cache, .theta = theta, .thetas = thetas, .stride = n};
    for (size_t at = 0; at < n;) {
        make_room(cache);
        entered.first = cache->count;
        for (entered.n = 0; at < n && entered.n < AHEAD; at++) {
            for (size_t k = 0; k < thetas && word[at] < 0; k++)
                prob[k * n + at] = 0;
            if (word[at] < 0)
                continue;
            memcpy(cache->top + cache->count * cache->row, top + at * stride,
                   cache->width * sizeof *top);
            cache->word[cache->count++] = word[at];
            entered.prob[entered.n++] = prob + at;
        }
        pool_run(cache->pool, find_probs, &entered, entered.n);
    }
}

void neural_cache_mix(struct neural_cache *cache, const float *top, size_t stride,
                      const int32_t *word, size_t n, double *prob)
{
    double own[AHEAD], lambda = cache->rule.lambda;
    for (size_t first = 0, count; first < n; first += count) {
        count = n - first < AHEAD ? n - first : AHEAD;
        neural_cache_words(cache, top + first * stride, stride, word + first, count,
                           &cache->rule.theta, 1, own);
        for (size_t i = 0; i < count; i++)
            if (own[i] >= 0 && word[first + i] >= 0)
                prob[first + i] = (1 - lambda) * prob[first + i] + lambda * own[i];
    }
}

// ---- all words of a place ---------------------------------------------------------------------

void neural_cache_mix_all(struct neural_cache *cache, const float *top, double *prob, size_t words)
{
    size_t n = shares(cache, top, cache->scratch);
    double lambda = cache->rule.lambda;
    for (size_t w = 0; n > 0 && w < words; w++)
        prob[w] *= 1 - lambda;
    for (size_t i = 0; i < n; i++)
        prob[cache->word[cache->count - n + i]] += lambda * (double)cache->scratch[i];
}

int32_t neural_cache_draw(struct neural_cache *cache, const float *top, struct random *random)
{
    if (cache->count == 0 || random_uniform(random, 0, 1) >= cache->rule.lambda)
        return WORD_OOV;
    size_t n = shares(cache, top, cache->scratch), drawn = 0;
    double left = random_uniform(random, 0, 1);
    while (drawn + 1 < n && left >= (double)cache->scratch[drawn])
        left -= (double)cache->scratch[drawn++];
    return cache->word[cache->count - n + drawn];
}
