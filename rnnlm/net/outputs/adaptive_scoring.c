// The adaptive output, scoring.
//
// Pairs of states and words are taken cluster by cluster: the states that a cluster is wanted for go
// through its projection, and get the sum over its topmost level; then leaf by leaf, on the way to which
// each may pass a softmax of classes.
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/outputs/adaptive.h"
#include "net/outputs/softmax.h"

enum { LOGIT_FLOATS = 1 << 18 }; // of logits that are held: more states are taken in several goes

// Inputs of some states, side by side: floats, or halves in a network in bfloat16.
struct gathered {
    float *floats;
    uint16_t *halves;
    size_t row, half_row;
};

struct scoring {
    const struct network *network;
    struct adaptive_parameters own;
    const struct columns *columns; // of all parameters
    size_t most;
    struct output_inputs inputs;
    float *head_logit;            // [most][head_row]
    struct softmax_sum *head_sum; // [most]
    size_t head_row;
    // Of the states that the cluster at hand is wanted for, at most `most`:
    size_t *distinct;            // which these are
    size_t *index;               // [most] the place of a state among them
    bool *found;                 // [most] whether it is; false between clusters
    struct gathered z;           // what the projection makes of them
    struct softmax_sum *top_sum; // of its topmost level
    // Of the states of one go:
    size_t go_states;           // at most
    struct gathered in, leaf;   // [go_states] inputs; z of the states that one leaf is wanted for
    size_t *go_index;           // [go_states] their places among those of the cluster
    float *logit;               // [go_states][most rows of a softmax]
    float *top_logit;           // [go_states] of the row above the leaf in the topmost level
    double *above;              // [go_states] P(the leaf), given the cluster
    size_t *leaf_begin, *order; // [leaves + 2], [pairs] as adaptive_sort() has them
    size_t order_capacity;
};

// ---- memory -----------------------------------------------------------------------------------

static void gathered_free(struct gathered *gathered)
{
    free(gathered->floats);
    free(gathered->halves);
}

// Both, where `halves`, if floats are wanted anyway.
static bool gathered_init(struct gathered *gathered, size_t n, size_t width, bool halves,
                          bool floats, struct error *error)
{
    gathered->row = memory_row(width);
    gathered->half_row = memory_half_row(width);
    if (floats)
        gathered->floats = memory_new(n, gathered->row * sizeof(float), error);
    if (halves)
        gathered->halves = memory_new(n, gathered->half_row * sizeof(uint16_t), error);
    return (gathered->floats != NULL || !floats) && (gathered->halves != NULL || !halves);
}

