// Training: epochs over a text, validation, the rate schedule, and saving.
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include <stdatomic.h>

#include "base/peers.h"
#include "learn/average.h"
#include "learn/dropout.h"
#include "learn/optimiser.h"
#include "learn/penalty.h"
#include "model/model.h"
#include "net/output.h"
#include "text/corpus.h"
#include "train/epoch_text.h"
#include "train/lessons.h"
#include "train/progress.h"

// What a program may tell its user, with a text of one line.
enum training_event {
    TRAINING_BEGINS,   // learning begins: from here on a stop saves what has been learnt; no text
    TRAINING_TAUGHT,   // teachers have been asked: how much they have said
    TRAINING_RESUMED,  // it goes on from a checkpoint; its path
    TRAINING_FINISHED, // nothing is left to be learnt: why, and how to go on; files stay
    TRAINING_STOPPED,  // as `stop` asked for; what the model file holds, and how to go on
    TRAINING_WAITS, // it has been asked to end, and other processes do not answer yet; what if not
    TRAINING_WARNING,  // something that no result says
    TRAINING_UNWRITTEN // a file other than the model could not be written; training goes on
};

struct training {
    const char
        *model_path; // saved there after each epoch; MODEL.output.txt beside it tells of each
    struct corpus *train;
    struct epoch_rule order; // in which an epoch reads it
    const char *unknown;  // what both take words outside the vocabulary as; NULL: nothing
    struct corpus *valid; // NULL: one epoch, without validation
    double alpha;         // that the training is begun with, now or when it was
    double beta, gradient_cutoff, min_improvement;
    int64_t most_epochs; // of all runs together; 0: as many as the schedule wants
    uint64_t save_every; // words; 0: only after epochs
    double save_seconds; // since the last save, likewise
    size_t streams;      // of batch training (learn/batch.h); 0: online
    const struct optimiser_type *optimiser; // of batch training
    double clip_norm;            // of batch training: bound on the gradient of a block, 0 for none
    struct dropout_rule dropout; // of batch training
    struct penalty_rule penalty; // of batch training
    struct output_noise
        noise; // of outputs that learn against some; its counts are the vocabulary's
    double self_normalise; // of batch training: weight of (log Z)^2 (net/output.h), 0 for none
    bool halves;                 // of batch training: learn/batch.h
    const struct teacher *teacher; // [teachers] of batch training (train/lessons.h)
    size_t teachers;
    double lesson_share;         // of what they say, beside the text itself: 1 is all
    size_t threads;              // of batch training and of validation; 0: one for each processor
    int64_t epochs;              // of all runs together: the rate falls to 0; 0: see train_model()
    double decay;                // factor of the rate; 0: it halves
    // Where there are several processes, they learn in batches (train/batch_run.h), and all call
    // train_model() with what is the same but for `tell`, `report` and `stop`. The first one alone writes.
    struct peers *peers; // NULL: this process alone
    const char *program; // name and version, which all have to have
    size_t pieces;       // of a block, whose gradients are summed; 0: as many as processes
    bool average; // weights are averaged instead, in the middle of a text every so many words
    uint64_t average_every;
    struct average_rule averages;
    // Called every 10,000 words and at the end of an epoch; may be NULL.
    void (*report)(void *context, const struct progress *progress);
    // May be NULL.
    void (*tell)(void *context, enum training_event event, const char *text);
    void *context;
    // Not 0: the training saves what it has learnt, wherever it is, and ends; looked at after every
    // word or block, or where several processes are settled. Any process's will do. May be NULL.
    const atomic_int *stop;
};

// Trains the model from where its record says it is, until the schedule ends:
//   after each epoch the validation log probability L is held against the last epoch's; if it is
//   worse, the weights (not the hash) fall back to those of the epoch before; if L *
//   min_improvement is below the last one, halving of the learning rate begins, and the second time
//   training ends. With `epochs`, the rate falls instead: a share x of the epochs that are left
//   leaves it (1 - x)^1.5 of what it is now. With `decay`, L is held against the best epoch's; if L *
//   min_improvement is below that, the rate is multiplied by `decay`, and training ends when it has
//   fallen below a hundredth of what the model's training was begun with.
// Where the optimiser averages (learn/optimiser.h), averages of the weights begin where the rate would
// fall for the first time, which then does not; with neither `epochs` nor `decay` it never falls. From
// then on they are what is validated, saved and gone back to.
// A training that is killed, or stopped, goes on bit by bit from its checkpoint (train/checkpoint.h),
// if that is still there; else from what the model says. One that has ended says so, and leaves its
// files as they are, unless record.train_log10_prob is set to 0 for another to begin.
// Weights that have blown up are never saved, and within an epoch none that are worse than a uniform
// guess. After each epoch the model is saved before anything is told of it.
// Error: what went wrong and where, and what the model file holds then; a probability that is no
// number tells word and epoch. No writing but the model's own ends a training.
bool train_model(struct model *model, const struct training *training, struct error *error);

#endif
