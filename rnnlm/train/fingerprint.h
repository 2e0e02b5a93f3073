// Vocabularies and weights by a number: whether they are the same as before.
#ifndef TRAIN_FINGERPRINT_H
#define TRAIN_FINGERPRINT_H

#include "net/network.h"
#include "text/vocabulary.h"

// Of the words of a vocabulary, in the order of their ids.
uint64_t fingerprint_vocabulary(const struct vocabulary *vocabulary);

// Of all weights of a network.
uint64_t fingerprint_weights(const struct network *network);

#endif
