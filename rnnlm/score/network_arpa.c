// A network's probabilities in a back-off model.
//
// The model's contexts are a tree: behind "a b" stands the state of "a", advanced by b. It is
// walked depth first, but many contexts of a length at a time, so that both the states and the
// distributions are products of matrices.
#include "score/network_arpa.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/forward.h"
#include "score/scorer.h"
#include "text/reader.h"

enum {
    CONTEXTS = 64,    // at a time
    PAIRS = 1 << 14   // of a context and a word, likewise
};
static const double LEAST_PROB = 1e-37; // of an n-gram, so that floats have its logarithm

// Contexts of one length.
struct batch {
    struct state *state[CONTEXTS];
    const struct state *before[CONTEXTS]; // the states of their contexts without the last word
    uint32_t node[CONTEXTS];
    int32_t word[CONTEXTS]; // the last, in the network's vocabulary
    double share[CONTEXTS]; // of the network in the context: 1 - U(h)
    size_t count;
};

struct conversion {
    struct ngram_model *base;
    const struct model *model;
    double lambda;
    int32_t *known; // [words of base] ids in the network, WORD_OOV if it does not know them
    struct forward forward;
    struct state *sentence_start;
    struct batch *batch; // [order] of contexts of 0, 1, ... words
    size_t *pair_state;  // [PAIRS] place in the batch
    int32_t *pair_word;
    double *pair_prob;
    struct trie_node **pair_node;
    size_t pairs;
    float *mean[NGRAM_LONGEST + 1]; // experiments
    uint32_t *seen[NGRAM_LONGEST + 1];
    int start;
};

// ---- the tree ---------------------------------------------------------------------------------

struct range {
    uint32_t begin, end;
};

// The n-grams that begin with a context of k words, in level k + 1.
static struct range successors(const struct ngram_model *base, int k, uint32_t node)
{
    if (k == 0)
        return (struct range){base->has_end ? WORD_END : WORD_END + 1,
                              (uint32_t)base->level[1].count};
    const struct trie_node *context = &base->level[k].node[node];
    return (struct range){context[0].first, context[1].first};
}

static bool has_successors(const struct trie_node *node)
{
    return node[0].first < node[1].first;
}

// The last word of an n-gram of k words.
static int32_t last_word(const struct ngram_model *base, int k, uint32_t node)
{
    return k == 1 ? (int32_t)node : trie_word(base->level[k].node[node].key);
}

// ---- probabilities ----------------------------------------------------------------------------

static bool flush_pairs(struct conversion *conversion, const struct batch *batch,
                        struct error *error)
{
    if (!forward_predict(&conversion->forward, conversion->pairs, conversion->pair_state,
                         conversion->pair_word, conversion->pair_prob, error))
        return false;
    for (size_t i = 0; i < conversion->pairs; i++) {
        struct trie_node *node = conversion->pair_node[i];
        double prob = conversion->lambda * batch->share[conversion->pair_state[i]] *
                          conversion->pair_prob[i] +
                      (1 - conversion->lambda) * pow(10, (double)node->log10_prob);
        if (!(prob >= 0 && prob <= 2))
            return error_set(error, "the network gives a word the probability %g", prob);
        node->log10_prob = (float)log10(fmax(prob, LEAST_PROB));
    }
    conversion->pairs = 0;
    return true;
}

