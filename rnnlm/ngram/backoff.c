// Back-off n-gram models: scoring, and stepping through the n-grams.
#include "ngram/backoff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/arpa.h"

struct ngram_model *ngram_open(const char *path, struct error *error)
{
    struct ngram_model *model = memory_new(1, sizeof *model, error);
    if (model == NULL)
        return NULL;
    if (!vocabulary_init(&model->words, error) || !arpa_read(model, path, error)) {
        ngram_close(model);
        return NULL;
    }
    model->used = model->order;
    model->start = vocabulary_find(&model->words, "<s>", 3);
    model->unknown = vocabulary_unknown(&model->words, NULL);
    return model;
}

void ngram_close(struct ngram_model *model)
{
    if (model == NULL)
        return;
    for (int k = 1; k <= NGRAM_LONGEST; k++)
        free(model->level[k].node);
    vocabulary_free(&model->words);
    free(model);
}

void ngram_order_limit(struct ngram_model *model, int order)
{
    model->used = order < 1 ? 1 : order < model->order ? order : model->order;
}

int ngram_order(const struct ngram_model *model)
{
    return model->used;
}

size_t ngram_count(const struct ngram_model *model, int order)
{
    if (order < 1 || order > model->order)
        return 0;
    return model->level[order].count - (order == 1 && !model->has_end);
}

int32_t ngram_word(const struct ngram_model *model, const char *text, size_t length)
{
    int32_t word = vocabulary_find(&model->words, text, length);
    return word != WORD_OOV ? word : model->unknown;
}

bool ngram_remark(const struct ngram_model *model, const char *path, struct error *remark)
{
    if (model->has_end)
        return false;
    error_set(
        remark,
        "%s: </s> is not among the 1-grams: sentence ends have probability 0 but where longer "
        "n-grams have them",
        path);
    return true;
}

// ---- scoring ----------------------------------------------------------------------------------

// A context without successors and with weight 1 changes nothing for any word.
static bool matters(const struct trie_node *node)
{
    return node[0].first < node[1].first || node->log10_backoff != 0;
}

void ngram_start(const struct ngram_model *model, struct ngram_state *state, bool sentence_start)
{
    memset(state, 0, sizeof *state);
    if (!sentence_start || model->start == WORD_OOV || model->used < 2)
        return;
    state->node[0] = (uint32_t)model->start;
    state->length = matters(&model->level[1].node[model->start]);
    if (state->length == 0)
        state->node[0] = 0;
}

// The searches for the n-grams that a word makes with each context; returns how many there are.
static size_t prepare(const struct ngram_model *model, const struct ngram_query *query,
                      struct trie_search *search)
{
    const struct ngram_state *in = query->in;
    if (query->word == WORD_OOV)
        return 0;
    for (int j = 0; j < in->length; j++) {
        search[j] =
            (struct trie_search){.node = model->level[j + 2].node, .key = trie_key(query->word)};
        if (in->node[j] == TRIE_NONE)
            continue;
        const struct trie_node *context = &model->level[j + 1].node[in->node[j]];
        search[j].begin = context[0].first;
        search[j].end = context[1].first;
    }
    return (size_t)in->length;
}

// Contexts of the words so far, from the n-grams that they ended with.
static void advance(const struct ngram_model *model, const uint32_t *next, int longest,
                    struct ngram_state *out)
{
    int length = 0;
    for (int j = 0; j < longest; j++) {
        bool matter = next[j] != TRIE_NONE && matters(&model->level[j + 1].node[next[j]]);
        out->node[j] = matter ? next[j] : TRIE_NONE;
        if (matter)
            length = j + 1;
    }
    out->length = length;
    for (int j = length; j < NGRAM_LONGEST - 1; j++)
        out->node[j] = 0;
}

