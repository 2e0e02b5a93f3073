// Reads ONNX files and computes with them, as plainly as it can be written, in double precision:
// what the tests hold the writing of such files against. It knows the operators that are written,
// and what the standard (onnx.ai/onnx/operators) says of them as far as they are used; anything
// else fails the test.
#ifndef ONNX_RUN_H
#define ONNX_RUN_H

#include "onnx_tensors.h"

// ---- nodes ------------------------------------------------------------------------------------

struct node {
    char type[MOST_NAME], out_name[MOST_ARGUMENTS][MOST_NAME];
    const struct tensor *in[MOST_ARGUMENTS];
    struct tensor out[MOST_ARGUMENTS];
    size_t ins, outs;
    int64_t axis, transposed, scan_inputs, keeps, perm[MOST_DIMENSIONS];
    size_t perms;
    double constant;
    struct message body;
    struct scope *scope;
};

static inline void take_attribute(struct node *node, struct message bytes)
{
    char name[MOST_NAME] = "";
    int64_t value, number = 0, type = 0, list[MOST_DIMENSIONS];
    size_t count = 0;
    uint64_t field;
    struct message inner;
    while (take_field(&bytes, &field, &value, &inner)) {
        if (field == 1)
            copy_text(inner, name);
        else if (field == 2)
            node->constant = float_of(inner.at);
        else if (field == 3)
            number = value;
        else if (field == 6)
            node->body = inner;
        else if (field == 8 && count < MOST_DIMENSIONS)
            list[count++] = value;
        else if (field == 20)
            type = value;
        else
            fail_msg("attribute %s has field %d", name, (int)field);
    }
    if (strcmp(name, "body") == 0) {
        assert_int_equal(type, 5);
    } else if (strcmp(name, "value_float") == 0) {
        assert_int_equal(type, 1);
    } else if (strcmp(name, "perm") == 0) {
        assert_int_equal(type, 7);
        memcpy(node->perm, list, count * sizeof *list);
        node->perms = count;
    } else {
        int64_t *to = strcmp(name, "axis") == 0              ? &node->axis
                      : strcmp(name, "transB") == 0          ? &node->transposed
                      : strcmp(name, "num_scan_inputs") == 0 ? &node->scan_inputs
                      : strcmp(name, "keepdims") == 0        ? &node->keeps
                                                             : NULL;
        assert_true(to != NULL && type == 2);
        *to = number;
    }
}

static inline void take_node(struct node *node, struct message bytes)
{
    uint64_t field;
    int64_t value;
    struct message inner;
    char name[MOST_NAME];
    while (take_field(&bytes, &field, &value, &inner)) {
        assert_true(node->ins < MOST_ARGUMENTS && node->outs < MOST_ARGUMENTS);
        if (field == 1) {
            copy_text(inner, name);
            node->in[node->ins++] = find_tensor(node->scope, name);
        } else if (field == 2) {
            copy_text(inner, node->out_name[node->outs++]);
        } else if (field == 4) {
            copy_text(inner, node->type);
        } else if (field == 5) {
            take_attribute(node, inner);
        } else {
            assert_int_equal(field, 3); // a name
        }
    }
}

// ---- elementwise ------------------------------------------------------------------------------

// Where in a tensor that is broadcast the element is that has this place in `all`.
static inline size_t broadcast_place(const struct tensor *tensor, const struct tensor *all,
                                     size_t place)
{
    size_t at = 0, step = 1;
    for (size_t i = 0; i < all->dimensions; i++) {
        size_t size = all->dim[all->dimensions - 1 - i], index = place % size;
        place /= size;
        if (i >= tensor->dimensions)
            continue;
        size_t own = tensor->dim[tensor->dimensions - 1 - i];
        assert_true(own == size || own == 1);
        at += own == 1 ? 0 : index * step;
        step *= own;
    }
    return at;
}