// The n-grams of the i-th context of a batch. No word is predicted to be <s>.
static bool predict_successors(struct conversion *conversion, int k, size_t i, struct error *error)
{
    struct ngram_model *base = conversion->base;
    struct batch *batch = &conversion->batch[k];
    struct range range = successors(base, k, batch->node[i]);
    double unknown = 0;
    for (uint32_t at = range.begin; at < range.end; at++) {
        struct trie_node *node = &base->level[k + 1].node[at];
        int32_t word = last_word(base, k + 1, at);
        if (word == base->start)
            node->log10_prob = -INFINITY;
        else if (conversion->known[word] == WORD_OOV)
            unknown += pow(10, (double)node->log10_prob);
    }
    batch->share[i] = fmax(0, 1 - unknown);
    for (uint32_t at = range.begin; at < range.end; at++) {
        int32_t word = last_word(base, k + 1, at);
        if (word == base->start || conversion->known[word] == WORD_OOV)
            continue;
        size_t pair = conversion->pairs++;
        conversion->pair_state[pair] = i;
        conversion->pair_word[pair] = conversion->known[word];
        conversion->pair_node[pair] = &base->level[k + 1].node[at];
        if (conversion->pairs == PAIRS && !flush_pairs(conversion, batch, error))
            return false;
    }
    return true;
}

static bool visit(struct conversion *conversion, int k, struct error *error);

// The states of a batch of contexts of k words.
static void advance(struct conversion *conversion, int k)
{
    struct batch *batch = &conversion->batch[k];
    const struct network *network = &conversion->model->network;
    forward_advance(&conversion->forward, batch->count, batch->before, batch->word, batch->state);
    for (size_t i = 0; i < batch->count; i++) {
        if (last_word(conversion->base, k, batch->node[i]) == conversion->base->start)
            state_copy(network, batch->state[i], conversion->sentence_start);
        if (conversion->mean[k] != NULL && conversion->seen[k][batch->node[i]] > 0)
            memcpy(batch->state[i]->hidden,
                   conversion->mean[k] + network->hidden_row * batch->node[i],
                   network->hidden_row * sizeof(float));
    }
}

static bool visit_longer(struct conversion *conversion, int k, struct error *error)
{
    struct batch *batch = &conversion->batch[k];
    if (batch->count == 0)
        return true;
    advance(conversion, k);
    bool ok = visit(conversion, k, error);
    batch->count = 0;
    return ok;
}

// A batch of contexts of k words whose states are there, and all contexts that begin with them.
static bool visit(struct conversion *conversion, int k, struct error *error)
{
    struct ngram_model *base = conversion->base;
    struct batch *batch = &conversion->batch[k], *longer = batch + 1;
    forward_load(&conversion->forward, batch->count,
                 (const struct state *const *)batch->state);
    for (size_t i = 0; i < batch->count; i++)
        if (!predict_successors(conversion, k, i, error))
            return false;
    if (!flush_pairs(conversion, batch, error))
        return false;
    if (k + 1 >= base->order)
        return true;
    for (size_t i = 0; i < batch->count; i++) {
        struct range range = successors(base, k, batch->node[i]);
        for (uint32_t at = range.begin; at < range.end; at++) {
            if (!has_successors(&base->level[k + 1].node[at]))
                continue;
            longer->before[longer->count] = batch->state[i];
            longer->node[longer->count] = at;
            longer->word[longer->count++] = conversion->known[last_word(base, k + 1, at)];
            if (longer->count == CONTEXTS && !visit_longer(conversion, k + 1, error))
                return false;
        }
    }
    return visit_longer(conversion, k + 1, error);
}

// ---- sums to one ------------------------------------------------------------------------------

// What back-off weights are computed with.
struct normaliser {
    struct ngram_model *base;
    uint32_t *mark; // [words] context that has a word among its n-grams
    uint32_t context;
};

static void scale(struct trie_node *node, double factor)
{
    if (node->log10_prob > -INFINITY)
        node->log10_prob = (float)((double)node->log10_prob + log10(factor));
}

// Words that the network knows share what the others leave.
static void scale_unigrams(const struct conversion *conversion)
{
    const struct ngram_model *base = conversion->base;
    struct range range = successors(base, 0, 0);
    double known = 0, unknown = 0;
    for (uint32_t at = range.begin; at < range.end; at++)
        *(conversion->known[at] == WORD_OOV ? &unknown : &known) +=
            pow(10, (double)base->level[1].node[at].log10_prob);
    bool all = unknown > 1 - NETWORK_ARPA_LEAST; // a base that does not sum to one
    double factor = all ? 1 / (known + unknown) : (1 - unknown) / known;
    for (uint32_t at = range.begin; at < range.end; at++)
        if (all || conversion->known[at] != WORD_OOV)
            scale(&base->level[1].node[at], factor);
}

