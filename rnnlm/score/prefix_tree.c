// Probabilities of many word sequences that share beginnings. The tree is never whole in memory:
// only the states of one depth and the next are.
#include "score/prefix_tree.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

// A sequence that has a word at the current depth.
struct branch {
    size_t node; // among the states of the depth before
    int32_t word;
    size_t sequence;
};

struct tree {
    const struct forward_crew *crew;
    const struct network *network;
    size_t most;        // places that are computed together
    size_t words;       // distinct ones at this depth
    atomic_bool failed; // a thread ran out of memory
    const struct sequence *sequence;
    size_t count, depth;
    size_t *node;              // [count] where each sequence stands, among `here`
    struct branch *branch;     // [count] in order of (node, word)
    const struct state **here; // [count] states before the current words, not all used
    size_t nodes;
    const struct state **before;   // [count] for each distinct (node, word): the state before,
    int32_t *word;                 // [count] the word,
    bool *goes_on;                 // [count] whether any sequence has more words behind it,
    struct state **after;          // [count] and, packed, the states to compute
    size_t *state;                 // [count] number of the state before among those loaded
    double *prob;                  // [count]
    const struct state **distinct; // [count] states to load
    char *states[2];               // [count] states each, used in turn
};

static bool tree_init(struct tree *tree, struct error *error)
{
    size_t count = tree->count, bytes = state_size(tree->network);
    tree->node = memory_new(count, sizeof *tree->node, error);
    tree->branch = memory_new(count, sizeof *tree->branch, error);
    tree->here = memory_new(count, sizeof *tree->here, error);
    tree->before = memory_new(count, sizeof *tree->before, error);
    tree->word = memory_new(count, sizeof *tree->word, error);
    tree->goes_on = memory_new(count, sizeof *tree->goes_on, error);
    tree->after = memory_new(count, sizeof *tree->after, error);
    tree->state = memory_new(count, sizeof *tree->state, error);
    tree->prob = memory_new(count, sizeof *tree->prob, error);
    tree->distinct = memory_new(count, sizeof *tree->distinct, error);
    tree->states[0] = memory_new(count, bytes, error);
    tree->states[1] = memory_new(count, bytes, error);
    return tree->node != NULL && tree->branch != NULL && tree->here != NULL &&
           tree->before != NULL && tree->word != NULL && tree->goes_on != NULL &&
           tree->after != NULL && tree->state != NULL && tree->prob != NULL &&
           tree->distinct != NULL && tree->states[0] != NULL && tree->states[1] != NULL;
}

static void tree_free(struct tree *tree)
{
    free(tree->node);
    free(tree->branch);
    free(tree->here);
    free(tree->before);
    free(tree->word);
    free(tree->goes_on);
    free(tree->after);
    free(tree->state);
    free(tree->prob);
    free(tree->distinct);
    free(tree->states[0]);
    free(tree->states[1]);
}

// Sequences that begin in the same state begin at the same node.
static void plant(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        size_t node = 0;
        while (node < tree->nodes && tree->here[node] != tree->sequence[i].begin)
            node++;
        if (node == tree->nodes)
            tree->here[tree->nodes++] = tree->sequence[i].begin;
        tree->node[i] = node;
    }
}

