// The search of lattice_rescore(): links arrive at nodes and become hypotheses.
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "lattice/expansion.h"

// ---- from arrivals to hypotheses --------------------------------------------------------------

bool is_predicted(const struct lattice_link *link, const struct lattice_hypothesis *before)
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
        if (expansion->arrival[i].parent == NONE)
            continue;
        if (!memory_grow(&expansion->ranked, &expansion->ranked_capacity, *count + 1,
                         sizeof *expansion->ranked, error))
            return false;
        expansion->ranked[(*count)++] = (struct ranked){expansion->arrival[i].score, i};
    }
    if (*count > 1)
        qsort(expansion->ranked, *count, sizeof *expansion->ranked, compare_ranked);
    return true;
}

bool add_hypothesis(struct expansion *expansion, const struct lattice_hypothesis *hypothesis,
                    struct error *error)
{
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
    hypothesis->waiting = 0;
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
    const struct rescore_options *options = &expansion->options;
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
        bool falls = arrival->falls ||
                     arrival->score < expansion->ranked[0].score - options->beam ||
                     (first == NULL && full);
        groups += first == NULL && !falls;
        hypothesis.first = first != NULL ? *first : NONE;
        if (!make_hypothesis(expansion, arrival, falls, &hypothesis, error))
            return false;
    }
    expansion->end[node] = expansion->hypotheses;
    return true;
}

// ---- states -----------------------------------------------------------------------------------

bool grow_jobs(struct expansion *expansion, size_t count, struct error *error)
{
    return memory_grow(&expansion->state, &expansion->state_capacity, count,
                       sizeof *expansion->state, error) &&
           memory_grow(&expansion->after, &expansion->after_capacity, count,
                       sizeof *expansion->after, error) &&
           memory_grow(&expansion->word, &expansion->word_capacity, count, sizeof *expansion->word,
                       error) &&
           memory_grow(&expansion->prob, &expansion->prob_capacity, count, sizeof *expansion->prob,
                       error) &&
           memory_grow(&expansion->old, &expansion->old_capacity, count, sizeof *expansion->old,
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
    expansion->allowance.used += jobs;
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
    const struct rescore_options *options = &expansion->options;
    struct merging merging = {.margin = options->merge_margin * expansion->lattice->scales.lm,
                              .distance = options->merge_distance,
                              .most = options->most_histories};
    if (expansion->grouped || merging.distance > 0)
        lattice_hypotheses_merge(expansion->hypothesis, expansion->begin[node],
                                 expansion->end[node], &merging, expansion->language);
}

// ---- links ------------------------------------------------------------------------------------

bool emit(struct expansion *expansion, size_t from, size_t to, size_t source, double lm,
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

void end_waiting(struct expansion *expansion, struct arrival *arrival)
{
    struct lattice_hypothesis *parent = &expansion->hypothesis[arrival->parent];
    expansion->waiting--;
    if (--parent->waiting == 0)
        lattice_hypothesis_drop_state(parent, expansion->language);
    arrival->parent = NONE;
}

// Makes links of the arrivals at a node, which are free then.
static bool emit_arrivals(struct expansion *expansion, size_t node, struct error *error)
{
    for (size_t i = expansion->first_arrival[node], next; i != NONE; i = next) {
        struct arrival *arrival = &expansion->arrival[i];
        next = arrival->next;
        if (arrival->parent != NONE && arrival->hypothesis != NONE) {
            size_t merged = expansion->hypothesis[arrival->hypothesis].merged;
            size_t to = merged != NONE ? merged : arrival->hypothesis;
            if (!emit(expansion, arrival->parent, to, arrival->link, arrival->lm, error))
                return false;
        }
        if (arrival->parent != NONE)
            end_waiting(expansion, arrival);
        arrival->next = expansion->free_arrival;
        expansion->free_arrival = i;
    }
    expansion->first_arrival[node] = NONE;
    return true;
}

bool add_arrival(struct expansion *expansion, size_t parent, size_t index, double lm,
                 struct error *error)
{
    struct lattice_link link = expansion->lattice->link[index];
    link.lm = lm;
    double score = expansion->hypothesis[parent].score + lattice_total(expansion->lattice, &link);
    size_t at = expansion->free_arrival;
    if (at != NONE)
        expansion->free_arrival = expansion->arrival[at].next;
    else if (memory_grow(&expansion->arrival, &expansion->arrival_capacity, expansion->arrivals + 1,
                         sizeof *expansion->arrival, error))
        at = expansion->arrivals++;
    else
        return false;
    expansion->arrival[at] =
        (struct arrival){parent, index, lm, score, NONE, expansion->first_arrival[link.to], false};
    expansion->first_arrival[link.to] = at;
    expansion->hypothesis[parent].waiting++;
    expansion->waiting++;
    return true;
}

bool take_arrivals(struct expansion *expansion, size_t from, size_t to, struct error *error)
{
    size_t begin = expansion->hypotheses;
    for (size_t i = from; i < to; i++)
        if (!make_hypotheses(expansion, expansion->by_level[i], error))
            return false;
    if (!make_states(expansion, begin, error))
        return false;
    for (size_t i = from; i < to; i++) {
        merge(expansion, expansion->by_level[i]);
        if (!emit_arrivals(expansion, expansion->by_level[i], error))
            return false;
    }
    return true;
}
