// A softmax over all words (Bengio et al. 2003):
//
//   P(w) = softmax(words x + bias)[w]
//
// Shared by its files: full.c (parameters, scoring), full_online.c, full_blocks.c; and by nce.h, which
// learns the same network in another way.
#ifndef NET_OUTPUTS_FULL_H
#define NET_OUTPUTS_FULL_H

#include "net/output.h"
#include "net/outputs/bias.h"

// Its parameters; `bias` is NULL where the network has none.
struct full_parameters {
    struct parameter *words, *bias;
};

struct full_parameters full_parameters(const struct network *network);

// As in struct output_type.
size_t full_list_parameters(const struct network *network, struct output_parameter *list);
void full_initialise(const struct network *network, struct random *random);
bool full_softmax(const struct network *network, size_t i, struct output_softmax *softmax);

extern const struct output_scoring full_scoring;
extern const struct output_online full_online;
extern const struct output_blocks full_blocks;

#endif
