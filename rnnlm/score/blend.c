// Linear mixtures of sources.
#include "score/blend.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "score/source_mixture.h"

bool blend_init(struct blend *blend, struct source *const *part, const double *weight, size_t parts,
                struct error *error)
{
    *blend = (struct blend){.lambda = 1};
    blend->network = memory_new(parts, sizeof *blend->network, error);
    blend->weight = blend->network != NULL ? memory_new(parts, sizeof *blend->weight, error) : NULL;
    if (blend->weight == NULL) {
        for (size_t i = 0; i < parts; i++)
            source_free(part[i]);
        return false;
    }
    memcpy(blend->network, part, parts * sizeof *part);
    memcpy(blend->weight, weight, parts * sizeof *weight);
    blend->networks = parts;
    return true;
}

void blend_free(struct blend *blend)
{
    for (size_t i = 0; i < blend->networks; i++)
        source_free(blend->network[i]);
    free(blend->network);
    free(blend->weight);
    *blend = (struct blend){.networks = 0};
}

size_t blend_sources(const struct blend *blend)
{
    return blend->networks + (blend->other != NULL);
}

struct source *blend_source(const struct blend *blend, size_t i)
{
    return i < blend->networks ? blend->network[i] : blend->other;
}

double blend_weight(const struct blend *blend, size_t i)
{
    double networks = blend->other != NULL ? blend->lambda : 1;
    return i < blend->networks ? networks * blend->weight[i] : 1 - blend->lambda;
}

bool blend_next(struct blend *blend, const struct token *token, struct blend_word *word,
                struct error *error)
{
    struct source_word one;
    *word = (struct blend_word){.id = WORD_OOV};
    for (size_t i = 0; i < blend->networks; i++) {
        if (!source_next(blend->network[i], token, &one, error))
            return false;
        word->net += blend->weight[i] * one.prob;
        word->known = word->known || one.id >= 0;
        word->listed = word->listed || one.listed;
        if (i == 0)
            word->id = one.id;
        if (word->name == NULL)
            word->name = one.name;
    }
    word->mixed = word->net;
    if (blend->other == NULL)
        return true;
    if (!source_next(blend->other, token, &one, error))
        return false;
    word->other = one.prob;
    word->listed = word->listed || one.listed;
    if (word->name == NULL)
        word->name = one.name;
    word->mixed = blend->lambda * word->net + (1 - blend->lambda) * one.prob;
    return true;
}

bool blend_word_is(const struct blend_word *word, const struct token *token)
{
    return word->listed || (word->name != NULL && strlen(word->name) == token->length &&
                            memcmp(word->name, token->text, token->length) == 0);
}

bool blend_end(struct blend *blend, struct error *error)
{
    for (size_t i = 0; i < blend_sources(blend); i++)
        if (!source_end(blend_source(blend, i), error))
            return false;
    return true;
}

bool blend_look_ahead(struct blend *blend, const struct token *token, size_t count,
                      struct error *error)
{
    for (size_t i = 0; i < blend_sources(blend); i++)
        if (!source_look_ahead(blend_source(blend, i), token, count, error))
            return false;
    return true;
}

bool blend_begin_lists(struct blend *blend, const struct token *token, size_t count,
                       const size_t *list, struct error *error)
{
    for (size_t i = 0; i < blend_sources(blend); i++)
        if (!source_begin_lists(blend_source(blend, i), token, count, list, error))
            return false;
    return true;
}

// ---- weights ----------------------------------------------------------------------------------

// Probabilities of every network, of their caches, if these are sources of their own, and of the other model or
// its parts: [columns] arrays.
struct table {
    double **prob;
    size_t *capacity;
    double *weight; // [columns] scratch for weights
    size_t networks, caches, columns, words;
};

static void table_free(struct table *table)
{
    for (size_t i = 0; table->prob != NULL && i < table->columns; i++)
        free(table->prob[i]);
    free(table->prob);
    free(table->capacity);
    free(table->weight);
}

static bool add(struct table *table, size_t column, double prob, struct error *error)
{
    if (!memory_grow(&table->prob[column], &table->capacity[column], table->words + 1,
                     sizeof(double), error))
        return false;
    table->prob[column][table->words] = prob;
    return true;
}

static bool add_token(struct table *table, struct blend *blend, const struct token *token,
                      struct error *error)
{
    const size_t others = table->networks + table->caches;
    struct source_word word;
    for (size_t i = 0; i < table->networks; i++)
        if (!source_next(blend->network[i], token, &word, error) ||
            !add(table, i, table->caches > 0 ? word.own : word.prob, error) ||
            (table->caches > 0 && !add(table, table->networks + i, word.cached, error)))
            return false;
    for (size_t i = others; i < table->columns; i++)
        if (!source_next(source_part(blend->other, i - others), token, &word, error) ||
            !add(table, i, word.prob, error))
            return false;
    table->words++;
    return true;
}

