// Networks as ONNX files: what goes into a graph and comes out, and what is said of it.
#include "model/onnx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/onnx_parts.h"
#include "text/unit.h"

static const char *const form_name[] = {[ONNX_SENTENCES] = "onnx", [ONNX_STATES] = "onnx-state"};

bool onnx_form_named(const char *name, enum onnx_form *form)
{
    for (size_t i = 0; i < sizeof form_name / sizeof *form_name; i++)
        if (strcmp(name, form_name[i]) == 0) {
            *form = (enum onnx_form)i;
            return true;
        }
    return false;
}

// ---- the two forms ----------------------------------------------------------------------------

// `own` [L, N]: the words of `numbers`. One below 0, which Gather would count from the end, is
// sent beyond the last, so that it is a failure as others out of range are.
static void add_words(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    const struct onnx_words *words = export->words;
    size_t known = export->network->shape.words, count = words != NULL ? words->count : known;
    onnx_integer(graph, "beyond", (int64_t)count);
    onnx_node(graph, "counted = LessOrEqual(zero, numbers)");
    if (words == NULL) {
        onnx_node(graph, "own = Where(counted, numbers, beyond)");
        return;
    }
    int64_t *word = onnx_integers(graph, "word_of", 1, count, 0);
    for (size_t i = 0; word != NULL && i < count; i++)
        word[i] = words->word[i] >= 0 ? words->word[i] : (int64_t)known;
    onnx_node(graph, "found = Where(counted, numbers, beyond)");
    onnx_node(graph, "own = Gather(word_of, found)");
}

// `places` [T] of `words` [L, N] in their table, and where sentences go on.
static void add_places(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    onnx_list(graph, "all", 1, -1, 0);
    onnx_node(graph, "lengths = Shape(words)");
    if (export->unknown) {
        onnx_list(graph, "rows_of_one", 2, -1, 1);
        onnx_node(graph, "word_there = LessOrEqual(words, last_word)");
        onnx_node(graph, "in_model = Reshape(word_there, rows_of_one)");
        onnx_node(graph, "there_or_end = Where(word_there, words, zero)");
        onnx_node(graph, "places = Reshape(there_or_end, all)");
    } else {
        onnx_node(graph, "places = Reshape(words, all)");
    }
    if (export->independent) {
        onnx_list(graph, "axis2", 1, 2, 0);
        onnx_node(graph, "no_end = LessOrEqual(one, words)");
        onnx_node(graph, "goes_on = Unsqueeze(no_end, axis2)");
    }
}

static void add_numbers(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    onnx_integer(graph, "zero", 0);
    onnx_list(graph, "axis0", 1, 0, 0);
    if (export->form == ONNX_SENTENCES || export->independent)
        onnx_integer(graph, "one", 1);
    if (export->form == ONNX_SENTENCES || export->unknown)
        onnx_float(graph, "nothing", 0);
    if (export->unknown) {
        onnx_integer(graph, "last_word", (int64_t) export->network->shape.words - 1);
        onnx_float(graph, "unknown", (float)(ONNX_UNKNOWN * log(10)));
    }
}

// ---- sentences --------------------------------------------------------------------------------

// `asked` [L + 1, N]: whether a place is one of the sentence's, or its end. `words` before each,
// `predicted` there: </s> stands before all and behind all, and fills rows up.
static void add_sentence_words(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    onnx_list(graph, "axis1", 1, 1, 0);
    onnx_list(graph, "second", 1, 1, 0);
    onnx_list(graph, "most", 1, INT64_MAX, 0);
    onnx_integer(graph, "end_number", export->words != NULL ? (int64_t) export->words->end : 0);
    onnx_node(graph, "texts = Shape(x_lens)");
    onnx_node(graph, "by_time = Transpose<perm=[1,0]>(x)");
    onnx_node(graph, "sizes = Shape(x)");
    onnx_node(graph, "longest = Gather(sizes, one)");
    onnx_node(graph, "steps = Add(longest, one)");
    onnx_node(graph, "times = Range(zero, steps, one)");
    onnx_node(graph, "time = Unsqueeze(times, axis1)");
    onnx_node(graph, "asked = LessOrEqual(time, x_lens)");
    onnx_node(graph, "there = Slice(asked, second, most, axis0)");
    onnx_node(graph, "numbers = Where(there, by_time, end_number)");
    add_words(export);
    onnx_node(graph, "ends = Mul(x_lens, zero)");
    onnx_node(graph, "end = Unsqueeze(ends, axis0)");
    onnx_node(graph, "words = Concat<axis=0>(end, own)");
    onnx_node(graph, "predicted = Concat<axis=0>(own, end)");
}

