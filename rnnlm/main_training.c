// rnnlm -train.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "learn/optimisers/kinds.h"
#include "main.h"
#include "model/model_file.h"
#include "program.h"
#include "train/recorder.h"

// What -fast chooses. A short text has fewer streams, so that there are steps enough.
enum { FAST_STREAMS = 32, FAST_STREAM_WORDS = 20000, FAST_EPOCHS = 4 };
static const double FAST_DROPOUT = 0.3; // of networks that the reference does not have

// Takes fields out of the line until it leaves the terminal's last column free.
static void fit_line(char *line, size_t columns)
{
    static const char *const names[] = {"Alpha:", "Words/sec:", "Iter:", "TRAIN entropy:"};
    for (size_t i = 0; i < sizeof names / sizeof *names && strlen(line) >= columns; i++) {
        char *field = strstr(line, names[i]);
        char *behind = field != NULL ? strstr(field + strlen(names[i]) + 1, "  ") : NULL;
        if (behind != NULL)
            memmove(field, behind + 2, strlen(behind + 2) + 1);
    }
}

static struct recorder *recorder; // of the first process

// On a terminal one line is drawn again and again; standard output gets one line an epoch.
static void take_progress(void *context, const struct progress *progress)
{
    struct output *output = context;
    char line[PROGRESS_LINE];
    if (recorder != NULL)
        recorder_take(recorder, progress);
    if (progress->epoch_done) {
        program_draw("");
        progress_epoch_line(progress, line);
        output_format(output, "%s\n", line);
        output_flush(output);
    } else {
        progress_line(progress, line);
        fit_line(line, (size_t)terminal_columns(STDERR_FILENO));
        program_draw(line);
    }
}

bool main_unwritten;

static const char *signal_name(int number)
{
    return number == SIGINT    ? "SIGINT"
           : number == SIGTERM ? "SIGTERM"
           : number == SIGALRM ? "-max-minutes"
                               : "SIGHUP";
}

static bool was_stopped;
// Where another process was asked to end, this one ends as if it had been.
static void end_as_asked(void)
{
    int none = 0;
    atomic_compare_exchange_strong(main_asked, &none, SIGTERM);
}

static void take_event(void *context, enum training_event event, const char *text)
{
    if (event == TRAINING_STOPPED)
        end_as_asked();
    bool first = main_peers.rank == 0 || (main_peers.rank == 1 && event == TRAINING_WAITS);
    if (!first && event != TRAINING_BEGINS)
        return;
    switch (event) {
    case TRAINING_BEGINS:
        atomic_store(main_waited, true);
        main_time(set.most_minutes);
        break;
    case TRAINING_TAUGHT:
        output_format(context, "Teachers have been asked: %s\n", text);
        output_flush(context);
        break;
    case TRAINING_RESUMED:
        output_format(context, "Going on bit by bit from %s\n", text);
        break;
    case TRAINING_FINISHED:
        fprintf(stderr, PROGRAM ": %s\n", text);
        break;
    case TRAINING_STOPPED:
        was_stopped = true;
        fprintf(stderr, "%s" PROGRAM ": stopped by %s: %s\n",
                isatty(STDERR_FILENO) ? "\r\033[K" : "", signal_name(atomic_load(main_asked)),
                text);
        break;
    case TRAINING_UNWRITTEN:
        main_unwritten = true;
        options_warn(PROGRAM, text);
        break;
    case TRAINING_WAITS:
        fprintf(stderr, PROGRAM ": process %zu: %s\n", main_peers.rank, text);
        break;
    case TRAINING_WARNING:
        options_warn(PROGRAM, text);
        break;
    }
}

static const char *train_name; // of the texts

static bool set_file_name(char **name, const char *path, struct error *error)
{
    char *copy = path != NULL ? strdup(path) : NULL;
    if (path != NULL && copy == NULL)
        return error_set(error, "not enough memory");
    free(*name);
    *name = copy;
    return true;
}

static size_t streams_wanted(const struct model *model)
{
    if (!set.fast || given.streams)
        return (size_t)set.streams;
    uint64_t streams = model->record.train_words / FAST_STREAM_WORDS + 1;
    return streams < FAST_STREAMS ? (size_t)streams : FAST_STREAMS;
}

