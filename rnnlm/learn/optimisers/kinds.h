// The kinds of optimisers: a line each.
#ifndef LEARN_OPTIMISERS_KINDS_H
#define LEARN_OPTIMISERS_KINDS_H

#include "learn/optimiser.h"

#define OPTIMISER_KINDS(KIND)                                                                      \
    KIND(sgd)                                                                                      \
    KIND(rows)                                                                                     \
    KIND(adam)                                                                                     \
    KIND(adagrad)                                                                                  \
    KIND(rmsprop)                                                                                  \
    KIND(momentum)                                                                                 \
    KIND(average)

#define OPTIMISER_DECLARATION(name) extern const struct optimiser_type optimiser_##name;
OPTIMISER_KINDS(OPTIMISER_DECLARATION)

#endif
