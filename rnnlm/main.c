// The program rnnlm: trains, tests, rescores n-best lists and generates, with the options of the
// reference toolkit.
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/kernels.h"
#include "base/matrix.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/terminal.h"
#include "learn/learner.h"
#include "learn/optimisers/kinds.h"
#include "model/model_file.h"
#include "nbest/nbest.h"
#include "net/output.h"
#include "options.h"
#include "options_help.h"
#include "score/generate.h"
#include "score/perplexity.h"
#include "train/new_model.h"
#include "train/trainer.h"

#define PROGRAM "rnnlm"

// ---- options ----------------------------------------------------------------------------------

static struct {
    const char *train, *valid, *test, *lm_prob, *ngram, *lambda, *weights, *tune, *tune_lm_prob;
    const char *unk_word, *format, *write, *layers, *activation, *output, *optimiser, *dropout_mask;
    struct option_list models;
    int64_t classes, hidden, embedding, compression, direct, direct_order, bptt, bptt_block, seed;
    int64_t most_epochs, save_every, words_to_generate, debug;
    int64_t streams, threads, epochs;
    double alpha, beta, gradient_cutoff, clip_norm, min_improvement, decay, dynamic;
    double dropout, dropout_words, dropout_input, dropout_layers, dropout_output, dropout_recurrent;
    double penalty_activation, penalty_change;
    bool old_classes, independent, binary, one_epoch, nbest, unk, fast;
} set = {.classes = 100,
         .hidden = 30,
         .output = "class",
         .direct_order = 3,
         .bptt_block = 10,
         .seed = 1,
         .debug = 1,
         .alpha = 0.1,
         .beta = 1e-7,
         .gradient_cutoff = 15,
         .min_improvement = 1.003,
         .lambda = "0.75"};

static struct {
    bool debug, most_epochs, classes, lambda, gradient_cutoff, dynamic, generate, alpha, beta,
        min_improvement, save_every, hidden, embedding, compression, direct, direct_order, bptt,
        bptt_block, seed, streams, threads, epochs, clip_norm, dropout_input, dropout_layers,
        dropout_output, output;
} given;

#define MANY 9e15 // what counts may reach

// What -fast chooses. A short text has fewer streams, so that there are steps enough.
enum { FAST_STREAMS = 32, FAST_STREAM_WORDS = 20000, FAST_EPOCHS = 4, FAST_BPTT = 4 };

