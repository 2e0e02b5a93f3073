// Word vectors from a text: skip-gram and CBOW with negative sampling and hierarchical softmax (Mikolov et al.,
// "Efficient estimation of word representations in vector space" and "Distributed representations of words and
// phrases and their compositionality", 2013).
//
// A word w has an input vector x_w, which is what is kept in the end, and an output vector y_w; an inner node of the
// tree (vectors/word_tree.h) has one too. Of each word c of the text and its context (vectors/passage.h) is learnt
//
//   skip-gram   of each word of the context, with its x as input,
//   CBOW        of the context, with the mean of its words' x as input,
//
// that c belongs to it (logistic.h: label 1), and that `negative` words drawn from count^0.75 do not (label 0);
// with the tree, which way to go at each node on the way to c. With CBOW each word of the context moves by the whole
// gradient of the mean, which is C times that of its own vector for a context of C words, as word2vec has it.
//
// Eight centres that follow one another share what is drawn, three times `negative` words of which each counts a
// third, so that all is products of matrices (Ji et al., "Parallelizing word2vec in shared and distributed memory",
// 2016). The gradients of a block of 1024 tokens are all those of the vectors at its beginning; then each vector moves,
//
//   v = v + min(alpha, 1 / h) g
//
// g the sum of its gradients in the block and h the sum of bounds of their curvatures (logistic.h), with which the
// step cannot go too far: that of a frequent word in a small vocabulary would. So what is learnt depends neither on
// the number of threads nor on their luck. The learning rate falls linearly with the words read, from alpha to
// alpha / 10000.
#ifndef VECTORS_TRAINING_H
#define VECTORS_TRAINING_H

#include "text/id_text.h"
#include "vectors/vectors.h"

struct vectors_training {
    bool cbow, tree;
    size_t negative; // 0: none; then the tree is wanted
    size_t width, window, epochs, threads;
    double sample, alpha;
    uint32_t seed;
    // Called after a block now and then; may be NULL.
    void (*progress)(void *context, double alpha, uint64_t done, uint64_t total);
    void *context;
};

// Gives the words of a table, by falling counts and two at least besides </s>, vectors; that of </s> stays as it begins:
// small random numbers. word[id] says what the ids of the text are among the table's words, below 0 for none. Error: no
// memory, no threads; vectors that are not finite.
bool vectors_train(struct vector_table *table, const struct vectors_training *training,
                   const struct id_text *text, const int32_t *word, struct error *error);

#endif
