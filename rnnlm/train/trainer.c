// Training: epochs, validation, the rate schedule.
#include "train/trainer.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/threads.h"
#include "model/model_file.h"
#include "train/run.h"
#include "train/schedule.h"

// ---- one run ----------------------------------------------------------------------------------

void run_tell(const struct run *run, enum training_event event, const char *format, ...)
{
    char text[ERROR_SIZE];
    va_list arguments;
    if (run->training->tell == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    run->training->tell(run->training->context, event, text);
}

double run_seconds(const struct timespec *begin)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) * 1e-9;
}

void run_report(struct run *run, bool epoch_done)
{
    if (!epoch_done)
        run->progress.seconds = run_seconds(&run->begin);
    run->progress.epoch_done = epoch_done;
    if (run->training->report != NULL)
        run->training->report(run->training->context, &run->progress);
}

struct optimiser *run_averaging(struct run *run)
{
    struct optimiser *optimiser = &run->batch.batch.optimiser;
    return run->training->streams > 0 && optimiser->type->begin_averages != NULL ? optimiser : NULL;
}

void run_begin_averages(struct run *run)
{
    struct optimiser *optimiser = run_averaging(run);
    if (optimiser != NULL)
        optimiser->type->begin_averages(optimiser);
}

void run_show_averages(struct run *run, bool show)
{
    struct optimiser *optimiser = run_averaging(run);
    if (optimiser != NULL && optimiser->averages.on)
        optimiser->type->show_averages(optimiser, show);
}

// Only weights have a copy; the hash, which may be the largest part by far, does not fall back.
static bool allocate_fallback(struct run *run, struct error *error)
{
    struct network_shape shape = run->model->network.shape;
    struct classes none = {0};
    size_t state = run->model->network.state;
    shape.maxent = 0;
    run->fallback_state = memory_new(state, sizeof *run->fallback_state, error);
    if (run->fallback_state == NULL || !network_init(&run->fallback, &shape, &none, error))
        return false;
    network_copy_weights(&run->fallback, &run->model->network);
    memcpy(run->fallback_state, run->model->state, state * sizeof(float));
    return true;
}

// ---- validation -------------------------------------------------------------------------------

// Mean and standard deviation of log Z.
static void measure_sums(struct run *run, const struct validation *validation)
{
    double words = (double)validation->words, mean = words > 0 ? validation->log_z / words : 0;
    double variance = words > 0 ? validation->log_z_squared / words - mean * mean : 0;
    run->progress.has_scores = validation->has_scores;
    run->progress.valid_log_z = mean;
    run->progress.valid_log_z_deviation = sqrt(variance > 0 ? variance : 0);
}

// The first process scores the text, a single stretch, and tells the others; where it cannot, it ends.
static bool score_validation(struct run *run, struct validation *validation, struct error *error)
{
    const struct model *model = run->model;
    *validation = (struct validation){.has_scores = model_has_scores(model, NULL),
                                      .stop = run->training->stop};
    if (run_leads(run) &&
        !validation_run(&model->network, model->record.independent, &model->vocabulary,
                        run->training->valid, run->pool, model->state, validation, error))
        return false;
    return peers_broadcast(run->peers, validation, sizeof *validation, error) &&
           peers_broadcast(run->peers, model->state, model->network.state * sizeof(float), error);
}

static bool validate(struct run *run, struct error *error)
{
    struct validation validation;
    run->progress.has_validation = true;
    if (!score_validation(run, &validation, error))
        return false;
    run->stopped = validation.stopped;
    run->progress.valid_log10_prob = validation.log10_prob;
    run->progress.valid_words = validation.words;
    measure_sums(run, &validation);
    if (run->stopped && validation.wrong_line == 0)
        return true;
    run->file_bits = entropy_bits(validation.log10_prob, validation.words);
    return guard_validation(run, &validation, error);
}

