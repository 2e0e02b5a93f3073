// The output that is factorised by classes, P(w) = P(class) P(w | class), each a softmax (Goodman
// 2001; Mikolov et al. 2011), with direct connections to both (outputs/maxent.h):
//
//   P(class k)     = softmax(class rows . x + class bias + features)[k]
//   P(w | class k) = softmax(rows of the words of k . x + bias + features)[w]
//
// Shared by its files: class.c (parameters, scoring), class_online.c, class_blocks.c.
#ifndef NET_OUTPUTS_CLASS_H
#define NET_OUTPUTS_CLASS_H

#include "net/output.h"
#include "net/outputs/bias.h"
#include "net/outputs/maxent.h"

// Its parameters; the biases are NULL where the network has none, `hash` without direct
// connections.
struct class_parameters {
    struct parameter *words, *classes, *bias, *class_bias, *hash;
};

struct class_parameters class_parameters(const struct network *network);

static inline size_t class_first(const struct network *network, size_t k)
{
    return classes_first(&network->classes, k);
}

static inline size_t class_words(const struct network *network, size_t k)
{
    return classes_words(&network->classes, k);
}

extern const struct output_online class_online;
extern const struct output_blocks class_blocks;

#endif
