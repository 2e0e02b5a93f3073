// Outputs in the operators of ONNX. Those that have a row for each word are a softmax over all,
// or one over classes and then one over the words of a class; which, the names of their
// parameters tell.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/onnx_parts.h"
#include "model/resize.h"

bool onnx_has_output(const struct network *network, struct error *error)
{
    const struct output_type *output = network->shape.output;
    if (network->shape.maxent > 0)
        return error_set(error, "found direct connections, whose hash ONNX has no operators for: a "
                                "network trained without -direct is wanted");
    return output->resizes ||
           error_set(error,
                     "found output %s, wanted one with a softmax over all words or classes: a "
                     "network trained with -output class, full or nce",
                     output->name);
}

static size_t class_first(const struct onnx_export *export, size_t k)
{
    return (size_t) export->network->classes.begin[k];
}

static size_t class_words(const struct onnx_export *export, size_t k)
{
    return class_first(export, k + 1) - class_first(export, k);
}

static const char *words_of(const struct onnx_export *export)
{
    return export->network->shape.tied ? "layer0.input" : "output.words";
}

static void put_words(struct onnx_export *export, const struct parameter *words)
{
    if (!export->network->shape.tied)
        onnx_rows(&export->graph, "output.words", parameter_row(words, 0), words->rows,
                  words->width, words->stride);
}

static const char *put_bias(struct onnx_export *export, const char *name,
                            const struct parameter *bias)
{
    if (bias == NULL)
        return "";
    onnx_rows(&export->graph, name, parameter_row(bias, 0), 0, bias->width, bias->width);
    return name;
}

// ---- all words --------------------------------------------------------------------------------

// `log_probs` of a softmax over all words.
static void full(struct onnx_export *export)
{
    struct word_parameters own = word_parameters(export->network);
    put_words(export, own.words);
    const char *bias = put_bias(export, "output.bias", own.bias);
    onnx_node(&export->graph, "logits = Gemm<transB=1>(hidden, %s, %s)", words_of(export), bias);
    onnx_node(&export->graph, "log_probs = LogSoftmax<axis=1>(logits)");
}

// ---- classes ----------------------------------------------------------------------------------

// `class_log_probs` [T, C], and the class of each word.
static void classes(struct onnx_export *export)
{
    struct word_parameters own = word_parameters(export->network);
    struct onnx_graph *graph = &export->graph;
    size_t words = export->network->shape.words;
    int64_t *class = onnx_integers(graph, "output.class_of", 1, words, 0);
    for (size_t w = 0; class != NULL && w < words; w++)
        class[w] = export->network->classes.of_word[w];
    onnx_rows(graph, "output.classes", parameter_row(own.classes, 0), own.classes->rows,
              own.classes->width, own.classes->stride);
    const char *bias = put_bias(export, "output.class_bias", own.class_bias);
    onnx_node(graph, "class_logits = Gemm<transB=1>(hidden, output.classes, %s)", bias);
    onnx_node(graph, "class_log_probs = LogSoftmax<axis=1>(class_logits)");
}

// `within` [T, 1]: of each target the rows of the words of its class alone, place after place.
static void within_class(struct onnx_export *export)
{
    const struct network *network = export->network;
    struct word_parameters own = word_parameters(network);
    struct onnx_graph *graph = &export->graph, body = {.prefix = "output"};
    char units[32];
    int64_t *begin = onnx_integers(graph, "output.begin", 1, network->shape.classes + 1, 0);
    for (size_t k = 0; begin != NULL && k <= network->shape.classes; k++)
        begin[k] = network->classes.begin[k];
    put_words(export, own.words);
    bool biased = *put_bias(export, "output.bias", own.bias) != '\0';
    snprintf(units, sizeof units, "1 %zu", network->width);
    onnx_input(&body, ".x", ONNX_FLOAT, units);
    onnx_input(&body, ".word", ONNX_INT64, "1");
    onnx_node(&body, ".k = Gather(.class_of, .word)");
    onnx_node(&body, ".next = Add(.k, .one)");
    onnx_node(&body, ".first = Gather(.begin, .k)");
    onnx_node(&body, ".last = Gather(.begin, .next)");
    onnx_node(&body, ".rows = Slice(%s, .first, .last, axis0)", words_of(export));
    if (biased)
        onnx_node(&body, ".part = Slice(.bias, .first, .last, axis0)");
    onnx_node(&body, ".logits = Gemm<transB=1>(.x, .rows%s)", biased ? ", .part" : "");
    onnx_node(&body, ".logs = LogSoftmax<axis=1>(.logits)");
    onnx_node(&body, ".place = Sub(.word, .first)");
    onnx_node(&body, ".log = Gather<axis=1>(.logs, .place)");
    onnx_output(&body, ".log", ONNX_FLOAT, "1 1");
    onnx_list(graph, "output.one", 1, 1, 0);
    onnx_list(graph, "one_by_one", 2, -1, 1);
    onnx_node(graph, "each = Unsqueeze(hidden, axis1)");
    onnx_node_with_body(graph, &body, "within_each = Scan<num_scan_inputs=2>(each, targets)");
    onnx_node(graph, "within = Reshape(within_each, one_by_one)");
}

