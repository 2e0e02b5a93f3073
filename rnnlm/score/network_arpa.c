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
    CONTEXTS = 64,  // at a time
    PAIRS = 1 << 14 // of a context and a word, likewise
};
static const double LEAST_PROB = 1e-37; // of an n-gram, so that floats have its logarithm

// Contexts of one length.
struct context_batch {
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
    struct forward_weights weights;
    struct forward forward;
    struct state *sentence_start;
    struct context_batch *batch; // [order] of contexts of 0, 1, ... words
    size_t *pair_state;          // [PAIRS] place in the batch
    int32_t *pair_word;
    double *pair_prob;
    struct trie_node **pair_node;
    size_t pairs;
    float *mean; // [V][network.state] of the states behind each word of the text, NULL without text
    uint32_t *seen; // [V] how often the word stands there
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

static bool flush_pairs(struct conversion *conversion, const struct context_batch *batch,
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
        if (!isfinite(prob))
            return error_set(
                error, "the network gives \"%s\" a probability that is no number",
                vocabulary_word(&conversion->model->vocabulary, conversion->pair_word[i]));
        node->log10_prob = (float)log10(fmin(fmax(prob, LEAST_PROB), 1));
    }
    conversion->pairs = 0;
    return true;
}

// The n-grams of the i-th context of a batch. No word is predicted to be <s>.
static bool predict_successors(struct conversion *conversion, int k, size_t i, struct error *error)
{
    struct ngram_model *base = conversion->base;
    struct context_batch *batch = &conversion->batch[k];
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
    struct context_batch *batch = &conversion->batch[k];
    const struct network *network = &conversion->model->network;
    forward_advance(&conversion->forward, batch->count, batch->before, batch->word, batch->state);
    for (size_t i = 0; i < batch->count; i++) {
        int32_t word = batch->word[i];
        if (last_word(conversion->base, k, batch->node[i]) == conversion->base->start)
            state_copy(network, batch->state[i], conversion->sentence_start);
        else if (k == 1 && word != WORD_OOV && conversion->mean != NULL &&
                 conversion->seen[word] > 0)
            memcpy(batch->state[i]->value, conversion->mean + (size_t)word * network->state,
                   network->state * sizeof(float));
    }
}

