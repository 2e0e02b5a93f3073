// A training text learnt in batches: what the trainer goes through an epoch with.
#ifndef TRAIN_BATCH_RUN_H
#define TRAIN_BATCH_RUN_H

#include "learn/batch.h"
#include "model/model.h"
#include "train/text_streams.h"

struct batch_run {
    struct model *model; // not owned
    struct text_streams *streams; // not owned
    struct batch batch;
};

// The steps of a block are those that a word's error can go back online, bptt-block and bptt together.
// `count` is that of the streams, which stay the caller's, as does the pool. Error: no memory.
bool batch_run_init(struct batch_run *run, struct model *model, const struct batch_rule *rule,
                    struct text_streams *streams, size_t count, struct pool *pool,
                    struct error *error);
void batch_run_free(struct batch_run *run);

// Begins an epoch, of which `words` words are done: each stream goes on from its part of them, from
// states that are new if `anew`, else those that it has. The weights may have changed.
bool batch_run_start(struct batch_run *run, uint64_t words, bool anew, struct error *error);

// Learns the next block: adds the log probability of its known words, and sets *words to those of
// the epoch that are done (OOVs included). *more is false if there was none left.
bool batch_run_next(struct batch_run *run, uint64_t *words, double *log10_prob, bool *more,
                    struct error *error);

// The values of the state [network.state] behind the last word that the last stream has seen.
bool batch_run_finish(struct batch_run *run, float *value, struct error *error);

#endif
