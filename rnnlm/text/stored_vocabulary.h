// Whether a vocabulary as it lies in a native model can be used.
#ifndef TEXT_STORED_VOCABULARY_H
#define TEXT_STORED_VOCABULARY_H

#include "text/vocabulary.h"

// Before anything is allocated: bytes of letters and slots for so many words.
bool stored_vocabulary_sizes_ok(uint64_t words, uint64_t letters, uint64_t slots,
                                struct error *error);

// Enough for every look-up to stay inside and to end.
bool stored_vocabulary_in_bounds(const struct vocabulary *vocabulary, struct error *error);

// Besides: the hash table finds every word.
bool stored_vocabulary_complete(const struct vocabulary *vocabulary, struct error *error);

#endif