// The rate of -fast falls, unless it does otherwise or averages take the place of that.
static int64_t epochs_wanted(void)
{
    bool otherwise = given.epochs || set.decay > 0 || main_optimiser->begin_averages != NULL;
    return set.fast && !otherwise ? FAST_EPOCHS : set.epochs;
}

// -dropout stands for what is not given apart; where a network has nothing of it, it is ignored.
static bool dropout_rule(struct dropout_rule *rule, const struct network_shape *shape,
                         struct error *error)
{
    bool others = set.fast && !shape_is_reference(shape);
    double share = others && !given.dropout ? FAST_DROPOUT : set.dropout;
    const char *mask = set.dropout_mask != NULL ? set.dropout_mask : "word";
    *rule = (struct dropout_rule){.words = (float)set.dropout_words,
                                  .input = (float)set.dropout_input,
                                  .layers = (float)set.dropout_layers,
                                  .output = (float)set.dropout_output,
                                  .recurrent = (float)set.dropout_recurrent,
                                  .seed = (uint32_t)set.seed};
    if (!main_one_of_two("dropout-mask", mask, "block", "word", &rule->each_word, error))
        return false;
    if (!dropout_check(rule, shape, error)) {
        error->usage = true; // layers that have nothing of what is asked for
        return false;
    }
    if (!given.dropout_input)
        rule->input = (float)share;
    if (!given.dropout_layers)
        rule->layers = (float)share;
    if (!given.dropout_output)
        rule->output = (float)share;
    return true;
}

static bool choose_products(bool *halves, struct error *error)
{
    const char *name = set.products != NULL ? set.products : "float";
    if (!main_one_of_two("products", name, "float", "bf16", halves, error))
        return false;
    if (*halves && strcmp(kernels->name, "avx512bf16") != 0)
        fprintf(stderr,
                PROGRAM ": warning: -products bf16: this processor has no such products: they are "
                        "made of others, slower than -products float\n");
    return true;
}

static bool check_noise(const struct training *training, const struct network_shape *shape,
                        struct error *error)
{
    if (!shape->output->noise && main_noise_option() != NULL)
        return error_usage(error, "-%s is for -output nce, %s has output %s", main_noise_option(),
                           first_model(), shape->output->name);
    return !shape->output->noise || training->streams > 0 ||
           error_usage(error, "-output %s learns in batches: -streams N or -fast is wanted",
                       shape->output->name);
}

// Options that are for batches alone.
static bool check_learning(const struct training *training, struct error *error)
{
    const struct {
        const char *name;
        bool wanted;
    } batches[] = {{"clip-norm", set.clip_norm > 0},
                   {"products bf16", training->halves},
                   {"dropout", set.dropout > 0},
                   {"dropout-input", set.dropout_input > 0},
                   {"dropout-layers", set.dropout_layers > 0},
                   {"dropout-output", set.dropout_output > 0},
                   {"dropout-words", set.dropout_words > 0},
                   {"dropout-recurrent", set.dropout_recurrent > 0},
                   {"self-normalise", set.self_normalise > 0},
                   {"penalty-activation", set.penalty_activation > 0},
                   {"penalty-change", set.penalty_change > 0}};
    if (training->streams > 0)
        return true;
    if (set.optimiser != NULL && training->optimiser != &optimiser_sgd)
        return error_usage(error, "-optimiser %s learns in batches: -streams N or -fast is wanted",
                           set.optimiser);
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++)
        if (batches[i].wanted)
            return error_usage(error, "-%s is for batches: -streams N or -fast is wanted",
                               batches[i].name);
    return true;
}

// Only our own format remembers it.
static bool check_sums(const struct training *training, const struct model *model,
                       struct error *error)
{
    const struct output_type *output = model->network.shape.output;
    if (training->self_normalise == 0)
        return true;
    if (output->normalise_biases == NULL)
        return error_usage(error, "-self-normalise is for -output class and full, %s has output %s",
                           first_model(), output->name);
    return model->format == MODEL_NATIVE || model->format == MODEL_NATIVE_BFLOAT16 ||
           error_usage(error, "-self-normalise: only models of -format native remember it");
}

