// The output of a network: what makes a distribution over words of the topmost layer. A kind of
// output is one file in outputs/ (several where scoring and learning fill one each) and one line in
// outputs/kinds.h.
//
// The probability of a word is a product of factors. The first comes at little cost once a state is
// loaded; the others are the cheaper, the more words are asked for in an order of the output's
// choice (words of one class side by side). An output without such factors has one for all.
#ifndef NET_OUTPUT_H
#define NET_OUTPUT_H

#include "base/random.h"
#include "base/threads.h"
#include "net/gradient.h"
#include "net/linear.h"
#include "net/network.h"

enum { OUTPUT_MOST_PARAMETERS = 3 + 2 * SHAPE_MOST_CLUSTERS };

struct output_parameter {
    const char *name;
    enum parameter_use use;
    size_t rows, width;
};

// Rows whose products with one input take part in the same softmax: adding a vector to all of them
// changes no probability. (Rows that are tied have another part to play, and are none of these.)
struct output_softmax {
    size_t parameter; // of the network
    size_t first, count;
};

// ---- scoring ----------------------------------------------------------------------------------

// The states that have been loaded.
struct output_inputs {
    size_t n;
    const float *input; // [n][row] the topmost layer
    size_t row;
    const uint16_t *half; // [n][half_row] the same rounded, where the network is in bfloat16
    size_t half_row;
    const int32_t *const *history; // [n]
};

struct output_scoring {
    // What one thread works with, for at most `most` states at a time. `columns` has an entry for
    // each parameter of the network. NULL if memory runs out.
    void *(*begin)(const struct network *network, const struct columns *columns, size_t most,
                   struct error *error);
    void (*end)(void *scoring);

    // Takes over inputs, and computes what their first factors need.
    void (*load)(void *scoring, const struct output_inputs *inputs);
    // The same without what first factors need: enough for other_factors().
    void (*load_inputs)(void *scoring, const struct output_inputs *inputs);

    double (*first_factor)(void *scoring, size_t state, int32_t word);
    // score[i] = exp(row . x + bias) of word[i] in state number state[i], for which load_inputs() is
    // enough: its probability where the sum of these over all words is 1; 0 for WORD_OOV. NULL where
    // words have no such scores.
    void (*scores)(void *scoring, size_t pairs, const size_t *state, const int32_t *word,
                   double *score);
    // NULL, like the two sorts, where the first factor is the only one.
    // prob[i] *= the other factors of P(word[i]) in state number state[i], for the words that are
    // known. Words of the same state should stand together. Error: no memory; never for at most
    // `most` pairs.
    bool (*other_factors)(void *scoring, size_t pairs, const size_t *state, const int32_t *word,
                          double *prob, struct error *error);

    // A word drawn from the distribution in a loaded state.
    int32_t (*draw)(void *scoring, size_t state, struct random *random);

    // The places of known words that have other factors, in the order in which these are cheapest,
    // and how many they are; `scratch` has sort_scratch() elements.
    size_t (*sort_scratch)(const struct network *network);
    size_t (*sort)(const struct network *network, const int32_t *word, size_t n, size_t *scratch,
                   size_t *order);
};

// ---- learning word by word --------------------------------------------------------------------

struct output_online {
    void *(*begin)(const struct network *network, struct error *error);
    void (*end)(void *online);

    // P(word), for 0 <= word < V, after `input` [row of the topmost layer].
    double (*predict)(void *online, const float *input, const int32_t *history, int32_t word);

    // After predict(): moves the output's weights towards the word, and leaves d log P / d input,
    // with the weights as they were, in error [row of the topmost layer].
    void (*learn)(void *online, const struct online_step *step, float *error);
};

// ---- learning in blocks -----------------------------------------------------------------------

// What outputs learn against that see some words of a block in the place of all.
struct output_noise {
    const uint64_t *count; // [V] of the words, as long as they learn
    size_t words;          // drawn for a block
    double power;          // of counts: 1 draws words as often as they are, 0 all alike
    uint32_t seed;
};

// What a teacher says of a place: the distribution over classes, [C] in bfloat16, and that over the words of
// the target's class, [its words].
struct output_lesson {
    const uint16_t *classes, *words; // NULL: nothing is said
};

