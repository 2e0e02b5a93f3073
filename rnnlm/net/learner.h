// Online learning, one word at a time: prediction, the output layer's step, and truncated
// back-propagation through time in blocks (Mikolov et al. 2010; compat.md of the reference's
// behaviour). Training and dynamic evaluation run on it.
#ifndef NET_LEARNER_H
#define NET_LEARNER_H

#include "net/output.h"
#include "net/state.h"

struct learning_rule {
    float alpha;           // learning rate
    float beta;            // L2 penalty; every tenth word pays alpha * beta of the weights touched
    float gradient_cutoff; // bound on each error carried down, 0 for none
    int64_t
        bptt; // as model files have it: 0 or 1 plain back-propagation, n + 1 for n further steps
    int64_t bptt_block; // words between two passes back through time
    bool independent;   // sentences are: a pass ends each, and the next one starts afresh
};

struct learner {
    struct network *network;   // not owned
    struct learning_rule rule; // may be changed between words
    uint64_t
        counter; // words of the text so far, that of the next learner_step() included when it runs
    struct prediction prediction;
    int32_t history[MAXENT_MOST_ORDER];
    // The last words, oldest first: slot i has the input word of step i, the hidden layer after it
    // and the error there; slot 0 has only the hidden layer before the first step.
    size_t slots, newest;
    int32_t *word;  // [slots]
    float *hidden;  // [slots][hidden_row]
    float *error;   // [slots][hidden_row]
    float *scratch; // [hidden_row]
    bool at_start;  // slot 0 is the state before a text (or sentence), not one of its states
};

// Error: no memory. learner_free() in any case.
bool learner_init(struct learner *learner, struct network *network,
                  const struct learning_rule *rule, struct error *error);
void learner_free(struct learner *learner);

// Before a text: hidden layer at `activation` (or copied from `hidden` [H] if that is not NULL),
// history and kept errors empty. The counter stays.
void learner_start(struct learner *learner, float activation, const float *hidden);

// Takes in `word` (the previous one), predicts `target`, learns from it, and returns its
// probability; for a target WORD_OOV nothing is learnt and 0 returned. A probability that is not a
// number, or 0, tells that the weights have blown up.
double learner_step(struct learner *learner, int32_t word, int32_t target);

// The hidden layer after the last step, [hidden_row].
const float *learner_hidden(const struct learner *learner);

#endif
