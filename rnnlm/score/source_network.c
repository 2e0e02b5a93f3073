// A network as a source. It computes the probabilities of what is announced in batches, and hands
// them out word by word.
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/forward.h"
#include "net/march.h"
#include "score/prefix_tree.h"
#include "score/scorer.h"
#include "score/source.h"

struct network_source {
    struct source source;
    struct scorer scorer;
    int32_t unknown; // what words that are not in the vocabulary are taken as
    const struct unknown_shares *shares;
    bool per_sentence;         // each line begins in the scorer's first state
    struct sequence *sentence; // scratch: the lines that are computed ahead
    size_t sentence_capacity;
    struct forward_crew crew;
    struct march march;
    struct dynamic *dynamic;   // learns as it goes; then the scorer is not used
    struct neural_cache cache; // its window is 0 where there is none
    float *top;                // [tops][width] what is computed ahead for it
    size_t tops;
    struct state *after_best; // the state after the first hypothesis of the list before
    struct state *scratch;
    // What has been computed ahead: probabilities taken..queued-1 are still to be handed out.
    double *prob;
    int32_t *id;
    size_t queued, taken, prob_capacity, id_capacity;
};

static struct network_source *of(struct source *source)
{
    return (struct network_source *)source;
}

static const struct network *weights_of(const struct network_source *network)
{
    return &network->scorer.model->network;
}

// Where independent sentences begin; NULL where they are not.
static const struct state *reset_of(const struct network_source *network)
{
    return network->crew.weights.reset;
}

static int32_t taken_as(const struct network_source *network, int32_t id)
{
    return id >= 0 ? id : network->unknown;
}

static int32_t id_of(const struct network_source *network, const struct token *token)
{
    return taken_as(
        network, vocabulary_find(&network->scorer.model->vocabulary, token->text, token->length));
}

// ---- word by word -----------------------------------------------------------------------------

static void begin_line(struct network_source *network, const struct token *before)
{
    if (network->per_sentence && before->sentence_end)
        scorer_restart(&network->scorer);
}

static bool has_cache(const struct network_source *network)
{
    return network->cache.rule.window > 0;
}

// The probability of word->id, which has not been computed ahead. The network learns of it, if it does, and the cache
// takes it in. Error: no memory.
static bool predict(struct network_source *network, struct source_word *word, struct error *error)
{
    struct neural_cache *cache = &network->cache;
    const double lambda = cache->rule.lambda;
    const float *top;
    if (network->dynamic != NULL) {
        if (!dynamic_next(network->dynamic, word->id, &word->own, error))
            return false;
        top = dynamic_top(network->dynamic);
    } else {
        word->own = scorer_word(&network->scorer, word->id);
        top = scorer_top(&network->scorer);
    }
    word->prob = word->cached = word->own;
    if (!has_cache(network) || word->id < 0)
        return true;
    neural_cache_words(cache, top, 0, &word->id, 1, &cache->rule.theta, 1, &word->cached);
    if (word->cached < 0)
        word->cached = word->own;
    else
        word->prob = (1 - lambda) * word->own + lambda * word->cached;
    return true;
}

static void network_advance(struct source *source, const struct token *token)
{
    struct network_source *network = of(source);
    int32_t id = id_of(network, token);
    double prob = 0;
    if (network->dynamic != NULL) {
        struct source_word word = {.id = id};
        predict(network, &word, NULL);
        return;
    }
    if (has_cache(network)) {
        scorer_load(&network->scorer);
        neural_cache_mix(&network->cache, scorer_top(&network->scorer), 0, &id, 1, &prob);
    }
    scorer_advance(&network->scorer, id);
    begin_line(network, token);
}

static bool network_next(struct source *source, const struct token *token, struct source_word *word,
                         struct error *error)
{
    struct network_source *network = of(source);
    if (network->taken < network->queued) {
        word->id = network->id[network->taken];
        word->prob = network->prob[network->taken++];
    } else {
        word->id = id_of(network, token);
        if (!predict(network, word, error))
            return false;
        begin_line(network, token);
    }
    word->name =
        word->id >= 0 ? vocabulary_word(&network->scorer.model->vocabulary, word->id) : NULL;
    if (word->id >= 0 && !forward_may_be(&network->crew.weights, word->prob))
        return error_set(error, "the network's probability of \"%.*s\" is %g", (int)token->length,
                         token->text, word->prob);
    const double whole = word->prob;
    source_share(network->shares, network->unknown, token, word);
    if (has_cache(network) && word->prob != whole) {
        word->own *= word->prob / whole;
        word->cached *= word->prob / whole;
    }
    return true;
}

