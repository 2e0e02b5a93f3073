// Relative-entropy pruning. From the highest order down, for each n-gram h w that is not itself a
// context:
//
//   b'(h)  = (1 - sum p(v|h) + p(w|h)) / (1 - sum p(v|h') + p(w|h'))
//   change = -P(h) { p(w|h) [log p(w|h') + log b'(h) - log p(w|h)]
//                    + (1 - sum p(v|h)) [log b'(h) - log b(h)] }
//
// where b' is the back-off weight without it, and it goes if 10^change - 1 is below the threshold.
// Sums are over the n-grams after h before any of them has gone.
#include "ngram/prune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/assemble.h"

enum { CONTEXT = 1, GONE = 2 }; // state: is a context in the pruned model; has been pruned

struct prune_order {
    struct record_shape shape;
    uint64_t *record; // in the order of contexts; payload as in the model
    float *backoff;   // log10
    float *joint;     // log10 probability of the words standing one after another
    unsigned char *state;
    size_t count;
    size_t record_capacity, backoff_capacity, joint_capacity, state_capacity;
};

struct pruning {
    struct interpolated *model;
    const struct counts *counts;
    double threshold;
    struct prune_order order[NGRAM_MOST_ORDER + 1];
    struct error *error;
};

// The n-grams first..end-1 of one order, which stand after one context.
struct group {
    size_t order, first, end;
    uint32_t context[RECORD_MOST_IDS]; // nearest word first
    double joint;                      // log10 probability of the context
    float *backoff;                    // of the context
    size_t owner;                      // the context as an n-gram
    double left, lower_left;           // 1 - sum p(v|h), 1 - sum p(v|h')
    double *lower;                     // p(w|h') of each
    bool backed_off;                   // some of them by backing off
    size_t lower_capacity;
};

// ---- loading -----------------------------------------------------------------------------------

static bool load_ngram(struct prune_order *order, const struct assembled *ngram,
                       struct error *error)
{
    size_t n = order->count, words = order->shape.words;
    if (!memory_grow(&order->record, &order->record_capacity, (n + 1) * words, sizeof(uint64_t),
                     error) ||
        !memory_grow(&order->backoff, &order->backoff_capacity, n + 1, sizeof(float), error) ||
        !memory_grow(&order->joint, &order->joint_capacity, n + 1, sizeof(float), error) ||
        !memory_grow(&order->state, &order->state_capacity, n + 1, 1, error))
        return false;
    record_encode(&order->shape, ngram->ids, record_from_float(-ngram->log10_prob),
                  order->record + n * words);
    order->backoff[n] = ngram->log10_backoff;
    order->joint[n] = 0;
    order->state[n] = 0;
    order->count++;
    return true;
}

static bool load(struct pruning *pruning, size_t k)
{
    struct assembly assembly;
    struct assembled ngram;
    struct prune_order *order = &pruning->order[k];
    order->shape = pruning->model->order[k].shape;
    bool ok = assembly_start(&assembly, pruning->model, k, pruning->error);
    while (ok && assembly_next(&assembly, &ngram, &ok, pruning->error))
        ok = load_ngram(order, &ngram, pruning->error);
    sequence_free(&pruning->model->order[k].ngrams);
    sorter_free(&pruning->model->order[k].backoffs);
    return ok;
}

// ---- finding -----------------------------------------------------------------------------------

static const uint64_t *record_at(const struct prune_order *order, size_t i)
{
    return order->record + i * order->shape.words;
}

static double log10_at(const struct prune_order *order, size_t i)
{
    return -fabs((double)record_to_float(record_payload(&order->shape, record_at(order, i))));
}

// The first n-gram from `low` on that is not before these ids. Steps double from `low`, so that
// near ones are found fast.
static size_t search(const struct prune_order *order, const uint32_t *ids, size_t low)
{
    uint64_t key[RECORD_MOST_WORDS];
    record_encode(&order->shape, ids, 0, key);
    size_t step = 1, high = low;
    while (high < order->count && record_less(order->shape.words, record_at(order, high), key)) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    if (high > order->count)
        high = order->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (record_less(order->shape.words, record_at(order, middle), key))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct prune_order *order, size_t i, const uint32_t *ids)
{
    uint64_t key[RECORD_MOST_WORDS];
    if (i >= order->count)
        return false;
    record_encode(&order->shape, ids, 0, key);
    return record_same_ids(&order->shape, record_at(order, i), key);
}

// The same, and it has not been pruned.
static bool is_left(const struct prune_order *order, size_t i, const uint32_t *ids)
{
    return is_at(order, i, ids) && !(order->state[i] & GONE);
}

// The context of `length` words as an n-gram of that order: its nearest word comes last.
static void context_as_ngram(const uint32_t *context, size_t length, uint32_t *ids)
{
    memcpy(ids, context + 1, (length - 1) * sizeof *ids);
    ids[length - 1] = context[0];
}