static const struct option table[] = {
    {.type = OPTION_GROUP, .help = "Files (plain or gzip-compressed; - is standard input)"},
    {OPTION_LIST, "rnnlm", "FILE", &set.models, NULL, 0, 0,
     "Model: written by training, read otherwise. Given several times, the models are averaged."},
    {OPTION_TEXT, "train", "FILE", &set.train, NULL, 0, 0,
     "Train on this text, one sentence a line. If the model exists, its training goes on."},
    {OPTION_TEXT, "valid", "FILE", &set.valid, NULL, 0, 0,
     "Validation text, which steers the learning rate."},
    {OPTION_TEXT, "test", "FILE", &set.test, NULL, 0, 0,
     "Text to compute the perplexity of, or n-best lists to score."},

    {.type = OPTION_GROUP, .help = "Size of a new model"},
    {OPTION_COUNT, "hidden", "N", &set.hidden, &given.hidden, 1, SHAPE_MOST_UNITS,
     "Units of the hidden layer: short for -layers elman:N."},
    {OPTION_TEXT, "layers", "KIND:N,...", &set.layers, NULL, 0, 0,
     "Layers from the bottom up, each with its number of units, as in lstm:200,lstm:200. Kinds: "
     "elman, jordan, lstm, gru, sru, compression, projection"},
    {OPTION_COUNT, "embedding", "N", &set.embedding, &given.embedding, 0, SHAPE_MOST_UNITS,
     "A vector of N numbers for each word, which the lowest layer takes in: short for a layer "
     "projection:N at the bottom; 0 for none."},
    {OPTION_TEXT, "activation", "NAME", &set.activation, NULL, 0, 0,
     "What units of elman and jordan layers make of their sums: logistic (as the reference), tanh, "
     "relu or elu. "
     "For a single layer: KIND:N:NAME."},
    {OPTION_TEXT, "output", "NAME", &set.output, &given.output, 0, 0,
     "How words are predicted: class (a softmax over classes of words, then one over the words of "
     "the word's class), full (one softmax over all words: slower, better)."},
    {OPTION_COUNT, "class", "N", &set.classes, &given.classes, 1, INT32_MAX,
     "Word classes of the output layer."},
    {OPTION_FLAG, "old-classes", NULL, &set.old_classes, NULL, 0, 0,
     "Classes of equal frequency instead of equal square root of frequency: slower, at times "
     "better."},
    {OPTION_COUNT, "compression", "N", &set.compression, &given.compression, 0, 1 << 20,
     "Units of a compression layer below the output; 0 for none."},
    {OPTION_COUNT, "direct", "N", &set.direct, &given.direct, 0, 1 << 20,
     "Direct connections: entries of the hash for n-gram features, in millions; 0 for none."},
    {OPTION_COUNT, "direct-order", "N", &set.direct_order, &given.direct_order, 0, SHAPE_MOST_ORDER,
     "Longest n-gram of the direct connections."},
    {OPTION_COUNT, "rand-seed", "N", &set.seed, &given.seed, 0, UINT32_MAX,
     "Seed of the initial weights, of dropout, and of generated text."},
    {OPTION_FLAG, "binary", NULL, &set.binary, NULL, 0, 0,
     "Save the model in binary instead of text."},
    {OPTION_TEXT, "format", "NAME", &set.format, NULL, 0, 0,
     "Format in which the model is saved: text, binary, native (used in place by scoring, shared "
     "between processes), native-bf16 (half the size, less precise and faster: rnnlm-model)."},

    {.type = OPTION_GROUP, .help = "Training"},
    {OPTION_NUMBER, "alpha", "X", &set.alpha, &given.alpha, 0, 1e6,
     "Learning rate at the start; given when training goes on, it replaces the model's."},
    {OPTION_NUMBER, "beta", "X", &set.beta, &given.beta, 0, 1e3,
     "L2 regularisation: a weight shrinks by the learning rate times X / 10 for each word that it "
     "takes part in. With -streams that is weight decay beside the optimiser's own step, whichever "
     "it is, for all words of a block together."},
    {OPTION_NUMBER, "gradient-cutoff", "X", &set.gradient_cutoff, &given.gradient_cutoff, 0, 1e30,
     "Bound on each error that is propagated back; 0 for none."},
    {OPTION_NUMBER, "clip-norm", "X", &set.clip_norm, &given.clip_norm, 0, 1e30,
     "With -streams: bound on the length of the whole gradient of a block, per stream; 0 for "
     "none. Where it is not given: 5, but none with sgd and rows."},
    {OPTION_NUMBER, "dropout", "X", &set.dropout, NULL, 0, DROPOUT_MOST,
     "With -streams, as all of dropout and penalties: the share of units left out in training, of "
     "what layers hand up; sets -dropout-input, -dropout-layers and -dropout-output."},
    {OPTION_NUMBER, "dropout-input", "X", &set.dropout_input, &given.dropout_input, 0, DROPOUT_MOST,
     "The same of a bottom layer that carries nothing on."},
    {OPTION_NUMBER, "dropout-layers", "X", &set.dropout_layers, &given.dropout_layers, 0,
     DROPOUT_MOST, "The same between layers."},
    {OPTION_NUMBER, "dropout-output", "X", &set.dropout_output, &given.dropout_output, 0,
     DROPOUT_MOST, "The same of what the topmost layer hands to the output."},
    {OPTION_NUMBER, "dropout-words", "X", &set.dropout_words, NULL, 0, DROPOUT_MOST,
     "Share of the vocabulary that is left out of a block's input."},
    {OPTION_NUMBER, "dropout-recurrent", "X", &set.dropout_recurrent, NULL, 0, DROPOUT_MOST,
     "Share of the weights of recurrent matrices that is left out in a block."},
    {OPTION_TEXT, "dropout-mask", "NAME", &set.dropout_mask, NULL, 0, 0,
     "What is left out of units: block, the same throughout a stream's block; or word, new for "
     "each word."},
    {OPTION_NUMBER, "penalty-activation", "X", &set.penalty_activation, NULL, 0, 1e6,
     "X times the mean square of what goes to the output is a penalty on each word."},
    {OPTION_NUMBER, "penalty-change", "X", &set.penalty_change, NULL, 0, 1e6,
     "The same of how much the topmost layer changes from word to word."},
    {OPTION_TEXT, "optimiser", "NAME", &set.optimiser, NULL, 0, 0,
     "How gradients move weights: sgd (the only one without -streams), rows (a step for each row, "
     "the default with -streams), adam, adagrad, rmsprop, momentum, average (sgd whose model is "
     "the "
     "average of the weights since validation bettered by less than -min-improvement)."},
    {OPTION_COUNT, "bptt", "N", &set.bptt, &given.bptt, 0, 1 << 19,
     "Steps of back-propagation through time; 0 for a simple recurrent network."},
    {OPTION_COUNT, "bptt-block", "N", &set.bptt_block, &given.bptt_block, 1, 1 << 19,
     "Words after which errors are propagated back through time together."},
    {OPTION_NUMBER, "min-improvement", "X", &set.min_improvement, &given.min_improvement, 0, 1e6,
     "Ratio of log probabilities below which the rate is halved, then training ends."},
    {OPTION_NUMBER, "decay", "X", &set.decay, NULL, 0, 0.999,
     "Multiply the learning rate by X after each epoch that betters the best one by less than "
     "-min-improvement, until a hundredth of the rate at the start is left; 0 to halve."},
    {OPTION_FLAG, "one-iter", NULL, &set.one_epoch, NULL, 0, 0,
     "One epoch without validation text, for a learning rate schedule of your own."},
    {OPTION_COUNT, "max-iter", "N", &set.most_epochs, &given.most_epochs, 0, MANY,
     "At most so many epochs; 0 for no bound."},
    {OPTION_FLAG, "fast", NULL, &set.fast, NULL, 0, 0,
     "Train as fast as this machine can, at the same perplexity: chooses -streams, -threads, "
     "-epochs and -bptt where they are not given."},
    {OPTION_COUNT, "streams", "N", &set.streams, &given.streams, 0, 1 << 16,
     "Learn from N parts of the text side by side, in batches; 0 for one word at a time. Results "
     "depend on it."},
    {OPTION_COUNT, "threads", "N", &set.threads, &given.threads, 0, 1 << 12,
     "Threads of -streams, validation, testing and rescoring; 0 for one for each processor. "
     "Results do not depend on it."},
    {OPTION_COUNT, "epochs", "N", &set.epochs, &given.epochs, 0, MANY,
     "Train for N epochs in all, with a learning rate that falls to 0 within them instead of being "
     "halved; 0 to halve."},
    {OPTION_COUNT, "anti-kasparek", "N", &set.save_every, &given.save_every, 0, MANY,
     "Save the model every N words too (at least 10000): the same command goes on from there, bit "
     "by "
     "bit, as long as MODEL.checkpoint lies beside it."},

    {.type = OPTION_GROUP, .help = "Testing and rescoring"},
    {OPTION_TEXT, "ngram", "FILE", &set.ngram, NULL, 0, 0,
     "Back-off n-gram model (ARPA file) to mix with; -lm and -ngrams are the same."},
    {OPTION_TEXT, "lm-prob", "FILE", &set.lm_prob, NULL, 0, 0,
     "Another model's probabilities of the test's words, to mix with: one number a line, SRILM's "
     "-ppl -debug 2 output, or a table of -debug 2."},
    {OPTION_TEXT, "lambda", "X", &set.lambda, &given.lambda, 0, 0,
     "Weight of the network beside -ngram or -lm-prob; auto finds it on the -tune text."},
    {OPTION_TEXT, "weights", "X,X,...", &set.weights, NULL, 0, 0,
     "Weights of several networks, in their order; auto finds them on the -tune text. Equal if not "
     "given."},
    {OPTION_TEXT, "tune", "FILE", &set.tune, NULL, 0, 0, "Text to find weights on."},
    {OPTION_TEXT, "tune-lm-prob", "FILE", &set.tune_lm_prob, NULL, 0, 0,
     "What -lm-prob is for the test text, for the text to find weights on."},
    {OPTION_FLAG, "unk", NULL, &set.unk, NULL, 0, 0,
     "Take unknown words as <unk>, where the network has it; an n-gram model always does. <UNK>, "
     "[unk] and the like are found too."},
    {OPTION_TEXT, "unk-word", "WORD", &set.unk_word, NULL, 0, 0,
     "The models' word for unknown words, where it is called otherwise; implies -unk."},
    {OPTION_TEXT, "write", "NAME", &set.write, NULL, 0, 0,
     "What -test prints: with srilm what SRILM's ngram -ppl prints. An older spelling is -format "
     "srilm."},
    {OPTION_NUMBER, "dynamic", "X", &set.dynamic, &given.dynamic, 0, 1e6,
     "Go on learning from the test text at this rate; 0 for not. The model file stays as it is."},
    {OPTION_FLAG, "nbest", NULL, &set.nbest, NULL, 0, 0,
     "The test file holds n-best lists, \"ID word word ...\": print each line's log10 "
     "probability."},

    {.type = OPTION_GROUP, .help = "General"},
    {OPTION_COUNT, "gen", "N", &set.words_to_generate, &given.generate, 0, MANY,
     "Generate so many words."},
    {OPTION_FLAG, "independent", NULL, &set.independent, NULL, 0, 0,
     "Forget everything at the end of a sentence, in training and in testing."},
    {OPTION_COUNT, "debug", "N", &set.debug, &given.debug, 0, 100,
     "0 prints results only, 1 settings too, 2 each word's probability as well."},
};

