// The forward pass along a text, part by part.
#include "net/march.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
    STATES_BYTES = 8 << 20, // that are in memory at a time
    PARTS = 24,             // at most
    LEAST = 256,            // words of a part
    TOGETHER = 6,           // parts that a thread takes through their words side by side
    PASSES = 3              // more of them, and the network is one that does not forget
};

struct march_part {
    size_t begin, end;        // words
    bool waiting;             // its first state is not the one it was run from
    bool moved;               // its last state has changed
    struct state *now, *next; // on its way
};

static const struct output_scoring *scoring_of(const struct march *march)
{
    return march->crew->weights.network->shape.output->scoring;
}

bool march_init(struct march *march, const struct forward_crew *crew, struct error *error)
{
    const struct network *network = crew->weights.network;
    memset(march, 0, sizeof *march);
    march->crew = crew;
    march->part = memory_new(PARTS, sizeof *march->part, error);
    march->sort_scratch =
        memory_new(scoring_of(march)->sort_scratch(network), sizeof(size_t), error);
    for (size_t i = 0; march->part != NULL && i < PARTS; i++) {
        march->part[i].now = state_new(network, error);
        march->part[i].next = state_new(network, error);
        if (march->part[i].now == NULL || march->part[i].next == NULL)
            return false;
    }
    return march->part != NULL && march->sort_scratch != NULL;
}

void march_free(struct march *march)
{
    for (size_t i = 0; march->part != NULL && i < PARTS; i++) {
        free(march->part[i].now);
        free(march->part[i].next);
    }
    free(march->part);
    free(march->states);
    free(march->order);
    free(march->sort_scratch);
    memset(march, 0, sizeof *march);
}

static struct state *state_at(const struct march *march, size_t i)
{
    return (struct state *)(march->states + i * state_size(march->crew->weights.network));
}

// ---- hidden layers ----------------------------------------------------------------------------

// A pass over the parts that wait.
struct pass {
    const struct march *march;
    const int32_t *word;
    size_t parts;
    bool first; // there is nothing to meet yet
};

static bool near(const struct network *network, const struct state *a, const struct state *b)
{
    int far = memcmp(a->history, b->history, sizeof a->history);
    for (size_t i = 0; i < network->state; i++) {
        float size = fabsf(a->value[i]) > 1 ? fabsf(a->value[i]) : 1;
        far |= !(fabsf(a->value[i] - b->value[i]) <= MARCH_NEAR * size);
    }
    return far == 0;
}

// One word further: `now` to `next` in each of n parts, which are at their word number `at`.
static void step(const struct pass *pass, struct forward *forward, struct march_part **part,
                 size_t n, size_t at)
{
    const struct state *before[TOGETHER];
    struct state *after[TOGETHER];
    int32_t word[TOGETHER];
    for (size_t i = 0; i < n; i++) {
        before[i] = part[i]->now;
        after[i] = part[i]->next;
        word[i] = pass->word[part[i]->begin + at];
    }
    forward_advance(forward, n, before, word, after);
}

// Keeps the state that a part has arrived at; false where it meets what was there, or ends.
static bool arrive(const struct pass *pass, struct march_part *part, size_t at)
{
    const struct network *network = pass->march->crew->weights.network;
    struct state *there = state_at(pass->march, part->begin + at + 1), *now = part->next;
    if (!pass->first && near(network, there, now))
        return false;
    state_copy(network, there, now);
    part->next = part->now;
    part->now = now;
    part->moved = part->begin + at + 1 == part->end;
    return !part->moved;
}

static void run_parts(void *context, size_t worker, size_t item)
{
    struct pass *pass = context;
    struct march_part *part[TOGETHER];
    size_t n = 0, last = (item + 1) * TOGETHER < pass->parts ? (item + 1) * TOGETHER : pass->parts;
    for (size_t i = item * TOGETHER; i < last; i++)
        if (pass->march->part[i].waiting)
            part[n++] = &pass->march->part[i];
    for (size_t at = 0, left; n > 0; at++, n = left) {
        step(pass, &pass->march->crew->forward[worker], part, n, at);
        left = 0;
        for (size_t i = 0; i < n; i++)
            if (arrive(pass, part[i], at))
                part[left++] = part[i];
    }
}

// Parts whose first state has been moved wait, in front of it; false if none does.
static bool prepare(const struct pass *pass)
{
    bool any = false;
    for (size_t i = 0; i < pass->parts; i++) {
        struct march_part *part = &pass->march->part[i];
        part->waiting = pass->first || (i > 0 && part[-1].moved);
        any = any || part->waiting;
        // The guess at first: as at the beginning.
        size_t from = pass->first ? 0 : part->begin;
        if (part->waiting)
            state_copy(pass->march->crew->weights.network, part->now, state_at(pass->march, from));
    }
    for (size_t i = 0; i < pass->parts; i++)
        pass->march->part[i].moved = false;
    return any;
}

