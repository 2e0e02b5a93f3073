// Layers in the operators of ONNX: what goes in, the way from place to place, states.
//
// Not by LSTM, GRU and RNN of ONNX: they multiply what comes in, where a bottom layer has a row for
// each word, and know neither the other kinds nor sentences that begin anew within a text. A step
// inside Scan is what net/equations.h has; products with what comes in are done outside, for all
// places at once. It costs little: a word takes 0.042 ms, by LSTM 0.031, with 200 units and one text;
// 0.26 and 0.24 with 600; 0.029 and 0.027 with 200 and ten texts (onnxruntime-web 1.30, one core).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/onnx_parts.h"
#include "net/equations.h"

enum { LAYER_MOST_VECTORS = 8, ONNX_MOST_ROWS = SHAPE_MOST_LAYERS * LAYER_MOST_VECTORS / 2 };

// ---- kinds ------------------------------------------------------------------------------------

// Which function units apply, as an operator; NULL for one that is not known here.
static const char *operator_of(const struct activation *activation)
{
    static const char *const names[][2] = {
        {"logistic", "Sigmoid"}, {"tanh", "Tanh"}, {"relu", "Relu"}, {"elu", "Elu"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(activation->name, names[i][0]) == 0)
            return names[i][1];
    return NULL;
}

bool onnx_has_layer(const struct layer *layer, struct error *error)
{
    if (layer_equations(layer->type) == NULL)
        return error_set(error, "found a layer of kind %s, whose equations are not known here",
                         layer->type->name);
    return layer->activation == NULL || operator_of(layer->activation) != NULL ||
           error_set(error,
                     "found the activation %s, which is not known here: a network trained "
                     "with another -activation is wanted",
                     layer->activation->name);
}

// Its vectors that go from word to word, lowest first. Returns how many they are.
static size_t carried(const struct layer *layer, size_t vector[LAYER_MOST_VECTORS])
{
    const char *const *equations = layer_equations(layer->type);
    size_t count = 0;
    for (size_t v = 0; v < layer->type->state && v < LAYER_MOST_VECTORS; v++)
        if (equations_want(equations, v))
            vector[count++] = v;
    return count;
}

static void put_equations(struct onnx_graph *graph, const struct layer *layer)
{
    static const char any[] = "Activation(";
    const char *const *equations = layer_equations(layer->type);
    for (; *equations != NULL; equations++) {
        const char *at = strstr(*equations, any);
        if (at == NULL || layer->activation == NULL)
            onnx_node(graph, "%s", *equations);
        else
            onnx_node(graph, "%.*s%s(%s", (int)(at - *equations), *equations,
                      operator_of(layer->activation), at + sizeof any - 1);
    }
}

// ---- input ------------------------------------------------------------------------------------

// The biases of `count` sums from `first` on, where the layer has some; returns whether any of
// these are there.
static bool put_bias(struct onnx_graph *graph, const struct layer *layer, const char *name,
                     size_t first, size_t count)
{
    const struct parameter *bias = layer_map(layer, MAP_ONE);
    size_t own = layer->sums_at[MAP_ONE], end = bias != NULL ? own + bias->width : own;
    size_t from = first > own ? first : own, to = first + count < end ? first + count : end;
    if (bias == NULL || from >= to)
        return false;
    float *value = onnx_floats(graph, name, 1, count, 0);
    if (value != NULL)
        memcpy(value + from - first, parameter_row(bias, 0) + from - own,
               (to - from) * sizeof *value);
    return true;
}

// .in [T, sums]: the product of the input map with what is below, or rows of words, and the bias.
static void add_input(const struct onnx_export *export, struct onnx_graph *graph,
                      const struct layer *layer, size_t l, size_t sums)
{
    const struct parameter *input = layer_map(layer, MAP_INPUT);
    onnx_rows(graph, ".input", parameter_row(input, 0), input->rows, input->width, input->stride);
    bool biased = put_bias(graph, layer, ".bias", layer->sums_at[MAP_INPUT], sums);
    if (l > 0) {
        onnx_node(graph, ".in = Gemm<transB=1>(layer%zu.out, .input%s)", l - 1,
                  biased ? ", .bias" : "");
        return;
    }
    onnx_node(graph, ".found = Gather(.input, places)");
    onnx_node(graph, export->unknown ? ".row = Where(in_model, .found, nothing)"
                                     : ".row = Identity(.found)");
    onnx_node(graph, biased ? ".in = Add(.row, .bias)" : ".in = Identity(.row)");
}

// What the equations of a layer want besides: the other maps, and biases that do not stand beside
// the input's.
static void put_maps(struct onnx_graph *graph, const struct layer *layer, size_t sums)
{
    size_t behind = layer->sums_at[MAP_INPUT] + sums;
    for (size_t i = 0; i < layer->maps; i++) {
        const struct linear_map *map = &layer->type->map[i];
        const struct parameter *own = layer->map[i];
        char name[ONNX_NAME];
        snprintf(name, sizeof name, ".%s", map->name);
        if (map->from != MAP_INPUT && map->from != MAP_ONE)
            onnx_rows(graph, name, parameter_row(own, 0), own->rows, own->width, own->stride);
    }
    if (behind < layer->sums)
        put_bias(graph, layer, ".rest", behind, layer->sums - behind);
}

// ---- states -----------------------------------------------------------------------------------

// Rows of h and c each that a layer has: its vectors are in h, c, h, c, ... by turns.
static size_t rows_of(const struct layer *layer)
{
    size_t vector[LAYER_MOST_VECTORS];
    return (carried(layer, vector) + 1) / 2;
}

void onnx_lay_out_states(struct onnx_export *export)
{
    export->rows = export->width = 0;
    for (size_t l = 0; l < export->network->shape.layers; l++) {
        const struct layer *layer = &export->network->layer[l];
        export->rows += rows_of(layer);
        if (rows_of(layer) > 0 && layer->units > export->width)
            export->width = layer->units;
    }
    export->rows += export->rows == 0;
    export->width += export->width == 0;
}

// What vector v of a layer is before the first word.
static float start_of(const struct onnx_export *export, const struct layer *layer, size_t v)
{
    return v > 0 ? 0 : export->independent ? layer->type->restart : layer->type->start;
}

// A vector that is carried on, and its row in h or c.
struct place {
    size_t v, row;
    char of;
};

static size_t places_of(const struct layer *layer, size_t row, struct place *place)
{
    size_t vector[LAYER_MOST_VECTORS], count = carried(layer, vector);
    for (size_t i = 0; i < count; i++)
        place[i] = (struct place){vector[i], row + i / 2, i % 2 == 0 ? 'h' : 'c'};
    return count;
}

// .s: a vector before the first place.
static void begin_vector(struct onnx_export *export, const struct layer *layer,
                         const struct place *place)
{
    struct onnx_graph *graph = &export->graph;
    char start[ONNX_NAME];
    size_t v = place->v;
    snprintf(start, sizeof start, ".start%zu", v);
    onnx_float(graph, start, start_of(export, layer, v));
    if (export->form == ONNX_SENTENCES) {
        onnx_node(graph, ".s%zu = Expand(.start%zu, .state_sizes)", v, v);
        return;
    }
    if (layer->units < export->width)
        onnx_node(graph, ".own%zu, .rest%zu = Split<axis=1>(%c0_%zu, .split)", v, v, place->of,
                  place->row);
    else
        onnx_node(graph, ".own%zu = Identity(%c0_%zu)", v, place->of, place->row);
    onnx_node(graph, ".s%zu = Add(.own%zu, .start%zu)", v, v, v);
}

// What is in place of it behind the last one (.e). What a narrow layer leaves of a row stays.
static void end_vector(struct onnx_export *export, const struct layer *layer,
                       const struct place *place)
{
    struct onnx_graph *graph = &export->graph;
    size_t v = place->v;
    if (export->form == ONNX_SENTENCES)
        return;
    onnx_node(graph, ".new%zu = Sub(.e%zu, .start%zu)", v, v, v);
    if (layer->units < export->width)
        onnx_node(graph, "%c1_%zu = Concat<axis=1>(.new%zu, .rest%zu)", place->of, place->row, v,
                  v);
    else
        onnx_node(graph, "%c1_%zu = Identity(.new%zu)", place->of, place->row, v);
}

static void begin_states(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    for (size_t row = 0; row < export->rows; row++) {
        char name[ONNX_NAME];
        snprintf(name, sizeof name, "row%zu", row);
        onnx_integer(graph, name, (int64_t)row);
        onnx_node(graph, "h0_%zu = Gather(h0, row%zu)", row, row);
        onnx_node(graph, "c0_%zu = Gather(c0, row%zu)", row, row);
    }
}

// Rows of h or c side by side; those that belong to nobody are handed on.
static void end_states(struct onnx_export *export, char of, const bool *used)
{
    struct onnx_graph *graph = &export->graph;
    char list[ONNX_MOST_ROWS * 14] = "";
    for (size_t row = 0, length = 0; row < export->rows; row++) {
        onnx_node(graph, "next_%c_%zu = Unsqueeze(%c%d_%zu, axis0)", of, row, of, used[row], row);
        length += (size_t)snprintf(list + length, sizeof list - length, "%snext_%c_%zu",
                                   row > 0 ? ", " : "", of, row);
    }
    onnx_node(graph, "next_%c0 = Concat<axis=0>(%s)", of, list);
}

// ---- from place to place ----------------------------------------------------------------------

// One step as a body: vectors (anew where a sentence begins), and what comes in. Scan wants to
// know their sizes.
static struct onnx_graph step(struct onnx_export *export, const struct layer *layer, size_t sums,
                              const struct place *place, size_t count)
{
    struct onnx_graph body = {.prefix = export->graph.prefix};
    char name[ONNX_NAME], units[32], all[32];
    snprintf(units, sizeof units, "N %zu", layer->units);
    snprintf(all, sizeof all, "N %zu", sums);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, export->independent ? ".c%zu" : ".b%zu", place[i].v);
        onnx_input(&body, name, ONNX_FLOAT, units);
    }
    onnx_input(&body, ".x", ONNX_FLOAT, all);
    if (export->independent)
        onnx_input(&body, ".goes_on", ONNX_BOOL, "N 1");
    for (size_t i = 0; i < count && export->independent; i++)
        onnx_node(&body, ".b%zu = Where(.goes_on, .c%zu, .start%zu)", place[i].v, place[i].v,
                  place[i].v);
    put_equations(&body, layer);
    onnx_node(&body, ".y = Identity(.a0)");
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, ".a%zu", place[i].v);
        onnx_output(&body, name, ONNX_FLOAT, units);
    }
    onnx_output(&body, ".y", ONNX_FLOAT, units);
    return body;
}

