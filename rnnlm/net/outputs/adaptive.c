// The adaptive output: parameters.
#include "net/outputs/adaptive.h"

#include <stdio.h>
#include <string.h>

#include "net/outputs/kinds.h"

enum { LEAST_WIDTH = 16 };

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
        size_t class_words = shape->cluster[k].class_words;
        cluster->first = shape->cluster[k].first;
        cluster->count = end - cluster->first;
        cluster->class_words = class_words > 0 ? class_words : cluster->count;
        cluster->leaves = (cluster->count + cluster->class_words - 1) / cluster->class_words;
        cluster->classes = class_words > 0 ? cluster->leaves : 0;
        cluster->width = adaptive_width(shape->layer[shape->layers - 1].units, k);
        cluster->leaf = own.leaves;
        cluster->bias = bias;
        own.leaves += cluster->leaves;
        bias += cluster->count + cluster->classes;
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
        size_t rows = cluster->count + cluster->classes;
        list[count++] = (struct output_parameter){projection_names[k], PARAMETER_EACH_WORD,
                                                  cluster->width, network->width};
        list[count++] =
            (struct output_parameter){words_names[k], PARAMETER_BY_OUTPUT, rows, cluster->width};
        rest += rows;
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

static void initialise_biases(const struct network *network, const uint64_t *count)
{
    struct adaptive_parameters own = adaptive_parameters(network);
    for (size_t w = 0; w < own.frequent; w++)
        bias_from_count(own.head_bias, w, count[w]);
    for (size_t k = 0; k < own.clusters; k++) {
        const struct adaptive_cluster *cluster = &own.cluster[k];
        const uint64_t *of = count + cluster->first;
        bias_from_count(own.head_bias, own.frequent + k, sum_of(of, cluster->count));
        for (size_t i = 0; i < cluster->count; i++)
            bias_from_count(own.bias, cluster->bias + i, of[i]);
        for (size_t c = 0; c < cluster->classes; c++)
            bias_from_count(own.bias, cluster->bias + cluster->count + c,
                            sum_of(of + c * cluster->class_words, adaptive_leaf_words(cluster, c)));
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
        size_t words = (size_t)(cluster->words - network->parameter);
        if (i < cluster->leaves) {
            *softmax = (struct output_softmax){words, i * cluster->class_words,
                                               adaptive_leaf_words(cluster, i)};
            return true;
        }
        i -= cluster->leaves;
        if (i == 0 && cluster->classes > 0) {
            *softmax = (struct output_softmax){words, cluster->count, cluster->classes};
            return true;
        }
        i -= cluster->classes > 0;
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

static size_t leaf_over_all(const struct adaptive_parameters *own, int32_t word)
{
    const struct adaptive_cluster *cluster = adaptive_cluster_of(own, word);
    return cluster->leaf + adaptive_leaf_of(cluster, word);
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
