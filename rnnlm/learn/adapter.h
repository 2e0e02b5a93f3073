// Dynamic evaluation by statistics of gradients (Krause et al. 2018, RMS with decay): after every few words
// of a text that is scored, a step against their errors, and one back to the weights as they were trained.
//
//   w = w + rate g / (R + epsilon) + decay min(R / mean(R), 1 / decay) (w0 - w)
//
// g is the gradient of log P of the block, averaged over its words; R, of each weight, the root of the mean
// square of such gradients over the training text, and mean(R) that of all weights. Weights whose gradients
// were large in training are moved less by one of the same size, and go back sooner. Rows of words that have
// no gradient in a block are not touched by it: they go back when they have one again, for all blocks missed
// (numbers of a bias of which only some have one: for that block).
#ifndef LEARN_ADAPTER_H
#define LEARN_ADAPTER_H

#include "learn/batch.h"

// Roots of mean squares of gradients, in the layout of the network's parameters.
struct gradient_roots {
    float **root; // [parameters][rows][stride]
    double mean;  // of all weights
    size_t parameters;
};

// All 0. Error: no memory. gradient_roots_free() in any case.
bool gradient_roots_init(struct gradient_roots *roots, const struct network *network,
                         struct error *error);
void gradient_roots_free(struct gradient_roots *roots);

// Sets the mean, of roots that others have filled in.
void gradient_roots_finish(struct gradient_roots *roots, const struct network *network);

// Whether the network can be adapted so. Error: what stands in the way.
bool adapter_fits(const struct network *network, struct error *error);

// ---- collecting -------------------------------------------------------------------------------

// Over blocks of `steps` words of `streams` streams, from states that are carried from block to block. The
// square of a gradient of one stream is that of the sum over streams, divided by their number, as those of
// different streams have nothing to do with each other.
struct gradient_collector {
    struct batch batch;
    struct gradient_roots *roots;
    uint64_t blocks;
};

// The roots are 0 at first. Error: no memory. gradient_collector_free() in any case.
bool gradient_collector_init(struct gradient_collector *collector, struct network *network,
                             struct gradient_roots *roots, size_t streams, size_t steps,
                             bool independent, struct pool *pool, struct error *error);
void gradient_collector_free(struct gradient_collector *collector);

// A block whose words and targets have been written to collector->batch.tape. Error: no memory.
bool gradient_collector_take(struct gradient_collector *collector, struct error *error);

// Turns sums into roots, after the last block.
void gradient_collector_finish(struct gradient_collector *collector);

// ---- adapting ---------------------------------------------------------------------------------

struct adapter_rule {
    double rate, decay, epsilon;
    size_t words; // of a block
    bool independent;
};

struct adapter {
    struct batch batch; // of one stream
    struct pool *pool;
    struct adapter_rule rule;
    const struct gradient_roots *roots; // not owned
    void *online;                       // the output's own, for single words
    size_t filled;                      // words of the block so far
    int32_t previous;                   // the word before
    const float *top;                   // in the tape, of the word predicted last
};

// Of a network that nobody else writes. Before a text it stands at its beginning. Error: no memory, a rule that
// makes no sense. adapter_free() in any case.
bool adapter_init(struct adapter *adapter, struct network *network, const struct adapter_rule *rule,
                  const struct gradient_roots *roots, struct error *error);
void adapter_free(struct adapter *adapter);

// The weights as they were trained, as if it had just been made.
void adapter_restore(struct adapter *adapter);

// Stands before the first word of a text, in the state of these values [network.state], before </s> is taken in;
// weights stay as they are.
void adapter_start(struct adapter *adapter, const float *value);

// P(word) here, 0 for WORD_OOV; then goes on behind it, and learns where a block ends. Error: no memory.
bool adapter_next(struct adapter *adapter, int32_t word, double *prob, struct error *error);

// The topmost layer's output, out of which it predicted that word: [network.width], until the next one.
const float *adapter_top(const struct adapter *adapter);

#endif