// What scripts read of an epoch. Errors are told.
static void log_epoch(struct run *run)
{
    if (!run_leads(run))
        return;
    char path[CHECKPOINT_PATH + sizeof ".output.txt"];
    snprintf(path, sizeof path, "%s.output.txt", run->training->model_path);
    FILE *file = fopen(path, "a");
    bool ok = file != NULL;
    if (ok) {
        fprintf(file, "\niter: %" PRId64 "\nvalid log probability: %f\nPPL net: %f\n",
                run->progress.epoch, run->progress.valid_log10_prob,
                perplexity_of(run->progress.valid_log10_prob, run->progress.valid_words));
        ok = fclose(file) == 0;
    }
    if (!ok && !run->warned_of_log)
        run_tell(run, TRAINING_UNWRITTEN, "cannot write %s: %s", path, strerror(errno));
    run->warned_of_log = run->warned_of_log || !ok;
}

// When the epoch has been saved.
static void tell_of_epoch(struct run *run)
{
    const struct progress *progress = &run->progress;
    double uniform = guard_uniform_bits(run);
    run_report(run, true);
    if (!progress->has_validation)
        return;
    log_epoch(run);
    double bits = entropy_bits(progress->valid_log10_prob, progress->valid_words);
    if (bits > uniform)
        run_tell(run, TRAINING_WARNING,
                 "epoch %" PRId64 ": the validation text has %.1f bits a word, more than the %.1f "
                 "of a uniform guess: " RUN_REMEDY,
                 progress->epoch, bits, uniform);
}

// Weights and state after the best epoch so far (or the last one, see schedule()): kept, or gone back
// to.
static void keep_best(struct run *run)
{
    network_copy_weights(&run->fallback, &run->model->network);
    memcpy(run->fallback_state, run->model->state, run->model->network.state * sizeof(float));
}

static void fall_back(struct run *run)
{
    network_copy_weights(&run->model->network, &run->fallback);
    memcpy(run->model->state, run->fallback_state, run->model->network.state * sizeof(float));
    if (run->model->record.halving)
        run_begin_averages(run);
}

// Applies the schedule to the epoch just validated. Returns whether training goes on.
static bool schedule(struct run *run)
{
    const struct training *training = run->training;
    struct training_record *record = &run->model->record;
    double now = run->progress.valid_log10_prob, last = record->valid_log10_prob;
    bool worse = now < last, better = !(now * training->min_improvement < last);
    bool second = record->halving;
    if (worse)
        fall_back(run);
    else
        keep_best(run);
    bool more = schedule_next(training, record, better, run_averaging(run) != NULL);
    if (record->halving && !second)
        run_begin_averages(run);
    if (!more)
        return false;
    record->valid_log10_prob = worse && training->decay > 0 ? last : now;
    record->epochs++;
    return true;
}

// The bounds count the epochs of earlier runs too, as the reference does.
static bool epochs_left(const struct run *run)
{
    int64_t done = run->model->record.epochs;
    const struct training *training = run->training;
    return (training->most_epochs == 0 || done < training->most_epochs) &&
           (training->epochs == 0 || done < training->epochs);
}

// What learns, the one way or the other, and from what: no more streams than there are words.
static bool begin_learning(struct run *run, struct error *error)
{
    const struct training *training = run->training;
    uint64_t streams = training->streams > 0 ? training->streams : 1;
    if (streams > run->model->record.train_words && run->model->record.train_words > 0)
        streams = run->model->record.train_words;
    run->text = text_streams_open(training->train, &run->model->vocabulary, &training->order,
                                  (size_t)streams, error);
    if (run->text == NULL)
        return false;
    if (training->streams == 0)
        return learner_init(&run->learner, &run->model->network, &run->rule, error);
    struct batch_rule rule = {.optimiser = training->optimiser,
                              .step = {.alpha = run->rule.alpha,
                                       .beta = run->rule.beta,
                                       .clip_norm = (float)training->clip_norm},
                              .gradient_cutoff = run->rule.gradient_cutoff,
                              .through_time = run->rule.bptt > 0,
                              .independent = run->rule.independent,
                              .halves = training->halves,
                              .dropout = training->dropout,
                              .penalty = training->penalty,
                              .noise = training->noise,
                              .self_normalise = (float)training->self_normalise,
                              .lesson_share =
                                  training->teachers > 0 ? (float)training->lesson_share : 0};
    rule.noise.count = run->model->vocabulary.count;
    if (!lessons_can_be(training->teacher, training->teachers, run->model, error))
        return false;
    struct batch_division division = {.peers = run->peers,
                                      .pieces = training->pieces,
                                      .average = training->average,
                                      .rule = training->averages,
                                      .every = training->average_every};
    return batch_run_init(&run->batch, run->model, &rule, run->text, (size_t)streams, &division,
                          run->pool, error);
}

