// Models with other words: rows of words and classes that are carried over, dropped, or made room for.
#ifndef MODEL_RESIZE_H
#define MODEL_RESIZE_H

#include "model/model.h"
#include "net/output.h"

// The parameters that have to do with single words and classes; NULL where a network has none.
struct word_parameters {
    struct parameter *input; // a row a word: the bottom layer's
    struct parameter *words; // a row a word: the output's; `input` where the network is tied
    struct parameter *bias;  // a number a word
    struct parameter *classes, *class_bias; // a row and a number a class
};

struct word_parameters word_parameters(const struct network *network);

// Whether words can be added and removed. Error: the kind of output.
bool model_resizes(const struct model *model, struct error *error);

// The words and classes of a model: which those before were, -1 for new ones, whose rows are then 0.
struct resizing {
    size_t words, classes;
    const int32_t *old_word;  // [words]
    const int32_t *old_class; // [classes]
};

// Gives the model these words. `vocabulary` and `classes` have them, and become the model's, also on
// failure. The hash of direct connections stays as it is: its entries are found by the numbers of words
// and classes. Error: no memory; the model is then only to be freed.
bool model_resize(struct model *model, const struct resizing *resizing,
                  struct vocabulary *vocabulary, struct classes *classes, struct error *error);

// For a model in one of the reference's formats, which makes classes anew of counts: whether those that
// it would make are the model's. A model in a native format has whatever classes it has.
bool classes_follow_counts(const struct model *model, const struct vocabulary *vocabulary,
                           const struct classes *classes, bool *follow, struct error *error);

#endif
