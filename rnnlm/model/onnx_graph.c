// ONNX files: graphs as text lines, and their writing.
#include "model/onnx_graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

// Version of the operators: 13 (2021) is what every runtime in use knows; of the file's form, the
// one that goes with it.
enum { OPERATOR_SET = 13, FORM = 7 };

// Numbers of fields, from onnx.proto.
enum model_field { MODEL_FORM = 1, MODEL_PRODUCER = 2, MODEL_DOC = 6, MODEL_GRAPH = 7 };
enum { MODEL_OPERATOR_SET = 8, MODEL_METADATA = 14, SET_VERSION = 2, ENTRY_KEY = 1, ENTRY_VALUE };
enum graph_field { GRAPH_NODE = 1, GRAPH_NAME, GRAPH_CONSTANT = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT };
enum node_field { NODE_INPUT = 1, NODE_OUTPUT, NODE_NAME, NODE_TYPE, NODE_ATTRIBUTE };
enum {
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_FLOAT,
    ATTRIBUTE_INT,
    ATTRIBUTE_GRAPH = 6,
    ATTRIBUTE_INTS = 8
};
enum { ATTRIBUTE_TYPE = 20, TYPE_FLOAT = 1, TYPE_INT, TYPE_GRAPH = 5, TYPE_INTS = 7 };
enum { TENSOR_DIMENSION = 1, TENSOR_TYPE, TENSOR_NAME = 8, TENSOR_RAW };
enum { VALUE_NAME = 1, VALUE_TYPE, TYPE_TENSOR = 1, TENSOR_ELEMENT = 1, TENSOR_SHAPE };
enum { SHAPE_DIMENSION = 1, DIMENSION_NUMBER = 1, DIMENSION_NAME };

void onnx_graph_free(struct onnx_graph *graph)
{
    protobuf_free(&graph->fields);
    for (size_t i = 0; i < graph->constants; i++)
        free(graph->constant[i].own);
    free(graph->constant);
    memset(graph, 0, sizeof *graph);
}

bool onnx_graph_ok(const struct onnx_graph *graph, struct error *error)
{
    return (!graph->failed && protobuf_ok(&graph->fields, NULL)) ||
           error_set(error, "not enough memory for an ONNX graph");
}

// ---- nodes ------------------------------------------------------------------------------------

static void full_name(const struct onnx_graph *graph, const char *name, size_t length,
                      char full[ONNX_NAME])
{
    snprintf(full, ONNX_NAME, "%s%.*s", *name == '.' ? graph->prefix : "", (int)length, name);
}

// Names with commas between, up to one of `end`; returns what stands there.
static const char *put_names(const struct onnx_graph *graph, struct protobuf *node, uint32_t field,
                             const char *at, const char *end)
{
    char name[ONNX_NAME];
    for (at += strspn(at, ", "); strchr(end, *at) == NULL; at += strspn(at, ", ")) {
        size_t length = strcspn(at, ", =)");
        full_name(graph, at, length, name);
        protobuf_text(node, field, name);
        at += length;
    }
    return at;
}

// NAME=NUMBER or NAME=[NUMBER,...]; returns what stands behind it.
static const char *put_attribute(struct protobuf *node, const char *at)
{
    struct protobuf attribute = {0};
    size_t length = strcspn(at, "=");
    int type = TYPE_INT;
    char *end;
    protobuf_bytes(&attribute, ATTRIBUTE_NAME, at, length);
    at += length + 1;
    length = strcspn(at, ",>");
    if (*at == '[') {
        for (type = TYPE_INTS; *at != ']'; at = end)
            protobuf_number(&attribute, ATTRIBUTE_INTS, strtoll(at + 1, &end, 10));
        end = (char *)at + 1;
    } else if (memchr(at, '.', length) != NULL) {
        double value = 0;
        number_parse(at, length, &value);
        type = TYPE_FLOAT;
        protobuf_float(&attribute, ATTRIBUTE_FLOAT, (float)value);
        end = (char *)at + length;
    } else {
        protobuf_number(&attribute, ATTRIBUTE_INT, strtoll(at, &end, 10));
    }
    protobuf_number(&attribute, ATTRIBUTE_TYPE, type);
    protobuf_message(node, NODE_ATTRIBUTE, &attribute);
    return end;
}

