// A map of words: the two largest principal components of the vectors by which a network takes in its
// most frequent words (Pearson 1901), of which there are two at least.
#ifndef TRAIN_WORD_MAP_H
#define TRAIN_WORD_MAP_H

#include "model/model.h"
#include "report/log.h"

// Adds map rows (report/log.h) for at most `most` words. Error: no memory.
bool word_map_take(const struct model *model, size_t most, struct log *log, uint64_t words,
                   double seconds, struct error *error);

#endif