// log10 p(w | context) by backing off, where no n-gram of this order has been found.
static double back_off(const struct pruning *pruning, const uint32_t *context, size_t length,
                       uint32_t word)
{
    double sum = 0;
    uint32_t ids[RECORD_MOST_IDS] = {0};
    for (; length > 0; length--) {
        const struct prune_order *order = &pruning->order[length + 1];
        memcpy(ids, context, length * sizeof *ids);
        ids[length] = word;
        size_t i = search(order, ids, 0);
        if (is_left(order, i, ids))
            return sum + log10_at(order, i);
        if (length == 1) {
            sum += (double)pruning->model->unigram_backoff[context[0]];
            continue;
        }
        context_as_ngram(context, length, ids);
        order = &pruning->order[length];
        i = search(order, ids, 0);
        if (is_at(order, i, ids))
            sum += (double)order->backoff[i];
    }
    return sum + log10(pruning->model->unigram[word]);
}

// ---- groups ------------------------------------------------------------------------------------

// Finds the end of the group that begins at `first`, and its context as an n-gram.
static void find_group(struct pruning *pruning, struct group *group)
{
    struct prune_order *order = &pruning->order[group->order];
    size_t length = group->order - 1;
    uint32_t ids[RECORD_MOST_IDS] = {0};
    record_decode(&order->shape, record_at(order, group->first), group->context);
    for (group->end = group->first + 1; group->end < order->count; group->end++) {
        record_decode(&order->shape, record_at(order, group->end), ids);
        if (memcmp(ids, group->context, length * sizeof *ids) != 0)
            break;
    }
    if (length == 1) {
        uint32_t word = group->context[0];
        group->owner = word;
        group->backoff = &pruning->model->unigram_backoff[word];
        // <s> is as frequent as </s>.
        group->joint = log10(
            pruning->model->unigram[word == pruning->counts->start ? pruning->counts->end : word]);
        return;
    }
    struct prune_order *below = &pruning->order[length];
    context_as_ngram(group->context, length, ids);
    group->owner = search(below, ids, 0); // it is there: the model has every prefix
    group->backoff = &below->backoff[group->owner];
    group->joint = (double)below->joint[group->owner];
}

// Looks up p(w|h') for each n-gram; words come in ascending order, so each search begins where the
// one before ended.
static bool find_lower(struct pruning *pruning, struct group *group)
{
    const struct prune_order *order = &pruning->order[group->order];
    size_t length = group->order - 1, at = 0;
    uint32_t ids[RECORD_MOST_IDS] = {0};
    if (!memory_grow(&group->lower, &group->lower_capacity, group->end - group->first,
                     sizeof *group->lower, pruning->error))
        return false;
    group->left = group->lower_left = 1;
    group->backed_off = false;
    for (size_t i = group->first; i < group->end; i++) {
        record_decode(&order->shape, record_at(order, i), ids);
        double lower;
        uint32_t word = ids[length];
        ids[length - 1] = word;
        if (length == 1) {
            lower = pruning->model->unigram[word];
        } else {
            const struct prune_order *below = &pruning->order[length];
            at = search(below, ids, at);
            bool found = is_left(below, at, ids);
            group->backed_off = group->backed_off || !found;
            lower = pow(10, found ? log10_at(below, at)
                                  : back_off(pruning, group->context, length - 1, word));
        }
        group->lower[i - group->first] = lower;
        if (order->state[i] & GONE)
            continue;
        group->left -= pow(10, log10_at(order, i));
        group->lower_left -= lower;
    }
    return true;
}

// ---- pruning -----------------------------------------------------------------------------------

static bool is_dispensable(const struct pruning *pruning, const struct group *group, size_t i)
{
    double log10_prob = log10_at(&pruning->order[group->order], i);
    double probability = pow(10, log10_prob), lower = group->lower[i - group->first];
    double backoff = log10((group->left + probability) / (group->lower_left + lower));
    double change = probability * (log10(lower) + backoff - log10_prob) +
                    group->left * (backoff - (double)*group->backoff);
    change *= -pow(10, group->joint);
    return pow(10, change) - 1 < pruning->threshold;
}

static void mark_context(struct pruning *pruning, const struct group *group)
{
    if (group->order == 2)
        pruning->model->context[group->owner] = CONTEXT;
    else
        pruning->order[group->order - 1].state[group->owner] |= CONTEXT;
}

static bool prune_group(struct pruning *pruning, struct group *group, uint64_t *pruned)
{
    struct prune_order *order = &pruning->order[group->order];
    uint64_t gone = 0;
    if (!find_lower(pruning, group))
        return false;
    if (group->left < 0)
        group->left = 0;
    for (size_t i = group->first; i < group->end; i++) {
        if (!(order->state[i] & CONTEXT) && group->lower_left > 0 &&
            is_dispensable(pruning, group, i)) {
            order->state[i] |= GONE;
            gone++;
        }
    }
    *pruned += gone;
    if (gone < group->end - group->first)
        mark_context(pruning, group);
    return true;
}

