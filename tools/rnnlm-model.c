// rnnlm-model: models from one file format to another; verifies them; adds and removes words.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/add_words.h"
#include "model/average_models.h"
#include "model/model_file.h"
#include "model/onnx.h"
#include "model/remove_words.h"
#include "model/vectors.h"
#include "net/output.h"
#include "onnx-words.h"
#include "text/unit.h"
#include "tool.h"
#include "train/statistics.h"
#include "vector-words.h"

#define PROGRAM "rnnlm-model"

static struct {
    const char *model, *output, *format, *add, *remove, *from;
    int64_t count;
    bool check, from_unknown;
    const char *vectors, *statistics;
    struct option_list neighbours, analogies, average;
    bool onnx;                // what -format says
    enum onnx_form onnx_form; // likewise
    const char *words, *write_words;
    int64_t nearest;
} set = {.nearest = 10};

static const struct option table[] = {
    {OPTION_TEXT, "rnnlm", "FILE", &set.model, NULL, 0, 0,
     "Model to read, in any format (plain or gzip-compressed; - is standard input). All that can "
     "be verified is: checksums, where the format has them, sizes, and that weights are finite."},
    {OPTION_TEXT, "o", "FILE", &set.output, NULL, 0, 0,
     "Model to write; compressed if the name ends in .gz. An old file is replaced when the new one "
     "is complete, but not the one that is read."},
    {OPTION_TEXT, "format", "NAME", &set.format, NULL, 0, 0,
     "Format of the model to write: text or binary (the reference's), native (used in place by "
     "scoring, and shared between processes: such a file is to be replaced by -o or mv; who writes "
     "over it, as cp does, cuts it under its readers, which end with a message then), or "
     "native-bf16 (half the size, for scoring with 8 "
     "bits of precision: faster where the processor multiplies bfloat16, and with a perplexity "
     "that is a few hundredths of a per cent off at most). As it was read, if not given. For other "
     "programs, not to be read again, ONNX files in the forms that sherpa-onnx has: onnx, for "
     "whole "
     "sentences, from x [N, L] and x_lens [N] without </s> to nll [N], -ln P of their words and "
     "</s>, as rnnlm -per-sentence scores them; or onnx-state, which goes on word by word, from x "
     "[N, L], h0 and c0 to log_softmax [N, L, words], next_h0 and next_c0, where zeros and </s> "
     "begin a text. They hold no direct connections, and not the outputs adaptive and tree."},
    {OPTION_FLAG, "check", NULL, &set.check, NULL, 0, 0,
     "Print the model's sizes and the record of its training, after verification."},
    {OPTION_GROUP, NULL, NULL, NULL, NULL, 0, 0, "Words of a trained model"},
    {OPTION_TEXT, "add-words", "FILE", &set.add, NULL, 0, 0,
     "Words to add: a word a line, behind it, where they are known, a count, and words of the "
     "model "
     "that it is similar to: \"lockdown 40 like:curfew,quarantine\". A new word's rows are the "
     "mean of "
     "those of its similar words. Its bias (in the reference's networks, which have none, its row) "
     "is "
     "then moved until it has, on average over text that the model itself generates, count / (sum "
     "of "
     "all counts) of the probability. Others keep their order: with classes, new words are one of "
     "their "
     "own. The model can be scored with and trained on like any other. The reference's formats "
     "have no "
     "place for another class: there new words join the last, most often with the count 0, and its "
     "words lose more than others. Direct connections stay as they are: the new words, numbered "
     "behind "
     "the others, have what n-grams of others left in their entries of the hash."},
    {OPTION_TEXT, "from", "NAME", &set.from, NULL, 0, 0,
     "Rows of new words for which no similar words are given: letters (the default), the mean of "
     "the "
     "ten words with most sequences of 2 to 5 letters in common, weighted by c / sqrt(a b), where "
     "c of "
     "the one's a and the other's b are common, and where there are none as rare; rare, the mean "
     "of the "
     "rarest tenth of words (1000 at most); similar, none: they have to be given."},
    {OPTION_COUNT, "count", "N", &set.count, NULL, 0, 1e15,
     "Count of new words for which the file has none; 0: the mean count of the rarest tenth of "
     "words."},
    {OPTION_FLAG, "from-unk", NULL, &set.from_unknown, NULL, 0, 0,
     "<unk> (or what the model has for it) alone gives new words their probability, on average: "
     "right "
     "where they were <unk> in the training text. Otherwise all words give alike, since <unk> "
     "would lose "
     "its place among the others, and with classes so would the words of its class."},
    {OPTION_TEXT, "remove-words", "FILE", &set.remove, NULL, 0, 0,
     "Words to remove, one a line, before others are added. Those that are left (with classes, in "
     "the "
     "same class) divide their probability; <unk>, where the model has it, gets their counts. </s> "
     "cannot "
     "be removed, and with direct connections only the last words of the vocabulary can."},
    {OPTION_GROUP, NULL, NULL, NULL, NULL, 0, 0, "Averages"},
    {OPTION_LIST, "average", "FILE", &set.average, NULL, 0, 0,
     "Write the mean of the weights of the model and of this one, of the same layers, output, "
     "words "
     "and classes; given several times, of all. For models of one training after different epochs, "
     "or of trainings that went on from the same model."},
    {OPTION_GROUP, NULL, NULL, NULL, NULL, 0, 0, "ONNX files"},
    {OPTION_TEXT, "words", "FILE", &set.words, NULL, 0, 0,
     "Numbers that words have in x: WORD NUMBER a line, as in a recogniser's tokens.txt or "
     "words.txt, with </s> or <sos/eos> among them. Words that the model does not know are taken "
     "as <unk> (or what the model has for it) or, where it has none, are passed by with log10 P = "
     "-5. Not given, they are the model's own, with 0 for </s>."},
    {OPTION_TEXT, "write-words", "FILE", &set.write_words, NULL, 0, 0,
     "Write the model's words and their numbers, in the same form."},
    {OPTION_GROUP, NULL, NULL, NULL, NULL, 0, 0, "Dynamic evaluation"},
    {OPTION_TEXT, "statistics", "TEXT", &set.statistics, NULL, 0, 0,
     "Collect the statistics of the model's gradients over its training text that rnnlm -dynamic "
     "-dynamic-rule rms wants, and write them to -o FILE, or to MODEL.statistics."},
    {OPTION_GROUP, NULL, NULL, NULL, NULL, 0, 0, "Words as vectors"},
    {OPTION_TEXT, "vectors", "NAME", &set.vectors, NULL, 0, 0,
     "Write the words' vectors to -o FILE instead of a model: in, the rows by which words are "
     "taken "
     "in, or out, those by which they are predicted (the same in a tied network). -format is then "
     "word2vec (a first line with the numbers of words and of a vector's numbers, then a line for "
     "each "
     "word; the default), text (without that line, as GloVe has it) or binary (word2vec's). What "
     "-neighbours and -analogy look at, too. (in)"},
    {OPTION_LIST, "neighbours", "WORD", &set.neighbours, NULL, 0, 0,
     "Print the words whose vectors are nearest to that of WORD, by angle: the word, the "
     "neighbour and the cosine, with tabs between. Given several times, of each."},
    {OPTION_LIST, "analogy", "'A B C'", &set.analogies, NULL, 0, 0,
     "Print the words that are to C as B is to A: those nearest to B - A + C, of vectors of length "
     "1, but A, B and C. Given several times, of each."},
    {OPTION_COUNT, "nearest", "N", &set.nearest, NULL, 1, 1e6, "How many neighbours are printed."},
};