// Averages over N processes move as far as one would, by their momentum.
static bool divide(struct training *training, bool direct, struct error *error)
{
    size_t processes = main_peers.size;
    const char *way = set.peers != NULL ? set.peers : "synchronous";
    if (!main_one_of_two("peers", way, "synchronous", "average", &training->average, error))
        return false;
    if (processes > 1 && training->streams == 0)
        return error_usage(error, "%zu processes learn in batches: -streams N or -fast is wanted",
                           processes);
    if (training->streams > 0 && training->streams < processes)
        return error_usage(error, "-streams %zu: found %zu processes, wanted a stream for each",
                           training->streams, processes);
    if (!training->average && direct && (processes > 1 || training->pieces > 1))
        return error_usage(error,
                           "-direct: entries of the hash move word by word, in the order of the "
                           "text; several processes learn them with -peers average alone");
    if (training->average && given.pieces)
        return error_usage(error, "-peers-pieces is for -peers synchronous");
    if (!training->average && (given.peers_words || given.peers_momentum || given.peers_step))
        return error_usage(error, "%s is for -peers average",
                           given.peers_words      ? "-peers-words"
                           : given.peers_momentum ? "-peers-momentum"
                                                  : "-peers-step");
    if (training->average && training->optimiser->begin_averages != NULL)
        return error_usage(error, "-peers average and -optimiser %s exclude each other",
                           training->optimiser->name);
    training->averages = (struct average_rule){
        .momentum = given.peers_momentum ? set.peers_momentum : 1 - 1 / (double)processes,
        .step = set.peers_step};
    return true;
}

static bool prepare(struct model *model, struct corpus *text, struct corpus *valid,
                    struct output *output, struct training *training, struct error *error)
{
    const struct word_cut cut = main_words_wanted();
    const char *unknown = main_cuts_words() ? word_cut_unknown(&cut) : NULL;
    output_format(output, "Starting training using file %s\n", train_name);
    corpus_take_unknown(text, unknown);
    if (valid != NULL)
        corpus_take_unknown(valid, unknown);
    bool exists = access(first_model(), F_OK) == 0;
    if (exists ? !main_continue_model(model, text, train_name, output, error)
               : !main_create_model(model, text, train_name, output, error))
        return false;
    if (valid != NULL)
        corpus_set_unit(valid, (enum text_unit)model->record.unit);
    output_flush(output);
    if (!set_file_name(&model->record.train_file, train_name, error) ||
        !set_file_name(&model->record.valid_file, set.one_epoch ? NULL : set.valid, error))
        return false;
    *training = (struct training){
        .model_path = first_model(),
        .train = text,
        .order = main_texts_order(),
        .unknown = unknown,
        .valid = set.one_epoch ? NULL : valid,
        .alpha = set.alpha,
        .beta = set.beta,
        .gradient_cutoff = set.gradient_cutoff,
        .min_improvement = set.min_improvement,
        .most_epochs = set.most_epochs,
        .save_every = (uint64_t)set.save_every,
        .save_seconds = set.save_minutes * 60,
        .streams = streams_wanted(model),
        .optimiser = main_optimiser,
        .clip_norm = set.clip_norm,
        .penalty = {.activation = (float)set.penalty_activation,
                    .change = (float)set.penalty_change},
        .noise = {.words = (size_t)set.noise, .power = set.noise_power, .seed = (uint32_t)set.seed},
        .self_normalise = set.self_normalise,
        .threads = (size_t)set.threads,
        .epochs = epochs_wanted(),
        .decay = set.decay,
        .report = take_progress,
        .tell = take_event,
        .context = output,
        .stop = main_asked,
        .peers = &main_peers,
        .program = PROGRAM " " RNNLM_VERSION,
        .pieces = (size_t)set.pieces,
        .average_every = (uint64_t)set.peers_words};
    return choose_products(&training->halves, error) && check_learning(training, error) &&
           check_noise(training, &model->network.shape, error) &&
           check_sums(training, model, error) &&
           main_teachers_ask(training, &model->network.shape, error) &&
           dropout_rule(&training->dropout, &model->network.shape, error) &&
           divide(training, model->network.shape.maxent > 0, error);
}

