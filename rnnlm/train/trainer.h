// Training: epochs over a text, validation, the rate schedule, and saving.
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "model/model.h"
#include "text/reader.h"
#include "train/progress.h"

// What a new model is to be.
struct new_model {
    size_t hidden, classes, compression, maxent;
    int maxent_order;
    bool old_classes, independent;
    int64_t bptt;       // steps beyond the current word; 0 for none
    int64_t bptt_block; // words between two passes
    double alpha;
    uint32_t seed;
    enum model_format format;
};

// Makes a model for the words of a training text, which is read once. More classes than words are
// as many as words. On failure the model is empty.
bool model_create(struct model *model, const struct new_model *wanted, struct corpus *text,
                  const char *train_file, struct error *error);

struct training {
    const char
        *model_path; // saved there after each epoch; MODEL.output.txt beside it tells of each
    struct corpus *train;
    struct corpus *valid; // NULL: one epoch, without validation
    double beta, gradient_cutoff, min_improvement;
    int64_t most_epochs; // of all runs together; 0: as many as the schedule wants
    uint64_t save_every; // words; 0: only after epochs
    size_t streams;      // of batch training (net/batch.h); 0: online
    size_t threads;      // of batch training and of validation; 0: one for each processor
    int64_t epochs;      // of all runs together: the rate falls to 0; 0: it halves
    // Called every 10,000 words and at the end of an epoch; may be NULL.
    void (*report)(void *context, const struct progress *progress);
    void *context;
};

// Trains the model from where its record says it is, until the schedule ends:
//   after each epoch the validation log probability L is held against the last epoch's; if it is
//   worse, the weights (not the hash) fall back to those of the epoch before; if L *
//   min_improvement is below the last one, halving of the learning rate begins, and the second time
//   training ends. With `epochs`, the rate falls instead: a share x of the epochs that are left
//   leaves it (1 - x)^1.5 of what it is now.
// Error: what went wrong and where; a probability that is no number tells word and epoch. The model
// on disk is then the last one saved.
bool train_model(struct model *model, const struct training *training, struct error *error);

#endif
