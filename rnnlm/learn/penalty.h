// Penalties on what the topmost layer does (Merity et al. 2017), with H its units, h[t] its output
// and out[t] what it hands to the softmax after dropout: training maximises
//
//   sum over t of  log P(t)  -  X / H |out[t]|^2  -  Y / H |h[t] - h[t-1]|^2
//
// (natural logarithms; X = `activation`, Y = `change`), where h[t-1] is of the same block, and of the same
// sentence where sentences are independent. The errors are
//
//   d / d out[t] = -2 X / H out[t]
//   d / d h[t]   = -2 Y / H ((h[t] - h[t-1]) - (h[t+1] - h[t]))
#ifndef LEARN_PENALTY_H
#define LEARN_PENALTY_H

#include "learn/tape.h"

struct penalty_rule {
    float activation, change; // 0 for none
};

bool penalty_wanted(const struct penalty_rule *rule);

// Adds the first to the errors of what the topmost layer has handed up, for these rows.
void penalty_out(const struct penalty_rule *rule, struct tape *tape, struct tape_rows rows);

// Adds the second to the errors of its output, where `all` rows are there.
void penalty_change(const struct penalty_rule *rule, struct tape *tape, struct tape_rows rows,
                    size_t all);

#endif