// The probability in the shorter context of the words without an n-gram in this one, word by word:
// as a difference to one it would be lost in rounding where it is small.
static double sum_others(struct normaliser *normaliser, struct range range, int k,
                         const struct ngram_state *shorter)
{
    const struct ngram_model *base = normaliser->base;
    struct ngram_state next;
    double sum = 0;
    normaliser->context++;
    for (uint32_t at = range.begin; at < range.end; at++)
        normaliser->mark[last_word(base, k + 1, at)] = normaliser->context;
    for (size_t word = 0; word < base->words.size; word++)
        if (normaliser->mark[word] != normaliser->context)
            sum += pow(10, ngram_score(base, shorter, (int32_t)word, &next, NULL));
    return sum;
}

static void set_backoff(struct normaliser *normaliser, const struct ngram_walk *walk)
{
    static const double SMALL = 1e-3;
    struct ngram_model *base = normaliser->base;
    int k = walk->order;
    struct trie_node *context = &base->level[k].node[walk->index];
    struct range range = successors(base, k, walk->index);
    struct ngram_state shorter, next;
    ngram_start(base, &shorter, false);
    for (int i = 1; i < k; i++)
        ngram_score(base, &shorter, walk->word[i], &shorter, NULL);
    double here = 0, there = 0;
    for (uint32_t at = range.begin; at < range.end; at++) {
        here += pow(10, (double)base->level[k + 1].node[at].log10_prob);
        there += pow(10, ngram_score(base, &shorter, last_word(base, k + 1, at), &next, NULL));
    }
    double others =
        1 - there < SMALL ? sum_others(normaliser, range, k, &shorter) : 1 - there;
    double least = others > 0 ? NETWORK_ARPA_LEAST : 0, left = 1 - here;
    if (left < least || others == 0) {
        for (uint32_t at = range.begin; at < range.end; at++)
            scale(&base->level[k + 1].node[at], (1 - least) / here);
        left = least;
    }
    context->log10_backoff = others > 0 ? (float)log10(left / others) : 0;
}

// From short contexts to long ones: a weight depends on those of shorter contexts.
static bool set_backoffs(struct ngram_model *base, struct error *error)
{
    struct normaliser normaliser = {.base = base};
    normaliser.mark = memory_new(base->words.size, sizeof *normaliser.mark, error);
    if (normaliser.mark == NULL)
        return false;
    for (int k = 1; k < base->order; k++) {
        struct ngram_walk walk;
        ngram_walk_start(&walk, base, k);
        while (ngram_walk_next(&walk)) {
            struct trie_node *node = &base->level[k].node[walk.index];
            node->log10_backoff = 0;
            if (has_successors(node))
                set_backoff(&normaliser, &walk);
        }
    }
    free(normaliser.mark);
    return true;
}

// ---- states at the beginning ------------------------------------------------------------------

static void take_mean(float *mean, const float *hidden, size_t width, uint32_t n)
{
    for (size_t i = 0; i < width; i++)
        mean[i] += (hidden[i] - mean[i]) / (float)n;
}

