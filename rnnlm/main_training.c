// rnnlm -train.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "learn/optimisers/kinds.h"
#include "main.h"
#include "net/output.h"
#include "program.h"
#include "train/new_model.h"
#include "train/trainer.h"

// What -fast chooses. A short text has fewer streams, so that there are steps enough.
enum { FAST_STREAMS = 32, FAST_STREAM_WORDS = 20000, FAST_EPOCHS = 4, FAST_BPTT = 4 };
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

// On a terminal one line is drawn again and again; standard output gets one line an epoch.
static void print_progress(void *context, const struct progress *progress)
{
    struct output *output = context;
    char line[PROGRESS_LINE];
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

// A model read as bfloat16 is saved with all its bits, unless bfloat16 is asked for again: training
// that goes on from rounded weights gets nowhere.
static enum model_format saved_format(enum model_format now)
{
    if (set.format != NULL)
        return model_format;
    if (set.binary)
        return MODEL_BINARY;
    return now == MODEL_NATIVE_BFLOAT16 ? MODEL_NATIVE : now;
}

// The format of a new model: the reference's files hold the reference's networks and classes.
static bool new_format(const struct network_shape *shape, bool by_context,
                       enum model_format *format, struct error *error)
{
    bool chosen = set.binary || (set.format != NULL);
    *format = saved_format(MODEL_TEXT);
    bool reference = shape_is_reference(shape);
    if ((reference && !by_context) || *format == MODEL_NATIVE || *format == MODEL_NATIVE_BFLOAT16)
        return true;
    if (chosen && reference)
        return error_usage(error,
                           "format %s holds classes by frequency: -format native is wanted with "
                           "-class-by context",
                           model_format_name(*format));
    if (chosen)
        return error_usage(
            error,
            "format %s holds networks of one logistic elman layer (and -compression) "
            "with classes, not tied: -format native is wanted for others",
            model_format_name(*format));
    fprintf(stderr,
            PROGRAM ": the model is saved in the native format, the reference's have no "
                    "such %s\n",
            reference ? "classes" : "networks");
    *format = MODEL_NATIVE;
    return true;
}

// The value of an option that has two, of which *second tells whether it is the second.
static bool one_of_two(const char *option, const char *value, const char *first_name,
                       const char *second_name, bool *second, struct error *error)
{
    *second = strcmp(value, second_name) == 0;
    return *second || strcmp(value, first_name) == 0 ||
           error_usage(error, "option -%s: found \"%s\", wanted %s or %s", option, value,
                       first_name, second_name);
}

static bool has_choice_of_activation(const struct network_shape *shape)
{
    for (size_t i = 0; i < shape->layers; i++)
        if (shape->layer[i].activation != NULL)
            return true;
    return false;
}

static const char *option_of_noise(void)
{
    return given.noise ? "noise" : given.noise_power ? "noise-power" : NULL;
}

// What -output, -class and -direct say.
static bool make_output(struct network_shape *shape, struct error *error)
{
    if (!shape_parse_output(shape, set.output, error))
        return error_option(error, "output");
    if (!shape->output->classes && (given.classes || set.old_classes || set.class_by != NULL))
        return error_usage(
            error, "-output %s has no classes, found -%s: leave it out, or take -output class",
            set.output,
            given.classes     ? "class"
            : set.old_classes ? "old-classes"
                              : "class-by");
    if (!shape->output->direct && set.direct > 0)
        return error_usage(error,
                           "-output %s has no direct connections, found -direct: leave it out, or "
                           "take -output class",
                           set.output);
    if (!shape->output->noise && option_of_noise() != NULL)
        return error_usage(error,
                           "-output %s learns against no noise, found -%s: leave it out, or take "
                           "-output nce",
                           set.output, option_of_noise());
    shape->maxent = (size_t)set.direct * 1000000;
    shape->maxent_order = (int)set.direct_order;
    return true;
}

// Puts a projection below the other layers.
static bool add_embedding(struct network_shape *shape, struct error *error)
{
    const struct layer_type *projection = layer_type_named("projection", strlen("projection"));
    if (shape->layer[0].type == projection)
        return error_usage(
            error,
            "-embedding N is short for a layer projection:N at the bottom: found both "
            "it and -layers %s",
            set.layers);
    if (!shape_add_layer(shape, projection, (size_t)set.embedding, NULL, error))
        return error_option(error, "embedding");
    struct layer_shape embedding = shape->layer[shape->layers - 1];
    memmove(shape->layer + 1, shape->layer, (shape->layers - 1) * sizeof embedding);
    shape->layer[0] = embedding;
    return true;
}

// What -layers, -hidden, -embedding, -activation, -compression, -tied and the options of the output say.
static bool make_shape(struct network_shape *shape, struct error *error)
{
    const struct activation *activation = NULL;
    char hidden[32];
    snprintf(hidden, sizeof hidden, "elman:%lld", (long long)set.hidden);
    *shape = (struct network_shape){.layers = 0};
    if (!make_output(shape, error))
        return false;
    if (set.layers != NULL && given.hidden)
        return error_usage(error, "-hidden N is short for -layers elman:N: found both");
    if (set.activation != NULL) {
        activation = shape_activation(set.activation, strlen(set.activation), error);
        if (activation == NULL)
            return error_option(error, "activation");
    }
    if (!shape_parse_layers(shape, set.layers != NULL ? set.layers : hidden, activation, error))
        return error_option(error, "layers");
    if (activation != NULL && !has_choice_of_activation(shape))
        return error_usage(
            error,
            "option -activation: found \"%s\", but no layer of \"%s\" has a choice of "
            "activation; elman and jordan layers have",
            set.activation, set.layers);
    if (set.embedding > 0 && !add_embedding(shape, error))
        return false;
    if (set.compression > 0 &&
        !shape_add_layer(shape, layer_type_named("compression", strlen("compression")),
                         (size_t)set.compression, NULL, error))
        return false;
    shape->tied = set.tied;
    if (shape->tied && !shape_can_be_tied(shape, error))
        return error_option(error, "tied");
    shape->biases = !shape_is_reference(shape);
    return true;
}

static bool in_batches(void)
{
    return given.streams ? set.streams > 0 : set.fast;
}

static const struct optimiser_type *optimiser; // of a training
static const char *train_name;                 // of its texts

// The rates of `rows` are good for the reference's networks; any other learns with Adam, whatever its
// layers. Online there is plain gradient descent alone, whose rate is that of `rows`.
static bool choose_optimiser(const struct network_shape *shape, struct error *error)
{
    bool others = in_batches() && !shape_is_reference(shape);
    optimiser = set.optimiser != NULL ? optimiser_named(set.optimiser, error)
                : others              ? &optimiser_adam
                                      : &optimiser_rows;
    if (optimiser == NULL)
        return error_option(error, "optimiser");
    if (!given.alpha)
        set.alpha = optimiser->alpha;
    if (!given.clip_norm && in_batches())
        set.clip_norm = optimiser->clip_norm;
    return true;
}

// The reference's networks have the reference's classes, unless others are asked for.
static bool choose_classes(const struct network_shape *shape, bool *by_context, struct error *error)
{
    bool reference = shape_is_reference(shape) || set.old_classes;
    const char *name = set.class_by != NULL ? set.class_by : reference ? "frequency" : "context";
    if (!one_of_two("class-by", name, "frequency", "context", by_context, error))
        return false;
    return !*by_context || !set.old_classes ||
           error_usage(error, "-old-classes is a way of -class-by frequency: found both");
}

// As far as is known before the text has been read for its words.
static bool shape_has_memory(const struct network_shape *shape, struct error *error)
{
    struct network_shape least = *shape;
    least.words = least.classes = 1;
    least.clusters = 0;
    return network_has_memory(&least, error);
}

static bool create_model(struct model *model, struct corpus *text, struct output *output,
                         struct error *error)
{
    struct word_cut cut = main_words_wanted();
    struct new_model wanted = {.classes = (size_t)set.classes,
                               .cut = main_cuts_words() ? &cut : NULL,
                               .old_classes = set.old_classes,
                               .independent = set.independent,
                               .bptt = set.fast && !given.bptt ? FAST_BPTT : set.bptt,
                               .bptt_block = set.bptt_block,
                               .seed = (uint32_t)set.seed};
    if (!make_shape(&wanted.shape, error) ||
        !choose_classes(&wanted.shape, &wanted.exchange_classes, error) ||
        !choose_optimiser(&wanted.shape, error) ||
        !new_format(&wanted.shape, wanted.exchange_classes, &wanted.format, error))
        return false;
    wanted.alpha = set.alpha;
    if (!shape_has_memory(&wanted.shape, error))
        return false;
    if (!model_create(model, &wanted, text, train_name, error))
        return false;
    if (set.debug > 0) {
        output_format(output, "Vocab size: %zu\n", model->vocabulary.size);
        output_format(output, "Words in train file: %llu\n",
                      (unsigned long long)model->record.train_words);
    }
    if (wanted.cut != NULL)
        main_words_tell(&cut, output);
    if (wanted.shape.output->classes && wanted.classes > model->vocabulary.size)
        fprintf(stderr,
                PROGRAM ": warning: %zu classes wanted, the vocabulary has %zu words: as many "
                        "classes are made\n",
                wanted.classes, model->vocabulary.size);
    return true;
}

// The output that is asked for is that of a model that is there.
static bool output_is(const struct network_shape *found, struct error *error)
{
    if (set.tied && !found->tied)
        return error_set(error,
                         "%s: found a network that is not tied: without -tied, or another "
                         "-rnnlm FILE, is wanted",
                         first_model());
    char found_text[SHAPE_OUTPUT_TEXT];
    shape_print_output(found, found_text);
    return !given.output || strcmp(set.output, found->output->name) == 0 ||
           strcmp(set.output, found_text) == 0 ||
           error_set(error,
                     "%s: found output %s, -output asks for %s: another -rnnlm FILE is wanted",
                     first_model(), found_text, set.output);
}

// So are the layers.
static bool layers_are(const struct network_shape *found, struct error *error)
{
    char wanted_text[SHAPE_TEXT], found_text[SHAPE_TEXT];
    struct network_shape wanted;
    if (set.layers == NULL)
        return true;
    if (!make_shape(&wanted, error))
        return false;
    shape_print_layers(&wanted, wanted_text);
    shape_print_layers(found, found_text);
    return strcmp(wanted_text, found_text) == 0 ||
           error_set(error,
                     "%s: found layers %s, -layers asks for %s: another -rnnlm FILE is wanted",
                     first_model(), found_text, wanted_text);
}

// One that has ended begins again (train/trainer.h).
static void begin_again(struct training_record *record)
{
    if (record->position == 0)
        record->train_log10_prob = 0;
}

// The reference's files have six decimals.
static bool same_rate(double a, double b)
{
    char decimals[2][32];
    snprintf(decimals[0], sizeof decimals[0], "%f", a);
    snprintf(decimals[1], sizeof decimals[1], "%f", b);
    return a == b || (a > 1e-4 && strcmp(decimals[0], decimals[1]) == 0);
}

// -alpha is the rate that a training is begun with: the same again goes on with what has become of
// it, another begins again. One epoch after the other (-one-iter), each has its own.
static void take_alpha(struct training_record *record)
{
    if (!given.alpha || (!set.one_epoch && same_rate(set.alpha, record->starting_alpha)))
        return;
    record->alpha = set.alpha;
    if (!set.one_epoch)
        record->starting_alpha = set.alpha;
    begin_again(record);
}

static bool same_name(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

// Other texts are another training.
static void take_texts(struct training_record *record)
{
    if (!same_name(record->train_file, train_name) || !same_name(record->valid_file, set.valid))
        begin_again(record);
}

// What the command line may change in a model whose training goes on.
static bool continue_model(struct model *model, struct corpus *text, struct output *output,
                           struct error *error)
{
    output_text(output, "Restoring network from file to continue training...\n");
    if (!model_load(model, first_model(), error))
        return false;
    if (!output_is(&model->network.shape, error) || !layers_are(&model->network.shape, error) ||
        !main_words_are(&model->vocabulary, text, train_name, error) ||
        !choose_optimiser(&model->network.shape, error))
        return false;
    take_alpha(&model->record);
    take_texts(&model->record);
    if (set.independent)
        model->record.independent = true;
    model->format = saved_format(model->format);
    return true;
}

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
    bool otherwise = given.epochs || set.decay > 0 || optimiser->begin_averages != NULL;
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
    if (!one_of_two("dropout-mask", mask, "block", "word", &rule->each_word, error))
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
    if (!one_of_two("products", name, "float", "bf16", halves, error))
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
    if (!shape->output->noise && option_of_noise() != NULL)
        return error_usage(error, "-%s is for -output nce, %s has output %s", option_of_noise(),
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

// Averages over N processes move as far as one would, by their momentum.
static bool divide(struct training *training, bool direct, struct error *error)
{
    size_t processes = main_peers.size;
    const char *way = set.peers != NULL ? set.peers : "synchronous";
    if (!one_of_two("peers", way, "synchronous", "average", &training->average, error))
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
    if (exists ? !continue_model(model, text, output, error)
               : !create_model(model, text, output, error))
        return false;
    output_flush(output);
    if (!set_file_name(&model->record.train_file, train_name, error) ||
        !set_file_name(&model->record.valid_file, set.one_epoch ? NULL : set.valid, error))
        return false;
    *training = (struct training){.model_path = first_model(),
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
                                  .optimiser = optimiser,
                                  .clip_norm = set.clip_norm,
                                  .penalty = {.activation = (float)set.penalty_activation,
                                              .change = (float)set.penalty_change},
                                  .noise = {.words = (size_t)set.noise,
                                            .power = set.noise_power,
                                            .seed = (uint32_t)set.seed},
                                  .threads = (size_t)set.threads,
                                  .epochs = epochs_wanted(),
                                  .decay = set.decay,
                                  .report = print_progress,
                                  .tell = take_event,
                                  .context = output,
                                  .stop = main_asked,
                                  .peers = &main_peers,
                                  .program = PROGRAM " " RNNLM_VERSION,
                                  .pieces = (size_t)set.pieces,
                                  .average_every = (uint64_t)set.peers_words};
    return choose_products(&training->halves, error) && check_learning(training, error) &&
           check_noise(training, &model->network.shape, error) &&
           dropout_rule(&training->dropout, &model->network.shape, error) &&
           divide(training, model->network.shape.maxent > 0, error);
}

// A training writes the model, its state and its figures: asks of each of the three.
static bool each_file(bool (*ask)(const char *path, struct error *error), struct error *error)
{
    static const char *const suffix[] = {"", ".checkpoint", ".output.txt"};
    for (size_t i = 0; i < sizeof suffix / sizeof suffix[0]; i++) {
        size_t size = strlen(first_model()) + strlen(suffix[i]) + 1;
        char *path = memory_new(size, 1, error);
        if (path == NULL)
            return false;
        snprintf(path, size, "%s%s", first_model(), suffix[i]);
        bool ok = ask(path, error);
        free(path);
        if (!ok)
            return false;
    }
    return true;
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
    // The texts, which are open now, stay.
    ok = text != NULL && (set.valid == NULL || valid != NULL) &&
         (!writes || each_file(output_may_replace, error)) &&
         prepare(&model, text, valid, output, &training, error);
    ok = peers_agree(&main_peers, ok, error, error);
    main_peers_quiet(false);
    ok = ok && train_model(&model, &training, error);
    main_time(0);
    atomic_store(main_waited, false);
    if (!was_stopped && atomic_load(main_asked) == SIGALRM)
        atomic_store(main_asked, 0); // time was up when all was done
    model_free(&model);
    corpus_close(text);
    corpus_close(valid);
    free(name);
    return ok;
}
