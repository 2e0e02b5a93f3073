// The public interface: training.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/matrix.h"
#include "learn/dropout.h"
#include "learn/optimisers/kinds.h"
#include "model/model_file.h"
#include "net/output.h"
#include "options.h"
#include "rnnlm.h"
#include "train/new_model.h"
#include "train/trainer.h"

#define MANY 9e15 // what counts may reach

// What the options say, or else the program's defaults.
struct wishes {
    const char *model, *train, *valid, *layers, *output, *format, *optimiser;
    int64_t hidden, classes, direct, direct_order, min_count, most_words, seed;
    int64_t bptt, bptt_block, epochs, most_epochs, streams, threads;
    double alpha, beta, cutoff, min_improvement, decay, clip_norm, dropout;
    bool independent, one_epoch, tied;
    bool is_new, alpha_given, clip_given; // what is only for new models; others
};

// Who is told of it.
struct listener {
    rnnlm_progress_function progress;
    void *context;
    atomic_int stop;
};

// ---- options ----------------------------------------------------------------------------------

static bool take_options(struct wishes *set, const char *const *name_value, size_t count,
                         struct error *error)
{
    bool *is_new = &set->is_new;
    const struct option table[] = {
        {OPTION_TEXT, "rnnlm", NULL, &set->model, NULL, 0, 0, NULL},
        {OPTION_TEXT, "train", NULL, &set->train, NULL, 0, 0, NULL},
        {OPTION_TEXT, "valid", NULL, &set->valid, NULL, 0, 0, NULL},
        {OPTION_FLAG, "one-iter", NULL, &set->one_epoch, NULL, 0, 0, NULL},
        {OPTION_FLAG, "independent", NULL, &set->independent, NULL, 0, 0, NULL},
        {OPTION_TEXT, "layers", NULL, &set->layers, is_new, 0, 0, NULL},
        {OPTION_COUNT, "hidden", NULL, &set->hidden, is_new, 1, SHAPE_MOST_UNITS, NULL},
        {OPTION_TEXT, "output", NULL, &set->output, is_new, 0, 0, NULL},
        {OPTION_COUNT, "class", NULL, &set->classes, is_new, 1, INT32_MAX, NULL},
        {OPTION_FLAG, "tied", NULL, &set->tied, is_new, 0, 0, NULL},
        {OPTION_COUNT, "direct", NULL, &set->direct, is_new, 0, 1 << 20, NULL},
        {OPTION_COUNT, "direct-order", NULL, &set->direct_order, is_new, 0, SHAPE_MOST_ORDER, NULL},
        {OPTION_COUNT, "min-count", NULL, &set->min_count, is_new, 1, MANY, NULL},
        {OPTION_COUNT, "vocab-size", NULL, &set->most_words, is_new, 1, INT32_MAX, NULL},
        {OPTION_TEXT, "format", NULL, &set->format, is_new, 0, 0, NULL},
        {OPTION_COUNT, "rand-seed", NULL, &set->seed, NULL, 0, UINT32_MAX, NULL},
        {OPTION_NUMBER, "alpha", NULL, &set->alpha, &set->alpha_given, 0, 1e6, NULL},
        {OPTION_NUMBER, "beta", NULL, &set->beta, NULL, 0, 1e3, NULL},
        {OPTION_NUMBER, "gradient-cutoff", NULL, &set->cutoff, NULL, 0, 1e30, NULL},
        {OPTION_COUNT, "bptt", NULL, &set->bptt, is_new, 0, 1 << 19, NULL},
        {OPTION_COUNT, "bptt-block", NULL, &set->bptt_block, is_new, 1, 1 << 19, NULL},
        {OPTION_NUMBER, "min-improvement", NULL, &set->min_improvement, NULL, 0, 1e6, NULL},
        {OPTION_NUMBER, "decay", NULL, &set->decay, NULL, 0, 0.999, NULL},
        {OPTION_COUNT, "epochs", NULL, &set->epochs, NULL, 0, MANY, NULL},
        {OPTION_COUNT, "max-iter", NULL, &set->most_epochs, NULL, 0, MANY, NULL},
        {OPTION_COUNT, "streams", NULL, &set->streams, NULL, 0, 1 << 16, NULL},
        {OPTION_COUNT, "threads", NULL, &set->threads, NULL, 0, 1 << 12, NULL},
        {OPTION_TEXT, "optimiser", NULL, &set->optimiser, NULL, 0, 0, NULL},
        {OPTION_NUMBER, "clip-norm", NULL, &set->clip_norm, &set->clip_given, 0, 1e30, NULL},
        {OPTION_NUMBER, "dropout", NULL, &set->dropout, NULL, 0, DROPOUT_MOST, NULL}};
    const struct options all = {.table = table, .count = sizeof table / sizeof table[0]};
    return options_take(&all, name_value, count, error);
}