// The lines are this program's own, and in order.
static void put_node(const struct onnx_graph *graph, struct protobuf *node, const char *line)
{
    char name[ONNX_NAME];
    full_name(graph, line, strcspn(line, ", ="), name); // of the node, as of its first output
    const char *at = put_names(graph, node, NODE_OUTPUT, line, "=") + 1;
    at += strspn(at, " ");
    size_t length = strcspn(at, "<(");
    protobuf_text(node, NODE_NAME, name);
    protobuf_bytes(node, NODE_TYPE, at, length);
    for (at += length; *at != '(' && *at != '>'; at += *at == '>')
        at = put_attribute(node, at + 1);
    at += *at == '>';
    put_names(graph, node, NODE_INPUT, at + 1, ")");
}

enum { MOST_LINE = 4096 };

void onnx_node(struct onnx_graph *graph, const char *format, ...)
{
    char line[MOST_LINE];
    struct protobuf node = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    put_node(graph, &node, line);
    protobuf_message(&graph->fields, GRAPH_NODE, &node);
}

void onnx_node_with_body(struct onnx_graph *graph, struct onnx_graph *body, const char *format, ...)
{
    char line[MOST_LINE];
    struct protobuf node = {0}, attribute = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    put_node(graph, &node, line);
    protobuf_text(&body->fields, GRAPH_NAME, "body");
    protobuf_text(&attribute, ATTRIBUTE_NAME, "body");
    protobuf_message(&attribute, ATTRIBUTE_GRAPH, &body->fields);
    protobuf_number(&attribute, ATTRIBUTE_TYPE, TYPE_GRAPH);
    protobuf_message(&node, NODE_ATTRIBUTE, &attribute);
    protobuf_message(&graph->fields, GRAPH_NODE, &node);
    onnx_graph_free(body);
}

// ---- inputs and outputs -----------------------------------------------------------------------

static void put_sizes(struct protobuf *tensor, const char *sizes)
{
    struct protobuf shape = {0};
    for (const char *at = sizes; *at != '\0'; at += strspn(at, " ")) {
        struct protobuf dimension = {0};
        char *end;
        size_t length = strcspn(at, " ");
        int64_t number = strtoll(at, &end, 10);
        if (end == at)
            protobuf_bytes(&dimension, DIMENSION_NAME, at, length);
        else
            protobuf_number(&dimension, DIMENSION_NUMBER, number);
        protobuf_message(&shape, SHAPE_DIMENSION, &dimension);
        at += length;
    }
    protobuf_message(tensor, TENSOR_SHAPE, &shape);
}

static void put_value(struct onnx_graph *graph, uint32_t field, const char *name,
                      enum onnx_type element, const char *sizes)
{
    struct protobuf value = {0}, type = {0}, tensor = {0};
    char full[ONNX_NAME];
    full_name(graph, name, strlen(name), full);
    protobuf_number(&tensor, TENSOR_ELEMENT, element);
    put_sizes(&tensor, sizes);
    protobuf_message(&type, TYPE_TENSOR, &tensor);
    protobuf_text(&value, VALUE_NAME, full);
    protobuf_message(&value, VALUE_TYPE, &type);
    protobuf_message(&graph->fields, field, &value);
}

void onnx_input(struct onnx_graph *graph, const char *name, enum onnx_type type, const char *sizes)
{
    put_value(graph, GRAPH_INPUT, name, type, sizes);
}

void onnx_output(struct onnx_graph *graph, const char *name, enum onnx_type type, const char *sizes)
{
    put_value(graph, GRAPH_OUTPUT, name, type, sizes);
}

// ---- constants --------------------------------------------------------------------------------

