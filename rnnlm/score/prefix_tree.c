// Probabilities of many word sequences that share beginnings.
//
// Threads take groups of sequences, each from beginning to end, so that they meet only once. The
// tree of a group is never whole in memory: only the states of one depth and the next are.
#include "score/prefix_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

// A sequence that has a word at the current depth.
struct branch {
    size_t node; // where it stands, among the states
    int32_t word;
    size_t sequence; // in its group
};

// What a thread works in.
struct tree {
    struct forward *forward;
    const struct network *network;
    const struct sequence *sequence; // [count] of the group
    size_t count, depth;
    struct branch *branch; // [branches] in order of (node, word)
    size_t branches;
    char *states[2]; // [count] used in turn: those of this depth, and those behind its words
    // The distinct (node, word) of this depth, in order.
    size_t words;
    const struct state **before; // [count]
    int32_t *word;               // [count]
    double *prob;                // [count]
    size_t *behind;              // [count] node behind the word, NONE if no sequence goes on there
    // Of the words that go on: packed, to advance.
    const struct state **from;     // [count]
    int32_t *by;                   // [count]
    struct state **to;             // [count]
    const struct state **distinct; // [count] states to load
    size_t *place;                 // [count] of each word's state among them
};

static const size_t NONE = SIZE_MAX;

static bool tree_init(struct tree *tree, struct forward *forward, struct error *error)
{
    const size_t count = FORWARD_STATES;
    tree->forward = forward;
    tree->network = forward->weights->network;
    tree->branch = memory_new(count, sizeof *tree->branch, error);
    tree->states[0] = memory_new(count, state_size(tree->network), error);
    tree->states[1] = memory_new(count, state_size(tree->network), error);
    tree->before = memory_new(count, sizeof *tree->before, error);
    tree->word = memory_new(count, sizeof *tree->word, error);
    tree->prob = memory_new(count, sizeof *tree->prob, error);
    tree->behind = memory_new(count, sizeof *tree->behind, error);
    tree->from = memory_new(count, sizeof *tree->from, error);
    tree->by = memory_new(count, sizeof *tree->by, error);
    tree->to = memory_new(count, sizeof *tree->to, error);
    tree->distinct = memory_new(count, sizeof *tree->distinct, error);
    tree->place = memory_new(count, sizeof *tree->place, error);
    return tree->branch != NULL && tree->states[0] != NULL && tree->states[1] != NULL &&
           tree->before != NULL && tree->word != NULL && tree->prob != NULL &&
           tree->behind != NULL && tree->from != NULL && tree->by != NULL && tree->to != NULL &&
           tree->distinct != NULL && tree->place != NULL;
}