static void end(void *data)
{
    struct scoring *scoring = data;
    free(scoring->head_logit);
    free(scoring->head_sum);
    free(scoring->distinct);
    free(scoring->index);
    free(scoring->found);
    gathered_free(&scoring->z);
    free(scoring->top_sum);
    gathered_free(&scoring->in);
    gathered_free(&scoring->leaf);
    free(scoring->go_index);
    free(scoring->logit);
    free(scoring->top_logit);
    free(scoring->above);
    free(scoring->leaf_begin);
    free(scoring->order);
    free(scoring);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static bool allocate_clusters(struct scoring *scoring, struct error *error)
{
    const struct adaptive_parameters *own = &scoring->own;
    size_t most = scoring->most, logits = 1, width = 1;
    bool halves = scoring->network->halves;
    for (size_t k = 0; k < own->clusters; k++) {
        for (size_t l = 0; l < own->cluster[k].levels; l++)
            logits = larger(logits, own->cluster[k].level[l].each);
        width = larger(width, own->cluster[k].width);
    }
    size_t fit = larger(LOGIT_FLOATS / logits, 1);
    size_t n = scoring->go_states = fit < most ? fit : most;
    scoring->distinct = memory_new(most, sizeof *scoring->distinct, error);
    scoring->index = memory_new(most, sizeof *scoring->index, error);
    scoring->found = memory_new(most, sizeof *scoring->found, error);
    scoring->top_sum = memory_new(most, sizeof *scoring->top_sum, error);
    scoring->go_index = memory_new(n, sizeof *scoring->go_index, error);
    scoring->logit = memory_new(n, memory_row(logits) * sizeof(float), error);
    scoring->top_logit = memory_new(n, sizeof(float), error);
    scoring->above = memory_new(n, sizeof *scoring->above, error);
    scoring->leaf_begin = memory_new(own->leaves + 2, sizeof(size_t), error);
    return scoring->distinct != NULL && scoring->index != NULL && scoring->found != NULL &&
           scoring->top_sum != NULL && scoring->go_index != NULL && scoring->logit != NULL &&
           scoring->top_logit != NULL && scoring->above != NULL && scoring->leaf_begin != NULL &&
           gathered_init(&scoring->z, most, width, halves, true, error) &&
           gathered_init(&scoring->in, n, scoring->network->width, halves, !halves, error) &&
           gathered_init(&scoring->leaf, n, width, halves, !halves, error) &&
           memory_grow(&scoring->order, &scoring->order_capacity, most, sizeof *scoring->order,
                       error);
}

static void *begin(const struct network *network, const struct columns *columns, size_t most,
                   struct error *error)
{
    struct scoring *scoring = memory_new(1, sizeof *scoring, error);
    if (scoring == NULL)
        return NULL;
    scoring->network = network;
    scoring->own = adaptive_parameters(network);
    scoring->columns = columns;
    scoring->most = most;
    scoring->head_row = columns[network->output_at].row;
    scoring->head_logit = memory_new(most, scoring->head_row * sizeof(float), error);
    scoring->head_sum = memory_new(most, sizeof *scoring->head_sum, error);
    if (scoring->head_logit != NULL && scoring->head_sum != NULL &&
        allocate_clusters(scoring, error))
        return scoring;
    end(scoring);
    return NULL;
}

// ---- the head ---------------------------------------------------------------------------------

static void load_inputs(void *data, const struct output_inputs *inputs)
{
    struct scoring *scoring = data;
    scoring->inputs = *inputs;
}

static void load(void *data, const struct output_inputs *inputs)
{
    struct scoring *scoring = data;
    size_t rows = scoring->own.head->rows, row = scoring->head_row;
    load_inputs(scoring, inputs);
    for (size_t i = 0; i < inputs->n; i++)
        bias_begin(scoring->own.head_bias, 0, rows, scoring->head_logit + i * row);
    columns_multiply(scoring->head_logit, row, &scoring->columns[scoring->network->output_at],
                     inputs->input, inputs->half, inputs->n);
    for (size_t i = 0; i < inputs->n; i++) {
        scoring->head_sum[i] = SOFTMAX_NOTHING;
        softmax_add(&scoring->head_sum[i], scoring->head_logit + i * row, rows);
    }
}

static double first_factor(void *data, size_t state, int32_t word)
{
    struct scoring *scoring = data;
    size_t target = adaptive_head_target(&scoring->own, word);
    return (double)softmax_element(&scoring->head_sum[state],
                                   scoring->head_logit[state * scoring->head_row + target]);
}

// ---- clusters ---------------------------------------------------------------------------------

static void gather_row(const struct gathered *to, size_t i, const float *floats,
                       const uint16_t *halves)
{
    if (to->halves != NULL)
        memcpy(to->halves + i * to->half_row, halves, to->half_row * sizeof *halves);
    else
        memcpy(to->floats + i * to->row, floats, to->row * sizeof *floats);
}

// out[i] = row first + j of the cluster's words times z[i], and biases, for i < n, j < count.
static void multiply(const struct scoring *scoring, const struct adaptive_cluster *cluster,
                     size_t first, size_t count, const struct gathered *z, size_t at, size_t n,
                     float *out, size_t stride)
{
    for (size_t i = 0; i < n; i++)
        bias_begin(scoring->own.bias, cluster->bias + first, count, out + i * stride);
    linear_rows_times(out, stride, cluster->words, first, count,
                      z->floats != NULL ? z->floats + at * z->row : NULL, z->row,
                      z->halves != NULL ? z->halves + at * z->half_row : NULL, z->half_row, n, 1);
}

// The projection and the topmost level for states number `at`.. of the `distinct`.
static void project(struct scoring *scoring, const struct adaptive_cluster *cluster, size_t at,
                    size_t n)
{
    const struct output_inputs *inputs = &scoring->inputs;
    struct gathered *z = &scoring->z;
    float *floats = z->floats + at * z->row;
    for (size_t i = 0; i < n; i++) {
        size_t state = scoring->distinct[at + i];
        gather_row(&scoring->in, i, inputs->input + state * inputs->row,
                   inputs->half != NULL ? inputs->half + state * inputs->half_row : NULL);
    }
    memset(floats, 0, n * z->row * sizeof *floats);
    columns_multiply(floats, z->row,
                     &scoring->columns[cluster->projection - scoring->network->parameter],
                     scoring->in.floats, scoring->in.halves, n);
    for (size_t i = 0; i < n && z->halves != NULL; i++) {
        uint16_t *half = z->halves + (at + i) * z->half_row;
        memset(half, 0, z->half_row * sizeof *half);
        kernels->to_halves(half, floats + i * z->row, cluster->width);
    }
    const struct adaptive_level *top = adaptive_top(cluster);
    if (top == NULL)
        return;
    multiply(scoring, cluster, top->first, top->rows, z, at, n, scoring->logit, top->rows);
    for (size_t i = 0; i < n; i++) {
        scoring->top_sum[at + i] = SOFTMAX_NOTHING;
        softmax_add(&scoring->top_sum[at + i], scoring->logit + i * top->rows, top->rows);
    }
}

// Of the pairs order[begin..end-1], which are of one cluster.
static void find_states(struct scoring *scoring, size_t begin, size_t end,
                        const struct adaptive_cluster *cluster, const size_t *state)
{
    size_t count = 0, n;
    for (size_t i = begin; i < end; i++) {
        size_t of = state[scoring->order[i]];
        if (scoring->found[of])
            continue;
        scoring->found[of] = true;
        scoring->index[of] = count;
        scoring->distinct[count++] = of;
    }
    for (size_t i = 0; i < count; i++)
        scoring->found[scoring->distinct[i]] = false;
    for (size_t at = 0; at < count; at += n) {
        n = count - at < scoring->go_states ? count - at : scoring->go_states;
        project(scoring, cluster, at, n);
    }
}

// ---- leaves -----------------------------------------------------------------------------------

static void gather_leaf(struct scoring *scoring, size_t n)
{
    const struct gathered *z = &scoring->z;
    for (size_t i = 0; i < n; i++)
        gather_row(&scoring->leaf, i, z->floats + scoring->go_index[i] * z->row,
                   z->halves != NULL ? z->halves + scoring->go_index[i] * z->half_row : NULL);
}

// The row of a level that stands for a leaf.
static size_t row_above(const struct adaptive_cluster *cluster, const struct adaptive_level *level,
                        size_t leaf)
{
    return leaf * cluster->level[0].each / level->words;
}

// What the first n of go_index have above a leaf: P(its row of the topmost level).
static void begin_leaf(struct scoring *scoring, const struct adaptive_cluster *cluster, size_t leaf,
                       size_t n)
{
    const struct adaptive_level *top = adaptive_top(cluster);
    for (size_t i = 0; i < n; i++)
        scoring->above[i] = 1;
    if (top == NULL)
        return;
    size_t row = row_above(cluster, top, leaf);
    multiply(scoring, cluster, top->first + row, 1, &scoring->leaf, 0, n, scoring->top_logit, 1);
    for (size_t i = 0; i < n; i++)
        scoring->above[i] =
            (double)softmax_element(&scoring->top_sum[scoring->go_index[i]], scoring->top_logit[i]);
}

// Logits of a softmax for the first n of go_index.
static void compute_softmax(struct scoring *scoring, const struct adaptive_cluster *cluster,
                            const struct adaptive_level *level, size_t softmax, size_t n)
{
    size_t rows = adaptive_rows(level, softmax);
    multiply(scoring, cluster, adaptive_first_row(level, softmax), rows, &scoring->leaf, 0, n,
             scoring->logit, rows);
}

// What leads to the leaf between the topmost level and its words.
static void pass_level(struct scoring *scoring, const struct adaptive_cluster *cluster,
                       const struct adaptive_level *level, size_t leaf, size_t n)
{
    size_t row = row_above(cluster, level, leaf), softmax = row / level->each;
    size_t rows = adaptive_rows(level, softmax);
    compute_softmax(scoring, cluster, level, softmax, n);
    for (size_t i = 0; i < n; i++) {
        const float *logit = scoring->logit + i * rows;
        struct softmax_sum sum = SOFTMAX_NOTHING;
        softmax_add(&sum, logit, rows);
        scoring->above[i] *= (double)softmax_element(&sum, logit[row % level->each]);
    }
}

// P(leaf), given the cluster, and logits of its words for the first n of go_index.
static void compute_leaf(struct scoring *scoring, const struct adaptive_cluster *cluster,
                         size_t leaf, size_t n)
{
    gather_leaf(scoring, n);
    begin_leaf(scoring, cluster, leaf, n);
    for (size_t l = 1; l + 1 < cluster->levels; l++)
        pass_level(scoring, cluster, &cluster->level[l], leaf, n);
    compute_softmax(scoring, cluster, &cluster->level[0], leaf, n);
}

// P(leaf) P(word of it | leaf) for the pairs order[begin..end-1], which are of one leaf, whose logits
// are there.
static void predict_go(struct scoring *scoring, const struct adaptive_cluster *cluster, size_t leaf,
                       size_t begin, size_t end, const size_t *state, const int32_t *word,
                       double *prob)
{
    size_t words = adaptive_rows(&cluster->level[0], leaf);
    size_t first = cluster->first + leaf * cluster->level[0].each;
    for (size_t i = begin, at = 0; i < end; at++) {
        const float *logit = scoring->logit + at * words;
        size_t of = state[scoring->order[i]];
        struct softmax_sum sum = SOFTMAX_NOTHING;
        softmax_add(&sum, logit, words);
        for (; i < end && state[scoring->order[i]] == of; i++) {
            size_t target = (size_t)word[scoring->order[i]] - first;
            prob[scoring->order[i]] *=
                scoring->above[at] * (double)softmax_element(&sum, logit[target]);
        }
    }
}

// Pairs of one leaf, as many at a time as there is room for their states.
static void predict_leaf(struct scoring *scoring, const struct adaptive_cluster *cluster,
                         size_t leaf, const size_t *state, const int32_t *word, double *prob)
{
    const size_t *order = scoring->order;
    size_t at = scoring->leaf_begin[cluster->leaf + leaf];
    size_t last = scoring->leaf_begin[cluster->leaf + leaf + 1];
    while (at < last) {
        size_t n = 0, end = at;
        for (; end < last; end++) {
            if (end > at && state[order[end]] == state[order[end - 1]])
                continue;
            if (n == scoring->go_states)
                break;
            scoring->go_index[n++] = scoring->index[state[order[end]]];
        }
        compute_leaf(scoring, cluster, leaf, n);
        predict_go(scoring, cluster, leaf, at, end, state, word, prob);
        at = end;
    }
}

// The leaf of the first of some pairs, order[at..]: its words are asked for ahead.
static size_t fetch_leaf(const struct scoring *scoring, const struct adaptive_cluster *cluster,
                         size_t at, const int32_t *word)
{
    size_t leaf = adaptive_place(cluster, 0, word[scoring->order[at]]).softmax;
    adaptive_fetch(&scoring->own, cluster, &cluster->level[0], leaf);
    return leaf;
}

// Pairs order[first..last-1], at least one, which are of one cluster: only the leaves that they are of
// are looked at.
static void predict_cluster(struct scoring *scoring, const struct adaptive_cluster *cluster,
                            size_t first, size_t last, const size_t *state, const int32_t *word,
                            double *prob)
{
    size_t next = fetch_leaf(scoring, cluster, first, word);
    for (size_t at = first; at < last;) {
        size_t leaf = next;
        at = scoring->leaf_begin[cluster->leaf + leaf + 1];
        if (at < last)
            next = fetch_leaf(scoring, cluster, at, word);
        predict_leaf(scoring, cluster, leaf, state, word, prob);
    }
}

static bool other_factors(void *data, size_t pairs, const size_t *state, const int32_t *word,
                          double *prob, struct error *error)
{
    struct scoring *scoring = data;
    const struct adaptive_parameters *own = &scoring->own;
    if (!memory_grow(&scoring->order, &scoring->order_capacity, pairs, sizeof *scoring->order,
                     error))
        return false;
    adaptive_sort(own, word, pairs, scoring->leaf_begin, scoring->order);
    for (size_t k = 0; k < own->clusters; k++) {
        const struct adaptive_cluster *cluster = &own->cluster[k];
        size_t first = scoring->leaf_begin[cluster->leaf];
        size_t last = scoring->leaf_begin[cluster->leaf + cluster->leaves];
        if (first == last)
            continue;
        find_states(scoring, first, last, cluster, state);
        predict_cluster(scoring, cluster, first, last, state, word, prob);
    }
    return true;
}

static size_t sort_scratch(const struct network *network)
{
    return adaptive_parameters(network).leaves + 2;
}

static size_t sort(const struct network *network, const int32_t *word, size_t n, size_t *scratch,
                   size_t *order)
{
    struct adaptive_parameters own = adaptive_parameters(network);
    return adaptive_sort(&own, word, n, scratch, order);
}

// ---- drawing ----------------------------------------------------------------------------------

static size_t draw_of(float *logit, size_t n, struct random *random)
{
    kernels->softmax(logit, n);
    return softmax_draw(random, logit, n);
}

static int32_t draw(void *data, size_t state, struct random *random)
{
    struct scoring *scoring = data;
    const struct adaptive_parameters *own = &scoring->own;
    size_t place =
        draw_of(scoring->head_logit + state * scoring->head_row, own->head->rows, random);
    if (place < own->frequent)
        return (int32_t)place;
    const struct adaptive_cluster *cluster = &own->cluster[place - own->frequent];
    scoring->distinct[0] = state;
    scoring->go_index[0] = 0;
    project(scoring, cluster, 0, 1);
    gather_leaf(scoring, 1);
    size_t row = 0; // drawn of a level: the softmax of the one below it
    for (size_t l = cluster->levels; l-- > 0;) {
        const struct adaptive_level *level = &cluster->level[l];
        size_t softmax = row;
        if (level != adaptive_top(cluster))
            compute_softmax(scoring, cluster, level, softmax, 1);
        row =
            softmax * level->each + draw_of(scoring->logit, adaptive_rows(level, softmax), random);
    }
    return (int32_t)(cluster->first + row);
}

const struct output_scoring adaptive_scoring = {
    .begin = begin,
    .end = end,
    .load = load,
    .load_inputs = load_inputs,
    .first_factor = first_factor,
    .other_factors = other_factors,
    .draw = draw,
    .sort_scratch = sort_scratch,
    .sort = sort,
};
