// Recorders.
#include "train/recorder.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "model/model_file.h"
#include "report/learning_page.h"
#include "score/source.h"
#include "train/probe.h"
#include "train/word_map.h"

// Samples of the curves, looks at the network, samples of text that are kept: of twice as many every
// second one goes.
enum { MOST_SAMPLES = 256, MOST_LOOKS = 24, MOST_TEXTS = 24 };
enum { SAMPLE_EVERY = 10000, TEXT_WORDS = 40, TEXT_CHARACTERS = 240, MAP_WORDS = 120, RELOAD = 5 };
static const double LOOK_SHARE = 0.006, DRAW_SHARE = 0.002, WRITE_SHARE = 0.002; // of the time
static const double WRITE_LEAST = 2;                                             // seconds

// Figures that come again and again.
struct series {
    const char *const *name; // their rows' names begin so; ends with NULL
    size_t most;
    uint64_t every, last; // words between them, and where the last one was
    size_t count;         // places where there is one
};

static const char *const sample_names[] = {"train.bits", "alpha", "speed", NULL};
static const char *const look_names[] = {"gradient.", "error.", "activation.", NULL};
static const char *const text_names[] = {"sample", NULL};

struct recorder {
    struct recorder_rule rule;
    struct model *model;
    const struct training *training;
    char *path; // of the log
    struct log log;
    struct series samples, looks, texts;
    bool begun, no_log, no_page;
    bool full, told_full; // no memory for more rows
    struct timespec begin;
    double before;                                // seconds of earlier runs
    double looking, drawing, writing, written_at; // seconds spent, and when it was written last
    uint64_t words;                               // so far, in all epochs
    int64_t epoch; // of the last sample, with its words, probability and time
    uint64_t sampled_words;
    double sampled_log10_prob, sampled_seconds;
};

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) * 1e-9;
}

static double run_time(const struct recorder *recorder)
{
    return seconds_since(&recorder->begin);
}

static double all_time(const struct recorder *recorder)
{
    return recorder->before + run_time(recorder);
}

struct recorder *recorder_new(const struct recorder_rule *rule, struct model *model,
                              const struct training *training, struct error *error)
{
    struct recorder *recorder = memory_new(1, sizeof *recorder, error);
    char *path = recorder != NULL ? model_file_beside(training->model_path, ".log", error) : NULL;
    if (path == NULL) {
        free(recorder);
        return NULL;
    }
    *recorder = (struct recorder){
        .rule = *rule,
        .model = model,
        .training = training,
        .path = path,
        .samples = {.name = sample_names, .most = MOST_SAMPLES, .every = SAMPLE_EVERY},
        .looks = {.name = look_names, .most = MOST_LOOKS, .every = SAMPLE_EVERY},
        .texts = {.name = text_names, .most = MOST_TEXTS, .every = rule->snapshot},
        .no_log = !rule->log,
        .no_page = rule->page == NULL,
        .epoch = -1};
    return recorder;
}

// ---- rows -------------------------------------------------------------------------------------

#define ADD(recorder, name, ...)                                                                   \
    ((recorder)->full = (recorder)->full || !log_add(&(recorder)->log, (recorder)->words,          \
                                                     all_time(recorder), name, __VA_ARGS__))

// A row that goes when a series is thinned out, whose places are then twice as far apart.
struct thinning {
    const struct series *series;
    const struct log *log;
};

static bool is_of(const struct series *series, const struct log_row *row)
{
    for (size_t i = 0; series->name[i] != NULL; i++)
        if (log_name_behind(row, series->name[i]) != NULL)
            return true;
    return false;
}

// The first place in each stretch of so many words stays.
static void thin(struct recorder *recorder, struct series *series)
{
    struct log *log = &recorder->log;
    uint64_t place = UINT64_MAX, stretch = UINT64_MAX;
    size_t kept = 0;
    series->every = series->every > 0 ? 2 * series->every : recorder->words / series->most + 1;
    series->count = 0;
    for (size_t i = 0; i < log->count; i++) {
        struct log_row row = log->row[i];
        if (is_of(series, &row)) {
            bool stays = row.words == place || row.words / series->every != stretch;
            if (!stays) {
                free(row.name);
                free(row.value);
                continue;
            }
            series->count += row.words != place;
            place = row.words;
            stretch = row.words / series->every;
        }
        log->row[kept++] = row;
    }
    log->count = kept;
}

