// Making of back-off models in memory.
#include "ngram/build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct ngram_model *ngram_new(int order, struct error *error)
{
    struct ngram_model *model = memory_new(1, sizeof *model, error);
    if (model == NULL)
        return NULL;
    bool ok = vocabulary_init(&model->words, error);
    model->order = model->used = order;
    for (int k = 1; ok && k <= order; k++) {
        ok = trie_reserve(&model->level[k], 1, error);
        if (ok)
            memset(model->level[k].node, 0, 2 * sizeof *model->level[k].node);
    }
    if (!ok) {
        ngram_close(model);
        return NULL;
    }
    model->level[1].node[WORD_END].log10_prob = -INFINITY;
    model->level[1].count = 1;
    return model;
}

bool ngram_add_word(struct ngram_model *model, const char *word, float log10_prob,
                    float log10_backoff, int32_t *id, struct error *error)
{
    struct trie_level *level = &model->level[1];
    int32_t new_id = vocabulary_add(&model->words, word, strlen(word), error);
    if (new_id == WORD_OOV || !trie_reserve(level, model->words.size, error))
        return false;
    model->has_end |= new_id == WORD_END;
    level->node[new_id] = (struct trie_node){trie_key(new_id), log10_prob, log10_backoff, 0};
    level->count = model->words.size;
    level->node[level->count] = (struct trie_node){0};
    if (id != NULL)
        *id = new_id;
    return true;
}

bool ngram_add(struct ngram_model *model, int order, uint32_t context, int32_t word,
               float log10_prob, float log10_backoff, struct error *error)
{
    struct trie_level *level = &model->level[order];
    if (level->count >= TRIE_MOST_NODES)
        return error_set(error, "more than %llu %d-grams", (unsigned long long)TRIE_MOST_NODES,
                         order);
    if (!trie_reserve(level, level->count + 1, error))
        return false;
    level->node[level->count++] =
        (struct trie_node){trie_key(word), log10_prob, log10_backoff, context};
    model->level[order - 1].node[context].first++;
    return true;
}

bool ngram_end_order(struct ngram_model *model, int order, struct error *error)
{
    if (trie_arrange(&model->level[order - 1], &model->level[order]) > 0)
        return error_set(error, "one of the %d-grams is there twice", order);
    return true;
}

void ngram_ready(struct ngram_model *model)
{
    while (model->order > 1 && model->level[model->order].count == 0)
        model->order--;
    model->used = model->order;
    model->start = vocabulary_find(&model->words, "<s>", 3);
    model->unknown = vocabulary_unknown(&model->words, NULL);
}

uint32_t ngram_find(const struct ngram_model *model, const int32_t *word, int order)
{
    if (word[0] == WORD_OOV)
        return TRIE_NONE;
    uint32_t at = (uint32_t)word[0];
    for (int k = 1; k < order && at != TRIE_NONE; k++) {
        const struct trie_node *from = &model->level[k].node[at];
        at = word[k] == WORD_OOV ? TRIE_NONE
                                 : trie_find(model->level[k + 1].node, from[0].first, from[1].first,
                                             trie_key(word[k]));
    }
    return at;
}

// ---- dropping ----------------------------------------------------------------------------------

static void drop_of_order(struct ngram_model *model, int order, unsigned char *state,
                          const unsigned char *above)
{
    struct trie_level *level = &model->level[order];
    size_t kept = 0;
    uint32_t child = 0, children = 0; // of the next order: passed, and those of them that are kept
    for (size_t i = 0; i < level->count; i++) {
        struct trie_node node = level->node[i];
        uint32_t end = level->node[i + 1].first;
        node.first = children;
        for (; above != NULL && child < end; child++)
            children += !(above[child] & NGRAM_GONE);
        if (order > 1 && (state[i] & NGRAM_GONE))
            continue;
        state[kept] = state[i];
        level->node[kept++] = node;
    }
    level->count = kept;
    level->node[kept] = (struct trie_node){.first = children};
}

void ngram_drop(struct ngram_model *model, unsigned char *const state[NGRAM_LONGEST + 1])
{
    for (int k = 1; k <= model->order; k++)
        drop_of_order(model, k, state[k], k < model->order ? state[k + 1] : NULL);
}
