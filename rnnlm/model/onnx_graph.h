// ONNX files (onnx.ai, onnx/onnx.proto): a graph of operators, as text lines add them to it, and
// its constants, which are written from where they lie, so that a file takes little memory to
// write.
#ifndef MODEL_ONNX_GRAPH_H
#define MODEL_ONNX_GRAPH_H

#include "base/file.h"
#include "base/protobuf.h"

enum onnx_type { ONNX_FLOAT = 1, ONNX_INT64 = 7, ONNX_BOOL = 9 };

enum { ONNX_NAME = 48, ONNX_MOST_DIMENSIONS = 3 };

// A constant. Its elements lie in rows that may be further apart than they are wide.
struct onnx_constant {
    char name[ONNX_NAME];
    enum onnx_type type;
    size_t dimensions; // 0: a single number
    size_t dimension[ONNX_MOST_DIMENSIONS];
    const void *data; // [rows][stride]
    size_t rows, width, stride;
    void *own; // what is to be freed; NULL where the data belong to somebody else
};

// All zeros is an empty graph; onnx_graph_free() in any case. What goes wrong is kept, and told by
// onnx_graph_ok() and onnx_graph_write().
struct onnx_graph {
    struct protobuf fields; // nodes, inputs, outputs
    struct onnx_constant *constant;
    size_t constants, capacity;
    bool failed;        // memory has run out
    const char *prefix; // of names that begin with a point; not owned
};

void onnx_graph_free(struct onnx_graph *graph);

// Error: no memory.
bool onnx_graph_ok(const struct onnx_graph *graph, struct error *error);

// Adds a node, by the text syntax of ONNX: "y, h = Name<axis=1,perm=[0,2,1]>(a, b)". Attributes
// are whole numbers and lists of them, and floats, which have a point. Names that begin with a
// point have graph->prefix before it: ".h" may be "layer0.h".
void onnx_node(struct onnx_graph *graph, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// The same of a node with a graph, its attribute `body`, which takes in what the node's operator
// hands it, and knows the names of `graph` besides. `body` has no constants, and is freed.
void onnx_node_with_body(struct onnx_graph *graph, struct onnx_graph *body, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// What the graph takes in and puts out. `sizes` are names or numbers of the dimensions with
// blanks between: "N 7".
void onnx_input(struct onnx_graph *graph, const char *name, enum onnx_type type, const char *sizes);
void onnx_output(struct onnx_graph *graph, const char *name, enum onnx_type type,
                 const char *sizes);

// Constants. Rows of floats that belong to somebody else, and have to stay until the graph is
// written; with `rows` 0 a single one, of one dimension.
void onnx_rows(struct onnx_graph *graph, const char *name, const float *data, size_t rows,
               size_t width, size_t stride);

// New ones to be filled, 0 at first, of so many dimensions; NULL if there is no memory.
float *onnx_floats(struct onnx_graph *graph, const char *name, size_t dimensions, size_t first,
                   size_t second);
int64_t *onnx_integers(struct onnx_graph *graph, const char *name, size_t dimensions, size_t first,
                       size_t second);

// Single numbers, and a list of one or two.
void onnx_float(struct onnx_graph *graph, const char *name, float value);
void onnx_integer(struct onnx_graph *graph, const char *name, int64_t value);
void onnx_list(struct onnx_graph *graph, const char *name, size_t count, int64_t first,
               int64_t second);

// Writes the file: `about` for who reads it, and entries of its metadata, names and values by
// turns, NULL at the end. Error: no memory, a file of more than 2 GB. Failures of writing are
// kept in the output.
bool onnx_graph_write(const struct onnx_graph *graph, const char *about,
                      const char *const *metadata, struct output *output, struct error *error);

#endif