static inline struct tensor broadcast_size(const struct node *node)
{
    size_t dim[MOST_DIMENSIONS] = {1, 1, 1, 1}, dimensions = 0;
    for (size_t t = 0; t < node->ins; t++)
        dimensions = node->in[t]->dimensions > dimensions ? node->in[t]->dimensions : dimensions;
    for (size_t t = 0; t < node->ins; t++)
        for (size_t i = 0; i < node->in[t]->dimensions; i++) {
            size_t *to = &dim[dimensions - node->in[t]->dimensions + i];
            *to = *to == 1 ? node->in[t]->dim[i] : *to;
        }
    return new_tensor(dimensions, dim);
}

static inline double elementwise(const char *type, const double *x, bool *known)
{
    *known = true;
    return strcmp(type, "Add") == 0           ? x[0] + x[1]
           : strcmp(type, "Sub") == 0         ? x[0] - x[1]
           : strcmp(type, "Mul") == 0         ? x[0] * x[1]
           : strcmp(type, "LessOrEqual") == 0 ? x[0] <= x[1]
           : strcmp(type, "Where") == 0       ? (x[0] != 0 ? x[1] : x[2])
           : strcmp(type, "Sigmoid") == 0     ? 1 / (1 + exp(-x[0]))
           : strcmp(type, "Tanh") == 0        ? tanh(x[0])
           : strcmp(type, "Relu") == 0        ? (x[0] > 0 ? x[0] : 0)
           : strcmp(type, "Elu") == 0         ? (x[0] > 0 ? x[0] : exp(x[0]) - 1)
           : strcmp(type, "Neg") == 0         ? -x[0]
           : strcmp(type, "Identity") == 0    ? x[0]
                                              : (*known = false);
}

static inline bool run_elementwise(struct node *node)
{
    double x[3] = {0};
    bool known;
    elementwise(node->type, x, &known);
    if (!known)
        return false;
    assert_true(node->ins >= 1 && node->ins <= 3 && node->outs == 1);
    node->out[0] = broadcast_size(node);
    for (size_t i = 0; i < tensor_count(&node->out[0]); i++) {
        for (size_t t = 0; t < node->ins; t++)
            x[t] = node->in[t]->value[broadcast_place(node->in[t], &node->out[0], i)];
        node->out[0].value[i] = elementwise(node->type, x, &known);
    }
    return true;
}

static inline void run_constant(struct node *node)
{
    node->out[0] = new_tensor(0, NULL);
    node->out[0].value[0] = node->constant;
}

// ---- shapes -----------------------------------------------------------------------------------

static inline void run_shape(struct node *node)
{
    node->out[0] = new_tensor(1, &node->in[0]->dimensions);
    for (size_t i = 0; i < node->in[0]->dimensions; i++)
        node->out[0].value[i] = (double)node->in[0]->dim[i];
}

static inline void run_reshape(struct node *node)
{
    const struct tensor *in = node->in[0], *sizes = node->in[1];
    struct tensor out = copy_tensor(in);
    size_t known = 1;
    out.dimensions = tensor_count(sizes);
    assert_true(out.dimensions <= MOST_DIMENSIONS);
    for (size_t i = 0; i < out.dimensions; i++)
        known *= sizes->value[i] < 0 ? 1 : (size_t)sizes->value[i];
    for (size_t i = 0; i < out.dimensions; i++)
        out.dim[i] = sizes->value[i] < 0 ? tensor_count(in) / known : (size_t)sizes->value[i];
    assert_int_equal(tensor_count(&out), tensor_count(in));
    node->out[0] = out;
}

static inline void run_unsqueeze(struct node *node)
{
    const struct tensor *in = node->in[0];
    struct tensor out = copy_tensor(in);
    size_t axis = (size_t)node->in[1]->value[0];
    assert_true(axis <= in->dimensions && in->dimensions < MOST_DIMENSIONS);
    memmove(out.dim + axis + 1, out.dim + axis, (in->dimensions - axis) * sizeof *out.dim);
    out.dim[axis] = 1;
    out.dimensions++;
    node->out[0] = out;
}