static const struct options options = {
    .program = PROGRAM,
    .summary = "convert, verify and edit recurrent network language models",
    .usage = "-rnnlm IN -o OUT [-format text|binary|native|native-bf16]\n-rnnlm IN -check\n"
             "-rnnlm IN -o OUT [-remove-words FILE] [-add-words FILE] [OPTIONS]\n"
             "-rnnlm A -average B [-average C ...] -o OUT\n"
             "-rnnlm IN -o OUT -format onnx|onnx-state [-words FILE] [-write-words FILE]\n"
             "-rnnlm IN -statistics TEXT [-o FILE]\n"
             "-rnnlm IN -vectors in|out -o OUT [-format word2vec|text|binary]\n"
             "-rnnlm IN [-vectors in|out] [-neighbours WORD] [-analogy 'A B C']",
    .about = "Converts recurrent network language models between file formats, verifies them, adds "
             "words to trained ones and removes words, writes them as ONNX files for other "
             "programs, and writes and compares words' vectors.",
    .table = table,
    .count = sizeof table / sizeof table[0]};

static void print_count(struct output *output, const char *name, uint64_t count)
{
    output_format(output, "%s: %" PRIu64 "\n", name, count);
}

// The reference's networks in the words of its files.
static void print_reference(const struct network_shape *shape, struct output *output)
{
    print_count(output, "hidden layer size", shape->layer[0].units);
    print_count(output, "compression layer size", shape->layers > 1 ? shape->layer[1].units : 0);
}

