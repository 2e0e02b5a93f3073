// One epoch: online or in batches, with saves in it.
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "model/model_file.h"
#include "train/run.h"
#include "train/schedule.h"

enum { REPORT_EVERY = 10000 };

// ---- saving -----------------------------------------------------------------------------------

bool run_save_model(struct run *run, struct error *error)
{
    const struct training_record *record = &run->model->record;
    if (run_leads(run) && !model_save(run->model, run->training->model_path, error))
        return false;
    checkpoint_saved(&run->checkpoint, record);
    clock_gettime(CLOCK_MONOTONIC, &run->saved);
    run->file = RUN_FILE_SAVED;
    run->file_epoch = record->epochs;
    run->file_word = record->position;
    return true;
}

// Without its checkpoint the model file is newer than the one that is there, which then fits no more.
static void do_without_checkpoint(struct run *run, const struct error *reason)
{
    checkpoint_remove(&run->checkpoint);
    if (!run->warned_of_checkpoint)
        run_tell(run, TRAINING_WARNING,
                 "%s; the model is saved, but if training ends before its time it goes on from the "
                 "model file alone, not bit by bit",
                 reason->text);
    run->warned_of_checkpoint = true;
}

bool run_save(struct run *run, uint64_t position, double train_log10_prob, struct error *error)
{
    struct training_record *record = &run->model->record;
    struct error reason;
    record->position = position;
    record->train_log10_prob = train_log10_prob;
    bool kept = !run_leads(run) || checkpoint_write(&run->checkpoint, record, &reason);
    if (!run_save_model(run, error))
        return false;
    if (!kept)
        do_without_checkpoint(run, &reason);
    return true;
}

bool run_save_guarded(struct run *run, struct error *error)
{
    bool better;
    char file[RUN_FILE_TEXT];
    if (run_leads(run) ? !guard_save(run, &better, error)
                       : !peers_broadcast(run->peers, &better, sizeof better, error))
        return false;
    if (run_leads(run) && !peers_broadcast(run->peers, &better, sizeof better, error))
        return false;
    if (better)
        return run_save(run, run->progress.words, run->progress.train_log10_prob, error);
    guard_describe(run, file);
    if (!run->warned_of_save)
        run_tell(run, TRAINING_WARNING,
                 "epoch %" PRId64 ", word %" PRIu64
                 ": not saved, a uniform guess is better than the network now; %s",
                 run->progress.epoch, run->progress.words, file);
    run->warned_of_save = true;
    return true;
}

// ---- the words --------------------------------------------------------------------------------

// Goes to where an interrupted epoch is, so that history and previous word are those of its place.
static bool resume_epoch(struct run *run, int32_t *previous, struct error *error)
{
    struct training_record *record = &run->model->record;
    struct learner *learner = &run->learner;
    int32_t before[SHAPE_MOST_ORDER + 1];
    if (!text_streams_start(run->text, (uint64_t)record->epochs, record->position, error))
        return false;
    uint64_t words = text_streams_words(run->text);
    if (record->position > words)
        return error_set(error,
                         "the training text has %" PRIu64
                         " words, the model was saved after word %" PRIu64,
                         words, record->position);
    if (!run->resumed)
        learner_start(learner, record->position > 0 ? STATE_STORED : STATE_TEXT, run->model->state);
    text_streams_history(run->text, 0, before, SHAPE_MOST_ORDER + 1);
    *previous = before[0];
    if (record->position > 0)
        memcpy(learner->history, before + 1, sizeof learner->history);
    learner->counter = record->position;
    run->progress.total_words = words;
    return true;
}

static bool blown_up(const struct run *run, double prob, struct error *error)
{
    const char *name;
    uint64_t line;
    text_streams_where(run->text, 0, &name, &line);
    return guard_blown_up(run, name, line, prob, error);
}

static bool train_word(struct run *run, int32_t previous, int32_t word, struct error *error)
{
    struct learner *learner = &run->learner;
    learner->counter++;
    double prob = learner_step(learner, previous, word);
    if (word >= 0) {
        if (!(prob > 0 && prob <= 1.001))
            return blown_up(run, prob, error);
        run->progress.train_log10_prob += log10(prob);
    }
    run->progress.words++;
    run->progress.words_this_run++;
    return true;
}

// The learning rate at this word.
static float alpha_now(const struct run *run)
{
    const struct training_record *record = &run->model->record;
    double words = (double)run->progress.words, all = (double)record->train_words;
    return (float)schedule_rate(run->training, record, all > 0 ? words / all : 0);
}