// The score, from what the searches have found.
static void conclude(const struct ngram_model *model, struct ngram_query *query,
                     const struct trie_search *search)
{
    const struct ngram_state *in = query->in;
    uint32_t next[NGRAM_LONGEST]; // [j]: the last j + 1 words as a node of level j + 1
    float log10_prob = -INFINITY, log10_backoff = 0;
    int longest = 0;
    query->matched = 0;
    if (query->word != WORD_OOV) {
        query->matched = query->word != WORD_END || model->has_end;
        log10_prob = model->level[1].node[query->word].log10_prob;
        next[0] = (uint32_t)query->word;
        for (int j = 0; j < in->length; j++) {
            next[j + 1] = search[j].found;
            if (search[j].found != TRIE_NONE) {
                query->matched = j + 2;
                log10_prob = model->level[j + 2].node[search[j].found].log10_prob;
                log10_backoff = 0;
            } else if (in->node[j] != TRIE_NONE) {
                log10_backoff += model->level[j + 1].node[in->node[j]].log10_backoff;
            }
        }
        longest = in->length + 1 < model->used ? in->length + 1 : model->used - 1;
    }
    query->log10_prob = log10_prob + log10_backoff;
    advance(model, next, longest, query->out);
}

bool ngram_check(const struct ngram_model *model, int32_t word, double log10_prob,
                 struct error *error)
{
    if (!(log10_prob > 1e-3))
        return true;
    return error_set(
        error,
        "the n-gram model's probability of \"%s\" is 10^%.7g: a back-off weight is too large",
        vocabulary_word(&model->words, word), log10_prob);
}

bool ngram_prob(const struct ngram_model *model, const struct ngram_state *in, int32_t word,
                struct ngram_state *out, double *prob, struct error *error)
{
    double log10_prob = ngram_score(model, in, word, out, NULL);
    *prob = pow(10, log10_prob);
    return ngram_check(model, word, log10_prob, error);
}

enum { TOGETHER = 16 };

void ngram_score_all(const struct ngram_model *model, struct ngram_query *query, size_t count)
{
    struct trie_search search[TOGETHER * (NGRAM_LONGEST - 1)];
    while (count > 0) {
        size_t together = count < TOGETHER ? count : TOGETHER, searches = 0;
        for (size_t i = 0; i < together; i++)
            searches += prepare(model, &query[i], search + searches);
        trie_find_all(search, searches);
        searches = 0;
        for (size_t i = 0; i < together; i++) {
            size_t used = query[i].word != WORD_OOV ? (size_t)query[i].in->length : 0;
            conclude(model, &query[i], search + searches);
            searches += used;
        }
        query += together;
        count -= together;
    }
}

double ngram_score(const struct ngram_model *model, const struct ngram_state *in, int32_t word,
                   struct ngram_state *out, int *matched)
{
    struct ngram_query query = {.in = in, .out = out, .word = word};
    ngram_score_all(model, &query, 1);
    if (matched != NULL)
        *matched = query.matched;
    return query.log10_prob;
}

// ---- n-grams one by one -----------------------------------------------------------------------

void ngram_walk_start(struct ngram_walk *walk, const struct ngram_model *model, int order)
{
    memset(walk, 0, sizeof *walk);
    walk->model = model;
    walk->order = order;
}

// Moves the path's contexts on to those of the n-gram it ends in: they only ever go forward.
static void follow(struct ngram_walk *walk)
{
    const struct trie_level *level = walk->model->level;
    for (int k = walk->order - 1; k >= 1; k--) {
        uint32_t child = walk->path[k];
        while (level[k].node[walk->path[k - 1] + 1].first <= child)
            walk->path[k - 1]++;
    }
    walk->word[0] = (int32_t)walk->path[0];
    for (int k = 1; k < walk->order; k++)
        walk->word[k] = trie_word(level[k + 1].node[walk->path[k]].key);
}

bool ngram_walk_next(struct ngram_walk *walk)
{
    const struct ngram_model *model = walk->model;
    if (walk->order < 1 || walk->order > model->order)
        return false;
    uint32_t *last = &walk->path[walk->order - 1];
    if (walk->started)
        ++*last;
    else if (walk->order == 1 && !model->has_end)
        *last = WORD_END + 1;
    walk->started = true;
    if (*last >= model->level[walk->order].count)
        return false;
    walk->index = *last;
    follow(walk);
    return true;
}
