// The distribution of a mixture over all words that may come next.
#include "score/distribution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool distribution_known(const struct blend *blend)
{
    for (size_t i = 0; i < blend_sources(blend); i++)
        if (source_words(blend_source(blend, i)) == NULL)
            return false;
    return true;
}

static bool add_words(struct distribution *distribution, size_t i, struct error *error)
{
    const struct vocabulary *words = source_words(blend_source(distribution->blend, i));
    int32_t *id = distribution->id[i] = memory_new(words->size, sizeof *id, error);
    for (size_t k = 0; id != NULL && k < words->size; k++) {
        const char *word = vocabulary_word(words, (int32_t)k);
        id[k] = vocabulary_add(&distribution->words, word, strlen(word), error);
        if (id[k] < 0)
            return false;
    }
    return id != NULL;
}

bool distribution_init(struct distribution *distribution, const struct blend *blend,
                       struct error *error)
{
    *distribution = (struct distribution){.blend = blend};
    size_t sources = blend_sources(blend);
    distribution->id = memory_new(sources, sizeof *distribution->id, error);
    bool ok = distribution->id != NULL && vocabulary_init(&distribution->words, error);
    while (ok && distribution->sources < sources)
        ok = add_words(distribution, distribution->sources++, error);
    distribution->prob = ok ? memory_new(distribution->words.size, sizeof(double), error) : NULL;
    distribution->part = ok ? memory_new(distribution->words.size, sizeof(double), error) : NULL;
    return distribution->prob != NULL && distribution->part != NULL;
}

void distribution_free(struct distribution *distribution)
{
    for (size_t i = 0; i < distribution->sources; i++)
        free(distribution->id[i]);
    free(distribution->id);
    free(distribution->prob);
    free(distribution->part);
    vocabulary_free(&distribution->words);
}

bool distribution_fill(struct distribution *distribution, struct error *error)
{
    const struct blend *blend = distribution->blend;
    memset(distribution->prob, 0, distribution->words.size * sizeof *distribution->prob);
    for (size_t i = 0; i < distribution->sources; i++) {
        struct source *source = blend_source(blend, i);
        size_t words = source_words(source)->size;
        double weight = blend_weight(blend, i);
        if (!source_distribution(source, distribution->part, error))
            return false;
        for (size_t k = 0; k < words; k++)
            distribution->prob[distribution->id[i][k]] += weight * distribution->part[k];
    }
    return true;
}

double distribution_entropy(const struct distribution *distribution)
{
    double sum = 0;
    for (size_t i = 0; i < distribution->words.size; i++)
        if (distribution->prob[i] > 0)
            sum -= distribution->prob[i] * log2(distribution->prob[i]);
    return sum;
}
