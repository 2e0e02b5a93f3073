// The adaptive output: parameters.
#include "net/outputs/adaptive.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "net/outputs/kinds.h"

enum { LEAST_WIDTH = 16, FETCHED_ROWS = 256 };

// Names with the numbers of clusters behind them.
#define NUMBERED(stem)                                                                             \
    stem "1", stem "2", stem "3", stem "4", stem "5", stem "6", stem "7", stem "8", stem "9",      \
        stem "10", stem "11", stem "12", stem "13", stem "14", stem "15", stem "16", stem "17",    \
        stem "18", stem "19", stem "20", stem "21", stem "22", stem "23", stem "24", stem "25",    \
        stem "26", stem "27", stem "28", stem "29", stem "30", stem "31", stem "32"

static const char *const projection_names[SHAPE_MOST_CLUSTERS] = {NUMBERED("projection")};
static const char *const words_names[SHAPE_MOST_CLUSTERS] = {NUMBERED("words")};

size_t adaptive_width(size_t layer, size_t k)
{
    size_t least = layer < LEAST_WIDTH ? layer : LEAST_WIDTH;
    size_t width = layer >> (2 * (k + 1) < 63 ? 2 * (k + 1) : 63);
    return width > least ? width : least;
}

// `each`: rows of a softmax, 0 for one softmax over all of them.
static void add_level(struct adaptive_cluster *cluster, size_t rows, size_t each, size_t *nodes)
{
    struct adaptive_level *level = &cluster->level[cluster->levels++];
    *level = (struct adaptive_level){.first = cluster->rows,
                                     .rows = rows,
                                     .each = each > 0 ? each : rows,
                                     .words = 1,
                                     .leaves = 1,
                                     .node = *nodes};
    level->softmaxes = (rows + level->each - 1) / level->each;
    if (cluster->levels > 1) {
        level->words = level[-1].words * level[-1].each;
        level->leaves = level[-1].leaves * level->each;
    }
    cluster->rows += rows;
    *nodes += level->softmaxes;
}

static void add_levels(struct adaptive_cluster *cluster, const struct cluster_shape *shape,
                       size_t *nodes)
{
    const struct adaptive_level *level = cluster->level;
    add_level(cluster, cluster->count, shape->class_words, nodes);
    if (shape->class_words > 0)
        add_level(cluster, level[0].softmaxes, shape->group_classes, nodes);
    if (shape->group_classes > 0)
        add_level(cluster, level[1].softmaxes, 0, nodes);
}

// What the shape says of its clusters.
static struct adaptive_parameters outline(const struct network_shape *shape)
{
    struct adaptive_parameters own = {.clusters = shape->clusters,
                                      .frequent = shape->clusters > 0 ? shape->cluster[0].first
                                                                      : shape->words};
    size_t bias = 0;
    for (size_t k = 0; k < shape->clusters; k++) {
        struct adaptive_cluster *cluster = &own.cluster[k];
        size_t end = k + 1 < shape->clusters ? shape->cluster[k + 1].first : shape->words;
        cluster->first = shape->cluster[k].first;
        cluster->count = end - cluster->first;
        add_levels(cluster, &shape->cluster[k], &own.nodes);
        cluster->leaves = cluster->level[0].softmaxes;
        cluster->width = adaptive_width(shape->layer[shape->layers - 1].units, k);
        cluster->leaf = own.leaves;
        cluster->bias = bias;
        own.leaves += cluster->leaves;
        bias += cluster->rows;
    }
    return own;
}

static size_t parameters(const struct network *network, struct output_parameter *list)
{
    struct adaptive_parameters own = outline(&network->shape);
    size_t count = 0, head = own.frequent + own.clusters, rest = 0;
    list[count++] = (struct output_parameter){"head", PARAMETER_EACH_WORD, head, network->width};
    for (size_t k = 0; k < own.clusters; k++) {
        const struct adaptive_cluster *cluster = &own.cluster[k];
        list[count++] = (struct output_parameter){projection_names[k], PARAMETER_EACH_WORD,
                                                  cluster->width, network->width};
        list[count++] = (struct output_parameter){words_names[k], PARAMETER_BY_OUTPUT,
                                                  cluster->rows, cluster->width};
        rest += cluster->rows;
    }
    if (network->shape.biases)
        list[count++] = (struct output_parameter){"head_bias", PARAMETER_BIAS, 1, head};
    if (network->shape.biases && rest > 0)
        list[count++] = (struct output_parameter){"bias", PARAMETER_BIAS, 1, rest};
    return count;
}

// They stand in the order in which parameters() lists them.
struct adaptive_parameters adaptive_parameters(const struct network *network)
{
    struct adaptive_parameters own = outline(&network->shape);
    struct parameter *at = network->parameter + network->output_at;
    own.head = at++;
    for (size_t k = 0; k < own.clusters; k++) {
        own.cluster[k].projection = at++;
        own.cluster[k].words = at++;
    }
    own.head_bias = network->shape.biases ? at++ : NULL;
    own.bias = network->shape.biases && own.clusters > 0 ? at : NULL;
    return own;
}

