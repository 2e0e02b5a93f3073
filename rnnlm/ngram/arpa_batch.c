// N-grams on their way from the lines of an ARPA file into the trie.
#include "ngram/arpa_batch.h"

#include <stdio.h>

enum { SHOWN = 200 }; // bytes of an n-gram in a message

static void join_words(const struct arpa_batch *batch, size_t i, int order, char text[SHOWN + 1])
{
    int used = 0;
    text[0] = '\0';
    for (int j = 0; j < order && used < SHOWN; j++) {
        const struct word_span *word = &batch->word[j][i];
        int most = SHOWN - used;
        int length = word->length < (size_t)most ? (int)word->length : most;
        int wrote = snprintf(text + used, (size_t)(SHOWN + 1 - used), "%s%.*s", j > 0 ? " " : "",
                             length, word->text);
        used += wrote > 0 ? wrote : 0;
    }
}

static bool find_words(struct arpa_batch *batch, const struct ngram_model *model,
                       const struct word_table *table, int order, struct error *error)
{
    for (int j = 0; j < order; j++)
        for (size_t i = 0; i < batch->count; i++)
            batch->id[j][i] = word_find(table, &model->words, &batch->word[j][i]);
    for (size_t i = 0; i < batch->count; i++) {
        for (int j = 0; j < order; j++) {
            const struct word_span *word = &batch->word[j][i];
            if (batch->id[j][i] == WORD_OOV)
                return error_set(error, "line %llu: the word \"%.*s\" is not among the 1-grams",
                                 (unsigned long long)batch->line[i],
                                 word->length < SHOWN ? (int)word->length : SHOWN, word->text);
        }
    }
    return true;
}

// Takes the contexts one word further, from level k to level k + 1, if they are there.
static void descend(struct arpa_batch *batch, const struct ngram_model *model, int k)
{
    struct trie_search search[ARPA_BATCH];
    for (size_t i = 0; i < batch->count; i++) {
        search[i] = (struct trie_search){.level = model->level[k + 1].node,
                                         .key = trie_key(batch->id[k][i])};
        if (batch->context[i] == TRIE_NONE)
            continue;
        const struct trie_node *from = &model->level[k].node[batch->context[i]];
        search[i].begin = from[0].first;
        search[i].end = from[1].first;
    }
    trie_find_all(search, batch->count);
    for (size_t i = 0; i < batch->count; i++)
        batch->context[i] = search[i].found;
}

static bool find_contexts(struct arpa_batch *batch, const struct ngram_model *model, int order,
                          struct error *error)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->context[i] = (uint32_t)batch->id[0][i];
    for (int k = 1; k < order - 1; k++)
        descend(batch, model, k);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->context[i] == TRIE_NONE) {
            char ngram[SHOWN + 1], prefix[SHOWN + 1];
            join_words(batch, i, order, ngram);
            join_words(batch, i, order - 1, prefix);
            return error_set(error,
                             "line %llu: \"%s\": its prefix \"%s\" is not among the %d-grams",
                             (unsigned long long)batch->line[i], ngram, prefix, order - 1);
        }
    }
    return true;
}

bool arpa_batch_insert(struct arpa_batch *batch, struct ngram_model *model,
                       const struct word_table *table, int order, struct error *error)
{
    struct trie_level *parents = &model->level[order - 1], *level = &model->level[order];
    if (!find_words(batch, model, table, order, error) ||
        !find_contexts(batch, model, order, error) ||
        !trie_reserve(level, level->count + batch->count, error))
        return false;
    for (size_t i = 0; i < batch->count; i++) {
        level->node[level->count++] =
            (struct trie_node){trie_key(batch->id[order - 1][i]), batch->log10_prob[i],
                               batch->log10_backoff[i], batch->context[i]};
        parents->node[batch->context[i]].first++;
    }
    batch->count = 0;
    return true;
}
