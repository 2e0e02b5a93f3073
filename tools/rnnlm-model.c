// rnnlm-model: models from one file format to another; verifies them.
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "model/model_file.h"
#include "net/output.h"
#include "tool.h"

#define PROGRAM "rnnlm-model"

static struct {
    const char *model, *output, *format;
    bool check;
} set;

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
     "that is a few hundredths of a per cent off at most). As it was read, if not given."},
    {OPTION_FLAG, "check", NULL, &set.check, NULL, 0, 0,
     "Print the model's sizes and the record of its training, after verification."},
};

static const struct options options = {
    .program = PROGRAM,
    .summary = "convert and verify recurrent network language models",
    .usage = "-rnnlm IN -o OUT [-format text|binary|native|native-bf16]\n-rnnlm IN -check",
    .about = "Converts recurrent network language models between file formats, and verifies them.",
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

static void print_sizes(const struct model *model, struct output *output)
{
    const struct network_shape *shape = &model->network.shape;
    char layers[SHAPE_TEXT];
    shape_print_layers(shape, layers);
    output_format(output, "format: %s\n", model_format_name(model->format));
    print_count(output, "vocabulary size", shape->words);
    output_format(output, "layers: %s\n", layers);
    if (shape_is_reference(shape))
        print_reference(shape, output);
    output_format(output, "output: %s%s\n", shape->output->name, shape->tied ? ", tied" : "");
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

static bool convert(const struct option_list *operands, struct output *output, struct error *error)
{
    (void)operands;
    struct model model;
    enum model_format format = MODEL_TEXT;
    if (set.format != NULL && !model_format_named(set.format, &format, error))
        return error_option(error, "format");
    if (set.check && set.output != NULL && strcmp(set.output, "-") == 0)
        return error_usage(error, "-check prints to standard output: another -o FILE is wanted");
    if ((set.output != NULL && !output_try(set.output, error)) ||
        !model_load(&model, set.model, error))
        return false;
    if (set.check) {
        print_sizes(&model, output);
        print_record(&model, output);
    }
    if (set.format != NULL)
        model.format = format;
    bool ok = set.output == NULL ||
              (output_may_replace(set.output, error) && model_save(&model, set.output, error));
    model_free(&model);
    return ok;
}

int main(int argc, char **argv)
{
    program_begin(PROGRAM);
    enum options_result result = options_parse(&options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    if (set.model == NULL || (set.output == NULL && !set.check)) {
        options_fail(PROGRAM, "wanted: -rnnlm FILE, and -o FILE or -check");
        return options_status(OPTIONS_BAD_USAGE);
    }
    return tool_run(PROGRAM, convert, NULL);
}