static inline void run_expand(struct node *node)
{
    size_t dim[MOST_DIMENSIONS];
    assert_true(tensor_count(node->in[1]) <= MOST_DIMENSIONS);
    for (size_t i = 0; i < tensor_count(node->in[1]); i++)
        dim[i] = (size_t)node->in[1]->value[i];
    node->out[0] = new_tensor(tensor_count(node->in[1]), dim);
    for (size_t i = 0; i < tensor_count(&node->out[0]); i++)
        node->out[0].value[i] = node->in[0]->value[broadcast_place(node->in[0], &node->out[0], i)];
}

static inline void run_range(struct node *node)
{
    size_t count = (size_t)(node->in[1]->value[0] - node->in[0]->value[0]);
    assert_true(node->in[2]->value[0] == 1);
    node->out[0] = new_tensor(1, &count);
    for (size_t i = 0; i < count; i++)
        node->out[0].value[i] = node->in[0]->value[0] + (double)i;
}

static inline void run_transpose(struct node *node)
{
    const struct tensor *in = node->in[0];
    size_t dim[MOST_DIMENSIONS];
    assert_int_equal(node->perms, in->dimensions);
    for (size_t i = 0; i < node->perms; i++)
        dim[i] = in->dim[node->perm[i]];
    node->out[0] = new_tensor(in->dimensions, dim);
    for (size_t place = 0; place < tensor_count(in); place++) {
        size_t rest = place, at = 0;
        for (size_t i = node->perms; i-- > 0;) {
            at += rest % dim[i] * count_from(in, (size_t)node->perm[i] + 1, in->dimensions);
            rest /= dim[i];
        }
        node->out[0].value[place] = in->value[at];
    }
}

// ---- parts ------------------------------------------------------------------------------------

// Elements from..to-1 along an axis.
static inline struct tensor part_of(const struct tensor *in, size_t axis, size_t from, size_t to)
{
    struct tensor out = *in;
    assert_true(axis < in->dimensions && from <= to && to <= in->dim[axis]);
    out.dim[axis] = to - from;
    out = new_tensor(in->dimensions, out.dim);
    size_t outer = count_from(in, 0, axis), inner = count_from(in, axis + 1, in->dimensions);
    for (size_t i = 0; i < outer; i++)
        memcpy(out.value + i * (to - from) * inner, in->value + (i * in->dim[axis] + from) * inner,
               (to - from) * inner * sizeof *out.value);
    return out;
}

static inline void run_split(struct node *node)
{
    size_t axis = (size_t)node->axis, size = node->in[0]->dim[axis], from = 0;
    for (size_t i = 0; i < node->outs; i++) {
        size_t part = node->ins > 1 ? (size_t)node->in[1]->value[i] : size / node->outs;
        node->out[i] = part_of(node->in[0], axis, from, from + part);
        from += part;
    }
    assert_int_equal(from, size);
}

static inline void run_slice(struct node *node)
{
    size_t axis = (size_t)node->in[3]->value[0], size = node->in[0]->dim[axis];
    double to = node->in[2]->value[0];
    node->out[0] = part_of(node->in[0], axis, (size_t)node->in[1]->value[0],
                           to < (double)size ? (size_t)to : size);
}

static inline void run_concat(struct node *node)
{
    const struct tensor *first = node->in[0];
    size_t axis = (size_t)node->axis, dim[MOST_DIMENSIONS], at = 0;
    memcpy(dim, first->dim, sizeof dim);
    dim[axis] = 0;
    for (size_t t = 0; t < node->ins; t++) {
        assert_int_equal(node->in[t]->dimensions, first->dimensions);
        dim[axis] += node->in[t]->dim[axis];
    }
    node->out[0] = new_tensor(first->dimensions, dim);
    size_t outer = count_from(first, 0, axis),
           inner = count_from(first, axis + 1, first->dimensions);
    for (size_t i = 0; i < outer; i++)
        for (size_t t = 0; t < node->ins; t++) {
            size_t part = node->in[t]->dim[axis] * inner;
            memcpy(node->out[0].value + at, node->in[t]->value + i * part, part * sizeof(double));
            at += part;
        }
    assert_int_equal(at, tensor_count(&node->out[0]));
}

