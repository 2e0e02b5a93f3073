// New language model scores for a lattice, level by level: all hypotheses of a level are predicted
// from and advanced together. arrivals.c and narrow.c are the other parts.
#include "lattice/rescore.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lattice/expansion.h"

enum { CROWD = 1024 }; // requests more than wanted that are no trouble

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

// Likewise where the old model, whose probability is `old`, has a part in the link's own score: the
// rest of that stays.
static double replaced_score(const struct rescore_options *options, double prob, double old,
                             double own)
{
    double part = old > 0 ? log10(old) : options->oov_penalty;
    return bounded(own - options->old_scale * part + mixed_score(options, prob, part));
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

// ---- links ------------------------------------------------------------------------------------

// What the models are asked for a link behind a hypothesis; link NONE: the end.
static bool request(struct expansion *expansion, size_t parent, size_t index, size_t most,
                    struct error *error)
{
    const struct lattice *lattice = expansion->lattice;
    const struct lattice_hypothesis *hypothesis = &expansion->hypothesis[parent];
    const struct lattice_link *link = index != NONE ? &lattice->link[index] : NULL;
    struct request item = {.parent = parent, .link = index};
    bool silent = link == NULL || link->kind == LINK_NULL;
    item.last = link == NULL || (link->to == lattice->end && (silent || link->kind == LINK_END));
    item.predicted = item.last && silent ? !hypothesis->ended : is_predicted(link, hypothesis);
    return add_request(expansion, &item, most, error);
}

static bool predict(struct expansion *expansion, struct error *error)
{
    size_t predicted = 0;
    if (!grow_jobs(expansion, expansion->requests, error))
        return false;
    for (size_t i = 0; i < expansion->requests; i++) {
        const struct request *item = &expansion->request[i];
        const struct lattice_link *link =
            item->link != NONE ? &expansion->lattice->link[item->link] : NULL;
        if (!item->predicted)
            continue;
        expansion->state[predicted] = expansion->hypothesis[item->parent].state;
        expansion->word[predicted++] = item->last || link->kind == LINK_END ? WORD_END : link->word;
    }
    expansion->allowance.used += predicted;
    return language_predict(expansion->language, predicted, expansion->state, expansion->word,
                            expansion->prob, expansion->old, error);
}

// The new score of what the models give a probability, or that they are not asked for.
static double new_score(const struct expansion *expansion, const struct request *item,
                        size_t predicted)
{
    const struct rescore_options *options = &expansion->options;
    const struct lattice_link *link =
        item->link != NONE ? &expansion->lattice->link[item->link] : NULL;
    bool implied = item->last && (link == NULL || link->kind == LINK_NULL);
    double own = link != NULL ? link->lm : 0;
    bool subtracts = expansion->language->models.old != NULL;
    if (!item->predicted)
        return subtracts ? own : silent_score(options, own);
    double prob = expansion->prob[predicted];
    if (subtracts)
        return replaced_score(options, prob, expansion->old[predicted], own);
    return implied ? end_score(options, prob, own) : mixed_score(options, prob, own);
}

// Takes the answers to all requests: links to the end, and arrivals.
static bool answer(struct expansion *expansion, struct error *error)
{
    size_t predicted = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < expansion->requests; i++) {
        const struct request *item = &expansion->request[i];
        double lm = new_score(expansion, item, predicted);
        predicted += item->predicted;
        if (item->predicted && item->link != NONE)
            outlook_add(&expansion->outlook, &expansion->lattice->link[item->link], lm);
        ok = item->last ? emit(expansion, item->parent, NONE, item->link, lm, error)
                        : add_arrival(expansion, item->parent, item->link, lm, error);
    }
    return ok;
}