static int compare_branches(const void *left, const void *right)
{
    const struct branch *a = left, *b = right;
    if (a->node != b->node)
        return a->node < b->node ? -1 : 1;
    if (a->word != b->word)
        return a->word < b->word ? -1 : 1;
    return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

// The sequences that go on, in order. Returns how many they are.
static size_t list_branches(struct tree *tree)
{
    size_t branches = 0;
    for (size_t i = 0; i < tree->count; i++)
        if (tree->sequence[i].length > tree->depth)
            tree->branch[branches++] =
                (struct branch){tree->node[i], tree->sequence[i].word[tree->depth], i};
    qsort(tree->branch, branches, sizeof *tree->branch, compare_branches);
    return branches;
}

// The state behind the i-th distinct word of this depth.
static struct state *state_behind(const struct tree *tree, size_t i)
{
    return (struct state *)(tree->states[tree->depth % 2] + i * state_size(tree->network));
}

// Finds the distinct (node, word) among branches, sets where each sequence will stand, and returns
// their number.
static size_t list_words(struct tree *tree, size_t branches)
{
    size_t words = 0;
    const struct branch *last = NULL;
    for (size_t i = 0; i < branches; i++) {
        const struct branch *branch = &tree->branch[i];
        if (last == NULL || last->node != branch->node || last->word != branch->word) {
            tree->before[words] = tree->here[branch->node];
            tree->word[words] = branch->word;
            tree->goes_on[words] = false;
            words++;
        }
        const struct sequence *sequence = &tree->sequence[branch->sequence];
        tree->goes_on[words - 1] |= sequence->length > tree->depth + 1 || sequence->after != NULL;
        tree->node[branch->sequence] = words - 1;
        last = branch;
    }
    return words;
}

// Probabilities and states of the item-th part of the words, which are in order of the state
// before. The parts do not depend on the number of threads, so neither do the results.
static void score_part(void *context, size_t worker, size_t item)
{
    struct tree *tree = context;
    struct forward *forward = &tree->crew->forward[worker];
    size_t from = item * tree->most,
           count = tree->words - from < tree->most ? tree->words - from : tree->most;
    const struct state **distinct = tree->distinct + from;
    size_t states = 0;
    for (size_t i = from; i < from + count; i++) {
        if (states == 0 || distinct[states - 1] != tree->before[i])
            distinct[states++] = tree->before[i];
        tree->state[i] = states - 1;
    }
    forward_load(forward, states, distinct);
    if (!forward_predict(forward, count, tree->state + from, tree->word + from, tree->prob + from,
                         NULL))
        atomic_store(&tree->failed, true);
    size_t going = from;
    for (size_t i = from; i < from + count; i++) {
        if (!tree->goes_on[i])
            continue;
        tree->before[going] = tree->before[i];
        tree->word[going] = tree->word[i];
        tree->after[going++] = state_behind(tree, i);
    }
    if (going > from)
        forward_advance(forward, going - from, tree->before + from, tree->word + from,
                        tree->after + from);
}

// Hands out the results of this depth.
static void tell(struct tree *tree, size_t branches)
{
    size_t bytes = state_size(tree->network);
    for (size_t i = 0; i < branches; i++) {
        const struct sequence *sequence = &tree->sequence[tree->branch[i].sequence];
        size_t node = tree->node[tree->branch[i].sequence];
        sequence->prob[tree->depth] = tree->prob[node];
        if (sequence->after != NULL && sequence->length == tree->depth + 1)
            memcpy(sequence->after, state_behind(tree, node), bytes);
    }
}

static bool grow(struct tree *tree, struct error *error)
{
    plant(tree);
    for (size_t branches; (branches = list_branches(tree)) > 0; tree->depth++) {
        tree->words = list_words(tree, branches);
        pool_run(tree->crew->pool, score_part, tree, (tree->words + tree->most - 1) / tree->most);
        if (atomic_load(&tree->failed))
            return error_set(error, "not enough memory");
        tell(tree, branches);
        for (size_t i = 0; i < tree->words; i++)
            tree->here[i] = state_behind(tree, i);
        tree->nodes = tree->words;
    }
    return true;
}

bool prefix_tree_score(const struct forward_crew *crew, const struct sequence *sequence,
                       size_t count, struct error *error)
{
    struct tree tree = {.crew = crew,
                        .network = crew->forward[0].network,
                        .most = crew->forward[0].most,
                        .sequence = sequence,
                        .count = count};
    bool ok = tree_init(&tree, error) && grow(&tree, error);
    tree_free(&tree);
    return ok;
}