// The standard counts numbers below 0 from the end.
static inline void run_gather(struct node *node)
{
    const struct tensor *in = node->in[0], *index = node->in[1];
    size_t axis = (size_t)node->axis, size = in->dim[axis], dim[MOST_DIMENSIONS], dimensions = 0;
    size_t outer = count_from(in, 0, axis), inner = count_from(in, axis + 1, in->dimensions);
    for (size_t i = 0; i < in->dimensions; i++)
        if (i != axis)
            dim[dimensions++] = in->dim[i];
        else
            for (size_t j = 0; j < index->dimensions; j++)
                dim[dimensions++] = index->dim[j];
    node->out[0] = new_tensor(dimensions, dim);
    for (size_t i = 0; i < outer; i++)
        for (size_t j = 0; j < tensor_count(index); j++) {
            double k = index->value[j] < 0 ? index->value[j] + (double)size : index->value[j];
            bool there = k >= 0 && k < (double)size;
            *node->scope->out_of_range |= !there;
            if (there)
                memcpy(node->out[0].value + (i * tensor_count(index) + j) * inner,
                       in->value + (i * size + (size_t)k) * inner, inner * sizeof(double));
        }
}

static inline void run_gather_elements(struct node *node)
{
    const struct tensor *in = node->in[0], *index = node->in[1];
    assert_true(node->axis == 1 && in->dimensions == 2 && index->dimensions == 2);
    assert_int_equal(in->dim[0], index->dim[0]);
    node->out[0] = copy_tensor(index);
    for (size_t i = 0; i < tensor_count(index); i++) {
        bool there = index->value[i] >= 0 && index->value[i] < (double)in->dim[1];
        *node->scope->out_of_range |= !there;
        node->out[0].value[i] =
            there ? in->value[i / index->dim[1] * in->dim[1] + (size_t)index->value[i]] : 0;
    }
}

// ---- sums -------------------------------------------------------------------------------------

static inline void run_gemm(struct node *node)
{
    const struct tensor *a = node->in[0], *b = node->in[1], *c = node->ins > 2 ? node->in[2] : NULL;
    assert_true(a->dimensions == 2 && b->dimensions == 2 && node->transposed == 1);
    assert_int_equal(a->dim[1], b->dim[1]);
    node->out[0] = new_tensor(2, (size_t[]){a->dim[0], b->dim[0]});
    for (size_t i = 0; i < tensor_count(&node->out[0]); i++) {
        double sum = c != NULL ? c->value[broadcast_place(c, &node->out[0], i)] : 0;
        for (size_t k = 0; k < a->dim[1]; k++)
            sum +=
                a->value[i / b->dim[0] * a->dim[1] + k] * b->value[i % b->dim[0] * a->dim[1] + k];
        node->out[0].value[i] = sum;
    }
}

static inline void run_log_softmax(struct node *node)
{
    struct tensor out = copy_tensor(node->in[0]);
    size_t n = out.dim[out.dimensions - 1];
    assert_int_equal(node->axis, out.dimensions - 1);
    for (size_t i = 0; i < tensor_count(&out); i += n) {
        double sum = 0, most = out.value[i];
        for (size_t j = 0; j < n; j++)
            most = out.value[i + j] > most ? out.value[i + j] : most;
        for (size_t j = 0; j < n; j++)
            sum += exp(out.value[i + j] - most);
        for (size_t j = 0; j < n; j++)
            out.value[i + j] -= most + log(sum);
    }
    node->out[0] = out;
}

static inline void run_reduce_sum(struct node *node)
{
    const struct tensor *in = node->in[0];
    assert_true(node->in[1]->value[0] == 0 && node->keeps == 0 && in->dimensions == 2);
    node->out[0] = new_tensor(1, &in->dim[1]);
    for (size_t i = 0; i < tensor_count(in); i++)
        node->out[0].value[i % in->dim[1]] += in->value[i];
}

// ---- graphs -----------------------------------------------------------------------------------

static inline void run_node(struct scope *scope, struct message bytes);