// Before the first block of a run, where teachers have a part in it.
static bool ask_teachers(struct run *run, struct error *error)
{
    const struct training *training = run->training;
    if (run->batch.batch.lesson == NULL)
        return true;
    run->lessons = lessons_new(training->teacher, training->teachers, run->model, training->train,
                               &training->order, training->model_path, run->pool, error);
    if (!peers_agree(run->peers, run->lessons != NULL, error, error))
        return false;
    run->batch.lessons = run->lessons;
    run_tell(run, TRAINING_TAUGHT, "what they say of %" PRIu64 " words takes %.1f MB of disk",
             lessons_words(run->lessons), (double)lessons_bytes(run->lessons) / 1e6);
    return true;
}

// ---- epochs -----------------------------------------------------------------------------------

// Validates, and saves what is to be gone on from; *more tells whether there is another epoch.
static bool end_epoch(struct run *run, bool *more, struct error *error)
{
    *more = false;
    if (run->training->valid == NULL) {
        run->checkpoint.stage = CHECKPOINT_FINISHED;
        return guard_is_finite(run, error) && run_save(run, 0, 0, error);
    }
    if (!validate(run, error))
        return false;
    if (run->stopped) {
        run->checkpoint.stage = CHECKPOINT_LEARNT;
        return run_save_guarded(run, error);
    }
    *more = schedule(run);
    run->checkpoint.stage = *more ? CHECKPOINT_LEARNS : CHECKPOINT_FINISHED;
    return guard_is_finite(run, error) &&
           run_save(run, 0, *more ? 0 : run->progress.valid_log10_prob, error);
}

// Between epochs.
static bool is_to_stop(struct run *run, bool *stop, struct error *error)
{
    struct peers_parts parts = {0};
    char asked = run_is_to_stop(run);
    bool ok = peers_gather(run->peers, &asked, sizeof asked, &parts, error);
    *stop = false;
    for (size_t i = 0; ok && i < run->peers->size; i++)
        *stop = *stop || *parts.part[i].data != 0;
    peers_parts_free(&parts);
    *stop = *stop && run->file == RUN_FILE_SAVED;
    return ok;
}

static bool run_epochs(struct run *run, struct error *error)
{
    const struct training *training = run->training;
    bool more = true;
    struct timespec end;
    run_tell(run, TRAINING_BEGINS, "learning begins");
    clock_gettime(CLOCK_MONOTONIC, &run->saved);
    while (more && (training->valid == NULL || epochs_left(run))) {
        if (!is_to_stop(run, &run->stopped, error))
            return false;
        if (run->stopped)
            return true;
        if (!run_train_epoch(run, error) || !division_same_weights(run, error))
            return false;
        if (run->stopped)
            return true;
        clock_gettime(CLOCK_MONOTONIC, &end);
        run_show_averages(run, true);
        bool ok = end_epoch(run, &more, error);
        run->between = run_seconds(&end);
        if (ok && !run->stopped)
            tell_of_epoch(run);
        if (!ok || run->stopped)
            return ok;
        if (more)
            run_show_averages(run, false);
    }
    return true;
}

// What the model file says of a schedule that has ended: a last validation, as the reference's files
// have it.
static bool schedule_has_ended(const struct run *run)
{
    const struct training_record *record = &run->model->record;
    return run->training->epochs == 0 && record->position == 0 && record->train_log10_prob != 0;
}