static const struct options options = {
    .program = PROGRAM,
    .summary = "recurrent neural network language models",
    .usage = "-train FILE -valid FILE -rnnlm MODEL [options]\n"
             "-rnnlm MODEL -test FILE [options]\n"
             "-rnnlm MODEL -test LISTS -nbest [options]\n"
             "-rnnlm MODEL -gen N [options]",
    .about = "Recurrent neural network language models: training, perplexity, rescoring, sampling.",
    .table = table,
    .count = sizeof table / sizeof table[0],
};

static enum model_format model_format; // -format
static bool srilm;                     // -write srilm

// The output of -test was chosen with -format too, which now names the model's format alone.
static void take_older_spelling(void)
{
    if (set.format == NULL || strcmp(set.format, "srilm") != 0)
        return;
    if (set.write == NULL)
        set.write = set.format;
    set.format = NULL;
}

// ---- settings as they are echoed --------------------------------------------------------------

static void echo_lambda(struct output *output)
{
    double lambda;
    output_text(output, "Lambda (interpolation coefficient between rnnlm and other lm): ");
    if (number_parse(set.lambda, strlen(set.lambda), &lambda))
        output_format(output, "%f\n", lambda);
    else
        output_format(output, "%s\n", set.lambda);
}

// In the order in which scripts know them.
static void echo_settings(struct output *output)
{
    if (set.debug < 1)
        return;
    if (given.debug)
        output_format(output, "debug mode: %lld\n", (long long)set.debug);
    if (set.train != NULL)
        output_format(output, "train file: %s\n", set.train);
    if (set.one_epoch)
        output_text(output, "Training for one iteration\n");
    if (given.most_epochs)
        output_format(output, "Maximum number of iterations: %lld\n", (long long)set.most_epochs);
    if (set.valid != NULL)
        output_format(output, "valid file: %s\n", set.valid);
    if (set.nbest)
        output_text(output, "Processing test data as list of nbests\n");
    if (set.test != NULL)
        output_format(output, "test file: %s\n", set.test);
    if (given.classes)
        output_format(output, "class size: %lld\n", (long long)set.classes);
    if (set.old_classes)
        output_text(output, "Old algorithm for computing classes will be used\n");
    if (given.lambda)
        echo_lambda(output);
    if (given.gradient_cutoff)
        output_format(output, "Gradient cutoff: %f\n", set.gradient_cutoff);
    if (given.dynamic)
        output_format(output, "Dynamic learning rate: %f\n", set.dynamic);
    if (given.generate)
        output_format(output, "Generating # words: %lld\n", (long long)set.words_to_generate);
    if (set.independent)
        output_text(output, "Sentences will be processed independently...\n");
    if (given.alpha)
        output_format(output, "Starting learning rate: %f\n", set.alpha);
    if (given.beta)
        output_format(output, "Regularization: %f\n", set.beta);
    if (given.min_improvement)
        output_format(output, "Min improvement: %f\n", set.min_improvement);
    if (given.save_every)
        output_format(output, "Model will be saved after each # words: %lld\n",
                      (long long)set.save_every);
    if (given.hidden)
        output_format(output, "Hidden layer size: %lld\n", (long long)set.hidden);
    if (given.embedding)
        output_format(output, "Embedding size: %lld\n", (long long)set.embedding);
    if (given.compression)
        output_format(output, "Compression layer size: %lld\n", (long long)set.compression);
    if (given.direct)
        output_format(output, "Direct connections: %lldM\n", (long long)set.direct);
    if (given.direct_order)
        output_format(output, "Order of direct connections: %lld\n", (long long)set.direct_order);
    if (given.bptt)
        output_format(output, "BPTT: %lld\n", (long long)set.bptt);
    if (given.bptt_block)
        output_format(output, "BPTT block: %lld\n", (long long)set.bptt_block);
    if (given.seed)
        output_format(output, "Rand seed: %lld\n", (long long)set.seed);
    if (set.lm_prob != NULL)
        output_format(output, "other lm probabilities specified in: %s\n", set.lm_prob);
    if (set.binary)
        output_text(output, "Model will be saved in binary format\n");
    for (size_t i = 0; i < set.models.count; i++)
        output_format(output, "rnnlm file: %s\n", set.models.item[i]);
}

