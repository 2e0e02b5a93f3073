// Back-off n-gram models: scoring, and stepping through the n-grams.
#include "ngram/backoff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/arpa.h"
#include "ngram/binary.h"
#include "ngram/binary_format.h"
#include "ngram/node.h"

static bool read_model(struct ngram_model *model, struct input *input, const char *path,
                       bool in_place, struct error *error)
{
    if (!binary_recognise(input))
        return vocabulary_init(&model->words, error) && arpa_read(model, input, path, error);
    return binary_read(model, input, path, in_place, error) &&
           (in_place || binary_unpack(model, error) || error_prefix(error, "%s: ", path));
}

static struct ngram_model *read_input(struct input *input, const char *path, bool in_place,
                                      struct error *error)
{
    struct ngram_model *model = memory_new(1, sizeof *model, error);
    if (model == NULL || !read_model(model, input, path, in_place, error)) {
        ngram_close(model);
        return NULL;
    }
    model->used = model->order;
    model->start = vocabulary_find(&model->words, "<s>", 3);
    model->unknown = vocabulary_unknown(&model->words, NULL);
    return model;
}

static struct ngram_model *read_path(const char *path, bool in_place, struct error *error)
{
    struct input *input = input_open(path, error);
    struct ngram_model *model = input != NULL ? read_input(input, path, in_place, error) : NULL;
    input_close(input);
    return model;
}

// Text that stands before the n-grams is passed over, as arpa_read() does.
bool ngram_recognise(struct input *input)
{
    static const char mark[] = "\\data\\";
    size_t size;
    const char *text = input_ahead(input, INPUT_AHEAD, &size);
    struct sections_header header;
    if (binary_recognise(input)) {
        memcpy(&header, text, size < sizeof header ? size : sizeof header);
        return size >= sizeof header && strncmp(header.kind, BINARY_KIND, sizeof header.kind) == 0;
    }
    for (size_t i = 0; i + sizeof mark - 1 <= size; i++)
        if ((i == 0 || text[i - 1] == '\n') && memcmp(text + i, mark, sizeof mark - 1) == 0)
            return true;
    return false;
}

struct ngram_model *ngram_open_input(struct input *input, const char *path, struct error *error)
{
    return read_input(input, path, true, error);
}

struct ngram_model *ngram_open(const char *path, struct error *error)
{
    return read_path(path, true, error);
}

struct ngram_model *ngram_load(const char *path, struct error *error)
{
    return read_path(path, false, error);
}

