// The kinds of outputs: a line each.
#ifndef NET_OUTPUTS_KINDS_H
#define NET_OUTPUTS_KINDS_H

#include "net/output.h"

#define OUTPUT_KINDS(KIND)                                                                         \
    KIND(class)                                                                                    \
    KIND(full)                                                                                     \
    KIND(adaptive)                                                                                 \
    KIND(tree)                                                                                     \
    KIND(nce)

#define OUTPUT_DECLARATION(name) extern const struct output_type output_##name;
OUTPUT_KINDS(OUTPUT_DECLARATION)

#endif
