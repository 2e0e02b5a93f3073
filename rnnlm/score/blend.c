// Linear mixtures of sources.
#include "score/blend.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

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

// Probabilities of every network and of the other model: [networks + 1] arrays.
struct table {
    double **prob;
    size_t *capacity;
    double *weight; // [columns] scratch for weights
    size_t columns, words;
};

static void table_free(struct table *table)
{
    for (size_t i = 0; table->prob != NULL && i < table->columns; i++)
        free(table->prob[i]);
    free(table->prob);
    free(table->capacity);
    free(table->weight);
}

static bool read_column(struct table *table, size_t column, struct source *source,
                        const struct token *token, struct error *error)
{
    struct source_word word;
    if (!source_next(source, token, &word, error) ||
        !memory_grow(&table->prob[column], &table->capacity[column], table->words + 1,
                     sizeof(double), error))
        return false;
    table->prob[column][table->words] = word.prob;
    return true;
}

static bool read_table(struct table *table, struct blend *blend, struct reader *text,
                       struct error *error)
{
    struct token token;
    table->columns = blend_sources(blend);
    table->prob = memory_new(table->columns, sizeof *table->prob, error);
    table->capacity = memory_new(table->columns, sizeof *table->capacity, error);
    table->weight = memory_new(table->columns, sizeof *table->weight, error);
    if (table->prob == NULL || table->capacity == NULL || table->weight == NULL)
        return false;
    while (reader_next(text, &token)) {
        for (size_t i = 0; i < table->columns; i++)
            if (!read_column(table, i, blend_source(blend, i), &token, error))
                return false;
        table->words++;
    }
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

// Puts the networks' mixture into the first column.
static void mix_networks(struct table *table, const struct blend *blend)
{
    for (size_t word = 0; word < table->words; word++) {
        double sum = 0;
        for (size_t i = 0; i < blend->networks; i++)
            sum += blend->weight[i] * table->prob[i][word];
        table->prob[0][word] = sum;
    }
}

static bool tune(struct blend *blend, struct table *table, bool tune_weights, bool tune_lambda,
                 struct error *error)
{
    double *all = table->weight; // the weights of all columns
    bool joint = tune_weights && tune_lambda && blend->other != NULL;
    size_t columns = joint ? table->columns : blend->networks;
    if (tune_weights && columns > 1) {
        if (!find_weights(table->prob, columns, table->words, all, error))
            return false;
        double networks = 0;
        for (size_t i = 0; i < blend->networks; i++)
            networks += all[i];
        for (size_t i = 0; i < blend->networks; i++)
            blend->weight[i] = networks > 0 ? all[i] / networks : 1 / (double)blend->networks;
        if (joint)
            blend->lambda = networks;
    }
    mix_networks(table, blend);
    if (joint || !tune_lambda || blend->other == NULL)
        return true;
    double pair[2], *prob[2] = {table->prob[0], table->prob[blend->networks]};
    if (!find_weights(prob, 2, table->words, pair, error))
        return false;
    blend->lambda = pair[0];
    return true;
}

bool blend_tune(struct blend *blend, struct reader *text, bool tune_weights, bool tune_lambda,
                struct mixture_score *score, struct error *error)
{
    struct table table = {.columns = 0};
    bool ok = read_table(&table, blend, text, error) &&
              tune(blend, &table, tune_weights, tune_lambda, error);
    if (ok) {
        const double *prob[2] = {table.prob[0], table.prob[table.columns - 1]};
        double weight[2] = {blend->other != NULL ? blend->lambda : 1, 1 - blend->lambda};
        struct mixture mixture = {
            .models = blend->other != NULL ? 2 : 1, .words = table.words, .prob = prob};
        *score = mixture_score(&mixture, weight);
    }
    table_free(&table);
    return ok;
}
