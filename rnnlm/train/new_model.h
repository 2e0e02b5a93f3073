// New models, for the words of a training text.
#ifndef TRAIN_NEW_MODEL_H
#define TRAIN_NEW_MODEL_H

#include "model/model.h"
#include "text/corpus.h"

// What a new model is to be.
struct new_model {
    struct network_shape shape; // words and classes aside
    size_t classes;
    bool old_classes, independent;
    bool self_normalise;   // its output can be asked for that (net/output.h)
    bool exchange_classes; // classes of words that follow the same words (text/exchange.h)
    struct word_cut *cut;  // which words of the text it has; NULL: all
    int64_t bptt;       // steps beyond the current word; 0 for none
    int64_t bptt_block; // words between two passes
    double alpha;
    uint32_t seed;
    enum model_format format;
};

// Makes a model for the words of training texts. More classes than words are as many as words. On failure the model is empty.
bool model_create(struct model *model, const struct new_model *wanted, struct corpus *text,
                  const char *train_file, struct error *error);

#endif
