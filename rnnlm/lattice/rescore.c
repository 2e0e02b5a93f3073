// New language model scores for a lattice, level by level: all hypotheses of a level are predicted
// from and advanced together.
#include "lattice/rescore.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lattice/history.h"
#include "lattice/hypothesis.h"

static const size_t NONE = SIZE_MAX;

// A link behind a hypothesis: it arrives at link->to, where hypotheses are made of arrivals.
struct arrival {
    size_t parent, link;
    double lm, score;
    size_t hypothesis; // what it became, NONE if it fell out of the beam
    size_t next;       // another arrival at the same node, or NONE
};

// A link behind a hypothesis of the current level, to be scored.
struct request {
    size_t parent, link; // link NONE: from the end node to the expanded lattice's own end
    bool predicted;      // it has a probability, in step with `state` and `word`
    bool last;           // leads to the end of the expanded lattice
};

struct ranked {
    double score;
    size_t arrival;
};

struct expansion {
    struct lattice *lattice;
    struct language *language;
    const struct rescore_options *options;
    bool grouped;                       // hypotheses with the same last words may be several
    struct histories histories, groups; // all words, if grouped; those that merging goes by
    struct lattice_hypothesis *hypothesis;
    size_t hypotheses, hypothesis_capacity;
    struct arrival *arrival;
    size_t arrivals, arrival_capacity;
    struct lattice_link *link; // of the result, between hypotheses; to NONE: the end
    size_t links, link_capacity;
    size_t *first_arrival;     // [nodes]
    size_t *begin, *end;       // [nodes] its hypotheses
    size_t *by_level, *by_use; // [nodes] in order of level; of the last level that needs them
    size_t *last_use;          // [nodes]
    size_t levelled, used;     // of by_level and by_use: done
    struct ranked *ranked;     // scratch for the arrivals at a node
    size_t ranked_capacity;
    struct pair_map known; // (history, ended) to hypothesis, at a node; (state, word) to job
    struct request *request;
    size_t requests, request_capacity;
    size_t *state, *after; // [] of the words to be predicted, or jobs
    int32_t *word;
    double *prob;
    size_t state_capacity, after_capacity, word_capacity, prob_capacity;
};

// ---- scores -----------------------------------------------------------------------------------

static double bounded(double score)
{
    return score > LATTICE_ZERO ? score : LATTICE_ZERO;
}

// The new score of a word that the models give the probability `prob`, beside the old one.
static double mixed_score(const struct rescore_options *options, double prob, double old)
{
    double lambda = options->lambda;
    double score = prob > 0 ? log10(prob) : options->oov_penalty;
    if (lambda == 1)
        return bounded(score);
    if (options->log_linear)
        return bounded(lambda * score + (1 - lambda) * old);
    double sum = lambda * prob + (1 - lambda) * pow(10, old);
    return bounded(sum > 0 ? log10(sum) : options->oov_penalty);
}

// The new score of a link that no model predicts.
static double silent_score(const struct rescore_options *options, double old)
{
    return bounded((1 - options->lambda) * old);
}

// </s> at the end of a way, where the lattice may have it as the score of a link without word.
static double end_score(const struct rescore_options *options, double prob, double old)
{
    if (old == 0 && !options->log_linear) {
        struct rescore_options replace = *options;
        replace.lambda = 1;
        return mixed_score(&replace, prob, old);
    }
    return mixed_score(options, prob, old);
}

// ---- from arrivals to hypotheses --------------------------------------------------------------

// A second mark of the end (!SENT_END and </s>) says nothing that the first one has not.
static bool is_predicted(const struct lattice_link *link, const struct lattice_hypothesis *before)
{
    return link->kind == LINK_WORD || (link->kind == LINK_END && !before->ended);
}

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
}

// The arrivals at a node, the best first.
static bool rank(struct expansion *expansion, size_t node, size_t *count, struct error *error)
{
    *count = 0;
    for (size_t i = expansion->first_arrival[node]; i != NONE; i = expansion->arrival[i].next) {
        if (!memory_grow(&expansion->ranked, &expansion->ranked_capacity, *count + 1,
                         sizeof *expansion->ranked, error))
            return false;
        expansion->ranked[(*count)++] = (struct ranked){expansion->arrival[i].score, i};
    }
    if (*count > 1)
        qsort(expansion->ranked, *count, sizeof *expansion->ranked, compare_ranked);
    return true;
}