static const char *network_draw(struct source *source, struct random *random)
{
    struct network_source *network = of(source);
    struct scorer *scorer = &network->scorer;
    int32_t word = WORD_OOV;
    if (has_cache(network)) {
        scorer_load(scorer);
        word = neural_cache_draw(&network->cache, scorer_top(scorer), random);
    }
    return vocabulary_word(&scorer->model->vocabulary,
                           word >= 0 ? word : scorer_draw(scorer, random));
}

static const struct vocabulary *network_words(const struct source *source)
{
    return &((const struct network_source *)source)->scorer.model->vocabulary;
}

static int32_t network_id(const struct source *source, const struct token *token)
{
    return id_of((const struct network_source *)source, token);
}

static bool network_distribution(struct source *source, double *prob, struct error *error)
{
    struct network_source *network = of(source);
    struct scorer *scorer = &network->scorer;
    if (!scorer_distribution(scorer, prob, error))
        return false;
    if (has_cache(network))
        neural_cache_mix_all(&network->cache, scorer_top(scorer), prob,
                             scorer->model->vocabulary.size);
    return true;
}

// ---- ahead ------------------------------------------------------------------------------------

enum { LOOK_UPS = 4096 }; // words that a thread looks up at a time

struct look_up {
    const struct network_source *network;
    const struct token *token;
    size_t count;
};

static void find_ids(void *context, size_t worker, size_t item)
{
    const struct look_up *look_up = context;
    const struct network_source *network = look_up->network;
    size_t from = item * LOOK_UPS, left = look_up->count - from;
    size_t to = from + (left < LOOK_UPS ? left : LOOK_UPS);
    (void)worker;
    vocabulary_find_all(&network->scorer.model->vocabulary, look_up->token + from, to - from,
                        network->id + from);
    for (size_t i = from; i < to; i++)
        network->id[i] = taken_as(network, network->id[i]);
}

// Room for `count` tokens, whose ids are found.
static bool queue(struct network_source *network, const struct token *token, size_t count,
                  struct error *error)
{
    struct look_up look_up = {network, token, count};
    network->queued = network->taken = 0;
    if (!memory_grow(&network->prob, &network->prob_capacity, count, sizeof *network->prob,
                     error) ||
        !memory_grow(&network->id, &network->id_capacity, count, sizeof *network->id, error))
        return false;
    pool_run(network->crew.pool, find_ids, &look_up, (count + LOOK_UPS - 1) / LOOK_UPS);
    return true;
}

// Long ones first: what is computed together is then of about the same length. Of the same length,
// in their order.
static int compare_lengths(const void *left, const void *right)
{
    const struct sequence *a = left, *b = right;
    if (a->length != b->length)
        return a->length > b->length ? -1 : 1;
    return a->word < b->word ? -1 : 1;
}

// The lines as sequences; the first may be the rest of one.
static bool cut_lines(struct network_source *network, const struct token *token, size_t count,
                      size_t *lines, struct error *error)
{
    const struct state *begin = network->scorer.now;
    *lines = 0;
    for (size_t i = 0, first = 0; i < count; i++) {
        if (!token[i].sentence_end && i + 1 < count)
            continue;
        if (!memory_grow(&network->sentence, &network->sentence_capacity, *lines + 1,
                         sizeof *network->sentence, error))
            return false;
        network->sentence[(*lines)++] = (struct sequence){.begin = begin,
                                                          .word = network->id + first,
                                                          .length = i + 1 - first,
                                                          .prob = network->prob + first};
        begin = network->scorer.begin;
        first = i + 1;
    }
    return true;
}

