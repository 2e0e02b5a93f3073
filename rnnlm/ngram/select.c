// A part of a back-off model as a model.
#include "ngram/select.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/build.h"

static bool stays(const struct ngram_model *model, const struct vocabulary *only, int32_t id)
{
    return only == NULL || id == WORD_END || id == model->start || id == model->unknown ||
           vocabulary_has(only, vocabulary_word(&model->words, id));
}

// new_id [words]: WORD_OOV for those left out.
static bool select_words(const struct ngram_model *from, const struct vocabulary *only,
                         struct ngram_model *to, int32_t *new_id, struct error *error)
{
    struct ngram_walk walk;
    ngram_walk_start(&walk, from, 1);
    new_id[WORD_END] = WORD_OOV;
    while (ngram_walk_next(&walk)) {
        int32_t word = walk.word[0];
        const struct trie_node *node = &from->level[1].node[word];
        new_id[word] = WORD_OOV;
        if (stays(from, only, word) &&
            !ngram_add_word(to, vocabulary_word(&from->words, word), node->log10_prob,
                            to->order > 1 ? node->log10_backoff : 0, &new_id[word], error))
            return false;
    }
    return true;
}

static bool select_ngrams(const struct ngram_model *from, struct ngram_model *to, int order,
                          const int32_t *new_id, struct error *error)
{
    struct ngram_walk walk;
    uint32_t context = TRIE_NONE, last = TRIE_NONE;
    ngram_walk_start(&walk, from, order);
    while (ngram_walk_next(&walk)) {
        int32_t word[NGRAM_LONGEST];
        for (int k = 0; k < order; k++)
            word[k] = new_id[walk.word[k]];
        if (walk.path[order - 2] != last) {
            last = walk.path[order - 2];
            context = ngram_find(to, word, order - 1);
        }
        const struct trie_node *node = &from->level[order].node[walk.index];
        if (context != TRIE_NONE && word[order - 1] != WORD_OOV &&
            !ngram_add(to, order, context, word[order - 1], node->log10_prob,
                       to->order > order ? node->log10_backoff : 0, error))
            return false;
    }
    return ngram_end_order(to, order, error);
}

struct ngram_model *ngram_select(const struct ngram_model *model, const struct vocabulary *only,
                                 int order, struct error *error)
{
    struct ngram_model *to = ngram_new(order < model->order ? order : model->order, error);
    int32_t *new_id = memory_new(model->words.size, sizeof *new_id, error);
    bool ok = to != NULL && new_id != NULL && select_words(model, only, to, new_id, error);
    for (int k = 2; ok && k <= to->order; k++)
        ok = select_ngrams(model, to, k, new_id, error);
    free(new_id);
    if (ok) {
        ngram_ready(to);
        return to;
    }
    ngram_close(to);
    return NULL;
}
