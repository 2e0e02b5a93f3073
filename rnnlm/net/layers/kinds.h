// The kinds of layers: a line each.
#ifndef NET_LAYERS_KINDS_H
#define NET_LAYERS_KINDS_H

#include "net/layer.h"

#define LAYER_KINDS(KIND)                                                                          \
    KIND(elman)                                                                                    \
    KIND(jordan)                                                                                   \
    KIND(lstm)                                                                                     \
    KIND(gru)                                                                                      \
    KIND(sru)                                                                                      \
    KIND(qrnn)                                                                                     \
    KIND(compression)                                                                              \
    KIND(projection)

// Of each its equations as text, too (net/equations.h).
#define LAYER_DECLARATION(name)                                                                    \
    extern const struct layer_type layer_##name;                                                   \
    extern const char *const equations_##name[];
LAYER_KINDS(LAYER_DECLARATION)

#endif
