// A model: vocabulary, network, and the record of its training, as they lie on disk together.
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/map.h"
#include "net/network.h"
#include "text/vocabulary.h"

enum model_format {
    MODEL_TEXT,           // the reference's text format
    MODEL_BINARY,         // the reference's binary format
    MODEL_NATIVE,         // ours, which can be used in place (model/native.h)
    MODEL_NATIVE_BFLOAT16 // the same at half the size, for scoring
};

// What a model file says about training, so that it can go on.
struct training_record {
    char *train_file, *valid_file; // as given; NULL if none
    double valid_log10_prob;  // of the validation text after the last epoch; NO_VALIDATION at first
    double train_log10_prob;  // of the part of the epoch's training text up to `position`
    int64_t epochs;           // finished
    uint64_t position;        // words of the current epoch's training text that are done
    uint64_t save_every;      // words between saves within an epoch, 0 for none
    uint64_t train_words;     // words of the training text
    int64_t bptt, bptt_block; // as in struct learning_rule (learn/learner.h); the reference's files
                              // have bptt + 1 where bptt is not 0
    bool old_classes, independent;
    uint64_t unit;                // enum text_unit: what the words of the vocabulary are
    double starting_alpha, alpha; // learning rate: at first, now
    bool halving;                 // alpha is halved after each epoch
    double self_normalise; // weight of (log Z)^2 in the last training (net/output.h); 0: none
};

#define NO_VALIDATION (-100000000.0)

// Immutable while it is used for scoring; training owns its model and is the only writer.
struct model {
    struct vocabulary vocabulary;
    struct network network;
    float *state; // [network.state] values of the state where the training text (or the last
                  // validation text) ended
    struct training_record record;
    enum model_format format; // that it was read in, and is written in
    struct map map;           // where vocabulary and weights lie, if model_open()
                              // (model/model_file.h) mapped a file
};

// Whether scores may stand for probabilities: an output that is learnt against noise, or one that has learnt
// to be near its sums. Error, where `error` is not NULL: what it is, and which it is to be.
bool model_has_scores(const struct model *model, struct error *error);

// Empties a model, whatever it holds.
void model_free(struct model *model);

// Takes over network and vocabulary sizes: allocates `state`. Part of making a model from nothing.
bool model_attach(struct model *model, struct error *error);

#endif