static void take_unrecorded(void *context, const char *text, bool failed)
{
    (void)context;
    main_unwritten = main_unwritten || failed;
    options_warn(PROGRAM, text);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

// Whether a standard stream goes to MODEL.log, as old scripts may have it: that is their log then.
static bool log_is_taken(const char *path)
{
    struct stat file, stream;
    if (stat(path, &file) != 0)
        return false;
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        if (fstat(i, &stream) == 0 && same_file(&stream, &file))
            return true;
    return false;
}

static bool start_recording(struct model *model, const struct training *training, char **command,
                            struct error *error)
{
    char *log = model_file_beside(first_model(), ".log", error);
    *command = main_command(error);
    const struct recorder_rule rule = {.log = log != NULL && !log_is_taken(log),
                                       .page = set.report,
                                       .snapshot = (uint64_t)set.snapshot,
                                       .command = *command,
                                       .tell = take_unrecorded};
    if (*command != NULL && log != NULL)
        recorder = recorder_new(&rule, model, training, error);
    free(log);
    return recorder != NULL;
}

static void end_recording(bool ok, const struct error *error, char *command)
{
    char how[ERROR_SIZE];
    if (!ok)
        snprintf(how, sizeof how, "%s", error->text);
    else if (was_stopped)
        snprintf(how, sizeof how, "stopped by %s", signal_name(atomic_load(main_asked)));
    else
        snprintf(how, sizeof how, "finished");
    recorder_end(recorder, how);
    recorder = NULL;
    free(command);
}

// A training writes the model, its state and its figures: asks of each of the three.
static bool each_file(bool (*ask)(const char *path, struct error *error), struct error *error)
{
    static const char *const suffix[] = {"", ".checkpoint", ".output.txt"};
    for (size_t i = 0; i < sizeof suffix / sizeof suffix[0]; i++) {
        char *path = model_file_beside(first_model(), suffix[i], error);
        bool ok = path != NULL && ask(path, error);
        free(path);
        if (!ok)
            return false;
    }
    return true;
}

// The page takes the place of nothing that the training reads or writes.
static bool page_may_be(struct error *error)
{
    static const char *const suffix[] = {"", ".checkpoint", ".output.txt", ".log"};
    if (set.report == NULL)
        return true;
    for (size_t i = 0; i < sizeof suffix / sizeof suffix[0]; i++) {
        struct stat file, page;
        char *path = model_file_beside(first_model(), suffix[i], error);
        if (path == NULL)
            return false;
        bool same =
            strcmp(path, set.report) == 0 ||
            (stat(path, &file) == 0 && stat(set.report, &page) == 0 && same_file(&file, &page));
        free(path);
        if (same)
            return error_usage(error,
                               "-report %s: found a file of the model's own, wanted another name",
                               set.report);
    }
    return output_may_replace(set.report, error);
}

bool main_train(struct output *output, struct error *error)
{
    if (set.valid == NULL && !set.one_epoch)
        return error_usage(
            error, "training wants validation text: -valid FILE, or -one-iter to train without it");
    signal(SIGPIPE, SIG_IGN);           // a reader of standard output that leaves ends no training
    bool writes = main_peers.rank == 0; // the others need not be able to
    bool ok = !writes || each_file(output_try, error);
    char *name = ok ? main_texts_name(error) : NULL;
    train_name = name;
    struct corpus *text = name != NULL ? main_texts_open(error) : NULL;
    struct corpus *valid = text != NULL && set.valid != NULL ? corpus_open(set.valid, error) : NULL;
    struct model model = {0};
    struct training training;
    // Texts and teachers, which are open now, stay.
    ok = text != NULL && (set.valid == NULL || valid != NULL) && main_teachers_open(error) &&
         (!writes || (each_file(output_may_replace, error) && page_may_be(error))) &&
         prepare(&model, text, valid, output, &training, error);
    ok = peers_agree(&main_peers, ok, error, error);
    main_peers_quiet(false);
    char *command = NULL;
    ok = ok && (!writes || start_recording(&model, &training, &command, error)) &&
         train_model(&model, &training, error);
    end_recording(ok, error, command);
    main_time(0);
    atomic_store(main_waited, false);
    if (!was_stopped && atomic_load(main_asked) == SIGALRM)
        atomic_store(main_asked, 0); // time was up when all was done
    model_free(&model);
    main_teachers_close();
    corpus_close(text);
    corpus_close(valid);
    free(name);
    return ok;
}