// The n-gram without its first word must stay where one that is a context stays.
static void keep_suffixes(struct pruning *pruning, size_t k)
{
    const struct prune_order *order = &pruning->order[k];
    uint32_t ids[RECORD_MOST_IDS] = {0};
    size_t at = 0;
    for (size_t i = 0; i < order->count; i++) {
        if (!(order->state[i] & CONTEXT))
            continue;
        record_decode(&order->shape, record_at(order, i), ids);
        ids[k - 2] = ids[k - 1];
        if (k == 2) {
            pruning->model->context[ids[0]] = CONTEXT;
            continue;
        }
        struct prune_order *below = &pruning->order[k - 1];
        at = search(below, ids, 0);
        if (is_at(below, at, ids))
            below->state[at] |= CONTEXT;
    }
}

static bool prune_order(struct pruning *pruning, size_t k, uint64_t *pruned)
{
    struct group group = {.order = k};
    bool ok = true;
    for (; ok && group.first < pruning->order[k].count; group.first = group.end) {
        find_group(pruning, &group);
        ok = prune_group(pruning, &group, pruned);
    }
    free(group.lower);
    keep_suffixes(pruning, k);
    return ok;
}

// Renews the back-off weights of the contexts of one order, those below being as they will be.
// Where nothing has changed the old weight is the more precise.
static bool renew_backoffs(struct pruning *pruning, size_t k)
{
    struct prune_order *order = &pruning->order[k];
    struct group group = {.order = k};
    bool ok = true;
    for (; ok && group.first < order->count; group.first = group.end) {
        size_t gone = 0;
        find_group(pruning, &group);
        ok = find_lower(pruning, &group);
        for (size_t i = group.first; i < group.end; i++)
            gone += (order->state[i] & GONE) != 0;
        if (gone == group.end - group.first)
            *group.backoff = 0;
        else if ((gone > 0 || group.backed_off) && group.left > 0 && group.lower_left > 0)
            *group.backoff = (float)log10(group.left / group.lower_left);
    }
    free(group.lower);
    return ok;
}

// Fills in the joint probabilities of an order from those of the order below.
static void find_joint(struct pruning *pruning, size_t k)
{
    struct prune_order *order = &pruning->order[k];
    struct group group = {.order = k};
    for (; group.first < order->count; group.first = group.end) {
        find_group(pruning, &group);
        for (size_t i = group.first; i < group.end; i++)
            order->joint[i] = (float)(group.joint + log10_at(order, i));
    }
}

// ---- the whole ---------------------------------------------------------------------------------

// Puts what is left back into the model.
static bool store(struct pruning *pruning, size_t k, struct allowance *allowance,
                  const char *temporary, uint64_t *count)
{
    struct prune_order *from = &pruning->order[k];
    struct interpolated_order *to = &pruning->model->order[k];
    uint64_t record[RECORD_MOST_WORDS];
    sequence_init(&to->ngrams, to->shape.words * sizeof(uint64_t), allowance, temporary);
    sorter_init(&to->backoffs, to->shape, SORTER_LARGEST, allowance, temporary);
    *count = 0;
    for (size_t i = 0; i < from->count; i++) {
        if (from->state[i] & GONE)
            continue;
        ++*count;
        if (!sequence_add(&to->ngrams, record_at(from, i), pruning->error))
            return false;
        if (!(from->state[i] & CONTEXT))
            continue;
        memcpy(record, record_at(from, i), to->shape.words * sizeof *record);
        record_set_payload(&to->shape, record, record_from_float(from->backoff[i]));
        if (!sorter_add(&to->backoffs, record, pruning->error))
            return false;
    }
    to->kept = *count;
    return sorter_finish(&to->backoffs, pruning->error);
}

static void free_order(struct prune_order *order)
{
    free(order->record);
    free(order->backoff);
    free(order->joint);
    free(order->state);
}

bool prune(struct interpolated *model, const struct counts *counts, double threshold,
           struct allowance *allowance, const char *temporary, uint64_t *count, uint64_t *pruned,
           struct error *error)
{
    struct pruning pruning = {
        .model = model, .counts = counts, .threshold = threshold, .error = error};
    bool ok = true;
    for (size_t k = 2; ok && k <= model->orders; k++) {
        ok = load(&pruning, k);
        if (ok && k < model->orders)
            find_joint(&pruning, k);
    }
    if (ok)
        memset(model->context, 0, counts->words + 1);
    for (size_t k = model->orders; ok && k >= 2; k--)
        ok = prune_order(&pruning, k, &pruned[k]);
    for (size_t k = 2; ok && k <= model->orders; k++)
        ok = renew_backoffs(&pruning, k);
    for (size_t k = 2; k <= model->orders; k++) {
        ok = ok && store(&pruning, k, allowance, temporary, &count[k]);
        free_order(&pruning.order[k]);
    }
    return ok;
}
