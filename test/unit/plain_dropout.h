// What dropout leaves of the plain network in a block: factors are given, as a tape has drawn them.
#ifndef PLAIN_DROPOUT_H
#define PLAIN_DROPOUT_H

#include "learn/tape.h"
#include "plain_network.h"

static struct {
    const struct tape *tape;
    double *factor[PLAIN_PARAMETERS]; // of weights
    double word_factor[PLAIN_UNITS];  // of words taken in
    struct plain plain, fixed;        // with their weights times these
} dropped;

static inline void drop_nothing(const struct network *network, const struct tape *tape)
{
    dropped.tape = tape;
    dropped.plain = plain_new(network);
    dropped.fixed = plain_new(network);
    for (size_t p = 0; p < network->parameters; p++)
        dropped.factor[p] = calloc(plain_count(&dropped.plain, p) + 1, sizeof(double));
}

static inline void free_dropped(void)
{
    plain_free(&dropped.plain);
    plain_free(&dropped.fixed);
    for (size_t p = 0; p < PLAIN_PARAMETERS; p++) {
        free(dropped.factor[p]);
        dropped.factor[p] = NULL;
    }
}

static inline void read_words(const struct tape *tape, size_t rows)
{
    for (size_t i = 0; i < PLAIN_UNITS; i++)
        dropped.word_factor[i] = 1;
    for (size_t r = 0; tape->word_factor != NULL && r < rows; r++)
        if (tape->word[r] >= 0)
            dropped.word_factor[tape->word[r]] = (double)tape->word_factor[r];
}

static inline void read_factors(size_t rows)
{
    const struct tape *tape = dropped.tape;
    for (size_t p = 0; p < tape->network->parameters; p++) {
        const struct parameter *of = &tape->network->parameter[p];
        const float *factor = tape->weight_factor != NULL ? tape->weight_factor[p] : NULL;
        for (size_t i = 0; i < of->rows * of->width; i++)
            dropped.factor[p][i] =
                factor != NULL ? (double)factor[i / of->width * of->stride + i % of->width] : 1;
    }
    read_words(tape, rows);
}

// `to` becomes what is left of a network.
static inline struct plain *drop_weights(struct plain *to, const struct plain *from)
{
    to->noise = from->noise;
    to->self_normalise = from->self_normalise;
    to->lesson_share = from->lesson_share;
    to->lesson = from->lesson;
    for (size_t p = 0; p < from->network->parameters; p++)
        for (size_t i = 0; i < plain_count(from, p); i++)
            to->weight[p][i] = from->weight[p][i] * dropped.factor[p][i];
    return to;
}

// Takes the masks of units that a row of the block has, and the factors of words.
static inline void take_masks(struct plain *plain, size_t row)
{
    plain->word_factor = dropped.word_factor;
    for (size_t l = 0; l < plain->network->shape.layers; l++) {
        const struct tape_layer *own = &dropped.tape->layer[l];
        if (own->mask != NULL)
            plain->mask[l] = own->mask + row % own->masks * own->layer->row;
    }
}

#endif