static bool read_table(struct table *table, struct blend *blend, struct reader *text,
                       struct error *error)
{
    struct token token;
    table->columns = table->networks + table->caches;
    table->columns += blend->other != NULL ? source_parts(blend->other) : 0;
    table->prob = memory_new(table->columns, sizeof *table->prob, error);
    table->capacity = memory_new(table->columns, sizeof *table->capacity, error);
    table->weight = memory_new(table->columns, sizeof *table->weight, error);
    if (table->prob == NULL || table->capacity == NULL || table->weight == NULL)
        return false;
    while (reader_next(text, &token))
        if (!add_token(table, blend, &token, error))
            return false;
    return reader_ok(text, error) && blend_end(blend, error) &&
           (table->words > 0 || error_set(error, "%s: the text is empty", reader_name(text)));
}

enum { MOST_ITERATIONS = 10000 };
#define TUNING_PRECISION 1e-6

// Weights of a mixture of some columns.
static bool find_weights(double *const *prob, size_t columns, size_t words, double *weight,
                         struct error *error)
{
    struct mixture mixture = {
        .models = columns, .words = words, .prob = (const double *const *)prob};
    mixture_start(columns, weight);
    return mixture_train(&mixture, weight, TUNING_PRECISION, MOST_ITERATIONS, NULL, error);
}

// Some weights as shares of their sum, which is returned.
static double take_shares(const double *all, size_t count, double *weight)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += all[i];
    for (size_t i = 0; i < count; i++)
        weight[i] = sum > 0 ? all[i] / sum : 1 / (double)count;
    return sum;
}

// Weights of networks and caches as those of networks that have them in.
static void take_caches(double *all, size_t networks, double *cache_lambda)
{
    for (size_t i = 0; i < networks; i++) {
        double sum = all[i] + all[networks + i];
        cache_lambda[i] = sum > 0 ? all[networks + i] / sum : 0;
        all[i] = sum;
    }
}

// Puts the mixture of columns first..first+count-1 into the first of them.
static void mix_columns(struct table *table, size_t first, size_t count, const double *weight)
{
    for (size_t word = 0; word < table->words && count > 1; word++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += weight[i] * table->prob[first + i][word];
        table->prob[first][word] = sum;
    }
}

// Puts networks with their caches into the networks' columns.
static void mix_caches(struct table *table, const double *cache_lambda)
{
    for (size_t i = 0; i < table->caches; i++) {
        double *own = table->prob[i], *cached = table->prob[table->networks + i];
        for (size_t word = 0; word < table->words; word++)
            own[word] = (1 - cache_lambda[i]) * own[word] + cache_lambda[i] * cached[word];
    }
}

static bool find_all_weights(struct blend *blend, struct table *table, bool with_others,
                             double *cache_lambda, struct error *error)
{
    const size_t own = table->networks + table->caches, others = table->columns - own;
    double *all = table->weight, *other = others > 0 ? source_part_weights(blend->other) : NULL;
    const size_t columns = with_others ? table->columns : own;
    if (columns > 1) {
        if (!find_weights(table->prob, columns, table->words, all, error))
            return false;
        if (cache_lambda != NULL)
            take_caches(all, table->networks, cache_lambda);
        double networks = take_shares(all, table->networks, blend->weight);
        if (with_others)
            blend->lambda = networks;
    }
    if (other == NULL)
        return true;
    if (!with_others && !find_weights(table->prob + own, others, table->words, all + own, error))
        return false;
    take_shares(all + own, others, other);
    return true;
}

static bool tune(struct blend *blend, struct table *table, bool weights, bool lambda,
                 double *cache_lambda, struct error *error)
{
    const size_t own = table->networks + table->caches, others = table->columns - own;
    const bool joint = weights && lambda && others > 0;
    if (weights && !find_all_weights(blend, table, joint, cache_lambda, error))
        return false;
    if (cache_lambda != NULL)
        mix_caches(table, cache_lambda);
    mix_columns(table, 0, table->networks, blend->weight);
    if (others > 1)
        mix_columns(table, own, others, source_part_weights(blend->other));
    if (joint || !lambda || others == 0)
        return true;
    double pair[2], *prob[2] = {table->prob[0], table->prob[own]};
    if (!find_weights(prob, 2, table->words, pair, error))
        return false;
    blend->lambda = pair[0];
    return true;
}

bool blend_tune(struct blend *blend, struct reader *text, bool tune_weights, bool tune_lambda,
                double *cache_lambda, struct mixture_score *score, struct error *error)
{
    struct table table = {.networks = blend->networks,
                          .caches = cache_lambda != NULL ? blend->networks : 0};
    bool ok = read_table(&table, blend, text, error) &&
              tune(blend, &table, tune_weights, tune_lambda, cache_lambda, error);
    if (ok) {
        const bool other = blend->other != NULL;
        const double *prob[2] = {table.prob[0],
                                 other ? table.prob[table.networks + table.caches] : NULL};
        double weight[2] = {other ? blend->lambda : 1, 1 - blend->lambda};
        struct mixture mixture = {.models = other ? 2 : 1, .words = table.words, .prob = prob};
        *score = mixture_score(&mixture, weight);
    }
    table_free(&table);
    return ok;
}
