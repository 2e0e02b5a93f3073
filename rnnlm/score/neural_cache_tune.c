// Finds theta and lambda of a neural cache.
#include "score/neural_cache_tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/march.h"
#include "score/mixture.h"

enum { AHEAD = 1 << 14, THETAS = 29, MOST_ITERATIONS = 1000 };

static const double LEAST_THETA = 0x1p-8, PRECISION = 1e-5;

struct tuning {
    const struct model *model;
    const struct network_use *use;
    struct forward_crew crew;
    struct march march;
    struct state *state;
    struct neural_cache cache;
    float *top;     // [AHEAD][width of the output's input]
    int32_t *word;  // [AHEAD]
    double *ahead;  // [AHEAD] the network's probabilities
    double *cached; // [thetas][AHEAD] the cache's
    double *net;    // [words] those of the words that count, and the same of the cache:
    size_t words, net_capacity;
    double *column[THETAS]; // [words] for each theta
    size_t capacity[THETAS];
    double theta[THETAS];
    size_t thetas;
};

static bool tuning_init(struct tuning *tuning, const struct neural_cache_rule *rule,
                        struct error *error)
{
    const struct network *network = &tuning->model->network;
    const struct network_use *use = tuning->use;
    tuning->thetas = isnan(rule->theta) ? THETAS : 1;
    for (size_t k = 0; k < tuning->thetas; k++)
        tuning->theta[k] = isnan(rule->theta) ? LEAST_THETA * pow(2, (double)k / 2) : rule->theta;
    tuning->state = state_at_start(network, network_use_start(use), tuning->model->state, error);
    tuning->top = memory_new(AHEAD, network->width * sizeof(float), error);
    tuning->word = memory_new(AHEAD, sizeof *tuning->word, error);
    tuning->ahead = memory_new(AHEAD, sizeof *tuning->ahead, error);
    tuning->cached = memory_new(AHEAD, tuning->thetas * sizeof *tuning->cached, error);
    if (use->dynamic != NULL &&
        !dynamic_start(use->dynamic, network_use_start(use), tuning->model->state, error))
        return false;
    return tuning->state != NULL && tuning->top != NULL && tuning->word != NULL &&
           tuning->ahead != NULL && tuning->cached != NULL &&
           forward_crew_init(&tuning->crew, network, use->independent, use->pool, error) &&
           march_init(&tuning->march, &tuning->crew, error) &&
           neural_cache_init(&tuning->cache, rule, network->width, use->pool, error);
}

static void tuning_free(struct tuning *tuning)
{
    march_free(&tuning->march);
    forward_crew_free(&tuning->crew);
    neural_cache_free(&tuning->cache);
    free(tuning->state);
    free(tuning->top);
    free(tuning->word);
    free(tuning->ahead);
    free(tuning->cached);
    free(tuning->net);
    for (size_t k = 0; k < THETAS; k++)
        free(tuning->column[k]);
}

static bool keep(struct tuning *tuning, size_t i, size_t n, struct error *error)
{
    if (!memory_grow(&tuning->net, &tuning->net_capacity, tuning->words + 1, sizeof(double), error))
        return false;
    tuning->net[tuning->words] = tuning->ahead[i];
    for (size_t k = 0; k < tuning->thetas; k++) {
        if (!memory_grow(&tuning->column[k], &tuning->capacity[k], tuning->words + 1,
                         sizeof(double), error))
            return false;
        tuning->column[k][tuning->words] = tuning->cached[k * n + i];
    }
    tuning->words++;
    return true;
}

// The network's probabilities of the next n words, and the outputs in front of them.
static bool predict(struct tuning *tuning, size_t n, struct error *error)
{
    const struct network_use *use = tuning->use;
    size_t width = tuning->model->network.width;
    if (use->dynamic == NULL)
        return march_score_tops(&tuning->march, tuning->state, tuning->word, n, tuning->ahead,
                                tuning->top, error);
    for (size_t i = 0; i < n; i++) {
        if (!dynamic_next(use->dynamic, tuning->word[i], &tuning->ahead[i], error))
            return false;
        if (tuning->word[i] >= 0)
            memcpy(tuning->top + i * width, dynamic_top(use->dynamic), width * sizeof *tuning->top);
    }
    return true;
}

// The words that both give something to, or one of them: not the unknown ones, nor the first.
static bool score(struct tuning *tuning, size_t n, struct error *error)
{
    size_t width = tuning->model->network.width;
    if (!predict(tuning, n, error))
        return false;
    neural_cache_words(&tuning->cache, tuning->top, width, tuning->word, n, tuning->theta,
                       tuning->thetas, tuning->cached);
    for (size_t i = 0; i < n; i++)
        if (tuning->word[i] >= 0 && tuning->cached[i] >= 0 && !keep(tuning, i, n, error))
            return false;
    return true;
}

static bool score_text(struct tuning *tuning, struct reader *text, struct error *error)
{
    struct token token;
    size_t n = 0;
    while (reader_next(text, &token)) {
        tuning->word[n++] = network_use_id(tuning->use, &tuning->model->vocabulary, &token);
        if (n < AHEAD)
            continue;
        if (!score(tuning, n, error))
            return false;
        n = 0;
    }
    return reader_ok(text, error) && score(tuning, n, error) &&
           (tuning->words > 0 ||
            error_set(error,
                      "%s: found no two words that the model knows, wanted a text to tune "
                      "the cache on",
                      reader_name(text)));
}

// The best lambda for a theta, and what the text is worth then.
static bool try(const struct tuning *tuning, size_t k, double *lambda, double *log10_prob,
                struct error *error)
{
    const double *prob[2] = {tuning->net, tuning->column[k]};
    struct mixture mixture = {2, tuning->words, prob};
    double weight[2] = {isnan(*lambda) ? 0.5 : 1 - *lambda, isnan(*lambda) ? 0.5 : *lambda};
    if (isnan(*lambda) && !mixture_train(&mixture, weight, PRECISION, MOST_ITERATIONS, NULL, error))
        return false;
    *lambda = weight[1];
    *log10_prob = mixture_score(&mixture, weight).log10_prob;
    return true;
}

bool neural_cache_tune(const struct model *model, const struct network_use *use,
                       struct reader *text, struct neural_cache_rule *rule, struct error *error)
{
    struct tuning tuning = {.model = model, .use = use};
    double best = -INFINITY, log10_prob;
    struct neural_cache_rule found = *rule;
    bool ok = tuning_init(&tuning, rule, error) && score_text(&tuning, text, error);
    for (size_t k = 0; ok && k < tuning.thetas; k++) {
        double lambda = rule->lambda;
        ok = try(&tuning, k, &lambda, &log10_prob, error);
        if (ok && log10_prob > best) {
            best = log10_prob;
            found.theta = tuning.theta[k];
            found.lambda = lambda;
        }
    }
    tuning_free(&tuning);
    if (ok)
        *rule = found;
    return ok;
}