// Whether words, of which the epoch had `before`, or time make a save due.
static bool is_due_by_words(const struct run *run, uint64_t before)
{
    uint64_t every = run->training->save_every;
    return every > 0 && run->progress.words / every != before / every;
}

static bool is_due_by_time(const struct run *run)
{
    double seconds = run->training->save_seconds;
    return seconds > 0 && run_seconds(&run->saved) >= seconds;
}

static bool is_due(const struct run *run, uint64_t before)
{
    return is_due_by_words(run, before) || is_due_by_time(run);
}

// A save within an epoch. The state is that of the stream which has come furthest.
static bool save_within_epoch(struct run *run, struct error *error)
{
    if (run->training->streams > 0) {
        if (!batch_run_gather(&run->batch, error))
            return false;
        batch_run_values(&run->batch, run->model->state);
    } else {
        learner_values(&run->learner, run->model->state);
    }
    run_show_averages(run, true);
    bool ok = run_save_guarded(run, error);
    run_show_averages(run, false);
    clock_gettime(CLOCK_MONOTONIC, &run->saved);
    return ok;
}

static bool train_online(struct run *run, struct error *error)
{
    struct learner *learner = &run->learner;
    int32_t word, previous = WORD_END;
    if (!resume_epoch(run, &previous, error))
        return false;
    clock_gettime(CLOCK_MONOTONIC, &run->begin);
    if (!run->resumed)
        learner->rule.alpha = alpha_now(run);
    for (int32_t target; text_streams_read(run->text, 1, &word, &target) == 1; previous = target) {
        if (!train_word(run, word, target, error))
            return false;
        if (learner->counter % REPORT_EVERY == 0) {
            run_report(run, false);
            learner->rule.alpha = alpha_now(run);
        }
        run->stopped = run_is_to_stop(run);
        if ((is_due(run, run->progress.words - 1) || run->stopped) &&
            !save_within_epoch(run, error))
            return false;
        if (run->stopped)
            return true;
    }
    // Takes in the last word, as the reference does before it saves.
    learner_step(learner, previous, WORD_OOV);
    learner_values(learner, run->model->state);
    return true;
}

static bool train_in_batches(struct run *run, struct error *error)
{
    struct batch_run *batch = &run->batch;
    struct progress *progress = &run->progress;
    uint64_t before, saved = progress->words;
    bool more;
    batch->stop = run->training->stop;
    if (!batch_run_start(batch, progress->words, !run->resumed, error))
        return false;
    progress->total_words = text_streams_words(run->text);
    clock_gettime(CLOCK_MONOTONIC, &run->begin);
    for (before = progress->words;; before = progress->words) {
        batch->batch.rule.step.alpha = alpha_now(run);
        batch->wants_save = run_leads(run) && is_due_by_time(run);
        if (!batch_run_next(batch, &progress->words, &progress->train_log10_prob, &more, error))
            return false;
        if (!more)
            return batch_run_gather(batch, error) &&
                   batch_run_finish(batch, run->model->state, error);
        progress->words_this_run += progress->words - before;
        if (progress->words / REPORT_EVERY != before / REPORT_EVERY)
            run_report(run, false);
        if (!batch->settled)
            continue;
        bool due = is_due_by_words(run, saved) || batch->due;
        saved = progress->words;
        run->stopped = batch->asked;
        if ((due || run->stopped) && !save_within_epoch(run, error))
            return false;
        if (run->stopped)
            return true;
    }
}

// Behind the one at hand, as far as it is known.
static int64_t epochs_left(const struct training *training, const struct training_record *record)
{
    int64_t all = training->epochs, most = training->most_epochs;
    if (training->valid == NULL)
        return 0;
    all = most > 0 && most < all ? most : all;
    return all > 0 ? all - 1 - record->epochs : -1;
}

bool run_train_epoch(struct run *run, struct error *error)
{
    const struct training_record *record = &run->model->record;
    run->progress =
        (struct progress){.epoch = record->epochs,
                          .alpha = record->alpha,
                          .total_words = record->train_words,
                          .epochs_left = epochs_left(run->training, record),
                          .between = run->between,
                          .words = record->position,
                          .train_log10_prob = record->position > 0 ? record->train_log10_prob : 0};
    run->guarded_words = run->progress.words;
    run->guarded_log10_prob = run->progress.train_log10_prob;
    if (run->learnt) {
        run->learnt = false;
        return true;
    }
    if (run->training->streams > 0 ? !train_in_batches(run, error) : !train_online(run, error))
        return false;
    run->resumed = false;
    if (run->progress.words == 0)
        return error_set(error, "the training text is empty");
    run->progress.seconds = run_seconds(&run->begin);
    return run->stopped || !run_leads(run) || guard_epoch(run, error);
}