// `targets` [T, 1], and from `log_prob` of these, `log_prob_by_time` [L + 1, N] of the words that
// are predicted.
static void add_targets(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    onnx_list(graph, "single", 2, -1, 1);
    if (export->unknown) {
        onnx_node(graph, "target_there = LessOrEqual(predicted, last_word)");
        onnx_node(graph, "target_or_end = Where(target_there, predicted, zero)");
        onnx_node(graph, "targets = Reshape(target_or_end, single)");
    } else {
        onnx_node(graph, "targets = Reshape(predicted, single)");
    }
    onnx_log_prob_of_targets(export);
    onnx_node(graph, "log_prob_there = Reshape(log_prob, lengths)");
    onnx_node(graph, export->unknown
                         ? "log_prob_by_time = Where(target_there, log_prob_there, unknown)"
                         : "log_prob_by_time = Identity(log_prob_there)");
}

static void add_sentences(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    onnx_input(graph, "x", ONNX_INT64, "N L");
    onnx_input(graph, "x_lens", ONNX_INT64, "N");
    onnx_output(graph, "nll", ONNX_FLOAT, "N");
    add_numbers(export);
    add_sentence_words(export);
    add_places(export);
    onnx_layers(export);
    onnx_node(graph, "hidden = Identity(top)");
    add_targets(export);
    onnx_node(graph, "log_prob_asked = Where(asked, log_prob_by_time, nothing)");
    onnx_node(graph, "sum = ReduceSum<keepdims=0>(log_prob_asked, axis0)");
    onnx_node(graph, "nll = Neg(sum)");
}

// ---- states -----------------------------------------------------------------------------------

// `log_probs_by_number` [T, count].
static void add_log_probs(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    onnx_log_probs(export);
    if (export->words == NULL) {
        onnx_node(graph, "log_probs_by_number = Identity(log_probs)");
    } else if (!export->unknown) {
        onnx_node(graph, "log_probs_by_number = Gather<axis=1>(log_probs, word_of)");
    } else {
        onnx_node(graph, "number_there = LessOrEqual(word_of, last_word)");
        onnx_node(graph, "word_or_end = Where(number_there, word_of, zero)");
        onnx_node(graph, "log_probs_there = Gather<axis=1>(log_probs, word_or_end)");
        onnx_node(graph, "log_probs_by_number = Where(number_there, log_probs_there, unknown)");
    }
}

static void add_states(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    size_t count = export->words != NULL ? export->words->count : export->network->shape.words;
    char state[64], probs[64];
    snprintf(state, sizeof state, "%zu N %zu", export->rows, export->width);
    snprintf(probs, sizeof probs, "N L %zu", count);
    onnx_input(graph, "x", ONNX_INT64, "N L");
    onnx_input(graph, "h0", ONNX_FLOAT, state);
    onnx_input(graph, "c0", ONNX_FLOAT, state);
    onnx_output(graph, "log_softmax", ONNX_FLOAT, probs);
    onnx_output(graph, "next_h0", ONNX_FLOAT, state);
    onnx_output(graph, "next_c0", ONNX_FLOAT, state);
    onnx_list(graph, "number_count", 1, (int64_t)count, 0);
    onnx_list(graph, "width", 1, (int64_t) export->network->width, 0);
    onnx_list(graph, "rows", 2, -1, (int64_t) export->network->width);
    add_numbers(export);
    onnx_node(graph, "numbers = Transpose<perm=[1,0]>(x)");
    add_words(export);
    onnx_node(graph, "words = Identity(own)");
    add_places(export);
    onnx_layers(export);
    // From here on by text: what is moved is less than when all words have their probabilities.
    onnx_node(graph, "sizes_by_time = Concat<axis=0>(lengths, width)");
    onnx_node(graph, "by_time = Reshape(top, sizes_by_time)");
    onnx_node(graph, "by_text = Transpose<perm=[1,0,2]>(by_time)");
    onnx_node(graph, "hidden = Reshape(by_text, rows)");
    add_log_probs(export);
    onnx_node(graph, "sizes = Shape(x)");
    onnx_node(graph, "sizes_by_text = Concat<axis=0>(sizes, number_count)");
    onnx_node(graph, "log_softmax = Reshape(log_probs_by_number, sizes_by_text)");
}

