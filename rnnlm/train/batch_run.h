// A training text learnt in batches: what the trainer goes through an epoch with.
#ifndef TRAIN_BATCH_RUN_H
#define TRAIN_BATCH_RUN_H

#include <stdatomic.h>

#include "learn/average.h"
#include "learn/batch.h"
#include "learn/pieces.h"
#include "model/model.h"
#include "train/lessons.h"
#include "train/text_streams.h"

// How streams are divided among processes; of one by itself, into pieces.
struct batch_division {
    struct peers *peers;
    size_t pieces;            // 0: one for each process
    bool average;             // each moves weights of its own (learn/average.h)
    struct average_rule rule; // of averages
    uint64_t every;           // words of the text between two averages
};

struct batch_run {
    struct model *model; // not owned
    struct text_streams *streams; // not owned
    struct batch batch;
    const struct lessons *lessons; // likewise, with rule.lesson_share; may be NULL
    const atomic_int *stop; // set by the caller after batch_run_init(); may be NULL
    bool wants_save;        // set before batch_run_next() by the process that knows the time
    // After batch_run_next():
    bool settled; // all processes have the same weights, and know what the others have learnt
    bool asked;   // one of them has been asked to stop
    bool due;     // one wants a save
    // The rest belongs to batch_run.c.
    struct pieces_rule pieces;
    struct average average;
    uint64_t every;
    struct share_note note; // of this process, since all were settled
};

// The steps of a block are those that a word's error can go back online, bptt-block and bptt together.
// `count` is that of the streams, which stay the caller's, as does the pool. Error: no memory.
bool batch_run_init(struct batch_run *run, struct model *model, const struct batch_rule *rule,
                    struct text_streams *streams, size_t count,
                    const struct batch_division *division, struct pool *pool, struct error *error);
void batch_run_free(struct batch_run *run);

// Begins an epoch, of which `words` words are done: each stream goes on from its part of them, from
// states that are new if `anew`, else those that it has. The weights may have changed.
bool batch_run_start(struct batch_run *run, uint64_t words, bool anew, struct error *error);

// Learns the next block: adds the log probability of the known words since all were settled, when they
// are settled again, and sets *words to those of the epoch that are done (OOVs included). *more is false
// if there was none left.
bool batch_run_next(struct batch_run *run, uint64_t *words, double *log10_prob, bool *more,
                    struct error *error);

// Where processes are settled: has all know what each of them keeps, so that one can save it. Every
// process's optimiser goes on from the first one's, if they have their own.
bool batch_run_gather(struct batch_run *run, struct error *error);

// The values of the state [network.state] of the last stream, which has come furthest; and of that behind
// the last word that it has seen, at the end of an epoch. After batch_run_gather().
void batch_run_values(const struct batch_run *run, float *value);
bool batch_run_finish(struct batch_run *run, float *value, struct error *error);

// As batch_kept().
void batch_run_kept(struct batch_run *run, struct kept *kept);

#endif