// Whether the series is to have a figure here; takes note of it.
static bool is_due(const struct recorder *recorder, const struct series *series)
{
    return series->every > 0 && recorder->words / series->every != series->last / series->every;
}

static void note(struct recorder *recorder, struct series *series)
{
    series->last = recorder->words;
    if (++series->count >= 2 * series->most)
        thin(recorder, series);
}

// What an earlier run has left of a series.
static void resume(struct recorder *recorder, struct series *series)
{
    uint64_t place = UINT64_MAX;
    for (size_t i = 0; i < recorder->log.count; i++) {
        const struct log_row *row = &recorder->log.row[i];
        if (!is_of(series, row) || row->words == place)
            continue;
        series->last = place = row->words;
        series->count++;
    }
    while (series->every > 0 && series->count >= series->most &&
           series->last / series->every > 4 * series->most)
        series->every *= 2;
}

// ---- beginnings -------------------------------------------------------------------------------

static bool is_behind(const void *words, const struct log_row *row)
{
    return row->words > *(const uint64_t *)words || strcmp(row->name, "end") == 0;
}

static void add_settings(struct recorder *recorder)
{
    const struct training *training = recorder->training;
    const struct network *network = &recorder->model->network;
    const struct training_record *record = &recorder->model->record;
    char layers[SHAPE_TEXT];
    size_t weights = 0;
    for (size_t i = 0; i < network->parameters; i++)
        weights += network->parameter[i].rows * network->parameter[i].width;
    shape_print_layers(&network->shape, layers);
    ADD(recorder, "setting.model", "%s", training->model_path);
    ADD(recorder, "setting.layers", "%s", layers);
    ADD(recorder, "setting.output", "%s%s", network->shape.output->name,
        network->tied != NULL ? ", tied" : "");
    ADD(recorder, "setting.unit", "%s", unit_name((enum text_unit)record->unit));
    ADD(recorder, "setting.vocabulary", "%zu", network->shape.words);
    ADD(recorder, "setting.weights", "%zu", weights);
    ADD(recorder, "setting.training text", "%s",
        record->train_file != NULL ? record->train_file : "");
    ADD(recorder, "setting.words of an epoch", "%" PRIu64, record->train_words);
    ADD(recorder, "setting.validation text", "%s",
        record->valid_file != NULL ? record->valid_file : "");
    ADD(recorder, "setting.learning rate at first", "%g", record->starting_alpha);
    if (training->streams == 0) {
        ADD(recorder, "setting.learning", "word by word, bptt %" PRId64, record->bptt);
        return;
    }
    ADD(recorder, "setting.learning", "%zu streams, %s, bptt %" PRId64 ", block %" PRId64,
        training->streams, training->optimiser->name, record->bptt, record->bptt_block);
    ADD(recorder, "setting.dropout", "%g words, %g input, %g layers, %g output, %g recurrent",
        (double)training->dropout.words, (double)training->dropout.input,
        (double)training->dropout.layers, (double)training->dropout.output,
        (double)training->dropout.recurrent);
}

static void tell(const struct recorder *recorder, struct error *reason, const char *what,
                 bool failed)
{
    error_add(reason, what);
    if (recorder->rule.tell != NULL)
        recorder->rule.tell(recorder->rule.context, reason->text, failed);
}

// A log that cannot be read or written; `failed` false: it is none.
static void do_without_log(struct recorder *recorder, struct error *reason, bool failed)
{
    recorder->no_log = true;
    tell(recorder, reason,
         failed ? "; training goes on without its log"
                : ": it stays, and the training leaves no log",
         failed);
}

// Once there was no memory for a row, others come to nothing as well.
static void tell_if_full(struct recorder *recorder)
{
    struct error error;
    if (!recorder->full || recorder->told_full)
        return;
    recorder->told_full = true;
    error_set(&error, "not enough memory");
    tell(recorder, &error, ": the log of the training gets no more rows", true);
}

