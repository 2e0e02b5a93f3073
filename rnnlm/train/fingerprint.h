// Texts by a number: whether one is the same as before.
#ifndef TRAIN_FINGERPRINT_H
#define TRAIN_FINGERPRINT_H

#include "text/reader.h"

// Of word ids in their order, from FINGERPRINT_EMPTY on.
static const uint64_t FINGERPRINT_EMPTY = 0x9e3779b97f4a7c15;

static inline uint64_t fingerprint_add(uint64_t fingerprint, int32_t word)
{
    uint64_t mixed = (fingerprint ^ (uint32_t)word) * 0xff51afd7ed558ccd; // odd: a bijection
    return mixed ^ mixed >> 32;
}

// Reads the whole text. Error: that of the text.
bool fingerprint_text(struct corpus *text, const struct vocabulary *vocabulary,
                      uint64_t *fingerprint, struct error *error);

// Of the words of a vocabulary, in the order of their ids.
uint64_t fingerprint_vocabulary(const struct vocabulary *vocabulary);

#endif