// The names of what a graph takes in (field 11) or puts out (12).
static inline size_t names_of(struct message graph, uint64_t wanted, char (*name)[MOST_NAME])
{
    uint64_t field, inner_field;
    int64_t value;
    struct message bytes, inner;
    size_t count = 0;
    while (take_field(&graph, &field, &value, &bytes))
        if (field == wanted) {
            assert_true(count < MOST_ARGUMENTS && take_field(&bytes, &inner_field, &value, &inner));
            assert_int_equal(inner_field, 1);
            copy_text(inner, name[count++]);
        }
    return count;
}

static inline void run_nodes(struct scope *scope, struct message graph)
{
    uint64_t field;
    int64_t value;
    struct message bytes;
    while (take_field(&graph, &field, &value, &bytes))
        if (field == 1)
            run_node(scope, bytes);
}

// Element `t` of what is scanned.
static inline struct tensor element_of(const struct tensor *tensor, size_t t)
{
    struct tensor out = part_of(tensor, 0, t, t + 1);
    memmove(out.dim, out.dim + 1, (out.dimensions - 1) * sizeof *out.dim);
    out.dimensions--;
    return out;
}

static inline void add_element(struct tensor *all, struct tensor element, size_t t, size_t steps)
{
    if (t == 0) {
        size_t dim[MOST_DIMENSIONS] = {steps};
        memcpy(dim + 1, element.dim, element.dimensions * sizeof *dim);
        *all = new_tensor(element.dimensions + 1, dim);
    }
    size_t count = tensor_count(&element);
    memcpy(all->value + t * count, element.value, count * sizeof(double));
    free(element.value);
}

static inline void run_scan(struct node *node)
{
    static char in[MOST_ARGUMENTS][MOST_NAME], out[MOST_ARGUMENTS][MOST_NAME];
    size_t states = node->ins - (size_t)node->scan_inputs, steps = node->in[states]->dim[0];
    for (size_t i = 0; i < states; i++)
        node->out[i] = copy_tensor(node->in[i]);
    for (size_t t = 0; t < steps; t++) {
        struct scope scope = new_scope(node->scope, node->scope->out_of_range);
        assert_int_equal(names_of(node->body, 11, in), node->ins);
        assert_int_equal(names_of(node->body, 12, out), node->outs);
        for (size_t i = 0; i < states; i++)
            put_tensor(&scope, in[i], node->out[i]);
        for (size_t i = states; i < node->ins; i++) {
            assert_int_equal(node->in[i]->dim[0], steps);
            put_tensor(&scope, in[i], element_of(node->in[i], t));
        }
        run_nodes(&scope, node->body);
        for (size_t i = 0; i < node->outs; i++) {
            struct tensor result = copy_tensor(find_tensor(&scope, out[i]));
            if (i < states)
                node->out[i] = result;
            else
                add_element(&node->out[i], result, t, steps);
        }
        free_scope(&scope);
    }
}

static inline void run_node(struct scope *scope, struct message bytes)
{
    static const struct {
        const char *type;
        void (*run)(struct node *node);
    } operators[] = {{"Shape", run_shape},
                     {"Reshape", run_reshape},
                     {"Unsqueeze", run_unsqueeze},
                     {"Expand", run_expand},
                     {"Range", run_range},
                     {"Transpose", run_transpose},
                     {"Split", run_split},
                     {"Slice", run_slice},
                     {"Concat", run_concat},
                     {"Gather", run_gather},
                     {"Gemm", run_gemm},
                     {"GatherElements", run_gather_elements},
                     {"ReduceSum", run_reduce_sum},
                     {"LogSoftmax", run_log_softmax},
                     {"Constant", run_constant},
                     {"Scan", run_scan}};
    struct node *node = calloc(1, sizeof *node);
    assert_non_null(node);
    node->scope = scope;
    node->keeps = 1;
    take_node(node, bytes);
    bool done = run_elementwise(node);
    for (size_t i = 0; !done && i < sizeof operators / sizeof *operators; i++)
        if (strcmp(operators[i].type, node->type) == 0) {
            operators[i].run(node);
            done = true;
        }
    if (!done)
        fail_msg("no operator %s", node->type);
    for (size_t i = 0; i < node->outs; i++)
        put_tensor(scope, node->out_name[i], node->out[i]);
    free(node);
}