static const char *first_model(void)
{
    return set.models.item[0];
}

// ---- training ---------------------------------------------------------------------------------

// Takes fields out of the line until it leaves the terminal's last column free: it would go on in
// the next line otherwise, and could not be drawn over.
static void fit_line(char *line, size_t columns)
{
    static const char *const names[] = {"Alpha:", "Words/sec:", "Iter:", "TRAIN entropy:"};
    for (size_t i = 0; i < sizeof names / sizeof *names && strlen(line) >= columns; i++) {
        char *field = strstr(line, names[i]);
        char *behind = field != NULL ? strstr(field + strlen(names[i]) + 1, "  ") : NULL;
        if (behind != NULL)
            memmove(field, behind + 2, strlen(behind + 2) + 1);
    }
    if (strlen(line) >= columns)
        line[columns - 1] = '\0';
}

// On a terminal one line is drawn again and again; standard output gets one line an epoch.
static void print_progress(void *context, const struct progress *progress)
{
    struct output *output = context;
    char line[PROGRESS_LINE];
    bool terminal = isatty(STDERR_FILENO);
    if (progress->epoch_done) {
        if (terminal)
            fputs("\r\033[K", stderr);
        progress_epoch_line(progress, line);
        output_format(output, "%s\n", line);
        output_flush(output);
    } else if (terminal) {
        progress_line(progress, line);
        fit_line(line, (size_t)terminal_columns(STDERR_FILENO));
        fprintf(stderr, "\r\033[K%s", line);
    }
}

