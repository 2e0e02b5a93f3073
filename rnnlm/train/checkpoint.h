// Checkpoints: all that a training is, in a file MODEL.checkpoint beside its model, so that one that
// was killed goes on bit by bit to the model that it would have become.
//
// A file of sections (base/sections.h): `settings`, what the training was begun with; `record`, as
// in native models; `saves`, where the model file stands; and each piece of memory that must be kept
// (learn/kept.h): weights, optimiser, tape, best weights. It is written before the model with every
// save and removed when the training has ended. A kill between the two leaves a model that is one
// save older, and a checkpoint that goes on from the later one.
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "learn/kept.h"
#include "model/model.h"

enum { CHECKPOINT_SETTINGS = 4096, CHECKPOINT_PATH = 4096 };

enum checkpoint_stage {
    CHECKPOINT_LEARNS,   // within or between epochs
    CHECKPOINT_FINISHED, // nothing is left to be learnt: the model is only to be saved
    CHECKPOINT_LEARNT    // the epoch's text is done, its validation is next
};

struct checkpoint {
    char path[CHECKPOINT_PATH];
    char settings[CHECKPOINT_SETTINGS]; // lines "name value", names as options where they are some
    size_t length;
    struct kept kept;
    int64_t epochs; // of the model file as it was saved last, or found
    uint64_t position;
    enum checkpoint_stage stage;
};

// For the model at `model_path`, whose record is `record`. Error: the path is too long.
bool checkpoint_init(struct checkpoint *checkpoint, const char *model_path,
                     const struct training_record *record, struct error *error);
void checkpoint_free(struct checkpoint *checkpoint);

// A line of the settings, which must be the same for a training to go on.
void checkpoint_setting(struct checkpoint *checkpoint, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Before the model is saved. Error: no memory, or what writing says.
bool checkpoint_write(struct checkpoint *checkpoint, const struct training_record *record,
                      struct error *error);

// The model has been saved.
void checkpoint_saved(struct checkpoint *checkpoint, const struct training_record *record);

// If there is a checkpoint, reads it into the memory that is kept, and what it says of numbers into
// the record; *found tells. Error: it is of another training (which setting, what was found and
// wanted), of another model, or damaged. What is kept may then be overwritten in part.
bool checkpoint_read(struct checkpoint *checkpoint, struct training_record *record, bool *found,
                     struct error *error);

// The training has ended.
void checkpoint_remove(const struct checkpoint *checkpoint);

#endif