static bool add_hypothesis(struct expansion *expansion, const struct lattice_hypothesis *hypothesis,
                           struct error *error)
{
    if (expansion->hypotheses >= expansion->options->most_nodes)
        return error_set(error,
                         "the expanded lattice has more than %zu nodes: -beam, -prune, "
                         "-max-histories or a lower -merge-order makes it smaller, -max-nodes "
                         "allows more",
                         expansion->options->most_nodes);
    if (!memory_grow(&expansion->hypothesis, &expansion->hypothesis_capacity,
                     expansion->hypotheses + 1, sizeof *expansion->hypothesis, error))
        return false;
    expansion->hypothesis[expansion->hypotheses++] = *hypothesis;
    return true;
}

// The hypothesis that an arrival would be.
static bool describe(struct expansion *expansion, const struct arrival *arrival,
                     struct lattice_hypothesis *hypothesis, struct error *error)
{
    const struct lattice_link *link = &expansion->lattice->link[arrival->link];
    bool predicted = is_predicted(link, &expansion->hypothesis[arrival->parent]);
    *hypothesis = expansion->hypothesis[arrival->parent];
    hypothesis->node = link->to;
    hypothesis->next = hypothesis->merged = NO_HYPOTHESIS;
    hypothesis->score = arrival->score;
    if (!predicted)
        return true;
    hypothesis->ended = link->kind == LINK_END;
    hypothesis->word = hypothesis->ended ? WORD_END : link->word;
    return history_after(&expansion->groups, hypothesis->group, hypothesis->word,
                         &hypothesis->group, error) &&
           (!expansion->grouped || history_after(&expansion->histories, hypothesis->history,
                                                 hypothesis->word, &hypothesis->history, error));
}

// Second keys in `known`, beside the number of a group or of a history.
static uint64_t group_key(const struct lattice_hypothesis *hypothesis)
{
    return hypothesis->ended;
}

static uint64_t history_key(const struct lattice_hypothesis *hypothesis)
{
    return 2 + (uint64_t)hypothesis->ended;
}

// Makes a hypothesis of an arrival, or gives the arrival to one that the node has: the one with the
// same words, or where the beam or the limit ends, the best one with the same last words.
// `first`: this one, NONE if there is none yet.
static bool make_hypothesis(struct expansion *expansion, struct arrival *arrival, bool falls,
                            struct lattice_hypothesis *hypothesis, struct error *error)
{
    const size_t *same = NULL;
    size_t index = expansion->hypotheses;
    if (expansion->grouped)
        same = pair_map_find(&expansion->known, hypothesis->history, history_key(hypothesis));
    if (same != NULL || falls || (hypothesis->first != NONE && !expansion->grouped)) {
        arrival->hypothesis = same != NULL ? *same : hypothesis->first;
        return true;
    }
    if (hypothesis->first == NONE)
        hypothesis->first = index;
    arrival->hypothesis = index;
    // the arrival whose state it takes over, for make_states()
    hypothesis->state = (size_t)(arrival - expansion->arrival);
    return add_hypothesis(expansion, hypothesis, error) &&
           (!expansion->grouped || pair_map_add(&expansion->known, hypothesis->history,
                                                history_key(hypothesis), &index, NULL, error)) &&
           pair_map_add(&expansion->known, hypothesis->group, group_key(hypothesis), &index, NULL,
                        error);
}

static bool make_hypotheses(struct expansion *expansion, size_t node, struct error *error)
{
    const struct rescore_options *options = expansion->options;
    struct lattice_hypothesis hypothesis;
    size_t count, groups = 0;
    if (!rank(expansion, node, &count, error))
        return false;
    pair_map_clear(&expansion->known);
    expansion->begin[node] = expansion->hypotheses;
    for (size_t i = 0; i < count; i++) {
        struct arrival *arrival = &expansion->arrival[expansion->ranked[i].arrival];
        if (!describe(expansion, arrival, &hypothesis, error))
            return false;
        const size_t *first =
            pair_map_find(&expansion->known, hypothesis.group, group_key(&hypothesis));
        bool full = options->most_histories > 0 && groups >= options->most_histories;
        bool falls =
            arrival->score < expansion->ranked[0].score - options->beam || (first == NULL && full);
        groups += first == NULL && !falls;
        hypothesis.first = first != NULL ? *first : NONE;
        if (!make_hypothesis(expansion, arrival, falls, &hypothesis, error))
            return false;
    }
    expansion->end[node] = expansion->hypotheses;
    return true;
}

// ---- states -----------------------------------------------------------------------------------

static bool grow_jobs(struct expansion *expansion, size_t count, struct error *error)
{
    return memory_grow(&expansion->state, &expansion->state_capacity, count,
                       sizeof *expansion->state, error) &&
           memory_grow(&expansion->after, &expansion->after_capacity, count,
                       sizeof *expansion->after, error) &&
           memory_grow(&expansion->word, &expansion->word_capacity, count, sizeof *expansion->word,
                       error) &&
           memory_grow(&expansion->prob, &expansion->prob_capacity, count, sizeof *expansion->prob,
                       error);
}