// ---- files ------------------------------------------------------------------------------------

struct onnx_file {
    unsigned char *bytes;
    size_t size;
    struct message graph;
};

static inline void take_constant(struct scope *scope, struct message bytes)
{
    char name[MOST_NAME] = "";
    uint64_t field;
    int64_t value, type = 0;
    struct message inner, raw = {NULL, NULL};
    size_t dim[MOST_DIMENSIONS], dimensions = 0;
    while (take_field(&bytes, &field, &value, &inner)) {
        if (field == 1 && dimensions < MOST_DIMENSIONS)
            dim[dimensions++] = (size_t)value;
        else if (field == 2)
            type = value;
        else if (field == 8)
            copy_text(inner, name);
        else if (field == 9)
            raw = inner;
        else
            fail_msg("a constant has field %d", (int)field);
    }
    struct tensor tensor = new_tensor(dimensions, dim);
    size_t size = type == 1 ? 4 : 8, count = tensor_count(&tensor);
    assert_true(type == 1 || type == 7);
    assert_int_equal(raw.end - raw.at, count * size);
    for (size_t i = 0; i < count; i++)
        tensor.value[i] =
            type == 1 ? float_of(raw.at + 4 * i) : (double)(int64_t)bits_of(raw.at + 8 * i, 8);
    put_tensor(scope, name, tensor);
}

static inline struct onnx_file read_onnx(unsigned char *bytes, size_t size)
{
    struct onnx_file file = {.bytes = bytes, .size = size};
    struct message whole = {bytes, bytes + size}, inner, entry;
    uint64_t field;
    int64_t value;
    while (take_field(&whole, &field, &value, &inner)) {
        if (field == 1)
            assert_int_equal(value, 7);
        if (field == 7)
            file.graph = inner;
        if (field == 8) {
            assert_true(take_field(&inner, &field, &value, &entry));
            assert_true(field == 2 && value == 13);
        }
    }
    assert_non_null(file.graph.at);
    return file;
}

// An entry of the metadata.
static inline void assert_metadata(const struct onnx_file *file, const char *key,
                                   const char *wanted)
{
    struct message whole = {file->bytes, file->bytes + file->size}, inner, text;
    uint64_t field;
    int64_t value;
    while (take_field(&whole, &field, &value, &inner)) {
        char name[MOST_NAME];
        if (field != 14)
            continue;
        assert_true(take_field(&inner, &field, &value, &text) && field == 1);
        copy_text(text, name);
        assert_true(take_field(&inner, &field, &value, &text) && field == 2);
        if (strcmp(name, key) != 0)
            continue;
        copy_text(text, name);
        assert_string_equal(name, wanted);
        return;
    }
    fail_msg("no metadata %s", key);
}

// Computes `outs` from `ins`, which it takes over, in the order of the graph's inputs and
// outputs. Returns false where an index was out of range. Every constant has to be of use.
static inline bool run_onnx(const struct onnx_file *file, size_t ins, struct tensor *in,
                            size_t outs, struct tensor *out)
{
    static char name[MOST_ARGUMENTS][MOST_NAME];
    bool out_of_range = false;
    struct scope scope = new_scope(NULL, &out_of_range);
    struct message graph = file->graph, bytes;
    uint64_t field;
    int64_t value;
    while (take_field(&graph, &field, &value, &bytes))
        if (field == 5)
            take_constant(&scope, bytes);
    size_t constants = scope.count;
    assert_int_equal(names_of(file->graph, 11, name), ins);
    for (size_t i = 0; i < ins; i++)
        put_tensor(&scope, name[i], in[i]);
    run_nodes(&scope, file->graph);
    for (size_t i = 0; i < constants; i++)
        if (!scope.tensor[i].used)
            fail_msg("nobody uses the constant %s", scope.tensor[i].name);
    assert_int_equal(names_of(file->graph, 12, name), outs);
    for (size_t i = 0; i < outs; i++)
        out[i] = copy_tensor(find_tensor(&scope, name[i]));
    free_scope(&scope);
    return !out_of_range;
}

#endif
