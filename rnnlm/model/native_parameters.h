// The parameters of a network, each a section of a native model.
#ifndef MODEL_NATIVE_PARAMETERS_H
#define MODEL_NATIVE_PARAMETERS_H

#include "model/native_source.h"

// Whether files may hold a parameter in bfloat16: rows of words, and what the output multiplies with.
bool native_parameter_may_be_half(const struct network *network, size_t i);

// Whether there is a section for each parameter of a network in outline, of its size. Before anything
// is allocated: what a file says of its network is worth nothing until its table says so too.
bool native_parameters_fit(const struct native_source *source, const struct network *network);

// Into memory of the network's own, bfloat16 expanded, checksums and padding verified.
bool native_parameters_read(struct native_source *source, struct network *network);

// Where they lie in the map. False, without an error, if they cannot be used there: what is multiplied
// word after word has to be floats, and the others floats, or all of them bfloat16.
bool native_parameters_use(const struct native_source *source, struct network *network);

#endif