// States of the hypotheses from `begin` on, computed once for each state before and word.
static bool make_states(struct expansion *expansion, size_t begin, struct error *error)
{
    size_t jobs = 0, count = expansion->hypotheses - begin;
    size_t *job = memory_new(count, sizeof *job, error);
    bool ok = job != NULL && grow_jobs(expansion, count, error);
    pair_map_clear(&expansion->known);
    for (size_t i = 0; ok && i < count; i++) {
        struct lattice_hypothesis *hypothesis = &expansion->hypothesis[begin + i];
        const struct arrival *arrival = &expansion->arrival[hypothesis->state];
        const struct lattice_hypothesis *parent = &expansion->hypothesis[arrival->parent];
        size_t before = parent->state;
        bool added = false;
        job[i] = NONE;
        hypothesis->state = before;
        if (!is_predicted(&expansion->lattice->link[arrival->link], parent)) {
            language_hold(expansion->language, before);
            continue;
        }
        job[i] = jobs;
        ok = pair_map_add(&expansion->known, before, (uint64_t)hypothesis->word, &job[i], &added,
                          error);
        if (added) {
            expansion->state[jobs] = before;
            expansion->word[jobs++] = hypothesis->word;
        }
    }
    ok = ok && language_advance(expansion->language, jobs, expansion->state, expansion->word,
                                expansion->after, error);
    for (size_t i = 0; ok && i < count; i++) {
        if (job[i] == NONE)
            continue;
        expansion->hypothesis[begin + i].state = expansion->after[job[i]];
        language_hold(expansion->language, expansion->after[job[i]]);
    }
    for (size_t i = 0; ok && i < jobs; i++)
        language_release(expansion->language, expansion->after[i]);
    free(job);
    return ok;
}

// Merges the hypotheses of a node.
static void merge(struct expansion *expansion, size_t node)
{
    const struct rescore_options *options = expansion->options;
    struct merging merging = {.margin = options->merge_margin * expansion->lattice->scales.lm,
                              .distance = options->merge_distance,
                              .most = options->most_histories};
    if (expansion->grouped || merging.distance > 0)
        lattice_hypotheses_merge(expansion->hypothesis, expansion->begin[node],
                                 expansion->end[node], &merging, expansion->language);
}

// ---- links ------------------------------------------------------------------------------------

static bool emit(struct expansion *expansion, size_t from, size_t to, size_t source, double lm,
                 struct error *error)
{
    const struct lattice *lattice = expansion->lattice;
    struct lattice_link link = {.word = WORD_OOV, .kind = LINK_NULL};
    if (source != NONE)
        link = lattice->link[source];
    link.from = from;
    link.to = to;
    link.lm = lm;
    if (!memory_grow(&expansion->link, &expansion->link_capacity, expansion->links + 1, sizeof link,
                     error))
        return false;
    expansion->link[expansion->links++] = link;
    return true;
}

static bool emit_arrivals(struct expansion *expansion, size_t node, struct error *error)
{
    for (size_t i = expansion->first_arrival[node]; i != NONE; i = expansion->arrival[i].next) {
        const struct arrival *arrival = &expansion->arrival[i];
        if (arrival->hypothesis == NONE)
            continue;
        size_t merged = expansion->hypothesis[arrival->hypothesis].merged;
        size_t to = merged != NONE ? merged : arrival->hypothesis;
        if (!emit(expansion, arrival->parent, to, arrival->link, arrival->lm, error))
            return false;
    }
    return true;
}

static bool add_arrival(struct expansion *expansion, size_t parent, size_t index, double lm,
                        struct error *error)
{
    struct lattice_link link = expansion->lattice->link[index];
    link.lm = lm;
    double score = expansion->hypothesis[parent].score + lattice_total(expansion->lattice, &link);
    if (!memory_grow(&expansion->arrival, &expansion->arrival_capacity, expansion->arrivals + 1,
                     sizeof *expansion->arrival, error))
        return false;
    expansion->arrival[expansion->arrivals] =
        (struct arrival){parent, index, lm, score, NONE, expansion->first_arrival[link.to]};
    expansion->first_arrival[link.to] = expansion->arrivals++;
    return true;
}

