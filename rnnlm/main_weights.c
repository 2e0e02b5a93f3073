// rnnlm -weights, -lambda and -mixing: what models weigh in a mixture.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "main_scoring.h"
#include "score/source_mixture.h"

static const double MOST_EXPONENT = 1e6, LEAST_EXPONENT = 1e-3;

// ---- as they are given ------------------------------------------------------------------------

static bool parse_number(const char *text, size_t length, double *weight, struct error *error)
{
    if (!main_is_log_linear())
        return main_weight("weights", text, length, weight, error);
    return (number_parse(text, length, weight) && *weight >= 0 && *weight <= MOST_EXPONENT) ||
           error_usage(error, "option -weights: found \"%.*s\", wanted a number from 0 on, or auto",
                       (int)length, text);
}

static bool wrong_count(size_t networks, size_t all, struct error *error)
{
    char also[64] = "";
    if (main_is_log_linear())
        return error_usage(error,
                           "option -weights: found \"%s\", wanted %zu numbers, one for each model",
                           set.weights, all);
    if (all > networks)
        snprintf(also, sizeof also, ", or %zu, one for each model", all);
    return error_usage(error,
                       "option -weights: found \"%s\", wanted %zu numbers, one for each -rnnlm%s",
                       set.weights, networks, also);
}

// -weights: of the networks alone, or, if it has as many numbers, of all models. *count is what it has.
static bool parse_numbers(double *weight, size_t networks, size_t all, size_t *count,
                          struct error *error)
{
    *count = 1;
    for (const char *at = set.weights; *at != '\0'; at++)
        *count += *at == ',';
    if (*count != all && (*count != networks || main_is_log_linear()))
        return wrong_count(networks, all, error);
    const char *at = set.weights;
    for (size_t i = 0; i < *count; i++) {
        size_t length = strcspn(at, ",");
        if (!parse_number(at, length, &weight[i], error))
            return false;
        at += length + 1;
    }
    return true;
}

static void equal(double *weight, size_t count)
{
    for (size_t i = 0; i < count; i++)
        weight[i] = 1 / (double)count;
}

// Some of the weights of all models as shares of their sum, which is returned.
static double take_shares(double *weight, const double *all, size_t count)
{
    double sum = 0;
    equal(weight, count);
    for (size_t i = 0; i < count; i++)
        sum += all[i];
    for (size_t i = 0; i < count && sum > 0; i++)
        weight[i] = all[i] / sum;
    return sum;
}

// evaluation->exponent is scratch.
static bool parse(struct evaluation *evaluation, struct error *error)
{
    struct blend *blend = &evaluation->blend;
    const size_t networks = set.models.count, others = main_others();
    double *all = evaluation->exponent;
    size_t count;
    if (!parse_numbers(all, networks, networks + others, &count, error))
        return false;
    if (count > networks && given.lambda)
        return error_usage(error, "-weights of all models and -lambda exclude each other");
    if (main_is_log_linear())
        return true;
    if (!mixture_check(count, all, error))
        return error_option(error, "weights");
    if (count == networks) {
        memcpy(blend->weight, all, networks * sizeof *all);
        return true;
    }
    blend->lambda = take_shares(blend->weight, all, networks);
    take_shares(evaluation->other_weight, all + networks, others);
    return true;
}

// A log-linear mixture has the weights of a linear one, unless there are others.
static void choose_exponents(struct evaluation *evaluation)
{
    const struct blend *blend = &evaluation->blend;
    const size_t networks = set.models.count, others = main_others();
    const double lambda = others > 0 ? blend->lambda : 1;
    for (size_t i = 0; i < networks; i++)
        evaluation->exponent[i] = lambda * blend->weight[i];
    for (size_t i = 0; i < others; i++)
        evaluation->exponent[networks + i] = (1 - lambda) * evaluation->other_weight[i];
}

bool main_parse_weights(struct evaluation *evaluation, struct error *error)
{
    struct blend *blend = &evaluation->blend;
    blend->lambda = 0.5;
    if (!main_is_auto(set.lambda) &&
        !main_weight("lambda", set.lambda, strlen(set.lambda), &blend->lambda, error))
        return false;
    equal(blend->weight, set.models.count);
    equal(evaluation->other_weight, main_others());
    if (set.weights == NULL || main_is_auto(set.weights)) {
        choose_exponents(evaluation);
        return true;
    }
    return parse(evaluation, error);
}

// ---- as they are found ------------------------------------------------------------------------

bool main_finds_weights(void)
{
    return main_is_auto(set.lambda) || main_is_auto(set.weights);
}

static const char *other_name(size_t i)
{
    return i < set.ngrams.count ? set.ngrams.item[i] : set.lm_probs.item[i - set.ngrams.count];
}

// The weights of all models as an option.
static void write_all(const double *weight, size_t count, struct output *output)
{
    output_text(output, "weights of all: -weights ");
    for (size_t i = 0; i < count; i++)
        output_format(output, "%s%.9g", i > 0 ? "," : "", weight[i]);
    output_text(output, "\n");
}

