// A network: parameters, a stack of layers, an output.
//
// Parameters are written only by a learner; everybody else may read them from any number of
// threads.
#ifndef NET_NETWORK_H
#define NET_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/layer.h"
#include "net/parameter.h"
#include "net/shape.h"
#include "text/classes.h"

struct network {
    struct network_shape shape;
    struct classes classes;      // of the words, for outputs that are factorised by them
    struct parameter *parameter; // [parameters], those of the layers from the bottom up, then those
    size_t parameters;           // of the output
    size_t output_at;            // the first of the output's
    struct parameter *tied;      // the bottom layer's input table, where it is the output's rows of
                                 // words too; else NULL
    struct layer *layer;         // [shape.layers]
    // Layers up to the topmost one that carries something from word to word (or the bottom one, if
    // none does) are computed word after word, and what they carry is a state (net/state.h); those
    // above follow when words are predicted.
    size_t advanced; // layers 0..advanced-1 are of the first sort
    size_t state;    // floats of a state: the parts of these layers
    size_t top;      // where in them the output of the last of these layers is
    size_t width;    // units of the topmost layer: what the output takes in
    bool halves;     // weights are in bfloat16, and so are products (scoring only)
};

// All weights 0. Takes over `classes`, which then belongs to the network, also on failure;
// network_free() in any case. Error: a shape that makes no sense, no memory,
// or more wanted than the machine has.
bool network_init(struct network *network, const struct network_shape *shape,
                  struct classes *classes, struct error *error);
void network_free(struct network *network);

// Whether this machine has the memory for the weights of such a network. Error: its largest
// parameter, and the options that make it smaller.
bool network_has_memory(const struct network_shape *shape, struct error *error);

// The same without allocation: parameters have no data yet, whose owner is somebody else (a mapped
// file), and is only read. Whoever sets `data` and `type` calls network_borrowed() when all are
// there.
bool network_outline(struct network *network, const struct network_shape *shape,
                     struct classes *classes, struct error *error);
void network_borrowed(struct network *network);

// Initial weights, layer by layer and then the output's, from a generator with this seed; for the
// reference's networks its own. Error: no memory.
bool network_randomise(struct network *network, uint32_t seed, struct error *error);

// A parameter by name; NULL if there is none. A tied table has two: that of the list, and
// "output.words".
struct parameter *network_parameter(const struct network *network, const char *name);

// The output's parameter of this name ("words" for "output.words"); NULL if there is none.
struct parameter *network_output_parameter(const struct network *network, const char *name);

// Parameters (all but a hash) of `from` into `to`, which has the same shape.
void network_copy_weights(struct network *to, const struct network *from);

// False and the name of the first parameter that holds a NaN or an infinity.
bool network_is_finite(const struct network *network, struct error *error);

// Words of the history, behind the word taken in, that probabilities depend on directly.
size_t network_history(const struct network *network);

// Floats of the widest row that a word needs in any layer: of its outputs or of its sums.
size_t network_widest(const struct network *network);

// Bytes of all parameters.
size_t network_bytes(const struct network *network);

#endif
