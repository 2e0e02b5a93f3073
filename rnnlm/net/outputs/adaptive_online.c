// The adaptive output, learning word by word.
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/outputs/adaptive.h"

// Rows that take part in one softmax.
struct rows {
    struct parameter *parameter, *bias;
    size_t first, count; // of the parameter
    size_t bias_at;      // of the bias of the first
    size_t target;       // among them
};

// The head, and the levels of a cluster.
enum { HEAD, LEVELS, STEPS = LEVELS + ADAPTIVE_MOST_LEVELS };

// What it computes at one place of a text.
struct online {
    struct adaptive_parameters own;
    const float *input;
    const struct adaptive_cluster *cluster; // of the word; NULL for a frequent one
    struct rows rows[STEPS];
    float *prob[STEPS]; // [count]; when it learns, target - probability
    float *z, *dz;      // [width of the cluster] and what errors are for it
};

static void end(void *data)
{
    struct online *online = data;
    for (size_t s = 0; s < STEPS; s++)
        free(online->prob[s]);
    free(online->z);
    free(online->dz);
    free(online);
}

static void *begin(const struct network *network, struct error *error)
{
    struct online *online = memory_new(1, sizeof *online, error);
    if (online == NULL)
        return NULL;
    online->own = adaptive_parameters(network);
    size_t most[STEPS] = {online->own.head->rows, 1, 1, 1};
    for (size_t k = 0; k < online->own.clusters; k++) {
        const struct adaptive_cluster *cluster = &online->own.cluster[k];
        for (size_t l = 0; l < cluster->levels; l++)
            if (cluster->level[l].each > most[LEVELS + l])
                most[LEVELS + l] = cluster->level[l].each;
    }
    online->z = memory_new(1, memory_row(network->width) * sizeof(float), error);
    online->dz = memory_new(1, memory_row(network->width) * sizeof(float), error);
    bool ok = online->z != NULL && online->dz != NULL;
    for (size_t s = 0; ok && s < STEPS; s++) {
        online->prob[s] = memory_new(most[s], sizeof(float), error);
        ok = online->prob[s] != NULL;
    }
    if (ok)
        return online;
    end(online);
    return NULL;
}

// The probability of the target among its rows.
static double distribution(struct online *online, size_t s, struct rows rows, const float *in)
{
    float *out = online->prob[s];
    online->rows[s] = rows;
    bias_begin(rows.bias, rows.bias_at, rows.count, out);
    linear_add_products(rows.parameter, rows.first, rows.count, in, out);
    kernels->softmax(out, rows.count);
    return (double)out[rows.target];
}

static double level_probability(struct online *online, size_t l, int32_t word)
{
    const struct adaptive_cluster *cluster = online->cluster;
    const struct adaptive_level *level = &cluster->level[l];
    struct adaptive_place place = adaptive_place(cluster, l, word);
    size_t first = adaptive_first_row(level, place.softmax);
    return distribution(online, LEVELS + l,
                        (struct rows){cluster->words, online->own.bias, first,
                                      adaptive_rows(level, place.softmax), cluster->bias + first,
                                      place.row},
                        online->z);
}

static double predict(void *data, const float *input, const int32_t *history, int32_t word)
{
    struct online *online = data;
    const struct adaptive_parameters *own = &online->own;
    (void)history;
    online->input = input;
    online->cluster = (size_t)word < own->frequent ? NULL : adaptive_cluster_of(own, word);
    double prob = distribution(online, HEAD,
                               (struct rows){own->head, own->head_bias, 0, own->head->rows, 0,
                                             adaptive_head_target(own, word)},
                               input);
    if (online->cluster == NULL)
        return prob;
    const struct adaptive_cluster *cluster = online->cluster;
    memset(online->z, 0, memory_row(cluster->width) * sizeof(float));
    linear_add_products(cluster->projection, 0, cluster->width, input, online->z);
    for (size_t l = cluster->levels; l-- > 0;)
        prob *= level_probability(online, l, word);
    return prob;
}

// Errors of one softmax: its rows' step, that of biases, and the error below.
static void learn_rows(struct online *online, size_t s, const float *in,
                       const struct online_step *step, float *error)
{
    const struct rows *rows = &online->rows[s];
    float *e = online->prob[s];
    for (size_t i = 0; i < rows->count; i++)
        e[i] = -e[i];
    e[rows->target] += 1;
    linear_learn_rows(rows->parameter, rows->first, rows->count, e, in, step->step, step->keep,
                      error);
    bias_learn(rows->bias, rows->bias_at, rows->count, e, step->step, step->keep);
}

static void learn(void *data, const struct online_step *step, float *error)
{
    struct online *online = data;
    const struct adaptive_cluster *cluster = online->cluster;
    size_t width = online->own.head->width;
    memset(error, 0, memory_row(width) * sizeof *error);
    learn_rows(online, HEAD, online->input, step, error);
    if (cluster != NULL) {
        memset(online->dz, 0, memory_row(cluster->width) * sizeof(float));
        for (size_t l = cluster->levels; l-- > 0;)
            learn_rows(online, LEVELS + l, online->z, step, online->dz);
        if (step->cutoff > 0)
            kernels->clamp(online->dz, cluster->width, step->cutoff);
        linear_learn_rows(cluster->projection, 0, cluster->width, online->dz, online->input,
                          step->step, step->keep, error);
    }
    if (step->cutoff > 0)
        kernels->clamp(error, width, step->cutoff);
}

const struct output_online adaptive_online = {
    .begin = begin,
    .end = end,
    .predict = predict,
    .learn = learn,
};