// Uniform within 0.1, as is common (Zaremba et al. 2014).
static void initialise(const struct network *network, struct random *random)
{
    struct adaptive_parameters own = adaptive_parameters(network);
    layer_draw_uniform(own.head, 0.1f, random);
    for (size_t k = 0; k < own.clusters; k++) {
        layer_draw_uniform(own.cluster[k].projection, 0.1f, random);
        layer_draw_uniform(own.cluster[k].words, 0.1f, random);
    }
}

static uint64_t sum_of(const uint64_t *count, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += count[i];
    return sum;
}

// Those of a level's rows, each for the words it stands for.
static void initialise_level(const struct adaptive_parameters *own,
                             const struct adaptive_cluster *cluster,
                             const struct adaptive_level *level, const uint64_t *count)
{
    for (size_t i = 0; i < level->rows; i++) {
        size_t from = i * level->words, left = cluster->count - from;
        uint64_t sum =
            sum_of(count + cluster->first + from, left < level->words ? left : level->words);
        bias_from_count(own->bias, cluster->bias + level->first + i, sum);
    }
}

static void initialise_biases(const struct network *network, const uint64_t *count)
{
    struct adaptive_parameters own = adaptive_parameters(network);
    for (size_t w = 0; w < own.frequent; w++)
        bias_from_count(own.head_bias, w, count[w]);
    for (size_t k = 0; k < own.clusters; k++) {
        const struct adaptive_cluster *cluster = &own.cluster[k];
        bias_from_count(own.head_bias, own.frequent + k,
                        sum_of(count + cluster->first, cluster->count));
        for (size_t l = 0; l < cluster->levels; l++)
            initialise_level(&own, cluster, &cluster->level[l], count);
    }
}

static bool softmax(const struct network *network, size_t i, struct output_softmax *softmax)
{
    struct adaptive_parameters own = adaptive_parameters(network);
    if (i == 0) {
        *softmax = (struct output_softmax){network->output_at, 0, own.head->rows};
        return true;
    }
    i--;
    for (size_t k = 0; k < own.clusters; k++) {
        const struct adaptive_cluster *cluster = &own.cluster[k];
        for (size_t l = 0; l < cluster->levels; l++) {
            const struct adaptive_level *level = &cluster->level[l];
            if (i < level->softmaxes) {
                *softmax =
                    (struct output_softmax){(size_t)(cluster->words - network->parameter),
                                            adaptive_first_row(level, i), adaptive_rows(level, i)};
                return true;
            }
            i -= level->softmaxes;
        }
    }
    return false;
}

// ---- words ------------------------------------------------------------------------------------

const struct adaptive_cluster *adaptive_cluster_of(const struct adaptive_parameters *own,
                                                   int32_t word)
{
    size_t k = own->clusters - 1;
    while (own->cluster[k].first > (size_t)word)
        k--;
    return &own->cluster[k];
}

size_t adaptive_head_target(const struct adaptive_parameters *own, int32_t word)
{
    if ((size_t)word < own->frequent)
        return (size_t)word;
    return own->frequent + (size_t)(adaptive_cluster_of(own, word) - own->cluster);
}

void adaptive_fetch(const struct adaptive_parameters *own, const struct adaptive_cluster *cluster,
                    const struct adaptive_level *level, size_t softmax)
{
    size_t first = adaptive_first_row(level, softmax), rows = adaptive_rows(level, softmax);
    size_t n = rows < FETCHED_ROWS ? rows : FETCHED_ROWS;
    linear_fetch_rows(cluster->words, first, n);
    if (own->bias != NULL)
        memory_fetch(parameter_row(own->bias, 0) + cluster->bias + first, n * sizeof(float));
}

static size_t leaf_over_all(const struct adaptive_parameters *own, int32_t word)
{
    const struct adaptive_cluster *cluster = adaptive_cluster_of(own, word);
    return cluster->leaf + adaptive_place(cluster, 0, word).softmax;
}

size_t adaptive_sort(const struct adaptive_parameters *own, const int32_t *word, size_t n,
                     size_t *begin, size_t *order)
{
    int32_t frequent = (int32_t)own->frequent;
    memset(begin, 0, (own->leaves + 2) * sizeof *begin);
    for (size_t i = 0; i < n; i++)
        if (word[i] >= frequent)
            begin[leaf_over_all(own, word[i]) + 2]++;
    for (size_t l = 2; l < own->leaves + 2; l++)
        begin[l] += begin[l - 1];
    for (size_t i = 0; i < n; i++)
        if (word[i] >= frequent)
            order[begin[leaf_over_all(own, word[i]) + 1]++] = i;
    return begin[own->leaves];
}

const struct output_type output_adaptive = {
    .name = "adaptive",
    .about = "a softmax over frequent words and clusters of others, whose words have narrower rows",
    .clusters = true,
    .parameters = parameters,
    .initialise = initialise,
    .initialise_biases = initialise_biases,
    .divide = adaptive_choose_clusters,
    .softmax = softmax,
    .scoring = &adaptive_scoring,
    .online = &adaptive_online,
    .blocks = &adaptive_blocks,
};