static bool request(struct expansion *expansion, size_t parent, size_t index, size_t *predicted,
                    struct error *error)
{
    const struct lattice *lattice = expansion->lattice;
    const struct lattice_hypothesis *hypothesis = &expansion->hypothesis[parent];
    const struct lattice_link *link = index != NONE ? &lattice->link[index] : NULL;
    struct request item = {.parent = parent, .link = index};
    bool silent = link == NULL || link->kind == LINK_NULL;
    item.last = link == NULL || (link->to == lattice->end && (silent || link->kind == LINK_END));
    item.predicted = item.last && silent ? !hypothesis->ended : is_predicted(link, hypothesis);
    if (!memory_grow(&expansion->request, &expansion->request_capacity, expansion->requests + 1,
                     sizeof item, error) ||
        !grow_jobs(expansion, *predicted + 1, error))
        return false;
    expansion->request[expansion->requests++] = item;
    if (item.predicted) {
        expansion->state[*predicted] = hypothesis->state;
        expansion->word[(*predicted)++] =
            item.last || link->kind == LINK_END ? WORD_END : link->word;
    }
    return true;
}

// Takes the answers to all requests: links to the end, and arrivals.
static bool answer(struct expansion *expansion, struct error *error)
{
    const struct rescore_options *options = expansion->options;
    size_t predicted = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < expansion->requests; i++) {
        const struct request *item = &expansion->request[i];
        const struct lattice_link *link =
            item->link != NONE ? &expansion->lattice->link[item->link] : NULL;
        bool implied = item->last && (link == NULL || link->kind == LINK_NULL);
        double old = link != NULL ? link->lm : 0;
        double prob = item->predicted ? expansion->prob[predicted++] : 0;
        double lm = !item->predicted ? silent_score(options, old)
                    : implied        ? end_score(options, prob, old)
                                     : mixed_score(options, prob, old);
        ok = item->last ? emit(expansion, item->parent, NONE, item->link, lm, error)
                        : add_arrival(expansion, item->parent, item->link, lm, error);
    }
    return ok;
}

// Scores all links behind the hypotheses from `begin` on.
static bool go_on(struct expansion *expansion, size_t begin, struct error *error)
{
    const struct lattice *lattice = expansion->lattice;
    size_t predicted = 0;
    expansion->requests = 0;
    for (size_t i = begin; i < expansion->hypotheses; i++) {
        const struct lattice_hypothesis *hypothesis = &expansion->hypothesis[i];
        size_t node = hypothesis->node;
        if (hypothesis->merged != NONE)
            continue;
        if (node == lattice->end && !request(expansion, i, NONE, &predicted, error))
            return false;
        for (size_t j = lattice->first[node]; j < lattice->first[node + 1]; j++)
            if (!request(expansion, i, j, &predicted, error))
                return false;
    }
    return language_predict(expansion->language, predicted, expansion->state, expansion->word,
                            expansion->prob, error) &&
           answer(expansion, error);
}

// ---- the whole --------------------------------------------------------------------------------

// Nodes in order of key[node], by counting; `begin` is scratch [nodes + 2].
static void sort_nodes(size_t nodes, const size_t *key, size_t *begin, size_t *sorted)
{
    memset(begin, 0, (nodes + 2) * sizeof *begin);
    for (size_t i = 0; i < nodes; i++)
        begin[key[i] + 1]++;
    for (size_t i = 1; i <= nodes; i++)
        begin[i] += begin[i - 1];
    for (size_t i = 0; i < nodes; i++)
        sorted[begin[key[i]]++] = i;
}

static bool expansion_init(struct expansion *expansion, struct error *error)
{
    const struct lattice *lattice = expansion->lattice;
    const struct rescore_options *options = expansion->options;
    size_t nodes = lattice->nodes;
    size_t *scratch = memory_new(nodes + 2, sizeof *scratch, error);
    expansion->first_arrival = memory_new(nodes, sizeof *expansion->first_arrival, error);
    expansion->begin = memory_new(nodes, sizeof *expansion->begin, error);
    expansion->end = memory_new(nodes, sizeof *expansion->end, error);
    expansion->by_level = memory_new(nodes, sizeof *expansion->by_level, error);
    expansion->by_use = memory_new(nodes, sizeof *expansion->by_use, error);
    expansion->last_use = memory_new(nodes, sizeof *expansion->last_use, error);
    bool ok = scratch != NULL && expansion->first_arrival != NULL && expansion->begin != NULL &&
              expansion->end != NULL && expansion->by_level != NULL && expansion->by_use != NULL &&
              expansion->last_use != NULL &&
              histories_init(&expansion->histories, SIZE_MAX, error) &&
              histories_init(&expansion->groups,
                             options->merge_order > 0 ? (size_t)options->merge_order - 1 : SIZE_MAX,
                             error) &&
              language_take_words(expansion->language, lattice, error);
    for (size_t i = 0; ok && i < nodes; i++) {
        expansion->first_arrival[i] = NONE;
        expansion->last_use[i] = lattice->level[i];
    }
    for (size_t i = 0; ok && i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        if (expansion->last_use[link->from] < lattice->level[link->to])
            expansion->last_use[link->from] = lattice->level[link->to];
    }
    if (ok) {
        sort_nodes(nodes, lattice->level, scratch, expansion->by_level);
        sort_nodes(nodes, expansion->last_use, scratch, expansion->by_use);
    }
    free(scratch);
    return ok;
}

