// Words as vectors: the rows by which a network takes words in, or puts them out.
#ifndef MODEL_VECTORS_H
#define MODEL_VECTORS_H

#include "model/model.h"
#include "vectors/vectors.h"

// Of a model that model_load() has read. Of a bottom layer of several gates without an embedding, a row
// has what the word adds to the sums of each. Error: an output that has no row for each word.
bool vectors_in(struct vectors *vectors, const struct model *model, struct error *error);
bool vectors_out(struct vectors *vectors, const struct model *model, struct error *error);

#endif
