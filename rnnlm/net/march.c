// The forward pass along a text, part by part.
#include "net/march.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
    STATES_BYTES = 8 << 20, // that are in memory at a time
    CACHED_BYTES = 2 << 20, // of them that are still in a cache when their words are scored
    PARTS = 32,             // at most: more make products faster, but more is computed twice
    LEAST = 256,            // words of a part
    TOGETHER = 8,   // parts that a thread takes through their words side by side, however many
    STRIDE = 64,    // words from one place where parts can meet what is there to the next
    FEWEST = 16,    // words of a part in a round
    MOST = 1 << 14, // words of a round
    PASSES = 8      // more of them, and the network is one that does not forget
};

struct march_part {
    size_t begin, end;   // words
    size_t at;           // the next of them
    size_t count;        // of this round
    bool running;        // not through yet, nor at what was there
    bool moved;          // its last state is another than before
    struct state *first; // where it runs from in this round
    struct state *last;  // behind its words
    size_t trace;        // its first place in march->trace
};

static const struct network *network_of(const struct march *march)
{
    return march->crew->weights.network;
}

static const struct output_scoring *scoring_of(const struct march *march)
{
    return network_of(march)->shape.output->scoring;
}

// Whether factors of many words are computed in an order of their own.
static bool has_order(const struct march *march)
{
    return scoring_of(march)->sort != NULL && !march->crew->weights.unnormalised;
}

bool march_init(struct march *march, const struct forward_crew *crew, struct error *error)
{
    const struct network *network = crew->weights.network;
    memset(march, 0, sizeof *march);
    march->crew = crew;
    march->part = memory_new(PARTS, sizeof *march->part, error);
    const struct output_scoring *output = scoring_of(march);
    size_t scratch = output->sort_scratch != NULL ? output->sort_scratch(network) : 0;
    march->sort_scratch = memory_new(scratch, sizeof(size_t), error);
    for (size_t i = 0; march->part != NULL && i < PARTS; i++) {
        march->part[i].first = state_new(network, error);
        march->part[i].last = state_new(network, error);
        if (march->part[i].first == NULL || march->part[i].last == NULL)
            return false;
    }
    return march->part != NULL && march->sort_scratch != NULL;
}

void march_free(struct march *march)
{
    for (size_t i = 0; march->part != NULL && i < PARTS; i++) {
        free(march->part[i].first);
        free(march->part[i].last);
    }
    free(march->part);
    free(march->states);
    free(march->trace);
    free(march->id);
    free(march->word);
    free(march->order);
    free(march->sort_scratch);
    memset(march, 0, sizeof *march);
}

// Number i of an array of states.
static struct state *state_at(const struct march *march, char *states, size_t i)
{
    return (struct state *)(states + i * state_size(network_of(march)));
}

// ---- hidden layers ----------------------------------------------------------------------------

// A round takes every part that runs some words further, and then their output layers.
struct pass {
    struct march *march;
    const int32_t *word;
    double *prob;
    float *top; // NULL: not wanted
    size_t parts;
    struct march_part *part[PARTS]; // those that run
    size_t running;
    size_t most; // words of a part in a round
    bool first;  // there is nothing to meet yet
};

static bool near(const struct network *network, const struct state *a, const struct state *b)
{
    int far = memcmp(a->history, b->history, sizeof a->history);
    float most = network->halves ? MARCH_NEAR_HALVES : MARCH_NEAR;
    for (size_t i = 0; i < network->state; i++) {
        float size = fabsf(a->value[i]) > 1 ? fabsf(a->value[i]) : 1;
        far |= !(fabsf(a->value[i] - b->value[i]) <= most * size);
    }
    return far == 0;
}

// State number `at` of the round in the part that runs as number i: 0 is the one it runs from.
static struct state *round_state(const struct pass *pass, size_t i, size_t at)
{
    return state_at(pass->march, pass->march->states, i * (pass->most + 1) + at);
}

// One word further in each of n parts, which are at word number `at` of the round.
static void step(const struct pass *pass, struct forward *forward, const size_t *running, size_t n,
                 size_t at)
{
    const struct state *before[TOGETHER];
    struct state *after[TOGETHER];
    int32_t word[TOGETHER];
    for (size_t i = 0; i < n; i++) {
        before[i] = round_state(pass, running[i], at);
        after[i] = round_state(pass, running[i], at + 1);
        size_t place = pass->part[running[i]]->at + at;
        word[i] = pass->word[place];
        if (place + 1 < pass->part[running[i]]->end)
            forward_fetch(forward, pass->word[place + 1]);
    }
    forward_advance(forward, n, before, word, after);
}

// Whether a part goes on in this round behind its word number `at`. It does not where it meets what
// was there.
static bool goes_on(const struct pass *pass, size_t i, size_t at)
{
    const struct march *march = pass->march;
    struct march_part *part = pass->part[i];
    const struct state *now = round_state(pass, i, at + 1);
    size_t through = part->at + at + 1 - part->begin; // words
    part->count = at + 1;
    if (part->begin + through == part->end) {
        part->moved = pass->first || !near(network_of(march), part->last, now);
        part->running = false;
        state_copy(network_of(march), part->last, now);
    } else if (through % STRIDE == 0) {
        struct state *there = state_at(march, march->trace, part->trace + through / STRIDE - 1);
        part->running = pass->first || !near(network_of(march), there, now);
        state_copy(network_of(march), there, now);
    }
    return part->running && part->count < pass->most;
}