static bool visit_longer(struct conversion *conversion, int k, struct error *error)
{
    struct context_batch *batch = &conversion->batch[k];
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
    struct context_batch *batch = &conversion->batch[k], *longer = batch + 1;
    forward_load(&conversion->forward, batch->count, (const struct state *const *)batch->state);
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
        node->log10_prob = (float)fmin((double)node->log10_prob + log10(factor), 0);
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
    double others = 1 - there < SMALL ? sum_others(normaliser, range, k, &shorter) : 1 - there;
    double least = others > 0 ? NETWORK_ARPA_LEAST : 0, left = 1 - here;
    if (here > 0 && (left < least || others == 0)) {
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

// ---- where contexts begin ---------------------------------------------------------------------

static void take_into_mean(float *mean, const float *value, size_t width, uint32_t n)
{
    for (size_t i = 0; i < width; i++)
        mean[i] += (value[i] - mean[i]) / (float)n;
}

// Averages the states that the network goes through on the text: all of them in `all`, and those
// behind each word.
static bool average_text(struct conversion *conversion, struct scorer *scorer,
                         struct reader *reader, float *all, struct error *error)
{
    const struct model *model = conversion->model;
    size_t row = model->network.state;
    struct token token;
    uint32_t tokens = 0;
    memset(all, 0, row * sizeof *all);
    while (tokens < UINT32_MAX && reader_next(reader, &token)) {
        int32_t word = vocabulary_find(&model->vocabulary, token.text, token.length);
        scorer_advance(scorer, word);
        take_into_mean(all, scorer->now->value, row, ++tokens);
        if (word != WORD_OOV)
            take_into_mean(conversion->mean + (size_t)word * row, scorer->now->value, row,
                           ++conversion->seen[word]);
    }
    if (!reader_ok(reader, error))
        return false;
    return tokens > 0 || error_set(error, "%s: found no words, wanted a text", reader_name(reader));
}

static bool read_text(struct conversion *conversion, const char *path, float *all,
                      struct error *error)
{
    const struct model *model = conversion->model;
    const struct network_shape *shape = &model->network.shape;
    struct scorer scorer;
    conversion->mean = memory_new(shape->words, model->network.state * sizeof(float), error);
    conversion->seen = memory_new(shape->words, sizeof *conversion->seen, error);
    if (conversion->mean == NULL || conversion->seen == NULL)
        return false;
    struct reader *reader = reader_open(path, error);
    bool ok = reader != NULL;
    if (ok) {
        reader_set_unit(reader, (enum text_unit)model->record.unit);
        ok = scorer_init(&scorer, model, &conversion->weights,
                         model->record.independent ? STATE_SENTENCE : STATE_STORED, error) &&
             average_text(conversion, &scorer, reader, all, error);
        scorer_free(&scorer);
    }
    reader_close(reader);
    return ok;
}

// The states of the empty context, before which nothing is known, and of <s>. Measured on the Penn
// Treebank, the activation before a text makes a better empty context than the state at the start
// of a sentence, and means over a text far better ones than both.
static bool set_beginnings(struct conversion *conversion, const char *text, struct error *error)
{
    const struct model *model = conversion->model;
    const struct network *network = &model->network;
    struct state *empty = conversion->batch[0].state[0];
    bool independent = model->record.independent;
    struct state *start =
        state_at_start(network, independent ? STATE_SENTENCE : STATE_STORED, model->state, error);
    conversion->sentence_start = start;
    if (start == NULL || (text != NULL && !read_text(conversion, text, empty->value, error)))
        return false;
    if (text == NULL)
        state_values(network, STATE_TEXT, NULL, empty->value);
    for (int i = 0; i < SHAPE_MOST_ORDER; i++)
        empty->history[i] = WORD_OOV;
    if (text != NULL && conversion->seen[WORD_END] > 0)
        memcpy(start->value, conversion->mean, network->state * sizeof(float));
    for (int i = 1; i < SHAPE_MOST_ORDER && !independent; i++)
        start->history[i] = WORD_OOV; // the sentence before could be any
    return true;
}

// ---- all of it --------------------------------------------------------------------------------

// The two may call unknown words otherwise.
static bool find_words(struct conversion *conversion, const char *unknown, struct error *error)
{
    const struct ngram_model *base = conversion->base;
    bool common = false;
    for (size_t i = 0; i < base->words.size; i++) {
        const char *word = vocabulary_word(&base->words, (int32_t)i);
        conversion->known[i] = vocabulary_find(&conversion->model->vocabulary, word, strlen(word));
        if (conversion->known[i] == WORD_OOV && (int32_t)i == base->unknown)
            conversion->known[i] = vocabulary_unknown(&conversion->model->vocabulary, unknown);
        common |= conversion->known[i] != WORD_OOV && (int32_t)i != base->start &&
                  (i != WORD_END || base->has_end);
    }
    return common || error_set(error, "the network knows none of the words of the n-grams");
}

static bool make_states(struct conversion *conversion, struct error *error)
{
    for (int k = 0; k < conversion->base->order; k++)
        for (size_t i = 0; i < (k == 0 ? 1 : CONTEXTS); i++) {
            struct state **state = &conversion->batch[k].state[i];
            *state = state_new(&conversion->model->network, error);
            if (*state == NULL)
                return false;
        }
    return true;
}

static bool conversion_init(struct conversion *conversion, struct error *error)
{
    const struct ngram_model *base = conversion->base;
    conversion->known = memory_new(base->words.size, sizeof *conversion->known, error);
    conversion->batch = memory_new((size_t)base->order, sizeof *conversion->batch, error);
    conversion->pair_state = memory_new(PAIRS, sizeof *conversion->pair_state, error);
    conversion->pair_word = memory_new(PAIRS, sizeof *conversion->pair_word, error);
    conversion->pair_prob = memory_new(PAIRS, sizeof *conversion->pair_prob, error);
    conversion->pair_node = memory_new(PAIRS, sizeof *conversion->pair_node, error);
    return conversion->known != NULL && conversion->batch != NULL &&
           conversion->pair_state != NULL && conversion->pair_word != NULL &&
           conversion->pair_prob != NULL && conversion->pair_node != NULL &&
           forward_weights_init(&conversion->weights, &conversion->model->network,
                                conversion->model->record.independent, error) &&
           forward_init(&conversion->forward, &conversion->weights, CONTEXTS, error) &&
           make_states(conversion, error);
}

static void conversion_free(struct conversion *conversion)
{
    for (int k = 0; k < conversion->base->order && conversion->batch != NULL; k++)
        for (size_t i = 0; i < CONTEXTS; i++)
            free(conversion->batch[k].state[i]);
    forward_free(&conversion->forward);
    forward_weights_free(&conversion->weights);
    free(conversion->known);
    free(conversion->batch);
    free(conversion->pair_state);
    free(conversion->pair_word);
    free(conversion->pair_prob);
    free(conversion->pair_node);
    free(conversion->sentence_start);
    free(conversion->mean);
    free(conversion->seen);
}

bool network_arpa(struct ngram_model *base, const struct model *model,
                  const struct network_arpa_options *options, struct error *error)
{
    struct conversion conversion = {.base = base, .model = model, .lambda = options->lambda};
    bool ok = conversion_init(&conversion, error) &&
              find_words(&conversion, options->unknown, error) &&
              set_beginnings(&conversion, options->text, error);
    if (ok) {
        conversion.batch[0].count = 1;
        ok = visit(&conversion, 0, error);
    }
    if (ok) {
        scale_unigrams(&conversion);
        ok = set_backoffs(base, error);
    }
    conversion_free(&conversion);
    return ok;
}