static void print_parameters(const struct network *network, struct output *output)
{
    uint64_t weights = 0;
    for (size_t i = 0; i < network->parameters; i++) {
        const struct parameter *parameter = &network->parameter[i];
        output_format(output, "parameter %s: %zu x %zu\n", parameter->name, parameter->rows,
                      parameter->width);
        weights += (uint64_t)parameter->rows * parameter->width;
    }
    print_count(output, "weights", weights);
}

static void print_sizes(const struct model *model, enum model_format read, struct output *output)
{
    const struct network_shape *shape = &model->network.shape;
    char layers[SHAPE_TEXT], kind[SHAPE_OUTPUT_TEXT];
    shape_print_layers(shape, layers);
    shape_print_output(shape, kind);
    output_format(output, "format: %s\n", model_format_name(read));
    print_count(output, "vocabulary size", shape->words);
    output_format(output, "layers: %s\n", layers);
    if (shape_is_reference(shape))
        print_reference(shape, output);
    output_format(output, "output: %s%s\n", kind, shape->tied ? ", tied" : "");
    if (shape->output->classes)
        print_count(output, "class size", shape->classes);
    if (shape->output->direct)
        print_count(output, "direct connections", shape->maxent);
    if (shape->maxent > 0)
        output_format(output, "direct order: %d\n", shape->maxent_order);
    print_parameters(&model->network, output);
}

static void print_record(const struct model *model, struct output *output)
{
    const struct training_record *record = &model->record;
    print_count(output, "bptt", (uint64_t)record->bptt);
    print_count(output, "bptt block", (uint64_t)record->bptt_block);
    output_format(output, "classes by: %s\n",
                  !vocabulary_is_sorted(&model->vocabulary) ? "context"
                  : record->old_classes                     ? "frequency"
                                                            : "square root of frequency");
    output_format(output, "unit: %s\n", unit_name((enum text_unit)record->unit));
    output_format(output, "independent sentences: %s\n", record->independent ? "yes" : "no");
    if (record->train_file != NULL)
        output_format(output, "training file: %s\n", record->train_file);
    if (record->valid_file != NULL)
        output_format(output, "validation file: %s\n", record->valid_file);
    print_count(output, "training words", record->train_words);
    print_count(output, "finished epochs", (uint64_t)record->epochs);
    output_format(output, "learning rate: %g at first, %g now%s\n", record->starting_alpha,
                  record->alpha, record->halving ? ", halved after each epoch" : "");
    if (record->position > 0) {
        print_count(output, "words done in this epoch", record->position);
        output_format(output, "training entropy: %.4f bits a word\n",
                      -record->train_log10_prob / log10(2) / (double)record->position);
    }
    if (record->valid_log10_prob != NO_VALIDATION)
        output_format(output, "validation log10 probability: %f\n", record->valid_log10_prob);
}

// ---- words -------------------------------------------------------------------------------------

static bool parse_from(enum adding_from *from, struct error *error)
{
    static const char *const name[] = {[ADDING_FROM_LETTERS] = "letters",
                                       [ADDING_FROM_SIMILAR] = "similar",
                                       [ADDING_FROM_RARE] = "rare"};
    *from = ADDING_FROM_LETTERS;
    for (size_t i = 0; set.from != NULL && i < sizeof name / sizeof *name; i++)
        if (strcmp(set.from, name[i]) == 0) {
            *from = (enum adding_from)i;
            return true;
        }
    return set.from == NULL ||
           error_usage(error, "option -from: found \"%.60s\", wanted letters, similar or rare",
                       set.from);
}

static void warn_of_added(const struct added_words *added, const struct added_report *report)
{
    char text[ERROR_SIZE];
    if (set.from == NULL && report->rare > 0) {
        snprintf(text, sizeof text,
                 "%s: %zu of %zu words share no letters with any of the model: their rows are the "
                 "mean of the rarest words'",
                 set.add, report->rare, added->list.size - 1);
        options_warn(PROGRAM, text);
    }
    if (report->joined) {
        snprintf(text, sizeof text,
                 "%s: in this format new words join the last class%s, so that its words lose more "
                 "than others; with -format native they have a class of their own",
                 set.add, report->uncounted ? ", with the count 0" : "");
        options_warn(PROGRAM, text);
    }
    if (report->off > 0.1) {
        snprintf(
            text, sizeof text,
            "%s: a word's share of the probability is a factor of %.2g off what its count wants",
            set.add, exp(report->off));
        options_warn(PROGRAM, text);
    }
}

