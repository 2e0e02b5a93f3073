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
// perhaps the last of N words. The second factor is then, for word w of class c,
//
//   softmax(classes_k z + bias)[c] softmax(words of c . z + bias)[w]
//
// so that a place of a text touches some N rows, and not all of a large cluster. Rows of classes stand
// behind those of the cluster's words. What is one softmax is a leaf: a class, or all words of a
// cluster that has none.
//
// Where clusters are not given, they are chosen for least cost (adaptive_cost.c).
//
// Shared by its files: adaptive.c (parameters), adaptive_scoring.c, adaptive_online.c,
// adaptive_blocks.c.
#ifndef NET_OUTPUTS_ADAPTIVE_H
#define NET_OUTPUTS_ADAPTIVE_H

#include "net/output.h"
#include "net/outputs/bias.h"

struct adaptive_cluster {
    struct parameter *projection; // [width][layer's width]
    struct parameter *words;      // [words + classes][width]
    size_t first, count;          // its words
    size_t classes;               // 0: none
    size_t class_words;           // all of them without classes
    size_t width;
    size_t leaf, leaves; // the first, counted over all clusters
    size_t bias;         // where those of its rows begin
};

// Its parameters; the biases are NULL where the network has none. Cheap to make, and no memory.
struct adaptive_parameters {
    struct parameter *head; // [frequent words, then clusters][layer's width]
    struct parameter *head_bias, *bias;
    size_t frequent; // words
    size_t clusters, leaves;
    struct adaptive_cluster cluster[SHAPE_MOST_CLUSTERS];
};

struct adaptive_parameters adaptive_parameters(const struct network *network);

// Width of cluster k behind a layer.
size_t adaptive_width(size_t layer, size_t k);

// Words of the i-th leaf of a cluster, which begin at row i * class_words.
static inline size_t adaptive_leaf_words(const struct adaptive_cluster *cluster, size_t i)
{
    size_t left = cluster->count - i * cluster->class_words;
    return left < cluster->class_words ? left : cluster->class_words;
}

// The cluster of a word that is not frequent.
const struct adaptive_cluster *adaptive_cluster_of(const struct adaptive_parameters *own,
                                                   int32_t word);

// Its leaf, counted within the cluster.
static inline size_t adaptive_leaf_of(const struct adaptive_cluster *cluster, int32_t word)
{
    return ((size_t)word - cluster->first) / cluster->class_words;
}

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