static void write_weights(struct evaluation *evaluation, const struct mixture_score *score,
                          struct output *output)
{
    const struct blend *blend = &evaluation->blend;
    const size_t networks = set.models.count, others = main_others();
    for (size_t i = 0; i < networks && networks > 1 && !main_is_log_linear(); i++)
        output_format(output, "weight of %s: %f\n", set.models.item[i], blend->weight[i]);
    for (size_t i = 0; i < others && others > 1 && !main_is_log_linear(); i++)
        output_format(output, "weight of %s: %f\n", other_name(i), evaluation->other_weight[i]);
    if (others > 0 && !main_is_log_linear())
        output_format(output, "lambda: %f\n", blend->lambda);
    if (main_is_log_linear() || (others > 0 && networks + others > 2))
        write_all(evaluation->exponent, networks + others, output);
    output_format(output, "PPL combine on %s: %f\n", set.tune, mixture_perplexity(score));
}

bool main_finds_cache_weights(void)
{
    return set.cache_window > 0 && main_is_auto(set.weights) && !given.cache_lambda &&
           !main_is_log_linear();
}

void main_write_caches(const struct evaluation *evaluation, struct output *output)
{
    for (size_t i = 0; i < evaluation->loaded && set.cache_window > 0; i++)
        output_format(output, "cache of %s: theta %g, lambda %.4f\n", set.models.item[i],
                      evaluation->cache[i].theta, evaluation->cache[i].lambda);
}

static bool tune_linear(struct evaluation *evaluation, struct mixture_score *score,
                        struct error *error)
{
    struct blend *blend = &evaluation->blend;
    const bool weights = main_is_auto(set.weights), caches = main_finds_cache_weights();
    const bool learns = set.dynamic > 0 && !set.nbest; // as on the text that is tested
    double *cache_lambda = memory_new(set.models.count, sizeof *cache_lambda, error);
    struct reader *text = main_open_text(evaluation, set.tune, error);
    bool ok =
        text != NULL && cache_lambda != NULL &&
        (!learns || main_start_dynamic(evaluation, error)) &&
        main_make_sources(evaluation, &set.tune_lm_probs, set.per_sentence, learns, error) &&
        blend_tune(blend, text, weights, main_is_auto(set.lambda) || (weights && !given.lambda),
                   caches ? cache_lambda : NULL, score, error);
    reader_close(text);
    if (learns && evaluation->ready)
        main_restore_dynamic(evaluation);
    for (size_t i = 0; ok && caches && i < set.models.count; i++)
        evaluation->cache[i].lambda = cache_lambda[i];
    free(cache_lambda);
    if (ok && blend->other != NULL && main_others() > 1)
        memcpy(evaluation->other_weight, source_part_weights(blend->other),
               main_others() * sizeof *evaluation->other_weight);
    choose_exponents(evaluation);
    return ok;
}

static struct source *mix_log_linear(void *context, const double *weight, struct error *error)
{
    struct evaluation *evaluation = context;
    struct blend *blend = &evaluation->blend;
    if (weight != evaluation->exponent)
        memcpy(evaluation->exponent, weight, (set.models.count + main_others()) * sizeof *weight);
    if (!main_make_sources(evaluation, &set.tune_lm_probs, set.per_sentence, false, error))
        return NULL;
    struct source *source = blend->network[0];
    blend->network[0] = NULL;
    return source;
}

static struct reader *open_tune(void *context, struct error *error)
{
    return main_open_text(context, set.tune, error);
}

static bool tune_log_linear(struct evaluation *evaluation, struct mixture_score *score,
                            struct error *error)
{
    const struct log_linear_text text = {evaluation, mix_log_linear, open_tune};
    const size_t all = set.models.count + main_others();
    double *weight = memory_new(all, sizeof *weight, error);
    *score = (struct mixture_score){.words = 0};
    for (size_t i = 0; weight != NULL && i < all; i++)
        weight[i] = fmax(evaluation->exponent[i], LEAST_EXPONENT);
    bool ok = weight != NULL &&
              log_linear_tune(&text, weight, all, &score->log10_prob, &score->words, error);
    if (ok)
        memcpy(evaluation->exponent, weight, all * sizeof *weight);
    free(weight);
    return ok;
}

bool main_tune_weights(struct evaluation *evaluation, struct output *output, struct error *error)
{
    struct mixture_score score;
    if (set.tune == NULL)
        return error_usage(
            error, "-lambda auto and -weights auto want a text to find weights on: -tune FILE");
    if (set.lm_probs.count > 0 && set.tune_lm_probs.count == 0)
        return error_usage(
            error, "-lm-prob holds probabilities of the test text; those of the -tune text are "
                   "wanted too: -tune-lm-prob FILE");
    if (main_is_log_linear() ? !tune_log_linear(evaluation, &score, error)
                             : !tune_linear(evaluation, &score, error))
        return false;
    if (main_finds_cache_weights() && set.debug > 0 && main_form == TEST_TOTALS)
        main_write_caches(evaluation, output);
    if (set.debug > 0 && main_form != TEST_SCORES && main_form != TEST_SURPRISAL)
        write_weights(evaluation, &score, output);
    return true;
}
