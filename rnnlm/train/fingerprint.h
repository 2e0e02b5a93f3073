// Vocabularies by a number: whether one is the same as before.
#ifndef TRAIN_FINGERPRINT_H
#define TRAIN_FINGERPRINT_H

#include "text/vocabulary.h"

// Of the words of a vocabulary, in the order of their ids.
uint64_t fingerprint_vocabulary(const struct vocabulary *vocabulary);

#endif