// Scores links behind the hypotheses from `begin` on, the best `most`.
static bool go_on(struct expansion *expansion, size_t begin, size_t most, struct error *error)
{
    const struct lattice *lattice = expansion->lattice;
    expansion->requests = 0;
    expansion->crowd = most < SIZE_MAX / 4 ? 2 * most + CROWD : SIZE_MAX;
    expansion->least_way = -INFINITY;
    for (size_t i = begin; i < expansion->hypotheses; i++) {
        const struct lattice_hypothesis *hypothesis = &expansion->hypothesis[i];
        size_t node = hypothesis->node;
        if (hypothesis->merged != NONE)
            continue;
        if (node == lattice->end && !request(expansion, i, NONE, most, error))
            return false;
        for (size_t j = lattice->first[node]; j < lattice->first[node + 1]; j++)
            if (!request(expansion, i, j, most, error))
                return false;
    }
    bool ok = narrow_requests(expansion, most, error) && predict(expansion, error) &&
              answer(expansion, error);
    for (size_t i = begin; ok && i < expansion->hypotheses; i++)
        if (expansion->hypothesis[i].waiting == 0)
            lattice_hypothesis_drop_state(&expansion->hypothesis[i], expansion->language);
    return ok;
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
    const struct rescore_options *options = &expansion->options;
    size_t nodes = lattice->nodes;
    size_t *scratch = memory_new(nodes + 2, sizeof *scratch, error);
    expansion->first_arrival = memory_new(nodes, sizeof *expansion->first_arrival, error);
    expansion->begin = memory_new(nodes, sizeof *expansion->begin, error);
    expansion->end = memory_new(nodes, sizeof *expansion->end, error);
    expansion->by_level = memory_new(nodes, sizeof *expansion->by_level, error);
    bool ok = scratch != NULL && expansion->first_arrival != NULL && expansion->begin != NULL &&
              expansion->end != NULL && expansion->by_level != NULL &&
              outlook_init(&expansion->outlook, lattice, error) &&
              histories_init(&expansion->histories, SIZE_MAX, error) &&
              histories_init(&expansion->groups,
                             options->merge_order > 0 ? (size_t)options->merge_order - 1 : SIZE_MAX,
                             error) &&
              language_take_words(expansion->language, lattice, error);
    for (size_t i = 0; ok && i < nodes; i++)
        expansion->first_arrival[i] = NONE;
    if (ok)
        sort_nodes(nodes, lattice->level, scratch, expansion->by_level);
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
    outlook_free(&expansion->outlook);
    free(expansion->estimate);
    free(expansion->old);
    free(expansion->ranked);
    free(expansion->request);
    free(expansion->state);
    free(expansion->after);
    free(expansion->word);
    free(expansion->prob);
}

static bool begin(struct expansion *expansion, struct error *error)
{
    const struct lattice *lattice = expansion->lattice;
    struct lattice_hypothesis start = {
        .node = lattice->start, .merged = NONE, .word = WORD_OOV, .score = 0};
    if (!language_start(expansion->language, &start.state, error) ||
        !add_hypothesis(expansion, &start, error))
        return false;
    expansion->levelled = 1; // the start is alone on its level
    size_t most = allowance_quota(&expansion->allowance, lattice->first[lattice->start + 1] -
                                                             lattice->first[lattice->start]);
    return go_on(expansion, 0, most, error);
}

// A level takes its share of the work: arrivals that become hypotheses, and links behind those.
static bool next_level(struct expansion *expansion, struct error *error)
{
    const struct lattice *lattice = expansion->lattice;
    size_t from = expansion->levelled, to = from, links = 0;
    size_t level = lattice->level[expansion->by_level[from]];
    for (; to < lattice->nodes && lattice->level[expansion->by_level[to]] == level; to++) {
        size_t node = expansion->by_level[to];
        links += lattice->first[node + 1] - lattice->first[node];
    }
    size_t most = allowance_quota(&expansion->allowance, links);
    if (!narrow_level(expansion, from, to, most / 2 + 1, error))
        return false;
    size_t begin_at = expansion->hypotheses;
    uint64_t used = expansion->allowance.used;
    expansion->levelled = to;
    if (!take_arrivals(expansion, from, to, error))
        return false;
    used = expansion->allowance.used - used;
    return go_on(expansion, begin_at, used < most ? most - (size_t)used : 1, error) &&
           keep_within(expansion, error);
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
                     const struct rescore_options *options, struct narrowing *narrowing,
                     struct error *error)
{
    struct expansion expansion = {
        .lattice = lattice, .language = language, .options = *options, .free_arrival = NONE};
    size_t order = language_longest(language);
    // what back-off models cannot tell apart is one
    if (order < SIZE_MAX && (options->merge_order == 0 || (size_t)options->merge_order > order)) {
        expansion.options.merge_order = (int64_t)order + 1;
        expansion.options.merge_margin = 0;
    }
    expansion.grouped = expansion.options.merge_order > 0 && expansion.options.merge_margin > 0;
    allowance_begin(&expansion.allowance, &options->bounds, lattice->links);
    bool ok = expansion_init(&expansion, error) && begin(&expansion, error);
    while (ok && expansion.levelled < lattice->nodes)
        ok = next_level(&expansion, error);
    ok = ok && take_place(&expansion, error);
    *narrowing = expansion.narrowing;
    expansion_free(&expansion);
    return ok;
}