static void run_parts(void *context, size_t worker, size_t item)
{
    struct pass *pass = context;
    size_t running[TOGETHER], n = 0;
    for (size_t i = item * TOGETHER; i < pass->running && n < TOGETHER; i++) {
        state_copy(network_of(pass->march), round_state(pass, i, 0), pass->part[i]->first);
        running[n++] = i;
    }
    for (size_t at = 0, left; n > 0; at++, n = left) {
        step(pass, &pass->march->crew->forward[worker], running, n, at);
        left = 0;
        for (size_t i = 0; i < n; i++)
            if (goes_on(pass, running[i], at))
                running[left++] = running[i];
    }
}

// ---- output layers ----------------------------------------------------------------------------
//
// First what is common to the words of a state, word after word; then the other factors in the order
// that the output wants: the weights of a large vocabulary do not fit into a cache, and so pass by
// only once for many words.

// A word of a round, with the state in front of it.
struct march_word {
    const struct state *state;
    size_t at; // its place in the text
    double prob;
};

struct round {
    struct march *march;
    size_t n, known;
    float *top; // of the text
};

// The words of a round, part after part, with march->id for the output to sort them by.
static size_t collect(const struct pass *pass)
{
    struct march *march = pass->march;
    size_t n = 0;
    for (size_t i = 0; i < pass->running; i++)
        for (size_t at = 0; at < pass->part[i]->count; at++, n++) {
            size_t place = pass->part[i]->at + at;
            march->id[n] = pass->word[place];
            march->word[n] = (struct march_word){round_state(pass, i, at), place, 0};
        }
    return n;
}

static void run_first_factors(void *context, size_t worker, size_t item)
{
    const struct round *round = context;
    const struct march *march = round->march;
    struct forward *forward = &march->crew->forward[worker];
    size_t from = item * FORWARD_STATES, left = round->n - from;
    size_t count = left < FORWARD_STATES ? left : FORWARD_STATES;
    const struct state *state[FORWARD_STATES] = {NULL};
    size_t place[FORWARD_STATES];
    double prob[FORWARD_STATES];
    for (size_t i = 0; i < count; i++) {
        place[i] = i;
        state[i] = march->word[from + i].state;
    }
    forward_load(forward, count, state);
    size_t width = network_of(march)->width;
    for (size_t i = 0; i < count && round->top != NULL; i++)
        memcpy(round->top + march->word[from + i].at * width,
               forward->inputs.input + i * forward->inputs.row, width * sizeof(float));
    forward_first_factors(forward, count, place, march->id + from, prob);
    for (size_t i = 0; i < count; i++)
        march->word[from + i].prob = prob[i];
}

static void run_other_factors(void *context, size_t worker, size_t item)
{
    const struct round *round = context;
    const struct march *march = round->march;
    struct forward *forward = &march->crew->forward[worker];
    size_t from = item * FORWARD_STATES, left = round->known - from, place[FORWARD_STATES];
    size_t count = left < FORWARD_STATES ? left : FORWARD_STATES;
    const size_t *order = march->order + from;
    const struct state *state[FORWARD_STATES] = {NULL};
    int32_t id[FORWARD_STATES];
    double prob[FORWARD_STATES];
    for (size_t i = 0; i < count; i++) {
        const struct march_word *word = &march->word[order[i]];
        place[i] = i;
        state[i] = word->state;
        id[i] = march->id[order[i]];
        prob[i] = word->prob;
    }
    forward_load_inputs(forward, count, state);
    forward_other_factors(forward, count, place, id, prob, NULL);
    for (size_t i = 0; i < count; i++)
        march->word[order[i]].prob = prob[i];
}

static size_t portions(size_t count, size_t size)
{
    return (count + size - 1) / size;
}

static void run_outputs(const struct pass *pass)
{
    struct march *march = pass->march;
    struct round round = {.march = march, .n = collect(pass), .top = pass->top};
    pool_run(march->crew->pool, run_first_factors, &round, portions(round.n, FORWARD_STATES));
    if (has_order(march)) {
        round.known = scoring_of(march)->sort(network_of(march), march->id, round.n,
                                              march->sort_scratch, march->order);
        pool_run(march->crew->pool, run_other_factors, &round,
                 portions(round.known, FORWARD_STATES));
    }
    for (size_t i = 0; i < round.n; i++)
        pass->prob[march->word[i].at] = march->word[i].prob;
}

// ---- both -------------------------------------------------------------------------------------

