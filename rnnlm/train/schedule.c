// How the learning rate falls.
#include "train/schedule.h"

#include <math.h>

// Training with `decay` ends when this is left of the rate that it was begun with.
static const double LEAST_RATE = 0.01;

// With `epochs`, a power above 1 leaves more of those that are left to small rates.
double schedule_rate(const struct training *training, const struct training_record *record,
                     double share)
{
    double left = (double)(training->epochs - record->epochs);
    if (training->epochs == 0)
        return record->alpha;
    return record->alpha * pow((left - (share < 1 ? share : 1)) / left, 1.5);
}

bool schedule_next(const struct training *training, struct training_record *record, bool better,
                   bool averages)
{
    bool second = record->halving, halves = training->epochs == 0 && !(training->decay > 0);
    record->halving = second || (!better && (halves || averages));
    if (training->epochs > 0) {
        record->alpha = schedule_rate(training, record, 1);
        return true;
    }
    if (averages && record->halving && !second)
        return true;
    if (training->decay > 0) {
        record->alpha *= better ? 1 : training->decay;
        return record->alpha > record->starting_alpha * LEAST_RATE;
    }
    if (!better && second)
        return false;
    record->alpha /= record->halving && !averages ? 2 : 1;
    return true;
}