// Nothing is left for a training that has validation; says how it goes on.
static bool is_finished(const struct run *run)
{
    const struct training *training = run->training;
    const struct training_record *record = &run->model->record;
    const char *path = training->model_path;
    bool bounded = training->most_epochs > 0 && record->epochs >= training->most_epochs;
    if (training->valid == NULL)
        return false;
    if (schedule_has_ended(run))
        run_tell(run, TRAINING_FINISHED,
                 "%.200s: the training is finished: after %" PRId64 " epochs another would have "
                 "bettered validation too little; another -alpha than %g begins again from there, "
                 "-epochs %" PRId64 " or more goes on with a rate that falls to 0",
                 path, record->epochs + 1, record->starting_alpha, record->epochs + 1);
    else if (!epochs_left(run))
        run_tell(run, TRAINING_FINISHED,
                 "%.200s: the training is finished: epochs done: %" PRId64
                 ", as many as %s %" PRId64 " allows; a larger number goes on",
                 path, record->epochs, bounded ? "-max-iter" : "-epochs",
                 bounded ? training->most_epochs : training->epochs);
    else
        return false;
    return true;
}

// From what is there to the end.
static bool go_on(struct run *run, struct error *error)
{
    char file[RUN_FILE_TEXT];
    bool more = run->checkpoint.stage != CHECKPOINT_FINISHED && !is_finished(run);
    if (more && (!ask_teachers(run, error) || (run_leads(run) && !guard_begin(run, error)) ||
                 !run_epochs(run, error)))
        return false;
    if (run->stopped) {
        guard_describe(run, file);
        run_tell(run, TRAINING_STOPPED, "%s%s", file,
                 run->file == RUN_FILE_NONE ? "" : "; the same command goes on from there");
        return true;
    }
    // One within an epoch that is not allowed this time stays for another.
    if (run_leads(run) && (more || run->model->record.position == 0))
        checkpoint_remove(&run->checkpoint);
    return true;
}

static void tell_how_to_go_on(const struct run *run, struct error *error)
{
    char file[RUN_FILE_TEXT];
    guard_describe(run, file);
    error_add(error, "; ");
    error_add(error, file);
    if (run->file != RUN_FILE_NONE)
        error_add(error, "; the same command goes on from there, with any number of processes");
}

// A process that has been asked to end because another has died learns nothing of that but silence.
static void tell_of_waiting(void *context)
{
    const struct run *run = context;
    char file[RUN_FILE_TEXT];
    guard_describe(run, file);
    run_tell(run, TRAINING_WAITS,
             "asked to end, waits for the other processes; should one of them have ended: %s%s",
             file,
             run->file == RUN_FILE_NONE
                 ? ""
                 : "; the same command goes on from there, with any number of processes");
}

bool train_model(struct model *model, const struct training *training, struct error *error)
{
    struct run run = {.model = model,
                      .training = training,
                      .peers = training->peers != NULL ? training->peers : &peers_alone,
                      .rule = {.alpha = (float)model->record.alpha,
                               .beta = (float)training->beta,
                               .gradient_cutoff = (float)training->gradient_cutoff,
                               .bptt = model->record.bptt,
                               .bptt_block = model->record.bptt_block,
                               .independent = model->record.independent},
                      .file =
                          access(training->model_path, F_OK) == 0 ? RUN_FILE_FOUND : RUN_FILE_NONE};
    if (run.peers->size > 1) {
        run.peers->waits = tell_of_waiting;
        run.peers->context = &run;
    }
    model->record.save_every = training->save_every;
    model->record.self_normalise = training->self_normalise;
    size_t threads = training->threads > 0 ? training->threads : threads_available();
    bool ok =
        model_can_be_saved(model, training->model_path, error) &&
        (run.pool = pool_new(threads, error)) != NULL && begin_learning(&run, error) &&
        (training->valid == NULL || (validation_check(training->valid, &model->vocabulary, error) &&
                                     allocate_fallback(&run, error)));
    ok = peers_agree(run.peers, ok, error, error) && run_resume(&run, error) && go_on(&run, error);
    if (!ok && run.peers->lost)
        tell_how_to_go_on(&run, error);
    if (run.peers->size > 1)
        run.peers->waits = NULL;
    checkpoint_free(&run.checkpoint);
    learner_free(&run.learner);
    batch_run_free(&run.batch);
    text_streams_close(run.text);
    lessons_free(run.lessons);
    pool_free(run.pool);
    network_free(&run.fallback);
    free(run.fallback_state);
    return ok;
}
