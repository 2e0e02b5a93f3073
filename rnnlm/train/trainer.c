// Training: epochs, validation, the rate schedule.
#include "train/trainer.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "base/threads.h"
#include "learn/learner.h"
#include "model/model_file.h"
#include "train/batch_run.h"
#include "train/checkpoint.h"
#include "train/fingerprint.h"
#include "train/schedule.h"
#include "train/validation.h"

enum { REPORT_EVERY = 10000 };

// ---- one run ----------------------------------------------------------------------------------

struct run {
    struct model *model;
    const struct training *training;
    struct pool *pool;         // of batches and of validation
    struct learning_rule rule; // its rate that of the word at hand
    struct learner learner;    // online
    struct batch_run batch;    // with streams
    struct network fallback;   // weights after the best epoch; no arrays without validation
    float *fallback_state;     // [network.state]
    struct checkpoint checkpoint;
    bool resumed; // within an epoch, from a checkpoint: nothing begins anew
    struct progress progress;
    struct timespec begin;
};

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) * 1e-9;
}

static void report(struct run *run, bool epoch_done)
{
    if (!epoch_done)
        run->progress.seconds = seconds_since(&run->begin);
    run->progress.epoch_done = epoch_done;
    if (run->training->report != NULL)
        run->training->report(run->training->context, &run->progress);
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

// Weights that overflow at the last words show in no probability, but must not replace a good
// model.
static bool is_finite(const struct run *run, struct error *error)
{
    const struct model *model = run->model;
    bool finite = network_is_finite(&model->network, error);
    for (size_t i = 0; i < model->network.state && finite; i++)
        if (!isfinite(model->state[i]))
            finite =
                error_set(error, "state: found %g, wanted finite numbers", (double)model->state[i]);
    return finite || error_prefix(error,
                                  "epoch %" PRId64 ", word %" PRIu64
                                  ": training has blown up at learning rate %g: ",
                                  run->progress.epoch, run->progress.words, run->progress.alpha);
}

static bool save_model(struct run *run, struct error *error)
{
    if (!model_save(run->model, run->training->model_path, error))
        return false;
    checkpoint_saved(&run->checkpoint, &run->model->record);
    return true;
}

static bool save(struct run *run, uint64_t position, double train_log10_prob, struct error *error)
{
    struct training_record *record = &run->model->record;
    record->position = position;
    record->train_log10_prob = train_log10_prob;
    return is_finite(run, error) && checkpoint_write(&run->checkpoint, record, error) &&
           save_model(run, error);
}

// The optimiser, if its models are averages of weights; else NULL.
static struct optimiser *averaging(struct run *run)
{
    struct optimiser *optimiser = &run->batch.batch.optimiser;
    return run->training->streams > 0 && optimiser->type->begin_averages != NULL ? optimiser : NULL;
}

static void begin_averages(struct run *run)
{
    struct optimiser *optimiser = averaging(run);
    if (optimiser != NULL)
        optimiser->type->begin_averages(optimiser);
}

// What is validated and saved are averages, if they have begun; what learns are the weights.
static void show_averages(struct run *run, bool show)
{
    struct optimiser *optimiser = averaging(run);
    if (optimiser != NULL && optimiser->averages.on)
        optimiser->type->show_averages(optimiser, show);
}

// ---- one epoch --------------------------------------------------------------------------------

// Appends where the last good model is, if there is one, to what went wrong with the weights.
static bool lost_weights(const struct run *run, struct error *error)
{
    const char *path = run->training->model_path;
    size_t length = strlen(error->text);
    if (access(path, F_OK) == 0)
        snprintf(error->text + length, sizeof error->text - length, "; %s is the last good model",
                 path);
    return false;
}

static bool blown_up(const struct run *run, uint64_t line, double prob, struct error *error)
{
    error_set(error,
              "epoch %" PRId64 ", word %" PRIu64 " (line %" PRIu64
              "): the network's probability is %g at learning rate %g: training has blown "
              "up; a lower -alpha or "
              "-gradient-cutoff is wanted",
              run->progress.epoch, run->progress.words + 1, line, prob, run->progress.alpha);
    return lost_weights(run, error);
}

// Weights may grow beyond all sense and stay numbers: an entropy of more than twice that of a
// uniform guess, and 10 bits, is no longer learning.
static bool is_learning(const struct run *run, double log10_prob, uint64_t words,
                        struct error *error)
{
    double bits = entropy_bits(log10_prob, words),
           uniform = log2((double)run->model->vocabulary.size);
    if (bits <= 2 * uniform + 10)
        return true;
    error_set(
        error,
        "epoch %" PRId64 ", word %" PRIu64
        ": the entropy is %.1f bits a word at learning rate %g, that of a "
        "uniform guess %.1f: training has blown up; a lower -alpha or -gradient-cutoff is wanted",
        run->progress.epoch, run->progress.words, bits, run->progress.alpha, uniform);
    return lost_weights(run, error);
}

// Reads over the words that an interrupted epoch has done, so that history and previous word are
// those of its place.
static bool resume_epoch(struct run *run, int32_t *previous, struct error *error)
{
    struct training_record *record = &run->model->record;
    struct learner *learner = &run->learner;
    uint64_t words = 0;
    if (!run->resumed)
        learner_start(learner, record->position > 0 ? STATE_STORED : STATE_TEXT, run->model->state);
    *previous = WORD_END;
    for (; words < record->position; words++) {
        if (!run->resumed)
            history_push(learner->history, *previous);
        if (!corpus_next(run->training->train, previous))
            return corpus_ok(run->training->train, error) &&
                   error_set(error,
                             "the training text has %" PRIu64
                             " words, the model was saved after word %" PRIu64,
                             words, record->position);
    }
    learner->counter = words;
    run->progress.words = record->position;
    run->progress.train_log10_prob = record->position > 0 ? record->train_log10_prob : 0;
    return true;
}

static bool train_word(struct run *run, int32_t previous, int32_t word, struct error *error)
{
    struct learner *learner = &run->learner;
    learner->counter++;
    double prob = learner_step(learner, previous, word);
    if (word >= 0) {
        if (!(prob > 0 && prob <= 1.001))
            return blown_up(run, corpus_line_number(run->training->train), prob, error);
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

// A save within an epoch. The state is that of the stream which has come furthest.
static bool save_within_epoch(struct run *run, struct error *error)
{
    if (run->training->streams > 0)
        batch_values(&run->batch.batch, run->batch.batch.tape.streams - 1, run->model->state);
    else
        learner_values(&run->learner, run->model->state);
    show_averages(run, true);
    bool ok = save(run, run->progress.words, run->progress.train_log10_prob, error);
    show_averages(run, false);
    return ok;
}

static bool train_online(struct run *run, struct error *error)
{
    const struct training *training = run->training;
    struct learner *learner = &run->learner;
    int32_t word, previous;
    if (!corpus_start(training->train, &run->model->vocabulary, error) ||
        !resume_epoch(run, &previous, error))
        return false;
    clock_gettime(CLOCK_MONOTONIC, &run->begin);
    if (!run->resumed)
        learner->rule.alpha = alpha_now(run);
    while (corpus_next(training->train, &word)) {
        if (!train_word(run, previous, word, error))
            return false;
        previous = word;
        if (learner->counter % REPORT_EVERY == 0) {
            report(run, false);
            learner->rule.alpha = alpha_now(run);
        }
        bool due = training->save_every > 0 && learner->counter % training->save_every == 0;
        if (due && !save_within_epoch(run, error))
            return false;
    }
    if (!corpus_ok(training->train, error))
        return false;
    // Takes in the last word, as the reference does before it saves.
    learner_step(learner, previous, WORD_OOV);
    learner_values(learner, run->model->state);
    return true;
}

static bool train_in_batches(struct run *run, struct error *error)
{
    struct batch_run *batch = &run->batch;
    struct progress *progress = &run->progress;
    uint64_t every = run->training->save_every, before;
    bool more;
    progress->words = run->model->record.position;
    progress->train_log10_prob = progress->words > 0 ? run->model->record.train_log10_prob : 0;
    if (!batch_run_start(batch, progress->words, !run->resumed, error))
        return false;
    clock_gettime(CLOCK_MONOTONIC, &run->begin);
    for (before = progress->words;; before = progress->words) {
        batch->batch.rule.step.alpha = alpha_now(run);
        if (!batch_run_next(batch, &progress->words, &progress->train_log10_prob, &more, error))
            return false;
        if (!more)
            return batch_run_finish(batch, run->model->state, error);
        progress->words_this_run += progress->words - before;
        if (progress->words / REPORT_EVERY != before / REPORT_EVERY)
            report(run, false);
        bool due = every > 0 && progress->words / every != before / every;
        if (due && !save_within_epoch(run, error))
            return false;
    }
}

static bool train_epoch(struct run *run, struct error *error)
{
    const struct training_record *record = &run->model->record;
    run->progress = (struct progress){
        .epoch = record->epochs, .alpha = record->alpha, .total_words = record->train_words};
    if (run->training->streams > 0 ? !train_in_batches(run, error) : !train_online(run, error))
        return false;
    run->resumed = false;
    if (run->progress.words == 0)
        return error_set(error, "the training text is empty");
    run->progress.seconds = seconds_since(&run->begin);
    return true;
}

// ---- validation -------------------------------------------------------------------------------

static bool validate(struct run *run, struct error *error)
{
    const struct model *model = run->model;
    struct validation validation;
    run->progress.has_validation = true;
    if (!validation_run(&model->network, model->record.independent, &model->vocabulary,
                        run->training->valid, run->pool, model->state, &validation, error))
        return false;
    run->progress.valid_log10_prob = validation.log10_prob;
    run->progress.valid_words = validation.words;
    return validation.wrong_line == 0 ||
           blown_up(run, validation.wrong_line, validation.wrong_prob, error);
}

static bool log_epoch(const struct run *run, struct error *error)
{
    size_t size = strlen(run->training->model_path) + sizeof ".output.txt";
    char *path = memory_new(size, 1, error);
    if (path == NULL)
        return false;
    snprintf(path, size, "%s.output.txt", run->training->model_path);
    FILE *file = fopen(path, "a");
    bool ok = file != NULL;
    if (ok) {
        fprintf(file, "\niter: %" PRId64 "\nvalid log probability: %f\nPPL net: %f\n",
                run->progress.epoch, run->progress.valid_log10_prob,
                perplexity_of(run->progress.valid_log10_prob, run->progress.valid_words));
        ok = fclose(file) == 0;
    }
    if (!ok)
        error_set(error, "cannot write %s: %s", path, strerror(errno));
    free(path);
    return ok;
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
        begin_averages(run);
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
    bool more = schedule_next(training, record, better, averaging(run) != NULL);
    if (record->halving && !second)
        begin_averages(run);
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

// What learns: the one way or the other.
static bool begin_learning(struct run *run, struct error *error)
{
    const struct training *training = run->training;
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
                              .penalty = training->penalty};
    return batch_run_init(&run->batch, run->model, &rule, training->streams, run->pool,
                          training->train, error);
}

static bool run_epochs(struct run *run, struct error *error)
{
    const struct training *training = run->training;
    while (training->valid == NULL || epochs_left(run)) {
        if (!train_epoch(run, error) ||
            !is_learning(run, run->progress.train_log10_prob, run->progress.words, error))
            return false;
        show_averages(run, true);
        if (training->valid == NULL) {
            report(run, true);
            run->checkpoint.finished = true;
            return save(run, 0, 0, error);
        }
        if (!validate(run, error) ||
            !is_learning(run, run->progress.valid_log10_prob, run->progress.valid_words, error) ||
            !log_epoch(run, error))
            return false;
        report(run, true);
        bool more = schedule(run);
        run->checkpoint.finished = !more;
        if (!save(run, 0, more ? 0 : run->progress.valid_log10_prob, error))
            return false;
        if (!more)
            break;
        show_averages(run, false);
    }
    return true;
}

// ---- checkpoint -------------------------------------------------------------------------------

// Where nothing is dropped, seed and masks are no matter.
static void list_regularisation(const struct training *training, struct checkpoint *checkpoint)
{
    const struct dropout_rule *dropout = &training->dropout;
    checkpoint_setting(checkpoint, "-dropout-words", "%g", (double)dropout->words);
    checkpoint_setting(checkpoint, "-dropout-input", "%g", (double)dropout->input);
    checkpoint_setting(checkpoint, "-dropout-layers", "%g", (double)dropout->layers);
    checkpoint_setting(checkpoint, "-dropout-output", "%g", (double)dropout->output);
    checkpoint_setting(checkpoint, "-dropout-recurrent", "%g", (double)dropout->recurrent);
    if (dropout_wanted(dropout)) {
        checkpoint_setting(checkpoint, "-dropout-mask", dropout->each_word ? "word" : "block");
        checkpoint_setting(checkpoint, "-rand-seed", "%" PRIu32, dropout->seed);
    }
    checkpoint_setting(checkpoint, "-penalty-activation", "%g",
                       (double)training->penalty.activation);
    checkpoint_setting(checkpoint, "-penalty-change", "%g", (double)training->penalty.change);
}

static void list_settings(struct run *run, uint64_t train, uint64_t valid)
{
    const struct training *training = run->training;
    struct checkpoint *checkpoint = &run->checkpoint;
    const struct training_record *record = &run->model->record;
    char layers[SHAPE_TEXT];
    shape_print_layers(&run->model->network.shape, layers);
    checkpoint_setting(checkpoint, "vocabulary", "%016" PRIx64,
                       fingerprint_vocabulary(&run->model->vocabulary));
    checkpoint_setting(checkpoint, "-layers", "%s", layers);
    checkpoint_setting(checkpoint, "text of -train", "%016" PRIx64, train);
    checkpoint_setting(checkpoint, "text of -valid", "%016" PRIx64, valid);
    checkpoint_setting(checkpoint, "-streams", "%zu", training->streams);
    if (training->streams > 0) {
        checkpoint_setting(checkpoint, "-products", training->halves ? "bf16" : "float");
        checkpoint_setting(checkpoint, "-optimiser", "%s", training->optimiser->name);
        checkpoint_setting(checkpoint, "-clip-norm", "%g", training->clip_norm);
        list_regularisation(training, checkpoint);
    }
    checkpoint_setting(checkpoint, "-alpha", "%g", training->alpha);
    checkpoint_setting(checkpoint, "-beta", "%g", training->beta);
    checkpoint_setting(checkpoint, "-gradient-cutoff", "%g", training->gradient_cutoff);
    checkpoint_setting(checkpoint, "-min-improvement", "%g", training->min_improvement);
    checkpoint_setting(checkpoint, "-decay", "%g", training->decay);
    checkpoint_setting(checkpoint, "-epochs", "%" PRId64, training->epochs);
    checkpoint_setting(checkpoint, "-bptt", "%" PRId64, record->bptt);
    checkpoint_setting(checkpoint, "-bptt-block", "%" PRId64, record->bptt_block);
    checkpoint_setting(checkpoint, "-independent", "%d", record->independent);
    checkpoint_setting(checkpoint, "RNNLM_KERNELS", "%s", kernels->name);
}

// What must be kept.
static void list_memory(struct run *run)
{
    struct kept *kept = &run->checkpoint.kept;
    struct model *model = run->model;
    kept_add_network(kept, "network", &model->network);
    kept_add(kept, "model", "state", model->state, model->network.state * sizeof(float));
    kept_add_network(kept, "best", &run->fallback);
    kept_add(kept, "best", "state", run->fallback_state, model->network.state * sizeof(float));
    if (run->training->streams > 0) {
        batch_kept(&run->batch.batch, kept);
    } else {
        learner_kept(&run->learner, kept);
        kept_add(kept, "learner", "alpha", &run->learner.rule.alpha, sizeof(float));
    }
}

static bool train_fingerprint(const struct run *run, uint64_t *fingerprint, struct error *error)
{
    if (run->training->streams == 0)
        return fingerprint_text(run->training->train, &run->model->vocabulary, fingerprint, error);
    *fingerprint = text_streams_fingerprint(run->batch.streams);
    return true;
}

// Goes on from a checkpoint, if there is one.
static bool resume(struct run *run, uint64_t valid, struct error *error)
{
    uint64_t train;
    bool found;
    if (!checkpoint_init(&run->checkpoint, run->training->model_path, &run->model->record, error) ||
        !train_fingerprint(run, &train, error))
        return false;
    list_settings(run, train, valid);
    list_memory(run);
    if (!kept_ok(&run->checkpoint.kept, error) ||
        !checkpoint_read(&run->checkpoint, &run->model->record, &found, error))
        return false;
    run->resumed = found && run->model->record.position > 0;
    if (!found) {
        if (run->model->record.halving)
            begin_averages(run);
        return true;
    }
    if (run->training->resumed != NULL)
        run->training->resumed(run->training->context, run->checkpoint.path);
    // The save that the checkpoint was written for may not have come to the model.
    bool ok = is_finite(run, error) && save_model(run, error);
    show_averages(run, false);
    return ok;
}

bool train_model(struct model *model, const struct training *training, struct error *error)
{
    struct run run = {.model = model,
                      .training = training,
                      .rule = {.alpha = (float)model->record.alpha,
                               .beta = (float)training->beta,
                               .gradient_cutoff = (float)training->gradient_cutoff,
                               .bptt = model->record.bptt,
                               .bptt_block = model->record.bptt_block,
                               .independent = model->record.independent}};
    uint64_t valid = 0;
    model->record.save_every = training->save_every;
    size_t threads = training->threads > 0 ? training->threads : threads_available();
    bool ok = (run.pool = pool_new(threads, error)) != NULL && begin_learning(&run, error) &&
              (training->valid == NULL ||
               (validation_check(training->valid, &model->vocabulary, &valid, error) &&
                allocate_fallback(&run, error))) &&
              resume(&run, valid, error) && (run.checkpoint.finished || run_epochs(&run, error));
    if (ok)
        checkpoint_remove(&run.checkpoint);
    checkpoint_free(&run.checkpoint);
    learner_free(&run.learner);
    batch_run_free(&run.batch);
    pool_free(run.pool);
    network_free(&run.fallback);
    free(run.fallback_state);
    return ok;
}
