// Words drawn from a back-off model's distribution: from the longest context's successors, or else
// from the shorter context's distribution, where successors of the longer one are rejected.
#include "ngram/draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { MOST_TRIES = 10000 }; // where rounding leaves nothing for words that are no successors

bool ngram_drawer_init(struct ngram_drawer *drawer, const struct ngram_model *model,
                       struct error *error)
{
    size_t words = model->words.size;
    drawer->model = model;
    drawer->cumulative = memory_new(words, sizeof *drawer->cumulative, error);
    if (drawer->cumulative == NULL)
        return false;
    double sum = 0;
    for (size_t i = 0; i < words; i++) {
        bool drawn = (int32_t)i != model->start;
        sum += drawn ? pow(10, (double)model->level[1].node[i].log10_prob) : 0;
        drawer->cumulative[i] = sum;
    }
    return sum > 0 || error_set(error, "the n-gram model gives no word a probability");
}

void ngram_drawer_free(struct ngram_drawer *drawer)
{
    free(drawer->cumulative);
    memset(drawer, 0, sizeof *drawer);
}

static int32_t draw_unigram(const struct ngram_drawer *drawer, struct random *random)
{
    size_t low = 0, high = drawer->model->words.size - 1;
    double at = random_uniform(random, 0, drawer->cumulative[high]);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (drawer->cumulative[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return (int32_t)low;
}

// Draws from the history's longest `length` words.
static int32_t draw_after(const struct ngram_drawer *drawer, const struct ngram_state *state,
                          int length, struct random *random)
{
    while (length > 0 && state->node[length - 1] == TRIE_NONE)
        length--;
    if (length == 0)
        return draw_unigram(drawer, random);
    const struct trie_node *context = &drawer->model->level[length].node[state->node[length - 1]];
    const struct trie_node *successor = drawer->model->level[length + 1].node;
    double left = random_uniform(random, 0, 1);
    for (uint32_t i = context[0].first; i < context[1].first; i++) {
        left -= pow(10, (double)successor[i].log10_prob);
        if (left < 0)
            return trie_word(successor[i].key);
    }
    int32_t word;
    int tries = 0;
    do
        word = draw_after(drawer, state, length - 1, random);
    while (++tries < MOST_TRIES &&
           trie_find(successor, context[0].first, context[1].first, trie_key(word)) != TRIE_NONE);
    return word;
}

int32_t ngram_draw(const struct ngram_drawer *drawer, const struct ngram_state *state,
                   struct random *random)
{
    return draw_after(drawer, state, state->length, random);
}
