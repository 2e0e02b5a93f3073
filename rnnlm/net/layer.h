// A layer: linear maps of what comes in, whose results are summed, and what its units make of the
// sums. A kind of layer is one file in layers/ and one line in the table of layer.c; the maps
// belong to linear.h, so that a kind's file is elementwise mathematics alone.
#ifndef NET_LAYER_H
#define NET_LAYER_H

#include "base/random.h"
#include "net/activation.h"
#include "net/parameter.h"

enum map_source {
    MAP_INPUT,    // the layer below; at the bottom the word taken in
    MAP_STATE,    // a vector of the layer's own state one word before
    MAP_DIAGONAL, // the same through a diagonal matrix: each unit has its own number alone
    MAP_ONE       // a bias
};

enum { MAP_SOURCES = MAP_ONE + 1 };

// A kind has at most one map from each source.
struct linear_map {
    const char *name; // behind the layer's in that of the parameter
    enum map_source from;
    size_t first, count; // gates whose sums it adds to; count 0 for all
    size_t vector;       // of the state, where that is the source: 0 for the output
    bool optional;       // only where the network has biases; such maps are the last of their layer
};

enum { LAYER_MOST_MAPS = 4 };

struct layer;

// Each unit has `gates` sums, gate g of unit i at sums[g units + i], to which the maps add. It has
// `state` numbers that go from word to word: vector v of them begins at v * layer->row, and the
// first vector is the layer's output. A layer that carries nothing on (state 0) has its output in
// place of the first vector.
struct layer_type {
    const char *name; // as options and files have it
    const char *about;
    const struct linear_map *map; // ends with a NULL name
    size_t gates, state;
    bool activation; // its units apply the network's choice of activation, otherwise their own
    bool in_place;   // one gate, whose sums may lie where the output goes; so may errors: see below
    bool output_carried;  // the output before has a part in the next by itself, as other vectors of
                          // the state may; else through a map alone
    bool start_known;     // the state before a text is part of no gradient beyond one step: the
                          // reference's way with its own kind of network
    float start, restart; // every unit's output before a text, and before each sentence where
                          // sentences are independent; other vectors begin with 0

    // Initial weights, in the order in which the parameters are drawn. The bottom layer's input
    // weights have a row for each word, the others' a row for each sum.
    void (*initialise)(const struct layer *layer, struct random *random, float *scratch);

    // sums (which may be changed, for `backward` to find) and the state before to the state after.
    // No `before` where nothing is carried on.
    void (*forward)(const struct layer *layer, float *sums, const float *before, float *after);

    // d log P / d after, for all vectors of the state, to d log P / d sums, which takes the place of
    // the sums; and what reaches the state before other than through a map is added to d_before
    // (NULL if nobody wants it). A layer in place finds errors in d_after and leaves those of its
    // sums there: it is given no sums.
    void (*backward)(const struct layer *layer, float *sums, const float *before,
                     const float *after, float *d_after, float *d_before);
};

// A layer of a network.
struct layer {
    const struct layer_type *type;
    const struct activation *activation; // NULL if the kind has its own
    size_t units;
    size_t inputs;   // units of the layer below; words at the bottom
    size_t row;      // floats of a vector of its units, with padding
    size_t sums;     // gates * units
    size_t sums_row; // floats of a row of them, with room for the padding behind any map's
    size_t maps;
    // As type->map: a row for each sum that it adds to; at the bottom the input map has a column for
    // each instead. A diagonal and a bias are one row.
    struct parameter *map[LAYER_MOST_MAPS];
    // By source: where in a row of sums those of the map begin, and in the state what it reads.
    size_t sums_at[MAP_SOURCES], vector_at[MAP_SOURCES];
    bool bottom;
    size_t at, floats; // where its part of a state begins, and how long it is
};

extern const struct layer_type *const layer_table[]; // NULL at the end

// NULL if there is none of that name.
const struct layer_type *layer_type_named(const char *name, size_t length);

// Numbers in the row that a word has in the bottom layer.
size_t layer_word_row(const struct layer_type *type, size_t units);

// The map of a kind, or NULL.
struct parameter *layer_map(const struct layer *layer, enum map_source from);

// Every weight of a map uniform in [-range, range], row by row.
void layer_draw_uniform(struct parameter *parameter, float range, struct random *random);

#endif