static bool gather(struct conversion *c, const char *text, struct state *root, struct error *error)
{
    struct scorer scorer;
    size_t row = c->model->network.hidden_row;
    for (int k = 1; k < c->base->order; k++) {
        c->mean[k] = calloc(c->base->level[k].count * row, sizeof(float));
        c->seen[k] = calloc(c->base->level[k].count, sizeof(uint32_t));
    }
    if (!scorer_init(&scorer, c->model, c->model->record.independent, NULL, error))
        return false;
    struct reader *reader = reader_open(text, error);
    struct token token;
    struct ngram_state state, start;
    ngram_start(c->base, &start, true);
    state = start;
    memset(root->hidden, 0, row * sizeof(float));
    uint32_t n = 0;
    do {
        take_mean(root->hidden, scorer.now->hidden, row, ++n);
        for (int j = 0; j < state.length; j++)
            if (state.node[j] != TRIE_NONE && (c->start == 3 || j == 0))
                take_mean(c->mean[j + 1] + row * state.node[j], scorer.now->hidden, row,
                          ++c->seen[j + 1][state.node[j]]);
        if (!reader_next(reader, &token))
            break;
        scorer_advance(&scorer, vocabulary_find(&c->model->vocabulary, token.text, token.length));
        if (token.sentence_end)
            state = start;
        else
            ngram_score(c->base, &state, ngram_word(c->base, token.text, token.length), &state,
                        NULL);
    } while (true);
    reader_close(reader);
    scorer_free(&scorer);
    return true;
}

static bool begin(struct conversion *c, const struct network_arpa_options *options,
                  struct error *error)
{
    const struct model *model = c->model;
    const struct network *network = &model->network;
    struct state *root = c->batch[0].state[0];
    bool independent = model->record.independent;
    c->start = options->start;
    c->sentence_start =
        state_at_start(network, STATE_INDEPENDENT, independent ? NULL : model->hidden, error);
    state_copy(network, root, c->sentence_start);
    if (options->start == 1)
        for (size_t i = 0; i < network->shape.hidden; i++)
            root->hidden[i] = STATE_START;
    if (options->start >= 2) {
        if (!gather(c, options->text, root, error))
            return false;
        if (options->start == 2)
            memset(c->mean, 0, sizeof c->mean);
    }
    for (int i = 0; i < MAXENT_MOST_ORDER; i++)
        root->history[i] = WORD_OOV;
    return true;
}

// ---- all of it --------------------------------------------------------------------------------

static bool conversion_init(struct conversion *c, struct error *error)
{
    struct ngram_model *base = c->base;
    c->known = memory_new(base->words.size, sizeof *c->known, error);
    c->batch = memory_new((size_t)base->order, sizeof *c->batch, error);
    c->pair_state = memory_new(PAIRS, sizeof *c->pair_state, error);
    c->pair_word = memory_new(PAIRS, sizeof *c->pair_word, error);
    c->pair_prob = memory_new(PAIRS, sizeof *c->pair_prob, error);
    c->pair_node = memory_new(PAIRS, sizeof *c->pair_node, error);
    if (c->known == NULL || c->batch == NULL || c->pair_state == NULL || c->pair_word == NULL ||
        c->pair_prob == NULL || c->pair_node == NULL ||
        !forward_init(&c->forward, &c->model->network, CONTEXTS, error))
        return false;
    for (int k = 0; k < base->order; k++)
        for (size_t i = 0; i < (k == 0 ? 1 : CONTEXTS); i++)
            if ((c->batch[k].state[i] = state_new(&c->model->network, error)) == NULL)
                return false;
    for (size_t i = 0; i < base->words.size; i++) {
        const char *word = vocabulary_word(&base->words, (int32_t)i);
        c->known[i] = vocabulary_find(&c->model->vocabulary, word, strlen(word));
    }
    return true;
}

bool network_arpa(struct ngram_model *base, const struct model *model,
                  const struct network_arpa_options *options, struct error *error)
{
    struct conversion c = {.base = base, .model = model, .lambda = options->lambda};
    bool ok = conversion_init(&c, error) && begin(&c, options, error);
    if (ok) {
        c.batch[0].count = 1;
        ok = visit(&c, 0, error);
        scale_unigrams(&c);
        ok = ok && set_backoffs(base, error);
    }
    return ok;
}
