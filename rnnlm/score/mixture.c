// Linear mixtures of models.
#include "score/mixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void mixture_start(size_t models, double *weight)
{
    for (size_t i = 0; i < models; i++)
        weight[i] = models == 1 ? 1 : i == 0 ? 0.5 : 0.5 / (double)(models - 1);
}

bool mixture_check(size_t models, const double *weight, struct error *error)
{
    double sum = 0;
    for (size_t i = 0; i < models; i++) {
        if (!(weight[i] >= 0))
            return error_set(error, "weight %zu is %g, wanted 0 or more", i + 1, weight[i]);
        sum += weight[i];
    }
    if (!(fabs(sum - 1) <= 1e-6))
        return error_set(error, "the weights sum to %.9g, wanted 1", sum);
    return true;
}

// ---- scores -----------------------------------------------------------------------------------

double mixture_perplexity(const struct mixture_score *score)
{
    return score->words > 0 ? pow(10, -score->log10_prob / (double)score->words) : NAN;
}

static bool counts(const struct mixture *mixture, size_t word)
{
    for (size_t i = 0; i < mixture->models; i++)
        if (mixture->prob[i][word] > 0)
            return true;
    return false;
}

uint64_t mixture_words(const struct mixture *mixture)
{
    uint64_t words = 0;
    for (size_t t = 0; t < mixture->words; t++)
        words += counts(mixture, t);
    return words;
}

double mixture_prob(const struct mixture *mixture, const double *weight, size_t word)
{
    double prob = 0;
    for (size_t i = 0; i < mixture->models; i++)
        prob += weight[i] * mixture->prob[i][word];
    return prob;
}

static void add_word(struct mixture_score *score, double prob)
{
    if (prob > 0) {
        score->log10_prob += log10(prob);
        score->words++;
    } else {
        score->zeros++;
    }
}

struct mixture_score mixture_score(const struct mixture *mixture, const double *weight)
{
    struct mixture_score score = {0};
    for (size_t t = 0; t < mixture->words; t++)
        if (counts(mixture, t))
            add_word(&score, mixture_prob(mixture, weight, t));
    return score;
}

struct mixture_score mixture_score_one(const struct mixture *mixture, size_t model)
{
    struct mixture_score score = {0};
    for (size_t t = 0; t < mixture->words; t++)
        if (counts(mixture, t))
            add_word(&score, mixture->prob[model][t]);
    return score;
}

// ---- expectation maximisation -----------------------------------------------------------------

// The posterior of model i for word t is weight[i] P_i(t) / sum_j weight[j] P_j(t). Adds them up
// over the words; returns how many words count.
static uint64_t add_posteriors(const struct mixture *mixture, const double *weight, double *sum)
{
    uint64_t words = 0;
    memset(sum, 0, mixture->models * sizeof *sum);
    for (size_t t = 0; t < mixture->words; t++) {
        double mixed = mixture_prob(mixture, weight, t);
        if (!(mixed > 0))
            continue;
        words++;
        for (size_t i = 0; i < mixture->models; i++)
            sum[i] += weight[i] * mixture->prob[i][t] / mixed;
    }
    return words;
}

// The new weights are the mean posteriors. Returns the largest change.
static double renew_weights(const struct mixture *mixture, double *weight, const double *sum,
                            uint64_t words)
{
    double change = 0;
    for (size_t i = 0; i < mixture->models; i++) {
        double renewed = sum[i] / (double)words;
        change = fmax(change, fabs(renewed - weight[i]));
        weight[i] = renewed;
    }
    return change;
}

bool mixture_train(const struct mixture *mixture, double *weight, double precision,
                   uint64_t most_iterations, uint64_t *iterations, struct error *error)
{
    for (size_t i = 0; i < mixture->models; i++)
        if (!(weight[i] > 0))
            return error_set(error, "weight %zu is %g at the start, wanted more than 0", i + 1,
                             weight[i]);
    double *sum = memory_new(mixture->models, sizeof *sum, error);
    if (sum == NULL)
        return false;
    uint64_t done = 0, words = 0;
    double change = INFINITY;
    for (; done < most_iterations && change >= precision; done++) {
        words = add_posteriors(mixture, weight, sum);
        if (words == 0)
            break;
        change = renew_weights(mixture, weight, sum, words);
    }
    free(sum);
    if (iterations != NULL)
        *iterations = done;
    return words > 0 || most_iterations == 0 ||
           error_set(error, "no word has a probability above 0 in any of the models");
}
