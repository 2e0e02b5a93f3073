// The network of rnnlm -train: one that the options describe, or one that is there and fits them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "learn/optimisers/kinds.h"
#include "main.h"
#include "net/output.h"
#include "train/new_model.h"
#include "train/trainer.h"
#include "vectors/vectors.h"

enum { FAST_BPTT = 4 }; // steps back that -fast chooses

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
    bool words = main_unit() == UNIT_WORD;
    bool chosen = set.binary || (set.format != NULL);
    *format = saved_format(MODEL_TEXT);
    bool reference = shape_is_reference(shape);
    if ((reference && !by_context && words) || *format == MODEL_NATIVE ||
        *format == MODEL_NATIVE_BFLOAT16)
        return true;
    if (chosen && !words)
        return error_usage(error,
                           "format %s holds models of words: -format native is wanted with "
                           "-unit %s",
                           model_format_name(*format), set.unit);
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
            !words      ? "units"
            : reference ? "classes"
                        : "networks");
    *format = MODEL_NATIVE;
    return true;
}

// The value of an option that has two, of which *second tells whether it is the second.
bool main_one_of_two(const char *option, const char *value, const char *first_name,
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

const char *main_noise_option(void)
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
    if (!shape->output->noise && main_noise_option() != NULL)
        return error_usage(error,
                           "-output %s learns against no noise, found -%s: leave it out, or take "
                           "-output nce",
                           set.output, main_noise_option());
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

bool main_in_batches(void)
{
    return given.streams ? set.streams > 0 : set.fast;
}

const struct optimiser_type *main_optimiser;

// The rates of `rows` are good for the reference's networks; any other learns with Adam, whatever its
// layers. Online there is plain gradient descent alone, whose rate is that of `rows`.
static bool choose_optimiser(const struct network_shape *shape, struct error *error)
{
    bool others = main_in_batches() && !shape_is_reference(shape);
    main_optimiser = set.optimiser != NULL ? optimiser_named(set.optimiser, error)
                     : others              ? &optimiser_adam
                                           : &optimiser_rows;
    if (main_optimiser == NULL)
        return error_option(error, "optimiser");
    if (!given.alpha)
        set.alpha = main_optimiser->alpha;
    if (!given.clip_norm && main_in_batches())
        set.clip_norm = main_optimiser->clip_norm;
    return true;
}

// The reference's networks have the reference's classes, unless others are asked for.
static bool choose_classes(const struct network_shape *shape, bool *by_context, struct error *error)
{
    bool reference = shape_is_reference(shape) || set.old_classes;
    const char *name = set.class_by != NULL ? set.class_by : reference ? "frequency" : "context";
    if (!main_one_of_two("class-by", name, "frequency", "context", by_context, error))
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

// ---- vectors of words --------------------------------------------------------------------------

struct taken_vectors {
    struct model *model;
    struct parameter *table;
    bool *has;    // [words]
    size_t count; // words that have one
};

static bool take_vector(void *context, const char *word, size_t length, const float *row,
                        size_t width, struct error *error)
{
    struct taken_vectors *taken = context;
    int32_t id = vocabulary_find(&taken->model->vocabulary, word, length);
    if (width != taken->table->width)
        return error_set(error,
                         "found vectors of %zu numbers, wanted %zu: -embedding %zu takes them",
                         width, taken->table->width, width);
    if (id < 0)
        return true;
    memcpy(parameter_row(taken->table, (size_t)id), row, width * sizeof *row);
    taken->count += !taken->has[id];
    taken->has[id] = true;
    return true;
}

static bool take_vectors(struct model *model, struct output *output, struct error *error)
{
    size_t width, words = model->vocabulary.size;
    if (set.embedding_from == NULL)
        return true;
    struct taken_vectors taken = {.model = model,
                                  .table = layer_map(&model->network.layer[0], MAP_INPUT),
                                  .has = memory_new(words, sizeof(bool), error)};
    bool ok =
        taken.has != NULL && vectors_read(set.embedding_from, &width, take_vector, &taken, error);
    free(taken.has);
    if (!ok)
        return false;
    if (taken.count == 0)
        return error_set(error, "%s: found vectors of none of the %zu words of the training text",
                         set.embedding_from, words);
    if (set.debug > 0)
        output_format(output, "Vectors taken from %s: %zu of %zu words have one\n",
                      set.embedding_from, taken.count, words);
    return true;
}

// Of -unit pieces some begin words.
static bool has_pieces(const struct vocabulary *words, const char *name, struct error *error)
{
    bool found = main_unit() != UNIT_PIECES;
    for (size_t i = 0; i < words->size && !found; i++) {
        const char *word = vocabulary_word(words, (int32_t)i);
        found = unit_begins_word(UNIT_PIECES, word, strlen(word), false);
    }
    return found || error_set(error,
                              "%s: found no word that begins with " UNIT_SPACE ", wanted pieces as "
                              "SentencePiece writes them",
                              name);
}

bool main_create_model(struct model *model, struct corpus *text, const char *train_name,
                       struct output *output, struct error *error)
{
    struct word_cut cut = main_words_wanted();
    struct new_model wanted = {.classes = (size_t)set.classes,
                               .cut = main_cuts_words() ? &cut : NULL,
                               .old_classes = set.old_classes,
                               .independent = set.independent,
                               .self_normalise = set.self_normalise > 0,
                               .bptt = set.fast && !given.bptt ? FAST_BPTT : set.bptt,
                               .bptt_block = set.bptt_block,
                               .seed = (uint32_t)set.seed};
    if (!make_shape(&wanted.shape, error) ||
        !choose_classes(&wanted.shape, &wanted.exchange_classes, error) ||
        !choose_optimiser(&wanted.shape, error) ||
        !new_format(&wanted.shape, wanted.exchange_classes, &wanted.format, error))
        return false;
    wanted.alpha = set.alpha;
    corpus_set_unit(text, main_unit());
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
    model->record.unit = main_unit();
    if (!has_pieces(&model->vocabulary, train_name, error))
        return false;
    return take_vectors(model, output, error);
}

static bool unit_is(const struct model *model, struct error *error)
{
    enum text_unit unit = (enum text_unit)model->record.unit;
    return set.unit == NULL || unit == main_unit() ||
           error_set(error,
                     "%s: found a model of unit %s: -unit %s, or another -rnnlm FILE, is wanted",
                     first_model(), unit_name(unit), unit_name(unit));
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
static void take_texts(struct training_record *record, const char *train_name)
{
    if (!same_name(record->train_file, train_name) || !same_name(record->valid_file, set.valid))
        begin_again(record);
}

// What the command line may change in a model whose training goes on.
bool main_continue_model(struct model *model, struct corpus *text, const char *train_name,
                         struct output *output, struct error *error)
{
    output_text(output, "Restoring network from file to continue training...\n");
    if (!model_load(model, first_model(), error) || !unit_is(model, error))
        return false;
    corpus_set_unit(text, (enum text_unit)model->record.unit);
    if (!output_is(&model->network.shape, error) || !layers_are(&model->network.shape, error) ||
        !main_words_are(&model->vocabulary, text, train_name, error) ||
        !choose_optimiser(&model->network.shape, error))
        return false;
    take_alpha(&model->record);
    take_texts(&model->record, train_name);
    if (set.independent)
        model->record.independent = true;
    model->format = saved_format(model->format);
    return true;
}