static bool add_words(struct model *model, enum adding_from from, struct error *error)
{
    struct added_words added;
    struct added_report report;
    const struct adding adding = {
        .from = from, .count = (uint64_t)set.count, .from_unknown = set.from_unknown};
    bool ok = added_words_read(&added, set.add, &model->vocabulary, error) &&
              (model_add_words(model, &added, &adding, &report, error) ||
               error_prefix(error, "%s: ", set.add));
    if (ok)
        warn_of_added(&added, &report);
    added_words_free(&added);
    return ok;
}

static bool remove_words(struct model *model, struct error *error)
{
    bool *removed = memory_new(model->vocabulary.size, sizeof *removed, error);
    bool ok =
        removed != NULL && removed_words_read(removed, set.remove, &model->vocabulary, error) &&
        (model_remove_words(model, removed, error) || error_prefix(error, "%s: ", set.remove));
    free(removed);
    return ok;
}

static bool average(struct model *model, struct error *error)
{
    for (size_t i = 0; i < set.average.count; i++) {
        struct model other;
        const char *path = set.average.item[i];
        if (!model_load(&other, path, error))
            return false;
        bool ok = model_add(model, &other, error) || error_prefix(error, "%s: ", path);
        model_free(&other);
        if (!ok)
            return false;
    }
    if (set.average.count > 0)
        model_divide(model, set.average.count + 1);
    return true;
}

static bool change_words(struct model *model, enum adding_from from, struct error *error)
{
    return average(model, error) && (set.remove == NULL || remove_words(model, error)) &&
           (set.add == NULL || add_words(model, from, error));
}

// ---- vectors -----------------------------------------------------------------------------------

static bool use_vectors(const struct model *model, enum vectors_format format,
                        struct output *standard, struct error *error)
{
    struct vectors vectors;
    bool out = set.vectors != NULL && strcmp(set.vectors, "out") == 0;
    bool found = out ? vectors_out(&vectors, model, error) : vectors_in(&vectors, model, error);
    const struct vector_words wanted = {&vectors, set.model, set.neighbours, set.analogies,
                                        set.nearest};
    if (!found || !vector_words_print(wanted, standard, error))
        return false;
    if (set.vectors == NULL || set.output == NULL)
        return true;
    bool is_standard = strcmp(set.output, "-") == 0;
    struct output *output = is_standard ? standard : output_create(set.output, error);
    if (output == NULL)
        return false;
    vectors_write(&vectors, format, output);
    return is_standard || output_commit(output, error);
}

static bool wants_vectors(void)
{
    return set.vectors != NULL || set.neighbours.count > 0 || set.analogies.count > 0;
}

static bool vector_options_ok(enum vectors_format *format, struct error *error)
{
    bool looks = set.neighbours.count > 0 || set.analogies.count > 0;
    if (set.vectors != NULL && strcmp(set.vectors, "in") != 0 && strcmp(set.vectors, "out") != 0)
        return error_usage(error, "option -vectors: found \"%.60s\", wanted in or out",
                           set.vectors);
    if (set.vectors == NULL && set.output != NULL)
        return error_usage(error,
                           "-o FILE with -neighbours and -analogy is for -vectors in or out");
    if (set.vectors != NULL && set.output == NULL && !looks)
        return error_usage(error, "-vectors wants -o FILE, -neighbours or -analogy");
    if (set.add != NULL || set.remove != NULL || set.check || set.words != NULL ||
        set.write_words != NULL)
        return error_usage(error, "vectors are written of a model as it is: without -add-words, "
                                  "-remove-words, -check, -words and -write-words");
    return set.format == NULL || vectors_format_named(set.format, format, error);
}

static bool vectors(struct output *output, struct error *error)
{
    struct model model;
    enum vectors_format format = VECTORS_WORD2VEC;
    if (!vector_options_ok(&format, error) ||
        (set.output != NULL && !output_try(set.output, error)) ||
        !model_load(&model, set.model, error))
        return false;
    bool ok = use_vectors(&model, format, output, error);
    model_free(&model);
    return ok;
}

// ---- statistics -------------------------------------------------------------------------------

static bool collect_statistics(struct model *model, const char *path, struct error *error)
{
    struct gradient_roots roots = {.root = NULL};
    struct corpus *text = corpus_open(set.statistics, error);
    bool ok = text != NULL && gradient_roots_init(&roots, &model->network, error);
    if (ok) {
        corpus_set_unit(text, (enum text_unit)model->record.unit);
        ok = statistics_collect(&roots, model, text, error) &&
             statistics_write(&roots, model, path, error);
    }
    gradient_roots_free(&roots);
    corpus_close(text);
    return ok;
}

