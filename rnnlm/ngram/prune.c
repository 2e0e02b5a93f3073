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
#include "ngram/build.h"
#include "ngram/renormalise.h"
#include "ngram/successors.h"

enum { CONTEXT = 4 }; // beside NGRAM_GONE and NGRAM_STALE: is a context in the pruned model

struct pruning {
    struct ngram_model *model;
    const struct prune_options *options;
    unsigned char *state[NGRAM_LONGEST + 1]; // [order][node]
    int32_t *history_id;                     // [words] in the history model
    struct successors successors;
};

// ---- contexts ----------------------------------------------------------------------------------

// <s>, which is never predicted, is as frequent as </s>.
static double log10_at_first(const struct ngram_model *model, int32_t word)
{
    if (word == WORD_OOV)
        return -INFINITY;
    int32_t as = word == model->start ? WORD_END : word;
    return (double)model->level[1].node[as].log10_prob;
}

// log10 P(h): every beginning of h is an n-gram of the model.
static double joint_here(const struct ngram_walk *context)
{
    const struct ngram_model *model = context->model;
    double sum = log10_at_first(model, context->word[0]);
    for (int k = 1; k < context->order; k++)
        sum += (double)model->level[k + 1].node[context->path[k]].log10_prob;
    return sum;
}

static double joint_by_history(const struct pruning *pruning, const struct ngram_walk *context)
{
    const struct ngram_model *history = pruning->options->history;
    struct ngram_state state;
    int32_t first = pruning->history_id[context->word[0]];
    double sum = log10_at_first(history, first);
    ngram_history(history, &first, 1, &state);
    for (int k = 1; k < context->order; k++)
        sum += ngram_score(history, &state, pruning->history_id[context->word[k]], &state, NULL);
    return sum;
}

// ---- n-grams -----------------------------------------------------------------------------------

// Whether the n-gram i behind a context may go. Where the n-grams have more than all probability,
// as if they had all.
static bool is_dispensable(const struct pruning *pruning, size_t i, double log10_backoff,
                           double joint)
{
    const struct successors *successors = &pruning->successors;
    double probability = successors->probability[i], lower = successors->lower[i];
    double left = successors->left > 0 ? successors->left : 0;
    double backoff = log10((left + probability) / (successors->lower_left + lower));
    double change = probability * (log10(lower) + backoff - log10(probability));
    if (left > 0)
        change += left * (backoff - log10_backoff);
    return pow(10, -joint * change) - 1 < pruning->options->threshold;
}

static bool prune_context(struct pruning *pruning, const struct ngram_walk *context,
                          uint64_t *pruned, struct error *error)
{
    const struct ngram_model *model = pruning->model;
    const struct successors *successors = &pruning->successors;
    const struct trie_node *node = &model->level[context->order].node[context->index];
    unsigned char *owner = &pruning->state[context->order][context->index];
    unsigned char *state = pruning->state[context->order + 1];
    if (!successors_find(&pruning->successors, context, error))
        return false;
    double joint = pow(10, pruning->options->history != NULL ? joint_by_history(pruning, context)
                                                             : joint_here(context));
    for (uint32_t i = successors->first; i < successors->end; i++) {
        if (!(state[i] & CONTEXT) && successors->lower_left > 0 &&
            is_dispensable(pruning, i - successors->first, (double)node->log10_backoff, joint)) {
            state[i] |= NGRAM_GONE;
            *owner |= NGRAM_STALE;
            ++*pruned;
        } else {
            *owner |= CONTEXT;
        }
    }
    return true;
}

// The n-gram without its first word must stay where one that is a context stays.
static void keep_suffixes(struct pruning *pruning, int order)
{
    struct ngram_walk walk;
    ngram_walk_start(&walk, pruning->model, order);
    while (ngram_walk_next(&walk)) {
        if (!(pruning->state[order][walk.index] & CONTEXT))
            continue;
        uint32_t suffix = ngram_find(pruning->model, walk.word + 1, order - 1);
        if (suffix != TRIE_NONE)
            pruning->state[order - 1][suffix] |= CONTEXT;
    }
}

static bool prune_order(struct pruning *pruning, int order, uint64_t *pruned, struct error *error)
{
    struct ngram_walk walk;
    ngram_walk_start(&walk, pruning->model, order - 1);
    if (order < pruning->options->least) { // all stay, and so do their contexts
        while (ngram_walk_next(&walk)) {
            const struct trie_node *node = &pruning->model->level[order - 1].node[walk.index];
            if (node[0].first < node[1].first)
                pruning->state[order - 1][walk.index] |= CONTEXT;
        }
        return true;
    }
    while (ngram_walk_next(&walk))
        if (!prune_context(pruning, &walk, pruned, error))
            return false;
    keep_suffixes(pruning, order);
    return true;
}

// ---- the whole ---------------------------------------------------------------------------------

static bool start(struct pruning *pruning, struct error *error)
{
    const struct ngram_model *model = pruning->model, *history = pruning->options->history;
    for (int k = 1; k <= model->order; k++) {
        pruning->state[k] = memory_new(model->level[k].count, 1, error);
        if (pruning->state[k] == NULL)
            return false;
    }
    if (history == NULL)
        return true;
    pruning->history_id = memory_new(model->words.size, sizeof(int32_t), error);
    if (pruning->history_id == NULL)
        return false;
    for (size_t i = 0; i < model->words.size; i++) {
        const char *word = vocabulary_word(&model->words, (int32_t)i);
        pruning->history_id[i] = ngram_word(history, word, strlen(word));
    }
    return true;
}

bool ngram_prune(struct ngram_model *model, const struct prune_options *options, uint64_t *pruned,
                 struct error *error)
{
    struct pruning pruning = {.model = model, .options = options};
    uint64_t gone[NGRAM_LONGEST + 1] = {0};
    bool ok = start(&pruning, error);
    for (int k = model->order; ok && k >= 2; k--)
        ok = prune_order(&pruning, k, &gone[k], error);
    if (ok)
        ngram_drop(model, pruning.state);
    ok = ok && ngram_renormalise(model, pruning.state, NULL, error);
    for (int k = 2; ok && pruned != NULL && k <= model->order; k++)
        pruned[k] = gone[k];
    for (int k = 1; k <= model->order; k++)
        free(pruning.state[k]);
    free(pruning.history_id);
    successors_free(&pruning.successors);
    return ok;
}
