// The adaptive output (Grave et al. 2017): the most frequent words compete with each other and with
// clusters of the others, whose words are computed in spaces the narrower, the rarer they are:
//
//   P(w) = softmax(head x + head_bias)[w]                                       for a frequent word
//   P(w) = softmax(head x + head_bias)[F + k] softmax(words_k z + bias)[w]      for one of cluster k
//
// of F frequent words, with z = projection_k x. The first cluster has a quarter of the topmost
// layer's width, the next one a quarter of that, and so on; none less than 16 (rows are
// padded to that anyway), but never more than the layer.
//
// A cluster may have its words in classes of equal size, runs of words as they are numbered, each but
// perhaps the last of N words, and its classes likewise in groups. The second factor is then one for
// each level, for word w of class c of group g
//
//   softmax(groups_k z + bias)[g] softmax(classes of g . z + bias)[c] softmax(words of c . z + bias)[w]
//
// so that a place of a text touches some rows, and not all of a large cluster. Rows of classes stand
// behind those of the cluster's words, those of groups behind them. The softmaxes of words are the
// leaves: one for each class, or one where there are none.
//
// Where clusters are not given, they are chosen for least cost (adaptive_cost.c).
//
// Shared by its files: adaptive.c (parameters), adaptive_scoring.c, adaptive_online.c,
// adaptive_blocks.c.
#ifndef NET_OUTPUTS_ADAPTIVE_H
#define NET_OUTPUTS_ADAPTIVE_H

#include "net/output.h"
#include "net/outputs/bias.h"

enum { ADAPTIVE_MOST_LEVELS = 3 };

// Words, classes or groups of a cluster: softmaxes over rows that follow each other. The topmost level
// has one.
struct adaptive_level {
    size_t first, rows; // of the cluster's
    size_t each;        // rows of a softmax, but perhaps the last
    size_t softmaxes;
    size_t words;  // that a row stands for, the last one perhaps for fewer
    size_t leaves; // below a softmax, the last one perhaps with fewer
    size_t node;   // the number of the first softmax, counted over all clusters
};

struct adaptive_cluster {
    struct parameter *projection; // [width][layer's width]
    struct parameter *words;      // [rows][width]
    size_t first, count;          // its words
    size_t rows;                  // of all levels
    struct adaptive_level level[ADAPTIVE_MOST_LEVELS];
    size_t levels;
    size_t width;
    size_t leaf, leaves; // the first, counted over all clusters
    size_t bias;         // where those of its rows begin
};

// Its parameters; the biases are NULL where the network has none. Cheap to make, and no memory.
struct adaptive_parameters {
    struct parameter *head; // [frequent words, then clusters][layer's width]
    struct parameter *head_bias, *bias;
    size_t frequent;                // words
    size_t clusters, leaves, nodes; // softmaxes of words; of all levels
    struct adaptive_cluster cluster[SHAPE_MOST_CLUSTERS];
};

struct adaptive_parameters adaptive_parameters(const struct network *network);

// Width of cluster k behind a layer.
size_t adaptive_width(size_t layer, size_t k);

// The first row of a level's i-th softmax, and how many it has.
static inline size_t adaptive_first_row(const struct adaptive_level *level, size_t i)
{
    return level->first + i * level->each;
}

static inline size_t adaptive_rows(const struct adaptive_level *level, size_t i)
{
    size_t left = level->rows - i * level->each;
    return left < level->each ? left : level->each;
}

// Of the levels of a cluster, the lowest ones, whose softmaxes are computed for some places of a text:
// all but the topmost, or the only one.
static inline size_t adaptive_levels_apart(const struct adaptive_cluster *cluster)
{
    return cluster->levels > 1 ? cluster->levels - 1 : 1;
}

// The topmost level, whose softmax is computed for all places that the cluster is wanted for; NULL if
// the cluster's words are in no classes.
static inline const struct adaptive_level *adaptive_top(const struct adaptive_cluster *cluster)
{
    return cluster->levels > 1 ? &cluster->level[cluster->levels - 1] : NULL;
}

// The cluster of a word that is not frequent.
const struct adaptive_cluster *adaptive_cluster_of(const struct adaptive_parameters *own,
                                                   int32_t word);

// Which of a level's softmaxes, and which of its rows, a word of the cluster belongs to.
struct adaptive_place {
    size_t softmax, row;
};

static inline struct adaptive_place adaptive_place(const struct adaptive_cluster *cluster,
                                                   size_t level, int32_t word)
{
    const struct adaptive_level *of = &cluster->level[level];
    size_t row = ((size_t)word - cluster->first) / of->words;
    return (struct adaptive_place){row / of->each, row % of->each};
}

// The rows of a softmax, and their biases, are about to be wanted, and begin to come into the caches. Of a
// large one the first: it takes long enough to be read on by the processor.
void adaptive_fetch(const struct adaptive_parameters *own, const struct adaptive_cluster *cluster,
                    const struct adaptive_level *level, size_t softmax);

// The target's place in the softmax of the head.
size_t adaptive_head_target(const struct adaptive_parameters *own, int32_t word);

// Sorts the places of known words that are not frequent by their leaves, otherwise as they come: those
// of leaf l are order[begin[l]] to order[begin[l + 1] - 1]. `begin` has room for leaves + 2, `order`
// for n. Returns how many there are.
size_t adaptive_sort(const struct adaptive_parameters *own, const int32_t *word, size_t n,
                     size_t *begin, size_t *order);

// Clusters for words with these counts, behind a layer of this width: see adaptive_cost.c. Error: no
// memory.
bool adaptive_choose_clusters(struct network_shape *shape, const uint64_t *count,
                              struct classes *classes, struct error *error);

extern const struct output_scoring adaptive_scoring;
extern const struct output_online adaptive_online;
extern const struct output_blocks adaptive_blocks;

#endif