static bool check(const struct wishes *set, struct error *error)
{
    if (set->model == NULL || set->train == NULL)
        return error_usage(error, "no %s named: option %s is wanted",
                           set->model == NULL ? "model" : "training text",
                           set->model == NULL ? "rnnlm" : "train");
    if (set->valid == NULL && !set->one_epoch)
        return error_usage(error,
                           "training wants validation text: option valid, or one-iter to train "
                           "without it");
    if (set->streams == 0 && (set->clip_norm > 0 || set->dropout > 0))
        return error_usage(error, "option %s is for batches: option streams is wanted",
                           set->dropout > 0 ? "dropout" : "clip-norm");
    return true;
}

// ---- models -----------------------------------------------------------------------------------

static bool make_shape(const struct wishes *set, struct network_shape *shape, struct error *error)
{
    char hidden[32];
    snprintf(hidden, sizeof hidden, "elman:%lld", (long long)set->hidden);
    *shape = (struct network_shape){.maxent = (size_t)set->direct * 1000000,
                                    .maxent_order = (int)set->direct_order,
                                    .tied = set->tied};
    shape->output = output_named(set->output, error);
    if (shape->output == NULL)
        return error_option(error, "output");
    if (!shape->output->direct && set->direct > 0)
        return error_usage(error, "output %s has no direct connections, found option direct",
                           set->output);
    if (!shape_parse_layers(shape, set->layers != NULL ? set->layers : hidden, NULL, error))
        return error_option(error, "layers");
    if (shape->tied && !shape_can_be_tied(shape, error))
        return error_option(error, "tied");
    shape->biases = !shape_is_reference(shape);
    return true;
}

// The rules that the program has for what is not said: rnnlm -help.
static bool choose_optimiser(struct wishes *set, const struct network_shape *shape,
                             const struct optimiser_type **optimiser, struct error *error)
{
    bool others = set->streams > 0 && !shape_is_reference(shape);
    *optimiser = set->optimiser != NULL ? optimiser_named(set->optimiser, error)
                 : others               ? &optimiser_adam
                                        : &optimiser_rows;
    if (*optimiser == NULL)
        return error_option(error, "optimiser");
    if (set->streams == 0 && set->optimiser != NULL && *optimiser != &optimiser_sgd)
        return error_usage(error, "optimiser %s learns in batches: option streams is wanted",
                           set->optimiser);
    if (!set->alpha_given)
        set->alpha = (*optimiser)->alpha;
    if (!set->clip_given && set->streams > 0)
        set->clip_norm = (*optimiser)->clip_norm;
    return true;
}

static bool create(struct model *model, struct wishes *set, struct corpus *text,
                   const struct optimiser_type **optimiser, struct error *error)
{
    struct word_cut cut = {.least = (uint64_t)set->min_count, .most = (uint64_t)set->most_words};
    struct new_model wanted = {.classes = (size_t)set->classes,
                               .cut = set->min_count > 0 || set->most_words > 0 ? &cut : NULL,
                               .independent = set->independent,
                               .bptt = set->bptt,
                               .bptt_block = set->bptt_block,
                               .seed = (uint32_t)set->seed};
    if (!make_shape(set, &wanted.shape, error) ||
        !choose_optimiser(set, &wanted.shape, optimiser, error))
        return false;
    bool reference = shape_is_reference(&wanted.shape);
    wanted.exchange_classes = !reference;
    wanted.alpha = set->alpha;
    wanted.format = reference ? MODEL_TEXT : MODEL_NATIVE;
    if (set->format != NULL && !model_format_named(set->format, &wanted.format, error))
        return error_option(error, "format");
    struct network_shape least = wanted.shape;
    least.words = least.classes = 1;
    return network_has_memory(&least, error) &&
           model_create(model, &wanted, text, set->train, error) &&
           model_can_be_saved(model, set->model, error);
}

static bool go_on(struct model *model, struct wishes *set, const struct optimiser_type **optimiser,
                  struct error *error)
{
    if (set->is_new)
        return error_usage(
            error,
            "%s: a model is there, whose training goes on, but there are options of a "
            "new one: without them, or another model, is wanted",
            set->model);
    if (!model_load(model, set->model, error) ||
        !choose_optimiser(set, &model->network.shape, optimiser, error))
        return false;
    if (set->alpha_given)
        model->record.alpha = model->record.starting_alpha = set->alpha;
    if (model->record.position == 0)
        model->record.train_log10_prob = 0; // one that has ended begins again
    model->record.independent |= set->independent;
    return true;
}

static bool keep_name(char **name, const char *path, struct error *error)
{
    char *copy = path != NULL ? strdup(path) : NULL;
    if (path != NULL && copy == NULL)
        return error_set(error, "not enough memory");
    free(*name);
    *name = copy;
    return true;
}

// ---- training ---------------------------------------------------------------------------------

