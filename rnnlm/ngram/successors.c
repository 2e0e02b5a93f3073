// The words behind a context.
#include "ngram/successors.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

void ngram_history(const struct ngram_model *model, const int32_t *word, int count,
                   struct ngram_state *state)
{
    ngram_start(model, state, false);
    for (int i = 0; i < count; i++)
        ngram_score(model, state, word[i], state, NULL);
}

static bool make_room(struct successors *successors, size_t count, struct error *error)
{
    return memory_grow(&successors->probability, &successors->probability_capacity, count,
                       sizeof *successors->probability, error) &&
           memory_grow(&successors->lower, &successors->lower_capacity, count,
                       sizeof *successors->lower, error) &&
           memory_grow(&successors->query, &successors->query_capacity, count,
                       sizeof *successors->query, error);
}

bool successors_find(struct successors *successors, const struct ngram_walk *context,
                     struct error *error)
{
    const struct ngram_model *model = context->model;
    const struct trie_node *owner = &model->level[context->order].node[context->index];
    const struct trie_node *node = model->level[context->order + 1].node;
    successors->first = owner[0].first;
    successors->end = owner[1].first;
    successors->left = successors->lower_left = 1;
    successors->backed_off = false;
    size_t count = successors->end - successors->first;
    if (count == 0)
        return true;
    if (!make_room(successors, count, error))
        return false;
    struct ngram_state shorter, unwanted;
    ngram_history(model, context->word + 1, context->order - 1, &shorter);
    for (size_t i = 0; i < count; i++)
        successors->query[i] = (struct ngram_query){
            .in = &shorter, .out = &unwanted, .word = trie_word(node[successors->first + i].key)};
    ngram_score_all(model, successors->query, count);
    for (size_t i = 0; i < count; i++) {
        successors->probability[i] = pow(10, (double)node[successors->first + i].log10_prob);
        successors->lower[i] = pow(10, successors->query[i].log10_prob);
        successors->left -= successors->probability[i];
        successors->lower_left -= successors->lower[i];
        successors->backed_off |= successors->query[i].matched < context->order;
    }
    return true;
}

void successors_free(struct successors *successors)
{
    free(successors->probability);
    free(successors->lower);
    free(successors->query);
}