static bool statistics(struct error *error)
{
    struct model model;
    if (set.format != NULL || set.add != NULL || set.remove != NULL || set.check ||
        set.words != NULL || set.write_words != NULL || wants_vectors() || set.average.count > 0)
        return error_usage(error, "-statistics goes with -rnnlm and -o alone");
    char *path = set.output != NULL ? model_file_beside(set.output, "", error)
                                    : model_file_beside(set.model, STATISTICS_SUFFIX, error);
    bool ok = path != NULL && output_try(path, error) && model_load(&model, set.model, error);
    if (ok) {
        ok = collect_statistics(&model, path, error);
        model_free(&model);
    }
    free(path);
    return ok;
}

// ---- the whole ---------------------------------------------------------------------------------

static bool write_onnx(const struct model *model, struct error *error)
{
    struct onnx_table theirs;
    char remark[ERROR_SIZE];
    if (set.words == NULL)
        return onnx_save(model, set.onnx_form, NULL, set.output, error);
    bool ok = onnx_table_read(&theirs, set.words, &model->vocabulary, error) &&
              onnx_save(model, set.onnx_form, &theirs.words, set.output, error);
    if (ok && onnx_table_remark(&theirs, &model->vocabulary, set.words, remark))
        options_warn(PROGRAM, remark);
    onnx_table_free(&theirs);
    return ok;
}

static bool write_model(struct model *model, struct error *error)
{
    if (set.onnx)
        return write_onnx(model, error);
    return set.output == NULL ||
           (output_may_replace(set.output, error) && model_save(model, set.output, error));
}

// A format that models are read in, too; or one of ONNX, which has a place for all networks and
// words that native has, as far as what is done to words goes.
static bool parse_format(enum model_format *format, struct error *error)
{
    set.onnx = onnx_form_named(set.format, &set.onnx_form);
    if (!set.onnx)
        return model_format_named(set.format, format, error) ||
               error_add(error, "; or onnx or onnx-state") || error_option(error, "format");
    *format = MODEL_NATIVE;
    return set.output != NULL ||
           error_usage(error, "-format %.20s wants -o FILE, the ONNX file", set.format);
}

static bool options_ok(enum model_format *format, enum adding_from *from, struct error *error)
{
    if (set.format != NULL && !parse_format(format, error))
        return false;
    if (set.words != NULL && !set.onnx)
        return error_usage(error, "-words FILE is for -format onnx and onnx-state");
    if (set.check && set.output != NULL && strcmp(set.output, "-") == 0)
        return error_usage(error, "-check prints to standard output: another -o FILE is wanted");
    if (set.average.count > 0 && set.output == NULL)
        return error_usage(error, "-average wants -o FILE, the mean");
    if ((set.add != NULL || set.remove != NULL) && set.output == NULL)
        return error_usage(error, "-%s wants -o FILE, the model with other words",
                           set.add != NULL ? "add-words" : "remove-words");
    if (set.add == NULL && (set.from != NULL || set.count > 0 || set.from_unknown))
        return error_usage(error, "-%s is for -add-words FILE",
                           set.from != NULL ? "from"
                           : set.count > 0  ? "count"
                                            : "from-unk");
    return parse_from(from, error);
}

static bool convert(const struct option_list *operands, struct output *output, struct error *error)
{
    (void)operands;
    struct model model;
    enum model_format format = MODEL_TEXT;
    enum adding_from from = ADDING_FROM_LETTERS;
    if (set.statistics != NULL)
        return statistics(error);
    if (wants_vectors())
        return vectors(output, error);
    if (!options_ok(&format, &from, error) ||
        (set.output != NULL && !output_try(set.output, error)) ||
        (set.write_words != NULL && !output_try(set.write_words, error)) ||
        !model_load(&model, set.model, error))
        return false;
    enum model_format read = model.format;
    model.format = set.format != NULL ? format : read;
    bool ok = change_words(&model, from, error);
    if (ok && set.check) {
        print_sizes(&model, read, output);
        print_record(&model, output);
    }
    ok = ok && write_model(&model, error) &&
         (set.write_words == NULL ||
          onnx_write_words(&model.vocabulary, set.write_words, output, error));
    model_free(&model);
    return ok;
}

int main(int argc, char **argv)
{
    program_begin(PROGRAM);
    enum options_result result = options_parse(&options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    if (set.model == NULL || (set.output == NULL && !set.check && !wants_vectors() &&
                              set.statistics == NULL && set.write_words == NULL)) {
        options_fail(PROGRAM, "wanted: -rnnlm FILE, and -o FILE or -check, or -neighbours WORD");
        return options_status(OPTIONS_BAD_USAGE);
    }
    return tool_run(PROGRAM, convert, NULL);
}
