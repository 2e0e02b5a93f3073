// The parameters of a class-factorised recurrent network (Mikolov et al., ICASSP 2011) and their
// sizes.
//
//   s[t] = sigmoid(E[w[t-1]] + W s[t-1])                     hidden layer, no biases
//   c[t] = sigmoid(Q s[t])                                   compression layer, if there is one;
//   else c = s P(w) = softmax(O_classes c + maxent)[k] softmax(O_words of k c + maxent)[w]     with
//   k the class of w
//
// Parameters are written only by a learner; everybody else may read them from any number of
// threads.
#ifndef NET_NETWORK_H
#define NET_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "text/classes.h"

enum { MAXENT_MOST_ORDER = 20 };

struct network_shape {
    size_t words;       // V
    size_t hidden;      // H
    size_t classes;     // C
    size_t compression; // P, 0 without compression layer
    size_t maxent;      // D, entries of the hash of direct connections, 0 without
    int maxent_order;   // longest n-gram of the direct connections
};

struct network {
    struct network_shape shape;
    struct classes classes;
    size_t hidden_row;   // stride of rows of H floats
    size_t output_width; // P, or H without compression layer
    size_t output_row;   // stride of rows of output_width floats
    float *embedding;    // [V][hidden_row]
    float *recurrent;    // [H][hidden_row]
    float *compression;  // [P][hidden_row], NULL without
    float *output;       // [V + C][output_row], words first
    float *maxent;       // [D], NULL without
    // For scoring only, the three large arrays may be bfloat16 instead, which halves them: rows
    // are then padded to multiples of MEMORY_HALF_ROW, and the arrays above are NULL but for
    // `recurrent` and `compression`.
    uint16_t *half_embedding; // [V][half_hidden_row]
    uint16_t *half_output;    // [V + C][half_output_row]
    uint16_t *half_maxent;    // [D]
    size_t half_hidden_row, half_output_row;
    bool borrowed; // the arrays belong to somebody else and are not freed
};

// The least shapes that make sense; what a file or a command line asks for is held against them.
// Error: which is wrong.
bool network_shape_ok(const struct network_shape *shape, struct error *error);

// All weights 0. Takes over `classes`, which then belongs to the network, also on failure;
// network_free() in any case.
bool network_init(struct network *network, const struct network_shape *shape,
                  struct classes *classes, struct error *error);
void network_free(struct network *network);

// The same without allocation: the weights are those of `arrays`, laid out as above, which stay
// its owner's (a mapped file) and are only read.
bool network_borrow(struct network *network, const struct network_shape *shape,
                    struct classes *classes, const struct network *arrays, struct error *error);

// The reference's initial weights: each the sum of three draws of rand() in [-0.1, 0.1], in its
// order; the hash stays 0. Error: no memory.
bool network_randomise(struct network *network, uint32_t seed, struct error *error);

// to += input weights of `word`; nothing for WORD_OOV.
void network_add_embedding(const struct network *network, int32_t word, float *to);

// dense parameters (all but the hash) of `from` into `to`, which has the same shape
void network_copy_dense(struct network *to, const struct network *from);

// False and the name of the first matrix that holds a NaN or an infinity.
bool network_is_finite(const struct network *network, struct error *error);

#endif