static void expansion_free(struct expansion *expansion)
{
    histories_free(&expansion->histories);
    histories_free(&expansion->groups);
    pair_map_free(&expansion->known);
    free(expansion->hypothesis);
    free(expansion->arrival);
    free(expansion->link);
    free(expansion->first_arrival);
    free(expansion->begin);
    free(expansion->end);
    free(expansion->by_level);
    free(expansion->by_use);
    free(expansion->last_use);
    free(expansion->ranked);
    free(expansion->request);
    free(expansion->state);
    free(expansion->after);
    free(expansion->word);
    free(expansion->prob);
}

// States that no level behind this one needs.
static void release(struct expansion *expansion, size_t level)
{
    for (; expansion->used < expansion->lattice->nodes; expansion->used++) {
        size_t node = expansion->by_use[expansion->used];
        if (expansion->last_use[node] > level)
            return;
        for (size_t i = expansion->begin[node]; i < expansion->end[node]; i++)
            lattice_hypothesis_drop_state(&expansion->hypothesis[i], expansion->language);
    }
}

static bool begin(struct expansion *expansion, struct error *error)
{
    const struct lattice *lattice = expansion->lattice;
    struct lattice_hypothesis start = {
        .node = lattice->start, .merged = NONE, .word = WORD_OOV, .score = 0};
    if (!language_start(expansion->language, &start.state, error) ||
        !add_hypothesis(expansion, &start, error))
        return false;
    expansion->end[lattice->start] = 1;
    expansion->levelled = 1; // the start is alone on its level
    return go_on(expansion, 0, error);
}

static bool next_level(struct expansion *expansion, struct error *error)
{
    const struct lattice *lattice = expansion->lattice;
    size_t from = expansion->levelled, to = from, begin_at = expansion->hypotheses;
    size_t level = lattice->level[expansion->by_level[from]];
    for (; to < lattice->nodes && lattice->level[expansion->by_level[to]] == level; to++)
        if (!make_hypotheses(expansion, expansion->by_level[to], error))
            return false;
    if (!make_states(expansion, begin_at, error))
        return false;
    for (size_t i = from; i < to; i++) {
        merge(expansion, expansion->by_level[i]);
        if (!emit_arrivals(expansion, expansion->by_level[i], error))
            return false;
    }
    expansion->levelled = to;
    if (!go_on(expansion, begin_at, error))
        return false;
    release(expansion, level);
    return true;
}

// Hypotheses and their links take the place of nodes and links.
static bool take_place(struct expansion *expansion, struct error *error)
{
    struct lattice *lattice = expansion->lattice;
    size_t nodes = expansion->hypotheses + 1;
    struct lattice_node *node = memory_new(nodes, sizeof *node, error);
    if (node == NULL)
        return false;
    for (size_t i = 0; i < expansion->hypotheses; i++)
        node[i] = lattice->node[expansion->hypothesis[i].node];
    node[nodes - 1] = lattice->node[lattice->end];
    for (size_t i = 0; i < expansion->links; i++)
        if (expansion->link[i].to == NONE)
            expansion->link[i].to = nodes - 1;
    free(lattice->node);
    free(lattice->link);
    lattice->node = node;
    lattice->link = expansion->link;
    lattice->nodes = lattice->node_capacity = nodes;
    lattice->links = expansion->links;
    lattice->link_capacity = expansion->link_capacity;
    lattice->start = 0;
    lattice->end = nodes - 1;
    expansion->link = NULL;
    return lattice_arrange(lattice, true, error);
}

bool lattice_rescore(struct lattice *lattice, struct language *language,
                     const struct rescore_options *options, struct error *error)
{
    struct expansion expansion = {.lattice = lattice, .language = language, .options = options};
    expansion.grouped = options->merge_order > 0 && options->merge_margin > 0;
    bool ok = expansion_init(&expansion, error) && begin(&expansion, error);
    while (ok && expansion.levelled < lattice->nodes)
        ok = next_level(&expansion, error);
    ok = ok && take_place(&expansion, error);
    expansion_free(&expansion);
    return ok;
}