// .out [T, units] from .in [T, sums].
static void scan(struct onnx_export *export, const struct layer *layer, size_t sums,
                 const struct place *place, size_t count)
{
    struct onnx_graph *graph = &export->graph, body = step(export, layer, sums, place, count);
    char from[128] = "", to[128] = "";
    for (size_t i = 0, a = 0, b = 0; i < count; i++) {
        a += (size_t)snprintf(from + a, sizeof from - a, ".s%zu, ", place[i].v);
        b += (size_t)snprintf(to + b, sizeof to - b, ".e%zu, ", place[i].v);
    }
    onnx_list(graph, ".sums", 1, (int64_t)sums, 0);
    onnx_list(graph, ".flat", 2, -1, (int64_t)layer->units);
    onnx_node(graph, ".sizes = Concat<axis=0>(lengths, .sums)");
    onnx_node(graph, ".by_place = Reshape(.in, .sizes)");
    onnx_node_with_body(graph, &body, "%s.puts_out = Scan<num_scan_inputs=%d>(%s.by_place%s)", to,
                        export->independent ? 2 : 1, from, export->independent ? ", goes_on" : "");
    onnx_node(graph, ".out = Reshape(.puts_out, .flat)");
}

static void put_sizes_of_state(struct onnx_export *export, const struct layer *layer)
{
    struct onnx_graph *graph = &export->graph;
    int64_t units = (int64_t)layer->units;
    if (export->form == ONNX_SENTENCES) {
        onnx_list(graph, ".units", 1, units, 0);
        onnx_node(graph, ".state_sizes = Concat<axis=0>(texts, .units)");
    } else if (layer->units < export->width) {
        onnx_list(graph, ".split", 2, units, (int64_t) export->width - units);
    }
}