void onnx_log_prob_of_targets(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    if (!export->network->shape.output->classes) {
        full(export);
        onnx_node(graph, "log_prob = GatherElements<axis=1>(log_probs, targets)");
        return;
    }
    classes(export);
    within_class(export);
    onnx_node(graph, "target_classes = Gather(output.class_of, targets)");
    onnx_node(graph, "of_class = GatherElements<axis=1>(class_log_probs, target_classes)");
    onnx_node(graph, "log_prob = Add(of_class, within)");
}

// ---- all words, by classes --------------------------------------------------------------------

// Classes of alike sizes, which a softmax takes at once: those of more than half of `most` words,
// and at most so many. What is missing to `most` in one has a logit of almost minus infinity.
struct alike {
    size_t most, classes;
};

static bool belongs(const struct onnx_export *export, const struct alike *alike, size_t k)
{
    size_t words = class_words(export, k);
    return words > alike->most / 2 && words <= alike->most;
}

// Fills in where the logits of classes come from, with their biases, and in place[] where those
// of words go.
static void lay_out(const struct onnx_export *export, const struct alike *alike, size_t from,
                    int64_t *index, float *bias, int64_t *place)
{
    const float nothing = -1e30F;
    const struct parameter *own = word_parameters(export->network).bias;
    size_t at = 0;
    for (size_t k = 0; k < export->network->shape.classes; k++) {
        size_t first = class_first(export, k), words = class_words(export, k);
        if (!belongs(export, alike, k))
            continue;
        for (size_t i = 0; i < alike->most; i++, at++) {
            index[at] = (int64_t)(i < words ? first + i : first);
            bias[at] = i >= words ? nothing : own != NULL ? parameter_row(own, 0)[first + i] : 0;
            if (i < words)
                place[first + i] = (int64_t)(from + at);
        }
    }
}

// Adds what is named `alikeN` [T, classes * most]: ln P(word | class) of the words of these
// classes, which are from `from` on when all of them stand side by side.
static void add_alike(struct onnx_export *export, const struct alike *alike, size_t number,
                      size_t from, int64_t *place)
{
    struct onnx_graph *graph = &export->graph;
    char name[ONNX_NAME];
    snprintf(name, sizeof name, "output.alike%zu", number);
    graph->prefix = name;
    int64_t *index = onnx_integers(graph, ".index", 2, alike->classes, alike->most);
    float *bias = onnx_floats(graph, ".bias", 2, alike->classes, alike->most);
    if (index != NULL && bias != NULL)
        lay_out(export, alike, from, index, bias, place);
    onnx_list(graph, ".flat", 2, -1, (int64_t)(alike->classes * alike->most));
    onnx_node(graph, ".rows = Gather<axis=1>(logits, .index)");
    onnx_node(graph, ".logits = Add(.rows, .bias)");
    onnx_node(graph, ".logs = LogSoftmax<axis=2>(.logits)");
    onnx_node(graph, "alike%zu = Reshape(.logs, .flat)", number);
    graph->prefix = "";
}

// `within` [T, words]. Classes have any sizes, which no operator knows of: they are taken
// together in as many softmaxes as the largest size has binary digits, with at most as many
// numbers more as there are words.
static void within_classes(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    const struct network *network = export->network;
    int64_t *place = onnx_integers(graph, "output.place", 1, network->shape.words, 0);
    char list[1024] = "";
    size_t from = 0, number = 0, length = 0;
    put_words(export, word_parameters(network).words);
    onnx_node(graph, "logits = Gemm<transB=1>(hidden, %s)", words_of(export));
    for (size_t most = 1; most / 2 < network->classes.largest; most *= 2) {
        struct alike alike = {.most = most};
        for (size_t k = 0; k < network->shape.classes; k++)
            alike.classes += belongs(export, &alike, k);
        if (alike.classes == 0 || place == NULL)
            continue;
        add_alike(export, &alike, number, from, place);
        length += (size_t)snprintf(list + length, sizeof list - length, "%salike%zu",
                                   number > 0 ? ", " : "", number);
        from += alike.classes * alike.most;
        number++;
    }
    onnx_node(graph, "side_by_side = Concat<axis=1>(%s)", list);
    onnx_node(graph, "within = Gather<axis=1>(side_by_side, output.place)");
}

void onnx_log_probs(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    if (!export->network->shape.output->classes) {
        full(export);
        return;
    }
    classes(export);
    within_classes(export);
    onnx_node(graph, "of_classes = Gather<axis=1>(class_log_probs, output.class_of)");
    onnx_node(graph, "log_probs = Add(of_classes, within)");
}