static void tree_free(struct tree *tree)
{
    free(tree->branch);
    free(tree->states[0]);
    free(tree->states[1]);
    free(tree->before);
    free(tree->word);
    free(tree->prob);
    free(tree->behind);
    free(tree->from);
    free(tree->by);
    free(tree->to);
    free(tree->distinct);
    free(tree->place);
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

// Branches at the same node are few, save near the root: there is little to move.
static void sort_branches(struct branch *branch, size_t count)
{
    enum { FEW = 24 };
    if (count > FEW) {
        qsort(branch, count, sizeof *branch, compare_branches);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct branch moving = branch[i];
        size_t at = i;
        for (; at > 0 && compare_branches(&branch[at - 1], &moving) > 0; at--)
            branch[at] = branch[at - 1];
        branch[at] = moving;
    }
}

// The state number `node` of this depth (0), or of the next (1).
static struct state *state_at(const struct tree *tree, size_t next, size_t node)
{
    return (struct state *)(tree->states[(tree->depth + next) % 2] +
                            node * state_size(tree->network));
}

// Sequences that begin in the same state begin at the same node.
static void plant(struct tree *tree)
{
    size_t nodes = 0;
    tree->depth = tree->branches = 0;
    for (size_t i = 0; i < tree->count; i++) {
        const struct sequence *sequence = &tree->sequence[i];
        size_t node = nodes;
        while (node > 0 && tree->before[node - 1] != sequence->begin)
            node--;
        if (node == 0) {
            tree->before[nodes++] = sequence->begin;
            node = nodes;
            state_copy(tree->network, state_at(tree, 0, node - 1), sequence->begin);
        }
        if (sequence->length > 0)
            tree->branch[tree->branches++] = (struct branch){node - 1, sequence->word[0], i};
    }
    sort_branches(tree->branch, tree->branches);
}

static bool goes_on(const struct tree *tree, const struct branch *branch)
{
    return tree->sequence[branch->sequence].length > tree->depth + 1;
}

// Finds the distinct (node, word) among the branches, and numbers the nodes behind them.
static void list_words(struct tree *tree)
{
    size_t nodes = 0;
    tree->words = 0;
    for (size_t i = 0; i < tree->branches; i++) {
        const struct branch *branch = &tree->branch[i], *last = branch - 1;
        if (i == 0 || last->node != branch->node || last->word != branch->word) {
            tree->before[tree->words] = state_at(tree, 0, branch->node);
            tree->word[tree->words] = branch->word;
            tree->behind[tree->words++] = NONE;
        }
        if (goes_on(tree, branch) && tree->behind[tree->words - 1] == NONE)
            tree->behind[tree->words - 1] = nodes++;
    }
}

// Probabilities of the words of this depth, and the states behind those that go on.
static void compute_words(struct tree *tree)
{
    size_t states = 0, going = 0;
    for (size_t i = 0; i < tree->words; i++) {
        if (states == 0 || tree->distinct[states - 1] != tree->before[i])
            tree->distinct[states++] = tree->before[i];
        tree->place[i] = states - 1;
        if (tree->behind[i] == NONE)
            continue;
        tree->from[going] = tree->before[i];
        tree->by[going] = tree->word[i];
        tree->to[going++] = state_at(tree, 1, tree->behind[i]);
    }
    forward_load(tree->forward, states, tree->distinct);
    forward_predict(tree->forward, tree->words, tree->place, tree->word, tree->prob, NULL);
    if (going > 0)
        forward_advance(tree->forward, going, tree->from, tree->by, tree->to);
}

// Hands out the results of this depth and goes on to the next: branches at the same node stay
// together.
static void go_deeper(struct tree *tree)
{
    size_t word = 0, branches = 0, run = 0;
    for (size_t i = 0; i < tree->branches; i++) {
        struct branch branch = tree->branch[i];
        const struct sequence *sequence = &tree->sequence[branch.sequence];
        word += i > 0 && (tree->before[word] != state_at(tree, 0, branch.node) ||
                          tree->word[word] != branch.word);
        sequence->prob[tree->depth] = tree->prob[word];
        if (!goes_on(tree, &branch))
            continue;
        if (branches > 0 && tree->branch[branches - 1].node != tree->behind[word]) {
            sort_branches(tree->branch + run, branches - run);
            run = branches;
        }
        tree->branch[branches++] =
            (struct branch){tree->behind[word], sequence->word[tree->depth + 1], branch.sequence};
    }
    sort_branches(tree->branch + run, branches - run);
    tree->branches = branches;
    tree->depth++;
}

// All sequences, and what the threads work in.
struct forest {
    const struct sequence *sequence;
    size_t count;
    struct tree *tree; // [threads]
};

static void score_group(void *context, size_t worker, size_t item)
{
    struct forest *forest = context;
    struct tree *tree = &forest->tree[worker];
    size_t first = item * FORWARD_STATES, left = forest->count - first;
    tree->sequence = forest->sequence + first;
    tree->count = left < FORWARD_STATES ? left : FORWARD_STATES;
    plant(tree);
    while (tree->branches > 0) {
        list_words(tree);
        compute_words(tree);
        go_deeper(tree);
    }
}

bool prefix_tree_score(const struct forward_crew *crew, const struct sequence *sequence,
                       size_t count, struct error *error)
{
    size_t threads = pool_threads(crew->pool);
    struct forest forest = {.sequence = sequence, .count = count};
    forest.tree = memory_new(threads, sizeof *forest.tree, error);
    bool ok = forest.tree != NULL;
    for (size_t i = 0; ok && i < threads; i++)
        ok = tree_init(&forest.tree[i], &crew->forward[i], error);
    if (ok)
        pool_run(crew->pool, score_group, &forest, (count + FORWARD_STATES - 1) / FORWARD_STATES);
    for (size_t i = 0; forest.tree != NULL && i < threads; i++)
        tree_free(&forest.tree[i]);
    free(forest.tree);
    return ok;
}