// From state 0 on, which is there, state i + 1 behind word[i].
static void run_hidden(struct march *march, const int32_t *word, size_t n)
{
    struct pass pass = {.march = march, .word = word, .first = true};
    size_t passes = 0, parts = n / LEAST < PARTS ? n / LEAST : PARTS;
    pass.parts = parts < 1 || march->sequential ? 1 : parts;
    for (size_t i = 0; i < pass.parts; i++) {
        march->part[i].begin = n * i / pass.parts;
        march->part[i].end = n * (i + 1) / pass.parts;
    }
    for (; prepare(&pass); pass.first = false, passes++)
        pool_run(march->crew->pool, run_parts, &pass, (pass.parts + TOGETHER - 1) / TOGETHER);
    march->sequential = march->sequential || passes > PASSES;
}

// ---- output layers ----------------------------------------------------------------------------
//
// First what is common to the words of a state, word after word; then the other factors in the order
// that the output wants: the weights of a large vocabulary do not fit into a cache, and so pass by
// only once for many words.

struct block {
    struct march *march;
    const int32_t *word; // [n]
    double *prob;        // [n]
    size_t n, known;
};

static void run_first_factors(void *context, size_t worker, size_t item)
{
    struct block *block = context;
    struct forward *forward = &block->march->crew->forward[worker];
    size_t from = item * FORWARD_STATES, left = block->n - from;
    size_t count = left < FORWARD_STATES ? left : FORWARD_STATES;
    const struct state *state[FORWARD_STATES] = {NULL};
    for (size_t i = 0; i < count; i++)
        state[i] = state_at(block->march, from + i);
    forward_load(forward, count, state);
    for (size_t i = 0; i < count; i++) {
        int32_t word = block->word[from + i];
        block->prob[from + i] = word >= 0 ? forward_first_factor(forward, i, word) : 0;
    }
}

static void run_other_factors(void *context, size_t worker, size_t item)
{
    struct block *block = context;
    struct forward *forward = &block->march->crew->forward[worker];
    size_t from = item * FORWARD_STATES, left = block->known - from, place[FORWARD_STATES];
    size_t count = left < FORWARD_STATES ? left : FORWARD_STATES;
    const size_t *at = block->march->order + from;
    const struct state *state[FORWARD_STATES] = {NULL};
    int32_t word[FORWARD_STATES];
    double prob[FORWARD_STATES];
    for (size_t i = 0; i < count; i++) {
        place[i] = i;
        state[i] = state_at(block->march, at[i]);
        word[i] = block->word[at[i]];
        prob[i] = block->prob[at[i]];
    }
    forward_load_inputs(forward, count, state);
    forward_other_factors(forward, count, place, word, prob, NULL);
    for (size_t i = 0; i < count; i++)
        block->prob[at[i]] = prob[i];
}

static size_t parts_of(size_t count)
{
    return (count + FORWARD_STATES - 1) / FORWARD_STATES;
}

static bool score_block(struct march *march, struct state *state, struct block *block,
                        struct error *error)
{
    const struct network *network = march->crew->weights.network;
    struct pool *pool = march->crew->pool;
    if (!memory_grow(&march->states, &march->states_capacity, (block->n + 1) * state_size(network),
                     1, error) ||
        !memory_grow(&march->order, &march->order_capacity, block->n, sizeof *march->order, error))
        return false;
    state_copy(network, state_at(march, 0), state);
    run_hidden(march, block->word, block->n);
    pool_run(pool, run_first_factors, block, parts_of(block->n));
    block->known =
        scoring_of(march)->sort(network, block->word, block->n, march->sort_scratch, march->order);
    pool_run(pool, run_other_factors, block, parts_of(block->known));
    state_copy(network, state, state_at(march, block->n));
    return true;
}

bool march_score(struct march *march, struct state *state, const int32_t *word, size_t n,
                 double *prob, struct error *error)
{
    size_t fit = STATES_BYTES / state_size(march->crew->weights.network);
    size_t most = fit > FORWARD_STATES ? fit : FORWARD_STATES;
    for (size_t first = 0; first < n; first += most) {
        struct block block = {.march = march,
                              .word = word + first,
                              .prob = prob + first,
                              .n = n - first < most ? n - first : most};
        if (!score_block(march, state, &block, error))
            return false;
    }
    return true;
}
