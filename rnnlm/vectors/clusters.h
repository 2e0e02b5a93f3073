// Words divided into classes by their vectors: k-means by angle (Dhillon & Modha 2001).
#ifndef VECTORS_CLUSTERS_H
#define VECTORS_CLUSTERS_H

#include "vectors/vectors.h"

enum { CLUSTER_ROUNDS = 10 };

// of_word[words] becomes the class of each, 0 to classes - 1: that whose centre, the mean of its words' vectors, is
// nearest by angle, after CLUSTER_ROUNDS rounds that begin with word w in class w mod `classes`. A class may end
// without words. Error: no memory.
bool vector_clusters(const struct vector_table *table, size_t classes, int32_t *of_word,
                     struct error *error);

#endif
