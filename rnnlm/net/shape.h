// What a network is to be made of: enough to allocate it, and to write it down in a line.
#ifndef NET_SHAPE_H
#define NET_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/layer.h"

struct output_type;

enum {
    SHAPE_MOST_LAYERS = 64,
    SHAPE_MOST_UNITS = 1 << 20,
    SHAPE_MOST_ORDER = 20,
    SHAPE_MOST_CLUSTERS = 32
};

struct layer_shape {
    const struct layer_type *type;
    const struct activation *activation; // NULL where the kind has its own
    size_t units;
};

// Words that an output has apart from the frequent ones: those from `first` on, up to the next cluster.
struct cluster_shape {
    size_t first;
    size_t class_words;   // they are in classes of so many, the last perhaps smaller; 0: in none
    size_t group_classes; // and these in groups of so many, likewise
};

struct network_shape {
    size_t words; // V
    struct layer_shape layer[SHAPE_MOST_LAYERS];
    size_t layers;
    const struct output_type *output;
    size_t classes;   // C, of the output
    struct cluster_shape cluster[SHAPE_MOST_CLUSTERS]; // of outputs that have some
    size_t clusters;
    size_t maxent;    // D, entries of the hash of direct connections, 0 without
    int maxent_order; // longest n-gram of the direct connections
    bool biases;      // layers and outputs have biases where their kind can have them: all but the
                      // reference's networks
    bool tied;        // the output's rows of words are the bottom layer's input weights
};

// Sizes that make sense; what a file or a command line asks for is held against them. Error: which
// is wrong.
bool shape_ok(const struct network_shape *shape, struct error *error);

// Whether a network of these layers can be tied. Error: what the bottom layer has, and what is wanted.
bool shape_can_be_tied(const struct network_shape *shape, struct error *error);

// KIND:N,KIND:N,... from the bottom up, each with :ACTIVATION behind it where it is not
// `activation` (NULL: logistic), which is for the kinds that take one. Error: what was found, and
// the nearest name there is.
bool shape_parse_layers(struct network_shape *shape, const char *text,
                        const struct activation *activation, struct error *error);

// A layer on top of the others. Error: there are too many.
bool shape_add_layer(struct network_shape *shape, const struct layer_type *type, size_t units,
                     const struct activation *activation, struct error *error);

// The inverse of shape_parse_layers(), with every activation that is a choice; cut to `size` bytes.
enum { SHAPE_TEXT = SHAPE_MOST_LAYERS * 40 };
void shape_print_layers(const struct network_shape *shape, char text[SHAPE_TEXT]);

// KIND, or of an output that has clusters KIND:FIRST,FIRST/N,FIRST/N/M,... : where each begins, the words
// of its classes if it has any, and the classes of their groups. Error: what was found, and the nearest
// kind there is.
bool shape_parse_output(struct network_shape *shape, const char *text, struct error *error);

// The inverse.
enum { SHAPE_OUTPUT_TEXT = 32 + SHAPE_MOST_CLUSTERS * 48 };
void shape_print_output(const struct network_shape *shape, char text[SHAPE_OUTPUT_TEXT]);

// Whether the reference has networks of this shape: an Elman layer of logistic units, perhaps a
// compression layer upon it, and classes, without biases.
bool shape_is_reference(const struct network_shape *shape);

// False, with a message: `found` is no `what`; the nearest of `names` (NULL at the end), and all.
bool shape_unknown_name(const char *what, const char *found, size_t length,
                        const char *const *names, struct error *error);

// Activations by name. Error as above.
const struct activation *shape_activation(const char *text, size_t length, struct error *error);

#endif