void ngram_close(struct ngram_model *model)
{
    if (model == NULL)
        return;
    for (int k = 1; k <= NGRAM_LONGEST; k++)
        free(model->level[k].node);
    vocabulary_free(&model->words);
    map_close(&model->map);
    free(model->memory);
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
    size_t count = ngram_is_packed(model) ? model->packed[order].count : model->level[order].count;
    return count - (order == 1 && !model->has_end);
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
TRIE_INLINE bool matters(const struct ngram_model *model, bool packed, int order, uint32_t index)
{
    struct node node = node_at(model, packed, order, index);
    return node.begin < node.end || node.log10_backoff != 0;
}

void ngram_start(const struct ngram_model *model, struct ngram_state *state, bool sentence_start)
{
    memset(state, 0, sizeof *state);
    if (!sentence_start || model->start == WORD_OOV || model->used < 2)
        return;
    state->length = matters(model, ngram_is_packed(model), 1, (uint32_t)model->start);
    state->node[0] = state->length > 0 ? (uint32_t)model->start : 0;
}

bool ngram_state_ok(const struct ngram_model *model, const struct ngram_state *state)
{
    bool packed = ngram_is_packed(model);
    if (state->length < 0 || state->length >= model->used)
        return false;
    for (int j = 0; j < NGRAM_LONGEST - 1; j++) {
        size_t count = packed ? model->packed[j + 1].count : model->level[j + 1].count;
        bool inside = state->node[j] == TRIE_NONE || state->node[j] < count;
        if (j < state->length ? !inside : state->node[j] != 0)
            return false;
    }
    return true;
}

// The searches for the n-grams that a word makes with each context; returns how many there are.
TRIE_INLINE size_t prepare(const struct ngram_model *model, bool packed,
                           const struct ngram_query *query, struct trie_search *search)
{
    const struct ngram_state *in = query->in;
    if (query->word == WORD_OOV)
        return 0;
    node_prefetch(model, packed, 1, (uint32_t)query->word);
    for (int j = 0; j < in->length; j++) {
        struct node context = {.begin = 0};
        if (in->node[j] != TRIE_NONE)
            context = node_at(model, packed, j + 1, in->node[j]);
        search[j] = node_search(model, packed, j + 2, query->word, context.begin, context.end);
    }
    return (size_t)in->length;
}

// Contexts of the words so far, from the n-grams that they ended with.
TRIE_INLINE void advance(const struct ngram_model *model, bool packed, const uint32_t *next,
                         int longest, struct ngram_state *out)
{
    int length = 0;
    for (int j = 0; j < longest; j++) {
        bool matter = next[j] != TRIE_NONE && matters(model, packed, j + 1, next[j]);
        out->node[j] = matter ? next[j] : TRIE_NONE;
        if (matter)
            length = j + 1;
    }
    out->length = length;
    for (int j = length; j < NGRAM_LONGEST - 1; j++)
        out->node[j] = 0;
}

// The score, from what the searches have found.
TRIE_INLINE void conclude(const struct ngram_model *model, bool packed, struct ngram_query *query,
                          const struct trie_search *search)
{
    const struct ngram_state *in = query->in;
    uint32_t next[NGRAM_LONGEST]; // [j]: the last j + 1 words as a node of level j + 1
    float log10_prob = -INFINITY, log10_backoff = 0;
    int longest = 0;
    query->matched = 0;
    if (query->word != WORD_OOV) {
        query->matched = query->word != WORD_END || model->has_end;
        log10_prob = node_at(model, packed, 1, (uint32_t)query->word).log10_prob;
        next[0] = (uint32_t)query->word;
        for (int j = 0; j < in->length; j++) {
            next[j + 1] = search[j].found;
            if (search[j].found != TRIE_NONE) {
                query->matched = j + 2;
                log10_prob = node_at(model, packed, j + 2, search[j].found).log10_prob;
                log10_backoff = 0;
            } else if (in->node[j] != TRIE_NONE) {
                log10_backoff += node_at(model, packed, j + 1, in->node[j]).log10_backoff;
            }
        }
        longest = in->length + 1 < model->used ? in->length + 1 : model->used - 1;
    }
    query->log10_prob = log10_prob + log10_backoff;
    advance(model, packed, next, longest, query->out);
}

enum { TOGETHER = 16 };

TRIE_INLINE void score_together(const struct ngram_model *model, bool packed,
                                struct ngram_query *query, size_t count)
{
    struct trie_search search[TOGETHER * (NGRAM_LONGEST - 1)];
    size_t searches = 0;
    for (size_t i = 0; i < count; i++)
        searches += prepare(model, packed, &query[i], search + searches);
    node_find_all(packed, search, searches);
    searches = 0;
    for (size_t i = 0; i < count; i++) {
        size_t used = query[i].word != WORD_OOV ? (size_t)query[i].in->length : 0;
        conclude(model, packed, &query[i], search + searches);
        searches += used;
    }
}

void ngram_score_all(const struct ngram_model *model, struct ngram_query *query, size_t count)
{
    bool packed = ngram_is_packed(model);
    for (size_t done = 0, together; done < count; done += together) {
        together = count - done < TOGETHER ? count - done : TOGETHER;
        if (packed)
            score_together(model, true, query + done, together);
        else
            score_together(model, false, query + done, together);
    }
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
    if (walk->order < 1 || walk->order > model->order || ngram_is_packed(model))
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