// Side by side, and to where the last one ends: in the midst of a line, it may be.
static bool score_lines(struct network_source *network, const struct token *token, size_t count,
                        struct error *error)
{
    size_t lines;
    if (!cut_lines(network, token, count, &lines, error))
        return false;
    if (lines == 0)
        return true;
    struct sequence last = network->sentence[lines - 1];
    qsort(network->sentence, lines, sizeof *network->sentence, compare_lengths);
    if (!prefix_tree_score(&network->crew, network->sentence, lines, error))
        return false;
    if (last.begin == network->scorer.begin || token[count - 1].sentence_end)
        scorer_restart(&network->scorer);
    for (size_t i = 0; i < last.length && !token[count - 1].sentence_end; i++)
        scorer_advance(&network->scorer, last.word[i]);
    return true;
}

enum { TOPS_BYTES = 32 << 20 }; // that are kept for a cache

// The text with a cache, piece by piece.
static bool score_with_cache(struct network_source *network, size_t count, struct error *error)
{
    size_t width = weights_of(network)->width;
    if (network->top == NULL) {
        network->tops = TOPS_BYTES / sizeof(float) / width + 1;
        network->top = memory_new(network->tops, width * sizeof *network->top, error);
        if (network->top == NULL)
            return false;
    }
    for (size_t first = 0, n; first < count; first += n) {
        n = count - first < network->tops ? count - first : network->tops;
        if (!march_score_tops(&network->march, network->scorer.now, network->id + first, n,
                              network->prob + first, network->top, error))
            return false;
        neural_cache_mix(&network->cache, network->top, width, network->id + first, n,
                         network->prob + first);
    }
    return true;
}

static bool network_look_ahead(struct source *source, const struct token *token, size_t count,
                               struct error *error)
{
    struct network_source *network = of(source);
    if (network->dynamic != NULL)
        return true; // the weights change as it goes
    if (!queue(network, token, count, error))
        return false;
    bool ok = network->per_sentence ? score_lines(network, token, count, error)
              : has_cache(network)  ? score_with_cache(network, count, error)
                                    : march_score(&network->march, network->scorer.now, network->id,
                                                  count, network->prob, error);
    if (ok)
        network->queued = count;
    return ok;
}

// ---- n-best lists -----------------------------------------------------------------------------

// The hypotheses of all lists as sequences, and the states they begin in.
struct lists {
    struct sequence *sequence; // [count]
    size_t count, capacity;
    struct state **root; // [roots]; those of the current list are first_root..
    size_t roots, first_root, root_capacity;
};

static void lists_free(struct lists *lists)
{
    for (size_t i = 0; i < lists->roots; i++)
        free(lists->root[i]);
    free(lists->root);
    free(lists->sequence);
}

// The words before a hypothesis, which direct connections look at, are those of the line before,
// whatever it was: so the reference has it, and so its scores are. Hypotheses for which they are
// the same begin in the same state.
static const struct state *root_for(const struct network_source *network, struct lists *lists,
                                    struct error *error)
{
    const struct state *now = network->scorer.now;
    size_t words = network_history(weights_of(network));
    for (size_t i = lists->first_root; i < lists->roots; i++)
        if (memcmp(lists->root[i]->history, now->history, words * sizeof *now->history) == 0)
            return lists->root[i];
    if (!memory_grow(&lists->root, &lists->root_capacity, lists->roots + 1, sizeof *lists->root,
                     error))
        return NULL;
    struct state *root = state_new(weights_of(network), error);
    if (root == NULL)
        return NULL;
    lists->root[lists->roots++] = root;
    state_copy(weights_of(network), root, network->after_best);
    memcpy(root->history, now->history, sizeof root->history);
    return root;
}

static bool add_sequence(struct network_source *network, struct lists *lists, size_t first,
                         size_t length, struct error *error)
{
    int32_t *history = network->scorer.now->history;
    const struct state *root = root_for(network, lists, error);
    if (root == NULL || !memory_grow(&lists->sequence, &lists->capacity, lists->count + 1,
                                     sizeof *lists->sequence, error))
        return false;
    lists->sequence[lists->count++] = (struct sequence){.begin = root,
                                                        .word = network->id + first,
                                                        .length = length,
                                                        .prob = network->prob + first};
    for (size_t i = 0; i < length; i++)
        history_push(history, network->id[first + i]);
    if (reset_of(network) != NULL)
        memcpy(history, reset_of(network)->history, sizeof reset_of(network)->history);
    return true;
}