// Words of a round: the more, the more share what an order brings. Scores take one row a word, in any
// order: as many as are still in a cache then. Threads make no difference, so that bits do not depend
// on them.
static size_t round_words(const struct march *march)
{
    size_t bytes = march->crew->weights.unnormalised ? CACHED_BYTES : STATES_BYTES;
    size_t fit = bytes / state_size(network_of(march));
    fit = fit < MOST ? fit : MOST;
    return fit > PARTS * FEWEST ? fit : PARTS * FEWEST;
}

// Room for n states under way. What is behind the numbers of a row in a state stays zero.
static bool make_states(struct march *march, size_t n, struct error *error)
{
    if (n <= march->states_room)
        return true;
    free(march->states);
    march->states = memory_new(n, state_size(network_of(march)), error);
    march->states_room = march->states != NULL ? n : 0;
    return march->states != NULL;
}

static bool make_room(struct march *march, size_t n, struct error *error)
{
    size_t size = state_size(network_of(march)), words = round_words(march);
    words = n + PARTS < words ? n + PARTS : words; // parts differ by one word
    return make_states(march, words + PARTS, error) &&
           memory_grow(&march->trace, &march->trace_capacity, (n / STRIDE + PARTS) * size, 1,
                       error) &&
           memory_grow(&march->id, &march->id_capacity, words, sizeof *march->id, error) &&
           memory_grow(&march->word, &march->word_capacity, words, sizeof *march->word, error) &&
           memory_grow(&march->order, &march->order_capacity, words, sizeof *march->order, error);
}

static void divide(struct pass *pass, size_t n)
{
    struct march *march = pass->march;
    size_t parts = n / LEAST < PARTS ? n / LEAST : PARTS, trace = 0;
    pass->parts = parts < 1 || march->sequential ? 1 : parts;
    for (size_t i = 0; i < pass->parts; i++) {
        struct march_part *part = &march->part[i];
        part->begin = n * i / pass->parts;
        part->end = n * (i + 1) / pass->parts;
        part->trace = trace;
        trace += portions(part->end - part->begin, STRIDE);
    }
}

// Parts in front of which the state has moved run, from there; at first all do, from a guess: that
// which the text begins in.
static void prepare(struct pass *pass, const struct state *begin)
{
    const struct network *network = network_of(pass->march);
    for (size_t i = 0; i < pass->parts; i++) {
        struct march_part *part = &pass->march->part[i];
        part->running = pass->first || (i > 0 && part[-1].moved);
        part->at = part->begin;
        if (part->running)
            state_copy(network, part->first, pass->first ? begin : part[-1].last);
    }
    for (size_t i = 0; i < pass->parts; i++)
        pass->march->part[i].moved = false;
}

// False if no part runs any more.
static bool begin_round(struct pass *pass)
{
    size_t longest = 0;
    pass->running = 0;
    for (size_t i = 0; i < pass->parts; i++) {
        struct march_part *part = &pass->march->part[i];
        if (!part->running)
            continue;
        pass->part[pass->running++] = part;
        longest = part->end - part->at > longest ? part->end - part->at : longest;
    }
    if (pass->running == 0)
        return false;
    size_t fit = round_words(pass->march) / pass->running;
    pass->most = fit < longest ? fit : longest;
    return true;
}

static void end_round(struct pass *pass)
{
    for (size_t i = 0; i < pass->running; i++) {
        struct march_part *part = pass->part[i];
        part->at += part->count;
        state_copy(network_of(pass->march), part->first, round_state(pass, i, part->count));
    }
}

static void run_pass(struct pass *pass)
{
    while (begin_round(pass)) {
        pool_run(pass->march->crew->pool, run_parts, pass, portions(pass->running, TOGETHER));
        run_outputs(pass);
        end_round(pass);
    }
}

static bool any_moved(const struct pass *pass)
{
    bool any = false;
    for (size_t i = 0; i + 1 < pass->parts; i++)
        any = any || pass->march->part[i].moved;
    return any;
}

static bool score_text(struct march *march, struct state *state, const int32_t *word, size_t n,
                       double *prob, float *top, struct error *error)
{
    struct pass pass = {.march = march, .word = word, .prob = prob, .top = top, .first = true};
    size_t passes = 0;
    if (!make_room(march, n, error))
        return false;
    divide(&pass, n);
    do {
        prepare(&pass, state);
        run_pass(&pass);
        pass.first = false;
        passes++;
    } while (any_moved(&pass));
    march->sequential = march->sequential || passes > PASSES;
    state_copy(network_of(march), state, march->part[pass.parts - 1].last);
    return true;
}

bool march_score_tops(struct march *march, struct state *state, const int32_t *word, size_t n,
                      double *prob, float *top, struct error *error)
{
    size_t width = network_of(march)->width;
    for (size_t first = 0, count; first < n; first += count) {
        count = n - first < MARCH_WORDS ? n - first : MARCH_WORDS;
        if (!score_text(march, state, word + first, count, prob + first,
                        top != NULL ? top + first * width : NULL, error))
            return false;
    }
    return true;
}

bool march_score(struct march *march, struct state *state, const int32_t *word, size_t n,
                 double *prob, struct error *error)
{
    return march_score_tops(march, state, word, n, prob, NULL, error);
}
