// How the learning rate falls, and when training ends: the rules are at train_model().
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

#include "train/trainer.h"

// The rate where a share of the current epoch is done.
double schedule_rate(const struct training *training, const struct training_record *record,
                     double share);

// Goes on to the next epoch's rate; false if there is none. `better` tells whether the epoch just
// validated has bettered the validation enough; where it has not, `record->halving` is set for a
// second stage. In that the optimiser averages, if it can: `averages`.
bool schedule_next(const struct training *training, struct training_record *record, bool better,
                   bool averages);

#endif