static void say(struct listener *listener, const rnnlm_progress *progress)
{
    if (listener->progress != NULL && listener->progress(listener->context, progress) != 0)
        atomic_store(&listener->stop, 1);
}

static void report(void *context, const struct progress *progress)
{
    const rnnlm_progress told = {
        .epoch = progress->epoch,
        .learning_rate = progress->alpha,
        .words = progress->words,
        .total_words = progress->total_words,
        .seconds = progress->seconds,
        .train_bits = entropy_bits(progress->train_log10_prob, progress->words),
        .valid_bits = progress->has_validation && progress->epoch_done
                          ? entropy_bits(progress->valid_log10_prob, progress->valid_words)
                          : NAN,
        .epoch_done = progress->epoch_done};
    say(context, &told);
}

static void tell(void *context, enum training_event event, const char *text)
{
    if (event != TRAINING_BEGINS && event != TRAINING_STOPPED && event != TRAINING_RESUMED)
        say(context, &(rnnlm_progress){.train_bits = NAN, .valid_bits = NAN, .remark = text});
}

// What words outside the vocabulary are taken as.
static void take_unknown(const char *word, struct corpus *text, struct corpus *valid)
{
    corpus_take_unknown(text, word);
    if (valid != NULL)
        corpus_take_unknown(valid, word);
}

static bool train_with(struct model *model, struct wishes *set, struct listener *listener,
                       struct corpus *text, struct corpus *valid, struct error *error)
{
    const struct optimiser_type *optimiser;
    const struct word_cut cut = {.list = NULL};
    const char *unknown = set->min_count > 0 || set->most_words > 0 ? word_cut_unknown(&cut) : NULL;
    if (access(set->model, F_OK) == 0) {
        if (!go_on(model, set, &optimiser, error))
            return false;
        // The word that was made of those that were left out, if any were.
        int32_t id = vocabulary_unknown(&model->vocabulary, NULL);
        unknown = id != WORD_OOV ? vocabulary_word(&model->vocabulary, id) : NULL;
        take_unknown(unknown, text, valid);
    } else {
        take_unknown(unknown, text, valid);
        if (!create(model, set, text, &optimiser, error))
            return false;
    }
    if (!keep_name(&model->record.train_file, set->train, error) ||
        !keep_name(&model->record.valid_file, set->valid, error))
        return false;
    struct training training = {.model_path = set->model,
                                .train = text,
                                .order = {.block = 1},
                                .unknown = unknown,
                                .valid = valid,
                                .alpha = set->alpha,
                                .beta = set->beta,
                                .gradient_cutoff = set->cutoff,
                                .min_improvement = set->min_improvement,
                                .most_epochs = set->most_epochs,
                                .streams = (size_t)set->streams,
                                .optimiser = optimiser,
                                .clip_norm = set->clip_norm,
                                .dropout = {.seed = (uint32_t)set->seed, .each_word = true},
                                .threads = (size_t)set->threads,
                                .epochs = set->epochs,
                                .decay = set->decay,
                                .report = report,
                                .tell = tell,
                                .context = listener,
                                .stop = &listener->stop};
    training.dropout.input = training.dropout.layers = training.dropout.output =
        (float)set->dropout;
    return train_model(model, &training, error);
}

static bool train(struct wishes *set, struct listener *listener, struct error *error)
{
    // One that is there may have been read before by this process, which no result would replace then.
    if (!check(set, error) || (access(set->model, F_OK) != 0 && !output_try(set->model, error)))
        return false;
    struct model model = {.network = {.parameters = 0}};
    const char *validation = set->one_epoch ? NULL : set->valid;
    struct corpus *text = corpus_open(set->train, error);
    struct corpus *valid =
        text != NULL && validation != NULL ? corpus_open(validation, error) : NULL;
    bool ok = text != NULL && (validation == NULL || valid != NULL) &&
              train_with(&model, set, listener, text, valid, error);
    model_free(&model);
    corpus_close(text);
    corpus_close(valid);
    return ok;
}

int rnnlm_train(const char *const *option, size_t count, rnnlm_progress_function progress,
                void *context, char *error, size_t size)
{
    struct wishes set = {.output = "class",
                         .hidden = 30,
                         .classes = 100,
                         .direct_order = 3,
                         .seed = 1,
                         .beta = 1e-7,
                         .cutoff = 15,
                         .bptt_block = 10,
                         .min_improvement = 1.003};
    struct listener listener = {.progress = progress, .context = context};
    struct error reason = {.usage = false};
    atomic_init(&listener.stop, 0);
    if (take_options(&set, option, count, &reason) && train(&set, &listener, &reason))
        return atomic_load(&listener.stop);
    if (error != NULL && size > 0)
        snprintf(error, size, "%s", reason.text);
    return -1;
}

void rnnlm_one_thread(void)
{
    matrix_one_thread();
}
