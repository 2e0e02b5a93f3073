// Online learning, one word at a time: prediction, the output's step, and truncated
// back-propagation through time in blocks (Mikolov et al. 2010), by plain gradient descent.
// Training and dynamic evaluation run on it.
#ifndef LEARN_LEARNER_H
#define LEARN_LEARNER_H

#include "learn/kept.h"
#include "learn/tape.h"
#include "net/output.h"

struct learning_rule {
    float alpha;           // learning rate
    float beta;            // L2 penalty; every tenth word pays alpha * beta of the weights touched
    float gradient_cutoff; // bound on each error carried down, 0 for none
    int64_t bptt;          // steps that errors go back beyond their own word; 0 for none
    int64_t bptt_block;    // words between two passes back through time
    bool independent;      // sentences are: a pass ends each, and the next one starts afresh
};

struct learner {
    struct network *network;   // not owned
    struct learning_rule rule; // may be changed between words, but for steps back through time
    uint64_t counter; // words of the text so far, that of the next learner_step() included when it
                      // runs
    void *output;     // the output's own
    int32_t history[SHAPE_MOST_ORDER]; // words taken in, latest first
    struct tape tape;                  // one stream, whose rows are the last words, oldest first
    size_t rows;                       // that are there
    const float *top;                  // of the word predicted last, in the tape
    bool at_start;                     // row 0 follows the state before a text (or sentence)
    float *scratch;
};

// Error: no memory. learner_free() in any case.
bool learner_init(struct learner *learner, struct network *network,
                  const struct learning_rule *rule, struct error *error);
void learner_free(struct learner *learner);

// Before a text: state (`stored` as in state_values()), history and kept errors are new. The counter
// stays.
void learner_start(struct learner *learner, enum state_start start, const float *stored);

// Takes in `word` (the previous one), predicts `target`, learns from it, and returns its
// probability; for a target WORD_OOV nothing is learnt and 0 returned. Where sentences are
// independent, a new one begins behind the target </s>. A probability that is not a number, or 0,
// tells that the weights have blown up.
double learner_step(struct learner *learner, int32_t word, int32_t target);

// The topmost layer's output, out of which learner_step() predicted last: [network.width], until the next one.
const float *learner_top(const struct learner *learner);

// The values of the state behind the last word taken in: [network.state].
void learner_values(const struct learner *learner, float *value);

// All that a learner of the same network and rule needs to go on from here, the network aside.
void learner_kept(struct learner *learner, struct kept *kept);

#endif