// A block of R rows, one for each place of a text.
//
// Of each softmax, with logits y, Z = sum over i of exp(y_i), p = exp(y) / Z, the target t and what a
// teacher says q, learning makes larger
//
//   J = (1 - s) log p_t + s sum over i of q_i log p_i - c (log Z)^2
//   dJ/dy_i = (1 - s) [i = t] + s q_i - (1 + 2 c log Z) p_i
//
// with s = lesson_share (Hinton et al. 2015), 0 where nothing is said, and c = self_normalise (Devlin et al.
// 2014), with which exp(y) comes near to p.
struct output_block {
    uint64_t number; // in the text, which what is drawn for it depends on
    size_t rows;
    const int32_t *word, *target; // [R] taken in, to be predicted; WORD_OOV
    const int32_t *history;       // [R][SHAPE_MOST_ORDER] behind the word taken in; NULL without a
                                  // hash
    const float *input;           // [R][stride] topmost layer
    const float *norm;            // [R] square of the length of each, if the sink wants it
    float *error;                 // [R][stride] d log P / d input, to be filled
    size_t stride;                // at least the topmost layer's row
    float cutoff;                 // bound on each part of an error carried down
    float self_normalise;         // of outputs that can be asked for it; else 0
    const struct output_lesson *lesson; // [R] of outputs that can be taught; NULL: no teacher
    float lesson_share;
    double *prob;                 // [R] P(target), to be filled where it is known; against noise
                                  // its score
    struct gradient_sink *sink;
};

struct output_blocks {
    // `columns` as for scoring, kept true by whoever moves weights. With `halves`, large products are
    // of bfloat16. NULL if memory runs out.
    void *(*begin)(const struct network *network, const struct columns *columns, size_t most_rows,
                   bool halves, struct pool *pool, struct error *error);
    void (*end)(void *blocks);

    // Before the first block, what to learn against; NULL for outputs that see all words. Error: no
    // memory, or noise that makes no sense.
    bool (*set_noise)(void *blocks, const struct output_noise *noise, struct error *error);

    // Fills block->error and block->prob. Gradients of rows of words go to the sink at once, when
    // nobody needs the rows again in this block. The block stays valid until all gradients have been
    // taken. Error: no memory; nothing has been done then.
    bool (*learn)(void *blocks, const struct output_block *block, struct error *error);

    // The other gradients, as items for the pool: none touches what another does, and each may be
    // asked for again.
    size_t (*gradients)(const void *blocks);
    void (*give)(const void *blocks, size_t item, size_t worker);
};

// ---- kinds ------------------------------------------------------------------------------------

struct output_type {
    const char *name; // as options and files have it
    const char *about;
    bool classes; // it is factorised by classes of words; else all words are one class
    bool direct;  // it can have direct connections
    bool tied;    // its rows of words can be those of the bottom layer
    bool noise;   // it learns against noise, in blocks, so that scores are near probabilities
    bool taught;  // it can learn in blocks from what a teacher says
    bool clusters; // words that are not frequent are in clusters (shape.h)

    // Whether words can be added to it and removed from it with their rows (model/resize.h), and the
    // names of its parameters of which, beside "words", each word or each class has a row or a number;
    // NULL where there is none.
    bool resizes;
    const char *word_bias, *class_rows, *class_bias;

    // Fills `list` with at most OUTPUT_MOST_PARAMETERS, and returns how many. Rows of words are called
    // "words" and are by output; in a network that is tied they are not made, but found.
    size_t (*parameters)(const struct network *network, struct output_parameter *list);
    void (*initialise)(const struct network *network, struct random *random);
    // Biases with which the output has the words' frequencies, before anything else is learnt.
    void (*initialise_biases)(const struct network *network, const uint64_t *count);

    // Of outputs that can learn in blocks to have scores near probabilities, NULL for others: makes the sums
    // of the softmaxes 1 where rows are 0, which changes no probability.
    void (*normalise_biases)(const struct network *network);

    // How words with these counts are divided, where that is not for the caller to say: sets what the
    // shape says of it, or classes too, which classes_free() frees in any case. NULL for kinds without
    // a way of their own. Error: no memory.
    bool (*divide)(struct network_shape *shape, const uint64_t *count, struct classes *classes,
                   struct error *error);
    // Whether classes are those of such a way; NULL where any are. Error: what is wrong.
    bool (*divided_ok)(const struct classes *classes, struct error *error);

    // The i-th softmax; false behind the last.
    bool (*softmax)(const struct network *network, size_t i, struct output_softmax *softmax);

    const struct output_scoring *scoring;
    const struct output_online *online;
    const struct output_blocks *blocks;
};

extern const struct output_type *const output_table[]; // NULL at the end

// NULL if there is none of that name. Error: the name, and the nearest there is.
const struct output_type *output_named(const char *name, struct error *error);

#endif