// ---- the file ---------------------------------------------------------------------------------

enum { MOST_VALUE = 32 };

static const char *const about[] = {
    [ONNX_SENTENCES] = "Recurrent network language model. x [N, L]: numbers of the words of N "
                       "sentences, of which x_lens [N] count. nll [N]: -ln P of these words and "
                       "of </s> behind them.",
    [ONNX_STATES] = "Recurrent network language model. x [N, L]: numbers of the words that come "
                    "next; h0, c0: what is known of those before, zeros at the beginning of a "
                    "text, where </s> comes first. log_softmax [N, L, words]: ln P of all words "
                    "behind each. next_h0, next_c0: for the words behind these.",
};

static bool write_file(const struct onnx_export *export, const struct model *model,
                       struct output *output, struct error *error)
{
    char start[MOST_VALUE], end[MOST_VALUE], count[MOST_VALUE], rows[MOST_VALUE], width[MOST_VALUE],
        layers[SHAPE_TEXT], kind[SHAPE_OUTPUT_TEXT];
    const struct network_shape *shape = &model->network.shape;
    const struct onnx_words *words = export->words;
    snprintf(start, sizeof start, "%zu", words != NULL ? words->start : 0);
    snprintf(end, sizeof end, "%zu", words != NULL ? words->end : 0);
    snprintf(count, sizeof count, "%zu", words != NULL ? words->count : shape->words);
    snprintf(rows, sizeof rows, "%zu", export->rows);
    snprintf(width, sizeof width, "%zu", export->width);
    shape_print_layers(shape, layers);
    shape_print_output(shape, kind);
    const char *const metadata[] = {"model_type",  "rnnlm",
                                    "sos_id",      start,
                                    "eos_id",      end,
                                    "vocab_size",  count,
                                    "num_layers",  rows,
                                    "hidden_size", width,
                                    "layers",      layers,
                                    "output",      kind,
                                    "tied",        shape->tied ? "yes" : "no",
                                    "unit",        unit_name((enum text_unit)model->record.unit),
                                    "independent", export->independent ? "yes" : "no",
                                    NULL};
    return onnx_graph_write(&export->graph, about[export->form], metadata, output, error);
}

// Error: what is in the way.
static bool has_operators(const struct network *network, struct error *error)
{
    for (size_t l = 0; l < network->shape.layers; l++)
        if (!onnx_has_layer(&network->layer[l], error))
            return false;
    return onnx_has_output(network, error);
}

bool onnx_save(const struct model *model, enum onnx_form form, const struct onnx_words *words,
               const char *path, struct error *error)
{
    struct onnx_export export = {.network = &model->network,
                                 .form = form,
                                 .words = words,
                                 .independent = model->record.independent};
    for (size_t i = 0; words != NULL && i < words->count; i++)
        export.unknown |= words->word[i] < 0;
    if (!has_operators(&model->network, error))
        return error_prefix(error, "%s: format %s: ", path, form_name[form]);
    struct output *output = output_create(path, error);
    if (output == NULL)
        return false;
    export.graph.prefix = "";
    onnx_lay_out_states(&export);
    if (form == ONNX_SENTENCES)
        add_sentences(&export);
    else
        add_states(&export);
    bool ok = write_file(&export, model, output, error) || error_prefix(error, "%s: ", path);
    onnx_graph_free(&export.graph);
    return output_end(output, ok, error);
}