static struct onnx_constant *new_constant(struct onnx_graph *graph, const char *name,
                                          enum onnx_type type)
{
    if (!memory_grow(&graph->constant, &graph->capacity, graph->constants + 1,
                     sizeof *graph->constant, NULL)) {
        graph->failed = true;
        return NULL;
    }
    struct onnx_constant *constant = &graph->constant[graph->constants++];
    *constant = (struct onnx_constant){.type = type};
    full_name(graph, name, strlen(name), constant->name);
    return constant;
}

void onnx_rows(struct onnx_graph *graph, const char *name, const float *data, size_t rows,
               size_t width, size_t stride)
{
    struct onnx_constant *constant = new_constant(graph, name, ONNX_FLOAT);
    if (constant == NULL)
        return;
    constant->data = data;
    constant->rows = rows > 0 ? rows : 1;
    constant->width = width;
    constant->stride = stride;
    constant->dimensions = rows > 0 ? 2 : 1;
    constant->dimension[0] = rows > 0 ? rows : width;
    constant->dimension[1] = width;
}

static void *new_numbers(struct onnx_graph *graph, const char *name, enum onnx_type type,
                         size_t element, size_t dimensions, size_t first, size_t second)
{
    struct onnx_constant *constant = new_constant(graph, name, type);
    size_t count = (dimensions > 0 ? first : 1) * (dimensions > 1 ? second : 1);
    void *numbers = constant != NULL ? memory_new(count, element, NULL) : NULL;
    graph->failed |= numbers == NULL;
    if (numbers == NULL)
        return NULL;
    constant->own = numbers;
    constant->data = numbers;
    constant->rows = 1;
    constant->width = constant->stride = count;
    constant->dimensions = dimensions;
    constant->dimension[0] = first;
    constant->dimension[1] = second;
    return numbers;
}

float *onnx_floats(struct onnx_graph *graph, const char *name, size_t dimensions, size_t first,
                   size_t second)
{
    return new_numbers(graph, name, ONNX_FLOAT, sizeof(float), dimensions, first, second);
}

int64_t *onnx_integers(struct onnx_graph *graph, const char *name, size_t dimensions, size_t first,
                       size_t second)
{
    return new_numbers(graph, name, ONNX_INT64, sizeof(int64_t), dimensions, first, second);
}

void onnx_float(struct onnx_graph *graph, const char *name, float value)
{
    float *number = onnx_floats(graph, name, 0, 0, 0);
    if (number != NULL)
        *number = value;
}

void onnx_integer(struct onnx_graph *graph, const char *name, int64_t value)
{
    int64_t *number = onnx_integers(graph, name, 0, 0, 0);
    if (number != NULL)
        *number = value;
}

void onnx_list(struct onnx_graph *graph, const char *name, size_t count, int64_t first,
               int64_t second)
{
    int64_t *number = onnx_integers(graph, name, 1, count, 0);
    if (number != NULL)
        number[0] = first;
    if (number != NULL && count > 1)
        number[1] = second;
}

// ---- the file ---------------------------------------------------------------------------------

static size_t element_size(enum onnx_type type)
{
    return type == ONNX_INT64 ? sizeof(int64_t) : sizeof(float);
}

// All of a constant but its elements, which come behind.
static void put_constant_head(struct protobuf *message, const struct onnx_constant *constant)
{
    for (size_t i = 0; i < constant->dimensions; i++)
        protobuf_number(message, TENSOR_DIMENSION, (int64_t)constant->dimension[i]);
    protobuf_number(message, TENSOR_TYPE, constant->type);
    protobuf_text(message, TENSOR_NAME, constant->name);
    protobuf_head(message, TENSOR_RAW,
                  constant->rows * constant->width * element_size(constant->type));
}

