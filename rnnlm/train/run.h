// A run of the trainer in parts: the guard of what is saved (guard.c), one epoch (epoch.c), where it
// goes on from (resume.c), and the epochs (trainer.c). For these alone.
#ifndef TRAIN_RUN_H
#define TRAIN_RUN_H

#include <time.h>

#include "learn/learner.h"
#include "train/batch_run.h"
#include "train/checkpoint.h"
#include "train/trainer.h"
#include "train/validation.h"

// What to do where a training blows up.
#define RUN_REMEDY "a lower -alpha, -gradient-cutoff or, with -streams, -clip-norm is wanted"

// What the model file holds.
enum run_file {
    RUN_FILE_NONE,  // it is not there
    RUN_FILE_FOUND, // what was found there
    RUN_FILE_SAVED  // what this run has saved, or gone on from
};

struct run {
    struct model *model;
    const struct training *training;
    struct peers *peers;       // the training's, or this process alone
    struct pool *pool;         // of batches and of validation
    struct learning_rule rule; // its rate that of the word at hand
    struct text_streams *text; // as many as there are streams; online one
    struct learner learner;    // online
    struct batch_run batch;    // with streams
    struct lessons *lessons;   // of the training's teachers; NULL: there are none
    struct network fallback;   // weights after the best epoch; no arrays without validation
    float *fallback_state;     // [network.state]
    struct checkpoint checkpoint;
    bool resumed; // within an epoch, from a checkpoint: nothing begins anew
    bool learnt;  // from a checkpoint: the epoch's text is done, validation is next
    bool stopped; // training->stop has asked for it
    bool warned_of_save, warned_of_checkpoint, warned_of_log;
    enum run_file file;
    int64_t file_epoch;     // of RUN_FILE_SAVED: after so many epochs
    uint64_t file_word;     // and so many words
    double file_bits;       // a word, of what it holds, as far as the guard has looked
    uint64_t guarded_words; // of the epoch, when the guard has looked last
    double guarded_log10_prob;
    struct progress progress;
    struct timespec begin;
    struct timespec saved; // when the model was, or was found worse than what is there
    double between;        // seconds from the end of the last epoch to what comes next
};

// Tells the program. The text is made like printf's.
void run_tell(const struct run *run, enum training_event event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static inline bool run_is_to_stop(const struct run *run)
{
    return run->training->stop != NULL && atomic_load(run->training->stop) != 0;
}

// The process that writes, tells and judges.
static inline bool run_leads(const struct run *run)
{
    return run->peers->rank == 0;
}

// Seconds since `begin`: run->begin or another.
double run_seconds(const struct timespec *begin);

// Reports progress to the program.
void run_report(struct run *run, bool epoch_done);

// What is validated and saved are averages, if the optimiser makes some and they have begun; what
// learns are the weights.
struct optimiser *run_averaging(struct run *run);
void run_begin_averages(struct run *run);
void run_show_averages(struct run *run, bool show);

// ---- guard ------------------------------------------------------------------------------------

enum { RUN_FILE_TEXT = 160 };

// What the model file holds, in words.
void guard_describe(const struct run *run, char text[RUN_FILE_TEXT]);

// Bits a word of a uniform guess.
double guard_uniform_bits(const struct run *run);

// Error: a probability that is none, of a line of a training or validation text.
bool guard_blown_up(const struct run *run, const char *text, uint64_t line, double prob,
                    struct error *error);

// Error: weights or state that are not finite.
bool guard_is_finite(const struct run *run, struct error *error);

// Error: an entropy beyond all sense. After an epoch: of the whole text, and of the words since the
// guard has looked last.
bool guard_is_learning(const struct run *run, double log10_prob, uint64_t words,
                       struct error *error);
bool guard_epoch(struct run *run, struct error *error);

// The same of validation, or a probability there that is none.
bool guard_validation(const struct run *run, const struct validation *validation,
                      struct error *error);

// Looks at the model that is there before the run changes it. Error: no memory, or that of the
// validation text.
bool guard_begin(struct run *run, struct error *error);

// Looks at what a save within an epoch would put in the place of the model file. Error: it has blown
// up. *better is false where it is so much worse than both a uniform guess and what the file holds
// that the file should stay; training may yet get over that.
bool guard_save(struct run *run, bool *better, struct error *error);

// ---- saving, one epoch ------------------------------------------------------------------------

// Writes checkpoint and model, that of `position` words of an epoch. Error: what the model's own
// writing says; a checkpoint that cannot be written is a warning.
bool run_save(struct run *run, uint64_t position, double train_log10_prob, struct error *error);
bool run_save_model(struct run *run, struct error *error);

// Saves where the epoch is, with what stands in model->state, if the guard lets it.
bool run_save_guarded(struct run *run, struct error *error);

// Learns what is left of the epoch; run->stopped where it was asked to stop in it.
bool run_train_epoch(struct run *run, struct error *error);

// ---- several processes ---------------------------------------------------------------------------

// Whether all train the same model on the same texts, by what their settings say, which are listed. Error:
// the first process that does not, and the first setting; all have it.
bool division_same_training(const struct run *run, struct error *error);

// checkpoint_read() of the first process, whose memory and record all take over.
bool division_read_checkpoint(struct run *run, bool *found, struct error *error);

// Error: a process has weights that the first one has not; all have it.
bool division_same_weights(const struct run *run, struct error *error);

// ---- going on ---------------------------------------------------------------------------------

// Prepares the checkpoint, and goes on from the one that is there, if one is.
bool run_resume(struct run *run, struct error *error);

#endif