// The state after the first hypothesis of a list, where the next list begins.
static void follow_best(struct network_source *network, const struct sequence *best)
{
    state_copy(weights_of(network), network->after_best, best->begin);
    for (size_t i = 0; i < best->length; i++) {
        const struct state *before = network->after_best;
        forward_advance(network->crew.forward, 1, &before, &best->word[i], &network->scratch);
        struct state *next = network->scratch;
        network->scratch = network->after_best;
        network->after_best = next;
    }
}

static bool make_lists(struct network_source *network, struct lists *lists,
                       const struct token *token, size_t count, const size_t *list,
                       struct error *error)
{
    size_t best = 0; // the first hypothesis of the current list
    for (size_t i = 0, first = 0; i < count; i++) {
        if (!token[i].sentence_end && i + 1 < count)
            continue;
        if (lists->count > 0 && list[lists->count] != list[lists->count - 1]) {
            follow_best(network, &lists->sequence[best]);
            best = lists->count;
            lists->first_root = lists->roots;
        }
        if (!add_sequence(network, lists, first, i + 1 - first, error))
            return false;
        first = i + 1;
    }
    if (lists->count > 0)
        follow_best(network, &lists->sequence[best]);
    return true;
}

static bool network_begin_lists(struct source *source, const struct token *token, size_t count,
                                const size_t *list, struct error *error)
{
    struct network_source *network = of(source);
    struct lists lists = {.count = 0};
    bool ok = queue(network, token, count, error) &&
              make_lists(network, &lists, token, count, list, error) &&
              prefix_tree_score(&network->crew, lists.sequence, lists.count, error);
    lists_free(&lists);
    if (ok)
        network->queued = count;
    return ok;
}

// ---- beginning and end ------------------------------------------------------------------------

static void network_free_source(struct source *source)
{
    struct network_source *network = of(source);
    scorer_free(&network->scorer);
    march_free(&network->march);
    neural_cache_free(&network->cache);
    free(network->top);
    forward_crew_free(&network->crew);
    free(network->after_best);
    free(network->scratch);
    free(network->sentence);
    free(network->prob);
    free(network->id);
    free(network);
}

static const struct source_type network_type = {.next = network_next,
                                                .advance = network_advance,
                                                .look_ahead = network_look_ahead,
                                                .begin_lists = network_begin_lists,
                                                .draw = network_draw,
                                                .words = network_words,
                                                .id = network_id,
                                                .distribution = network_distribution,
                                                .free = network_free_source};

static bool network_init_source(struct network_source *network, const struct model *model,
                                const struct network_use *use, struct error *error)
{
    enum state_start start = network_use_start(use);
    if (!forward_crew_init(&network->crew, &model->network, use->independent, use->pool, error) ||
        !scorer_init(&network->scorer, model, &network->crew.weights, start, error) ||
        !march_init(&network->march, &network->crew, error))
        return false;
    network->crew.weights.unnormalised = use->unnormalised;
    network->dynamic = use->dynamic;
    if (use->dynamic != NULL && !dynamic_start(use->dynamic, start, model->state, error))
        return false;
    if (use->cache.window > 0 &&
        !neural_cache_init(&network->cache, &use->cache, model->network.width, use->pool, error))
        return false;
    network->after_best = state_at_start(&model->network, STATE_LISTS, NULL, error);
    network->scratch = state_new(&model->network, error);
    return network->after_best != NULL && network->scratch != NULL;
}

struct source *source_network(const struct model *model, const struct network_use *use,
                              struct error *error)
{
    struct network_source *network = memory_new(1, sizeof *network, error);
    if (network == NULL)
        return NULL;
    network->source.type = &network_type;
    network->unknown = use->unknown;
    network->shares = use->shares;
    network->per_sentence = use->per_sentence;
    if (network_init_source(network, model, use, error))
        return &network->source;
    network_free_source(&network->source);
    return NULL;
}