// What stands before the elements in the graph. Returns how many bytes this and they are.
static size_t put_constant(struct protobuf *message, const struct onnx_constant *constant)
{
    struct protobuf head = {0};
    size_t bytes = constant->rows * constant->width * element_size(constant->type);
    put_constant_head(&head, constant);
    protobuf_head(message, GRAPH_CONSTANT, head.size + bytes);
    protobuf_add(message, &head);
    protobuf_free(&head);
    return message->size + bytes;
}

// Elements are little-endian.
static void write_elements(struct output *output, const unsigned char *elements, size_t count,
                           size_t size)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (size_t i = 0; i < count; i++)
        for (size_t j = size; j-- > 0;)
            output_write(output, elements + i * size + j, 1);
#else
    output_write(output, elements, count * size);
#endif
}

static bool write_constant(const struct onnx_constant *constant, struct output *output)
{
    struct protobuf head = {0};
    size_t size = element_size(constant->type);
    put_constant(&head, constant);
    bool ok = protobuf_ok(&head, NULL);
    if (ok)
        output_write(output, head.bytes, head.size);
    protobuf_free(&head);
    for (size_t i = 0; ok && i < constant->rows; i++)
        write_elements(output, (const unsigned char *)constant->data + i * constant->stride * size,
                       constant->width, size);
    return ok;
}

static bool constants_size(const struct onnx_graph *graph, size_t *size)
{
    bool ok = true;
    for (size_t i = 0; i < graph->constants; i++) {
        struct protobuf head = {0};
        *size += put_constant(&head, &graph->constant[i]);
        ok &= protobuf_ok(&head, NULL);
        protobuf_free(&head);
    }
    return ok;
}

// All of the file but the graph's constants, and `size`, of the graph with them.
static void put_model(struct protobuf *model, const struct protobuf *fields, size_t size,
                      const char *about, const char *const *metadata)
{
    struct protobuf set = {0};
    protobuf_number(model, MODEL_FORM, FORM);
    protobuf_text(model, MODEL_PRODUCER, "rnnlm");
    protobuf_text(model, MODEL_DOC, about);
    protobuf_number(&set, SET_VERSION, OPERATOR_SET);
    protobuf_message(model, MODEL_OPERATOR_SET, &set);
    for (size_t i = 0; metadata[i] != NULL; i += 2) {
        struct protobuf entry = {0};
        protobuf_text(&entry, ENTRY_KEY, metadata[i]);
        protobuf_text(&entry, ENTRY_VALUE, metadata[i + 1]);
        protobuf_message(model, MODEL_METADATA, &entry);
    }
    protobuf_head(model, MODEL_GRAPH, size);
    protobuf_add(model, fields);
}

static bool write(const struct onnx_graph *graph, const struct protobuf *fields, const char *about,
                  const char *const *metadata, struct output *output, struct error *error)
{
    struct protobuf model = {0};
    size_t size = fields->size;
    bool ok = constants_size(graph, &size);
    put_model(&model, fields, size, about, metadata);
    ok = ok && protobuf_ok(&model, NULL);
    size_t whole = model.size + size - fields->size;
    bool fits = whole <= PROTOBUF_MOST;
    if (ok && fits)
        output_write(output, model.bytes, model.size);
    for (size_t i = 0; ok && fits && i < graph->constants; i++)
        ok = write_constant(&graph->constant[i], output);
    protobuf_free(&model);
    if (!ok)
        return error_set(error, "not enough memory for an ONNX graph");
    return fits || error_set(error,
                             "an ONNX file holds 2 GB at most, the model takes %.1f GB: fewer "
                             "words or units are wanted, or -format native",
                             (double)whole / 1e9);
}

bool onnx_graph_write(const struct onnx_graph *graph, const char *about,
                      const char *const *metadata, struct output *output, struct error *error)
{
    struct protobuf fields = {0};
    protobuf_add(&fields, &graph->fields);
    protobuf_text(&fields, GRAPH_NAME, "rnnlm");
    bool ok = onnx_graph_ok(graph, error) && protobuf_ok(&fields, error) &&
              write(graph, &fields, about, metadata, output, error);
    protobuf_free(&fields);
    return ok;
}