static void print_resumed(void *context, const char *path)
{
    output_format(context, "Going on bit by bit from %s\n", path);
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

// The format of a new model: the reference's files hold the reference's networks.
static bool new_format(const struct network_shape *shape, enum model_format *format,
                       struct error *error)
{
    bool chosen = set.binary || (set.format != NULL);
    *format = saved_format(MODEL_TEXT);
    if (shape_is_reference(shape) || *format == MODEL_NATIVE || *format == MODEL_NATIVE_BFLOAT16)
        return true;
    if (chosen)
        return error_usage(
            error,
            "format %s holds networks of one logistic elman layer (and -compression) "
            "with classes: -format native is wanted for others",
            model_format_name(*format));
    fprintf(stderr, PROGRAM ": the model is saved in the native format, the reference's have no "
                            "such networks\n");
    *format = MODEL_NATIVE;
    return true;
}

static bool has_choice_of_activation(const struct network_shape *shape)
{
    for (size_t i = 0; i < shape->layers; i++)
        if (shape->layer[i].activation != NULL)
            return true;
    return false;
}

// What -output, -class and -direct say.
static bool make_output(struct network_shape *shape, struct error *error)
{
    shape->output = output_named(set.output, error);
    if (shape->output == NULL)
        return error_option(error, "output");
    if (!shape->output->classes && (given.classes || set.old_classes))
        return error_usage(
            error, "-output %s has no classes, found -%s: leave it out, or take -output class",
            set.output, given.classes ? "class" : "old-classes");
    if (!shape->output->direct && set.direct > 0)
        return error_usage(error,
                           "-output %s has no direct connections, found -direct: leave it out, or "
                           "take -output class",
                           set.output);
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

// What -layers, -hidden, -embedding, -activation and -compression say.
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
    shape->biases = !shape_is_reference(shape);
    return true;
}

static const struct optimiser_type *optimiser_wanted(struct error *error)
{
    const struct optimiser_type *optimiser =
        set.optimiser != NULL ? optimiser_named(set.optimiser, error) : &optimiser_rows;
    if (optimiser == NULL)
        error_option(error, "optimiser");
    return optimiser;
}

static bool create_model(struct model *model, struct corpus *text, struct output *output,
                         struct error *error)
{
    struct new_model wanted = {.classes = (size_t)set.classes,
                               .old_classes = set.old_classes,
                               .independent = set.independent,
                               .bptt = set.fast && !given.bptt ? FAST_BPTT : set.bptt,
                               .bptt_block = set.bptt_block,
                               .alpha = set.alpha,
                               .seed = (uint32_t)set.seed};
    if (!make_shape(&wanted.shape, error) || !new_format(&wanted.shape, &wanted.format, error))
        return false;
    if (!model_create(model, &wanted, text, set.train, error))
        return false;
    if (set.debug > 0) {
        output_format(output, "Vocab size: %zu\n", model->vocabulary.size);
        output_format(output, "Words in train file: %llu\n",
                      (unsigned long long)model->record.train_words);
    }
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
    return !given.output || strcmp(set.output, found->output->name) == 0 ||
           error_set(error,
                     "%s: found output %s, -output asks for %s: another -rnnlm FILE is wanted",
                     first_model(), found->output->name, set.output);
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

// What the command line may change in a model whose training goes on.
static bool continue_model(struct model *model, struct output *output, struct error *error)
{
    output_text(output, "Restoring network from file to continue training...\n");
    if (!model_load(model, first_model(), error))
        return false;
    if (!output_is(&model->network.shape, error) || !layers_are(&model->network.shape, error))
        return false;
    if (given.alpha)
        model->record.alpha = set.alpha;
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

static bool in_batches(void)
{
    return given.streams ? set.streams > 0 : set.fast;
}

static size_t streams_wanted(const struct model *model)
{
    if (!set.fast || given.streams)
        return (size_t)set.streams;
    uint64_t streams = model->record.train_words / FAST_STREAM_WORDS + 1;
    return streams < FAST_STREAMS ? (size_t)streams : FAST_STREAMS;
}

// The rate of -fast falls, unless it does otherwise or averages take the place of that.
static int64_t epochs_wanted(const struct optimiser_type *optimiser)
{
    bool otherwise = given.epochs || set.decay > 0 || optimiser->begin_averages != NULL;
    return set.fast && !otherwise ? FAST_EPOCHS : set.epochs;
}

// -dropout stands for what is not given apart; where a network has nothing of it, it is ignored.
static bool dropout_rule(struct dropout_rule *rule, const struct network_shape *shape,
                         struct error *error)
{
    const char *mask = set.dropout_mask != NULL ? set.dropout_mask : "block";
    *rule = (struct dropout_rule){.words = (float)set.dropout_words,
                                  .input = (float)set.dropout_input,
                                  .layers = (float)set.dropout_layers,
                                  .output = (float)set.dropout_output,
                                  .recurrent = (float)set.dropout_recurrent,
                                  .each_word = strcmp(mask, "word") == 0,
                                  .seed = (uint32_t)set.seed};
    if (!rule->each_word && strcmp(mask, "block") != 0)
        return error_usage(error, "option -dropout-mask: found \"%s\", wanted block or word", mask);
    if (!dropout_check(rule, shape, error)) {
        error->usage = true; // layers that have nothing of what is asked for
        return false;
    }
    if (!given.dropout_input)
        rule->input = (float)set.dropout;
    if (!given.dropout_layers)
        rule->layers = (float)set.dropout;
    if (!given.dropout_output)
        rule->output = (float)set.dropout;
    return true;
}

// Options that are for batches alone.
static bool check_learning(const struct training *training, struct error *error)
{
    const struct {
        const char *name;
        bool wanted;
    } batches[] = {{"clip-norm", set.clip_norm > 0},
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

static bool train_with(struct model *model, struct corpus *text, struct corpus *valid,
                       struct output *output, struct error *error)
{
    output_format(output, "Starting training using file %s\n", set.train);
    bool exists = access(first_model(), F_OK) == 0;
    const struct optimiser_type *optimiser = optimiser_wanted(error);
    if (optimiser == NULL)
        return false;
    if (!given.alpha)
        set.alpha = optimiser->alpha;
    if (!given.clip_norm && in_batches())
        set.clip_norm = optimiser->clip_norm;
    if (exists ? !continue_model(model, output, error) : !create_model(model, text, output, error))
        return false;
    output_flush(output);
    if (!set_file_name(&model->record.train_file, set.train, error) ||
        !set_file_name(&model->record.valid_file, set.one_epoch ? NULL : set.valid, error))
        return false;
    struct training training = {.model_path = first_model(),
                                .train = text,
                                .valid = set.one_epoch ? NULL : valid,
                                .alpha = set.alpha,
                                .beta = set.beta,
                                .gradient_cutoff = set.gradient_cutoff,
                                .min_improvement = set.min_improvement,
                                .most_epochs = set.most_epochs,
                                .save_every = (uint64_t)set.save_every,
                                .streams = streams_wanted(model),
                                .optimiser = optimiser,
                                .clip_norm = set.clip_norm,
                                .penalty = {.activation = (float)set.penalty_activation,
                                            .change = (float)set.penalty_change},
                                .threads = (size_t)set.threads,
                                .epochs = epochs_wanted(optimiser),
                                .decay = set.decay,
                                .report = print_progress,
                                .resumed = print_resumed,
                                .context = output};
    return check_learning(&training, error) &&
           dropout_rule(&training.dropout, &model->network.shape, error) &&
           train_model(model, &training, error);
}

// A training writes the model, its state and its figures; none of them over a text, which has been
// opened when this is asked.
static bool texts_stay(struct error *error)
{
    static const char *const suffix[] = {"", ".checkpoint", ".output.txt"};
    for (size_t i = 0; i < sizeof suffix / sizeof suffix[0]; i++) {
        size_t size = strlen(first_model()) + strlen(suffix[i]) + 1;
        char *path = memory_new(size, 1, error);
        if (path == NULL)
            return false;
        snprintf(path, size, "%s%s", first_model(), suffix[i]);
        bool ok = output_may_replace(path, error);
        free(path);
        if (!ok)
            return false;
    }
    return true;
}

static bool train(struct output *output, struct error *error)
{
    if (set.valid == NULL && !set.one_epoch)
        return error_usage(
            error, "training wants validation text: -valid FILE, or -one-iter to train without it");
    struct corpus *text = corpus_open(set.train, error);
    struct corpus *valid = text != NULL && set.valid != NULL ? corpus_open(set.valid, error) : NULL;
    struct model model = {0};
    bool ok = text != NULL && (set.valid == NULL || valid != NULL) && texts_stay(error) &&
              train_with(&model, text, valid, output, error);
    model_free(&model);
    corpus_close(text);
    corpus_close(valid);
    return ok;
}

// ---- using models -----------------------------------------------------------------------------

// What is scored with: the models, and the sources made of them.
struct evaluation {
    struct model *model; // [models.count], those beyond the first `loaded` empty
    size_t loaded;
    struct ngram_model *ngram;
    struct pool *pool;
    struct learner learner; // of the first model, for dynamic evaluation
    struct blend blend;
};

static bool parse_weight(const char *option, const char *text, size_t length, double *weight,
                         struct error *error)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%.*s", (int)length, text);
    if (number_parse(copy, strlen(copy), weight) && *weight >= 0 && *weight <= 1)
        return true;
    return error_usage(error, "option -%s: found \"%s\", wanted a number from 0 to 1, or auto",
                       option, copy);
}

static bool is_auto(const char *text)
{
    return text != NULL && strcmp(text, "auto") == 0;
}

// -lambda and -weights as numbers; where they are to be found, equal ones to begin with.
static bool parse_weights(struct blend *blend, struct error *error)
{
    blend->lambda = 0.5;
    if (!is_auto(set.lambda) &&
        !parse_weight("lambda", set.lambda, strlen(set.lambda), &blend->lambda, error))
        return false;
    for (size_t i = 0; i < blend->networks; i++)
        blend->weight[i] = 1 / (double)blend->networks;
    if (set.weights == NULL || is_auto(set.weights))
        return true;
    const char *at = set.weights;
    for (size_t i = 0; i < blend->networks; i++) {
        size_t length = strcspn(at, ",");
        if (!parse_weight("weights", at, length, &blend->weight[i], error))
            return false;
        at += length;
        if ((*at == ',') != (i + 1 < blend->networks))
            return error_usage(
                error, "option -weights: found \"%s\", wanted %zu numbers, one for each -rnnlm",
                set.weights, blend->networks);
        at += *at == ',';
    }
    return mixture_check(blend->networks, blend->weight, error) || error_option(error, "weights");
}

static bool load_models(struct evaluation *evaluation, struct error *error)
{
    struct blend *blend = &evaluation->blend;
    bool (*read)(struct model *, const char *, struct error *) =
        set.dynamic > 0 ? model_load : model_open; // who learns needs weights of its own
    blend->networks = set.models.count;
    evaluation->model = memory_new(set.models.count, sizeof *evaluation->model, error);
    blend->network = memory_new(set.models.count, sizeof *blend->network, error);
    blend->weight = memory_new(set.models.count, sizeof *blend->weight, error);
    if (evaluation->model == NULL || blend->network == NULL || blend->weight == NULL ||
        !parse_weights(blend, error))
        return false;
    for (; evaluation->loaded < set.models.count; evaluation->loaded++)
        if (!read(&evaluation->model[evaluation->loaded], set.models.item[evaluation->loaded],
                  error))
            return false;
    if (set.ngram == NULL)
        return true;
    struct error remark;
    evaluation->ngram = ngram_open(set.ngram, error);
    if (evaluation->ngram != NULL && ngram_remark(evaluation->ngram, set.ngram, &remark))
        options_warn(PROGRAM, remark.text);
    return evaluation->ngram != NULL;
}

// What a network takes unknown words as.
static int32_t unknown_of(const struct vocabulary *vocabulary)
{
    bool unk = set.unk || set.unk_word != NULL;
    return unk ? vocabulary_unknown(vocabulary, set.unk_word) : WORD_OOV;
}

// -unk-word is a word of one model at least.
static bool choose_unknown(struct evaluation *evaluation, struct error *error)
{
    bool found = set.unk_word == NULL;
    for (size_t i = 0; i < evaluation->loaded; i++)
        found = found || vocabulary_has(&evaluation->model[i].vocabulary, set.unk_word);
    if (evaluation->ngram != NULL && set.unk_word != NULL) {
        const struct vocabulary *words = &evaluation->ngram->words;
        found = found || vocabulary_has(words, set.unk_word);
        evaluation->ngram->unknown = vocabulary_unknown(words, set.unk_word);
    }
    return found ||
           error_set(error, "option -unk-word: no model has the word \"%.60s\"", set.unk_word);
}

static void free_sources(struct blend *blend)
{
    for (size_t i = 0; i < blend->networks; i++) {
        source_free(blend->network[i]);
        blend->network[i] = NULL;
    }
    source_free(blend->other);
    blend->other = NULL;
}

// Sources that stand before a text; a file of probabilities belongs to one text.
static bool make_sources(struct evaluation *evaluation, const char *lm_prob,
                         struct learner *learner, struct error *error)
{
    struct blend *blend = &evaluation->blend;
    free_sources(blend);
    for (size_t i = 0; i < blend->networks; i++) {
        const struct model *model = &evaluation->model[i];
        bool independent = set.independent || model->record.independent;
        blend->network[i] = source_network(model, independent, unknown_of(&model->vocabulary),
                                           i == 0 ? learner : NULL, evaluation->pool, error);
        if (blend->network[i] == NULL)
            return false;
    }
    if (evaluation->ngram != NULL)
        blend->other = source_ngram(evaluation->ngram, error);
    else if (lm_prob != NULL)
        blend->other = source_stream(lm_prob, error);
    return blend->other != NULL || (evaluation->ngram == NULL && lm_prob == NULL);
}

static void write_weights(const struct evaluation *evaluation, const struct mixture_score *score,
                          struct output *output)
{
    const struct blend *blend = &evaluation->blend;
    for (size_t i = 0; i < blend->networks && blend->networks > 1; i++)
        output_format(output, "weight of %s: %f\n", set.models.item[i], blend->weight[i]);
    if (blend->other != NULL)
        output_format(output, "lambda: %f\n", blend->lambda);
    output_format(output, "PPL combine on %s: %f\n", set.tune, mixture_perplexity(score));
}

static bool tune(struct evaluation *evaluation, struct output *output, struct error *error)
{
    if (set.tune == NULL)
        return error_usage(
            error, "-lambda auto and -weights auto want a text to find weights on: -tune FILE");
    if (set.lm_prob != NULL && set.tune_lm_prob == NULL)
        return error_usage(
            error, "-lm-prob holds probabilities of the test text; those of the -tune text are "
                   "wanted too: -tune-lm-prob FILE");
    struct mixture_score score;
    struct reader *text = reader_open(set.tune, error);
    bool ok = text != NULL && make_sources(evaluation, set.tune_lm_prob, NULL, error) &&
              blend_tune(&evaluation->blend, text, is_auto(set.weights), is_auto(set.lambda),
                         &score, error);
    if (ok && set.debug > 0)
        write_weights(evaluation, &score, output);
    reader_close(text);
    return ok;
}

static void warn_of_zeros(const struct blend *blend, const struct totals *totals)
{
    struct error warning;
    if (blend->other == NULL || totals->zeros == 0)
        return;
    error_set(&warning,
              "the other model gives %llu of %llu words no probability: its figures leave "
              "them out",
              (unsigned long long)totals->zeros, (unsigned long long)totals->words);
    options_warn(PROGRAM, warning.text);
}

static bool test_text(struct blend *blend, struct reader *text, struct output *output,
                      struct error *error)
{
    struct totals totals;
    struct error remark;
    if (srilm) {
        struct srilm_report report;
        srilm_report_init(&report, output, (int)set.debug);
        bool ok = perplexity_report(blend, text, &report, error);
        srilm_report_free(&report);
        return ok;
    }
    bool ok = set.nbest
                  ? nbest_score(blend, text, output, &totals, error)
                  : perplexity_score(blend, text, set.debug >= 2 ? output : NULL, &totals, error);
    if (ok && (!set.nbest || set.debug > 0)) {
        totals_write(&totals, blend->other != NULL, blend->lambda, output);
        warn_of_zeros(blend, &totals);
    }
    if (ok && coverage_remark(&totals.coverage, &remark))
        options_warn(PROGRAM, remark.text);
    return ok;
}

static bool test(struct evaluation *evaluation, struct output *output, struct error *error)
{
    struct model *model = &evaluation->model[0];
    struct learning_rule rule = {.alpha = (float)set.dynamic,
                                 .beta = (float)set.beta,
                                 .gradient_cutoff = (float)set.gradient_cutoff,
                                 .bptt = model->record.bptt,
                                 .bptt_block = model->record.bptt_block,
                                 .independent = set.independent || model->record.independent};
    bool dynamic = set.dynamic > 0 && !set.nbest;
    if (dynamic && evaluation->blend.networks > 1)
        return error_usage(error, "-dynamic wants a single model, found %zu",
                           evaluation->blend.networks);
    if (dynamic && !learner_init(&evaluation->learner, &model->network, &rule, error))
        return false;
    struct reader *text = reader_open(set.test, error);
    bool ok = text != NULL &&
              make_sources(evaluation, set.lm_prob, dynamic ? &evaluation->learner : NULL, error) &&
              test_text(&evaluation->blend, text, output, error);
    reader_close(text);
    return ok;
}

static bool evaluate(struct evaluation *evaluation, struct output *output, struct error *error)
{
    evaluation->pool = pool_new(set.threads > 0 ? (size_t)set.threads : threads_available(), error);
    if (evaluation->pool == NULL || !load_models(evaluation, error) ||
        !choose_unknown(evaluation, error))
        return false;
    if ((is_auto(set.lambda) || is_auto(set.weights)) && !tune(evaluation, output, error))
        return false;
    if (set.test != NULL && !test(evaluation, output, error))
        return false;
    return set.words_to_generate == 0 ||
           (make_sources(evaluation, set.lm_prob, NULL, error) &&
            generate_text(&evaluation->blend, (uint64_t)set.words_to_generate, (uint32_t)set.seed,
                          output, error));
}

static void evaluation_free(struct evaluation *evaluation)
{
    free_sources(&evaluation->blend);
    learner_free(&evaluation->learner);
    pool_free(evaluation->pool);
    for (size_t i = 0; i < evaluation->loaded; i++)
        model_free(&evaluation->model[i]);
    ngram_close(evaluation->ngram);
    free(evaluation->model);
    free(evaluation->blend.network);
    free(evaluation->blend.weight);
}

// ---- the program ------------------------------------------------------------------------------

// What is wrong here is the command line.
static bool check_settings(struct error *error)
{
    if (set.train == NULL && set.test == NULL && set.words_to_generate == 0)
        return error_set(error, "nothing to do: -train, -test or -gen is wanted");
    double lambda;
    if (!is_auto(set.lambda) &&
        !parse_weight("lambda", set.lambda, strlen(set.lambda), &lambda, error))
        return false;
    if (set.models.count == 0)
        return error_set(error, "no model named: -rnnlm FILE is wanted");
    if (set.train != NULL && set.models.count > 1)
        return error_set(error, "training wants a single -rnnlm FILE, found %zu", set.models.count);
    if (set.ngram != NULL && set.lm_prob != NULL)
        return error_set(error, "-ngram and -lm-prob exclude each other");
    if (set.epochs > 0 && set.decay > 0)
        return error_set(error, "-epochs and -decay exclude each other: the one or the other tells "
                                "how the learning rate falls");
    if (set.format != NULL) {
        if (!model_format_named(set.format, &model_format, error))
            return error_option(error, "format");
        if (set.train == NULL)
            return error_set(error, "-format %s is for training; rnnlm-model converts models",
                             set.format);
    }
    if (set.write != NULL && !srilm)
        return error_set(error, "option -write: found \"%s\", wanted srilm", set.write);
    if (srilm && set.nbest)
        return error_set(error, "-write srilm is for texts, not for -nbest");
    return true;
}

static bool run(struct output *output, struct error *error)
{
    take_older_spelling();
    srilm = set.write != NULL && strcmp(set.write, "srilm") == 0;
    if (!srilm)
        echo_settings(output);
    if (!check_settings(error)) {
        error->usage = true;
        return false;
    }
    if (set.train != NULL && !train(output, error))
        return false;
    if (set.test == NULL && set.words_to_generate == 0)
        return true;
    struct evaluation evaluation = {.loaded = 0};
    bool ok = evaluate(&evaluation, output, error);
    evaluation_free(&evaluation);
    return ok;
}

int main(int argc, char **argv)
{
    struct error error, late;
    if (argc == 1) {
        options_help(&options);
        return 0;
    }
    enum options_result result = options_parse(&options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    if (given.save_every && set.save_every > 0 && set.save_every < 10000)
        set.save_every = 10000;
    signal(SIGXFSZ, SIG_IGN); // a file size limit is then a failed write like any other
    matrix_one_thread();
    struct output *output = kernels_choose(NULL, &error) ? output_open("-", &error) : NULL;
    if (output == NULL)
        return options_fail(PROGRAM, error.text);
    bool ok = run(output, &error);
    if (!output_commit(output, &late) && ok)
        return options_fail(PROGRAM, late.text);
    return ok ? 0 : options_error(PROGRAM, &error);
}