// A layer whose rows of h and c are from `row` on; `used` are those of either that it has.
static void recurrent(struct onnx_export *export, const struct layer *layer, size_t sums,
                      size_t row, bool *used_h, bool *used_c)
{
    struct place place[LAYER_MOST_VECTORS];
    size_t count = places_of(layer, row, place);
    put_sizes_of_state(export, layer);
    put_maps(&export->graph, layer, sums);
    for (size_t i = 0; i < count; i++)
        begin_vector(export, layer, &place[i]);
    scan(export, layer, sums, place, count);
    for (size_t i = 0; i < count; i++) {
        end_vector(export, layer, &place[i]);
        (place[i].of == 'h' ? used_h : used_c)[place[i].row] = true;
    }
}

// A layer that carries nothing on is a step for all places.
static void straight(struct onnx_graph *graph, const struct layer *layer)
{
    onnx_node(graph, ".x = Identity(.in)");
    put_equations(graph, layer);
    onnx_node(graph, ".out = Identity(.a0)");
}

void onnx_layers(struct onnx_export *export)
{
    struct onnx_graph *graph = &export->graph;
    const struct network *network = export->network;
    bool used_h[ONNX_MOST_ROWS] = {false}, used_c[ONNX_MOST_ROWS] = {false};
    bool states = export->form == ONNX_STATES;
    size_t row = 0;
    if (states)
        begin_states(export);
    for (size_t l = 0; l < network->shape.layers; l++) {
        const struct layer *layer = &network->layer[l];
        char name[ONNX_NAME];
        size_t sums = layer_word_row(layer->type, layer->units);
        snprintf(name, sizeof name, "layer%zu", l);
        graph->prefix = name;
        add_input(export, graph, layer, l, sums);
        if (rows_of(layer) > 0)
            recurrent(export, layer, sums, row, used_h, used_c);
        else
            straight(graph, layer);
        row += rows_of(layer);
    }
    graph->prefix = "";
    onnx_node(graph, "top = Identity(layer%zu.out)", network->shape.layers - 1);
    if (states) {
        end_states(export, 'h', used_h);
        end_states(export, 'c', used_c);
    }
}