// `seconds` ago, from `words` on: a log that is there goes on if it has come so far.
static void begin(struct recorder *recorder, uint64_t words, double seconds)
{
    struct error error;
    char date[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    recorder->begun = true;
    clock_gettime(CLOCK_MONOTONIC, &recorder->begin);
    if (!recorder->no_log &&
        (!output_may_replace(recorder->path, &error) || !log_may_be(recorder->path, &error)))
        do_without_log(recorder, &error, error_is_of_memory(&error));
    else if (words > 0 && !recorder->no_log && access(recorder->path, F_OK) == 0 &&
             !log_read(&recorder->log, recorder->path, &error))
        do_without_log(recorder, &error, true);
    recorder->words = words;
    log_drop(&recorder->log, is_behind, &words);
    if (recorder->log.count > 0)
        recorder->before = recorder->log.row[recorder->log.count - 1].seconds;
    else
        ADD(recorder, "log", "%d", LOG_VERSION);
    resume(recorder, &recorder->samples);
    resume(recorder, &recorder->looks);
    resume(recorder, &recorder->texts);
    if (gmtime_r(&now, &utc) != NULL)
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    ADD(recorder, "started", "%s", date);
    ADD(recorder, "command", "%s", recorder->rule.command);
    add_settings(recorder);
    recorder->sampled_seconds = all_time(recorder);
    recorder->before += seconds;
}

// ---- looks at the network ---------------------------------------------------------------------

static bool is_of_map(const void *unused, const struct log_row *row)
{
    (void)unused;
    return log_name_behind(row, "map.") != NULL;
}

static void look(struct recorder *recorder)
{
    struct probe probe;
    int32_t text[PROBE_TEXT];
    double begun = run_time(recorder), now = all_time(recorder);
    struct model *model = recorder->model;
    struct output_noise noise = recorder->training->noise;
    noise.count = model->vocabulary.count;
    probe_text(recorder->training->train, text);
    bool ok = probe_init(&probe, model, text, &noise, NULL) &&
              probe_take(&probe, &recorder->log, recorder->words, now, NULL);
    probe_free(&probe);
    log_drop(&recorder->log, is_of_map, NULL);
    ok = ok && word_map_take(model, MAP_WORDS, &recorder->log, recorder->words, now, NULL);
    recorder->full = recorder->full || !ok;
    note(recorder, &recorder->looks);
    recorder->looking += run_time(recorder) - begun;
}

// A text from its beginning on. False: no memory.
static bool draw_text(const struct model *model, uint32_t seed, char *text, size_t size)
{
    struct pool *pool = pool_new(1, NULL);
    const struct network_use use = {.independent = model->record.independent,
                                    .per_sentence = true,
                                    .unknown = WORD_OOV,
                                    .pool = pool};
    struct source *source = pool != NULL ? source_network(model, &use, NULL) : NULL;
    struct random random;
    size_t used = 0;
    random_seed(&random, seed);
    const bool ok = source != NULL, words = model->record.unit == UNIT_WORD;
    const size_t most = model->record.unit == UNIT_CHAR ? TEXT_CHARACTERS : TEXT_WORDS;
    bool after_end = false;
    for (size_t i = 0; ok && i < most; i++) {
        const char *word = source_draw(source, &random);
        if (word == NULL)
            break;
        bool end = strcmp(word, "</s>") == 0, space = words;
        size_t bytes = strlen(word);
        const char *shown = words || end ? word : unit_text(word, &bytes, &space);
        bool apart = i > 0 && (space || end || after_end);
        int length = snprintf(text + used, size - used, "%s%s", apart ? " " : "", shown);
        after_end = end;
        if (length < 0 || (size_t)length >= size - used)
            break;
        used += (size_t)length;
        source_advance(source, &(struct token){word, strlen(word), end});
    }
    text[used] = '\0';
    source_free(source);
    pool_free(pool);
    return ok;
}

static void sample_text(struct recorder *recorder)
{
    enum { SIZE = 4096 };
    double begun = run_time(recorder);
    char text[SIZE];
    if (!draw_text(recorder->model, (uint32_t)recorder->texts.count + 1, text, SIZE))
        recorder->full = true;
    else if (*text != '\0')
        ADD(recorder, "sample", "%s", text);
    note(recorder, &recorder->texts);
    recorder->drawing += run_time(recorder) - begun;
}

// ---- curves -----------------------------------------------------------------------------------

static void sample(struct recorder *recorder, const struct progress *progress)
{
    bool same = progress->epoch == recorder->epoch && progress->words > recorder->sampled_words;
    uint64_t words = progress->words - (same ? recorder->sampled_words : 0);
    double log10_prob = progress->train_log10_prob - (same ? recorder->sampled_log10_prob : 0);
    double now = all_time(recorder), seconds = now - recorder->sampled_seconds;
    if (words < recorder->samples.every / 2)
        return; // the end of an epoch, too little to tell anything
    ADD(recorder, "train.bits", "%.5f", entropy_bits(log10_prob, words));
    ADD(recorder, "alpha", "%.6g", progress->alpha);
    if (same && seconds > 0 && !progress->epoch_done) // which validation is part of
        ADD(recorder, "speed", "%.0f", (double)words / seconds);
    recorder->epoch = progress->epoch;
    recorder->sampled_words = progress->words;
    recorder->sampled_log10_prob = progress->train_log10_prob;
    recorder->sampled_seconds = now;
    note(recorder, &recorder->samples);
}

static void end_epoch(struct recorder *recorder, const struct progress *progress)
{
    ADD(recorder, "epoch.train.bits", "%.5f",
        entropy_bits(progress->train_log10_prob, progress->words));
    if (progress->has_validation)
        ADD(recorder, "epoch.valid.bits", "%.5f",
            entropy_bits(progress->valid_log10_prob, progress->valid_words));
}

// ---- writing ----------------------------------------------------------------------------------

static bool write_page(const struct recorder *recorder, bool ended, struct error *error)
{
    const struct learning_log log = {recorder->training->model_path, &recorder->log};
    struct output *output = output_open(recorder->rule.page, error);
    bool ok = output != NULL && learning_page_write(output, &log, 1, ended ? 0 : RELOAD, error);
    return output_end(output, ok, error);
}

static void write_all(struct recorder *recorder, bool ended)
{
    struct error error;
    double begun = run_time(recorder);
    if (!recorder->no_log && !log_write(&recorder->log, recorder->path, &error))
        do_without_log(recorder, &error, true);
    if (!recorder->no_page && !write_page(recorder, ended, &error)) {
        recorder->no_page = true;
        tell(recorder, &error, "; training goes on without its page", true);
    }
    recorder->written_at = run_time(recorder);
    recorder->writing += recorder->written_at - begun;
}

void recorder_take(struct recorder *recorder, const struct progress *progress)
{
    uint64_t words = (uint64_t)progress->epoch * progress->total_words + progress->words;
    if (!recorder->begun)
        begin(recorder, words > progress->words_this_run ? words - progress->words_this_run : 0,
              progress->seconds);
    recorder->words = words;
    tell_if_full(recorder);
    if (recorder->full || (recorder->no_log && recorder->no_page))
        return;
    const bool looks = recorder->rule.page != NULL, done = progress->epoch_done;
    if (is_due(recorder, &recorder->samples) || done)
        sample(recorder, progress);
    if (done)
        end_epoch(recorder, progress);
    double time = run_time(recorder);
    bool may_look = recorder->looking <= LOOK_SHARE * time;
    if (looks && may_look && (is_due(recorder, &recorder->looks) || recorder->looks.count == 0))
        look(recorder);
    if (is_due(recorder, &recorder->texts) ||
        (looks && done && recorder->rule.snapshot == 0 && recorder->drawing <= DRAW_SHARE * time))
        sample_text(recorder);
    if (time - recorder->written_at >= WRITE_LEAST && recorder->writing <= WRITE_SHARE * time)
        write_all(recorder, false);
    tell_if_full(recorder);
}

void recorder_end(struct recorder *recorder, const char *how)
{
    if (recorder == NULL)
        return;
    if (recorder->begun && !(recorder->no_log && recorder->no_page)) {
        if (recorder->rule.page != NULL && recorder->looks.last != recorder->words)
            look(recorder);
        if (recorder->rule.page != NULL && recorder->texts.last != recorder->words)
            sample_text(recorder);
        ADD(recorder, "end", "%s", how);
        tell_if_full(recorder);
        write_all(recorder, true);
    }
    log_free(&recorder->log);
    free(recorder->path);
    free(recorder);
}
