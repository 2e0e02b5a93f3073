// The guard of the model file: weights that have blown up do not take the place of good ones, and
// messages say what the file holds.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/run.h"

// Words since the guard has looked last are too few to judge by below LEAST. Before a save within an
// epoch a part of the validation text is scored, a SHARE of what was learnt.
enum { LEAST = 1000, SHARE = 8 };

void guard_describe(const struct run *run, char text[RUN_FILE_TEXT])
{
    int most = 60; // of the path
    const char *path = run->training->model_path;
    if (run->file == RUN_FILE_NONE)
        snprintf(text, RUN_FILE_TEXT, "nothing has been saved");
    else if (run->file == RUN_FILE_FOUND)
        snprintf(text, RUN_FILE_TEXT, "%.*s is as it was found", most, path);
    else if (run->file_word == 0)
        snprintf(text, RUN_FILE_TEXT, "%.*s holds the model after %" PRId64 " epoch%s", most, path,
                 run->file_epoch, run->file_epoch == 1 ? "" : "s");
    else
        snprintf(text, RUN_FILE_TEXT,
                 "%.*s holds the model after word %" PRIu64 " of epoch %" PRId64, most, path,
                 run->file_word, run->file_epoch);
}

static bool add_file(const struct run *run, struct error *error)
{
    char file[RUN_FILE_TEXT];
    guard_describe(run, file);
    error_add(error, "; ");
    return error_add(error, file);
}

// Weights that overflow at the last words show in no probability, but must not replace a good
// model.
bool guard_is_finite(const struct run *run, struct error *error)
{
    const struct model *model = run->model;
    bool finite = network_is_finite(&model->network, error);
    for (size_t i = 0; i < model->network.state && finite; i++)
        if (!isfinite(model->state[i]))
            finite =
                error_set(error, "state: found %g, wanted finite numbers", (double)model->state[i]);
    if (finite)
        return true;
    error_prefix(error,
                 "epoch %" PRId64 ", word %" PRIu64 ": training has blown up at learning rate %g: ",
                 run->progress.epoch, run->progress.words, run->progress.alpha);
    return add_file(run, error);
}

bool guard_blown_up(const struct run *run, const char *text, uint64_t line, double prob,
                    struct error *error)
{
    error_set(error,
              "epoch %" PRId64 ", word %" PRIu64 " (%.200s, line %" PRIu64
              "): the network's probability is %g at learning rate %g: training has blown "
              "up; " RUN_REMEDY,
              run->progress.epoch, run->progress.words + 1, text, line, prob, run->progress.alpha);
    return add_file(run, error);
}

double guard_uniform_bits(const struct run *run)
{
    return log2((double)run->model->vocabulary.size);
}

// Weights may grow beyond all sense and stay numbers: an entropy of more than twice that of a
// uniform guess, and 10 bits, is no longer learning.
bool guard_is_learning(const struct run *run, double log10_prob, uint64_t words,
                       struct error *error)
{
    double bits = entropy_bits(log10_prob, words), uniform = guard_uniform_bits(run);
    if (bits <= 2 * uniform + 10)
        return true;
    error_set(error,
              "epoch %" PRId64 ", word %" PRIu64
              ": the entropy is %.1f bits a word at learning rate %g, that of a "
              "uniform guess %.1f: training has blown up; " RUN_REMEDY,
              run->progress.epoch, run->progress.words, bits, run->progress.alpha, uniform);
    return add_file(run, error);
}

// The words of the training text by which to judge: the latest, or all where these are few.
static uint64_t latest_words(const struct run *run, double *log10_prob)
{
    uint64_t latest = run->progress.words - run->guarded_words;
    *log10_prob = run->progress.train_log10_prob;
    if (latest < LEAST)
        return run->progress.words;
    *log10_prob -= run->guarded_log10_prob;
    return latest;
}

bool guard_epoch(struct run *run, struct error *error)
{
    double log10_prob;
    uint64_t words = latest_words(run, &log10_prob);
    if (!guard_is_learning(run, log10_prob, words, error))
        return false;
    return guard_is_learning(run, run->progress.train_log10_prob, run->progress.words, error);
}

bool guard_validation(const struct run *run, const struct validation *validation,
                      struct error *error)
{
    if (validation->wrong_line != 0)
        return guard_blown_up(run, corpus_name(run->training->valid), validation->wrong_line,
                              validation->wrong_prob, error);
    return guard_is_learning(run, validation->log10_prob, validation->words, error);
}

// Scores the first words of the validation text.
static bool validate_a_part(const struct run *run, uint64_t words, struct validation *validation,
                            struct error *error)
{
    const struct model *model = run->model;
    *validation = (struct validation){.most = words > LEAST ? words : LEAST};
    return validation_run(&model->network, model->record.independent, &model->vocabulary,
                          run->training->valid, run->pool, NULL, validation, error);
}

bool guard_begin(struct run *run, struct error *error)
{
    struct validation validation;
    run->file_bits = run->file == RUN_FILE_NONE ? INFINITY : 0;
    if (run->file == RUN_FILE_NONE || run->training->valid == NULL)
        return true;
    if (!validate_a_part(run, LEAST, &validation, error))
        return false;
    run->file_bits = validation.wrong_line != 0
                         ? INFINITY
                         : entropy_bits(validation.log10_prob, validation.words);
    return true;
}

bool guard_save(struct run *run, bool *better, struct error *error)
{
    struct validation validation;
    double log10_prob;
    uint64_t latest = run->progress.words - run->guarded_words;
    uint64_t words = latest_words(run, &log10_prob);
    *better = false;
    if (!guard_is_finite(run, error) || !guard_is_learning(run, log10_prob, words, error))
        return false;
    if (run->training->valid != NULL) {
        if (!validate_a_part(run, latest / SHARE, &validation, error) ||
            !guard_validation(run, &validation, error))
            return false;
        log10_prob = validation.log10_prob;
        words = validation.words;
    }
    run->guarded_words = run->progress.words;
    run->guarded_log10_prob = run->progress.train_log10_prob;
    double bits = entropy_bits(log10_prob, words);
    *better = words < LEAST / 10 || bits <= fmax(guard_uniform_bits(run), run->file_bits) + 1;
    if (*better)
        run->file_bits = bits;
    return true;
}
