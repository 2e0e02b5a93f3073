// Words drawn from a back-off model's distribution: from the longest context's successors, or else
// from the shorter context's distribution, where successors of the longer one are rejected.
#include "ngram/draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/node.h"

enum { MOST_TRIES = 10000 }; // where rounding leaves nothing for words that are no successors

// The inverse of packed_order(): what is drawn does not depend on the form of a model.
static bool number_words(struct ngram_drawer *drawer, size_t words, struct error *error)
{
    int32_t *order = packed_order(words, error);
    drawer->id = order != NULL ? memory_new(words, sizeof *drawer->id, error) : NULL;
    for (size_t i = 0; drawer->id != NULL && i < words; i++)
        drawer->id[order[i]] = (int32_t)i;
    free(order);
    return drawer->id != NULL;
}

static int32_t numbered(const struct ngram_drawer *drawer, size_t word)
{
    return drawer->id != NULL ? drawer->id[word] : (int32_t)word;
}

bool ngram_drawer_init(struct ngram_drawer *drawer, const struct ngram_model *model,
                       struct error *error)
{
    size_t words = model->words.size;
    bool packed = ngram_is_packed(model);
    *drawer = (struct ngram_drawer){.model = model};
    drawer->cumulative = memory_new(words, sizeof *drawer->cumulative, error);
    if (drawer->cumulative == NULL || (packed && !number_words(drawer, words, error)))
        return false;
    double sum = 0;
    for (size_t i = 0; i < words; i++) {
        int32_t word = numbered(drawer, i);
        bool drawn = word != model->start;
        sum += drawn ? pow(10, (double)node_at(model, packed, 1, (uint32_t)word).log10_prob) : 0;
        drawer->cumulative[i] = sum;
    }
    return sum > 0 || error_set(error, "the n-gram model gives no word a probability");
}

void ngram_drawer_free(struct ngram_drawer *drawer)
{
    free(drawer->cumulative);
    free(drawer->id);
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
    return numbered(drawer, low);
}

// Draws from the history's longest `length` words.
static int32_t draw_after(const struct ngram_drawer *drawer, const struct ngram_state *state,
                          int length, struct random *random)
{
    while (length > 0 && state->node[length - 1] == TRIE_NONE)
        length--;
    if (length == 0)
        return draw_unigram(drawer, random);
    const struct ngram_model *model = drawer->model;
    bool packed = ngram_is_packed(model);
    struct node context = node_at(model, packed, length, state->node[length - 1]);
    double left = random_uniform(random, 0, 1);
    for (uint32_t i = context.begin; i < context.end; i++) {
        left -= pow(10, (double)node_at(model, packed, length + 1, i).log10_prob);
        if (left < 0)
            return node_word(model, packed, length + 1, i);
    }
    struct trie_search search;
    int tries = 0;
    int32_t word;
    do {
        word = draw_after(drawer, state, length - 1, random);
        search = node_search(model, packed, length + 1, word, context.begin, context.end);
        node_find_all(packed, &search, 1);
    } while (++tries < MOST_TRIES && search.found != TRIE_NONE);
    return word;
}

int32_t ngram_draw(const struct ngram_drawer *drawer, const struct ngram_state *state,
                   struct random *random)
{
    return draw_after(drawer, state, state->length, random);
}
