// Huffman's algorithm (1952): the binary tree in which leaves have the least mean depth.
#ifndef BASE_HUFFMAN_H
#define BASE_HUFFMAN_H

#include <stddef.h>
#include <stdint.h>

// Joins `leaves` nodes, whose weights rise, pair by pair: node n >= leaves is made of the two lightest that there
// are then, leaves rather than inner ones, the first of which stands before the second. weight[2 leaves - 1] and
// above[2 leaves - 1], each node's parent; the last one is the root, its own parent. At least one leaf.
void huffman_join(double *weight, uint32_t *above, size_t leaves);

#endif
