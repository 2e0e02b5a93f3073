// Messages of protocol buffers as they are read, and tensors with names: what onnx_run.h stands on.
#ifndef ONNX_TENSORS_H
#define ONNX_TENSORS_H

#include "testing.h"

enum { MOST_DIMENSIONS = 4, MOST_NAME = 64, MOST_ARGUMENTS = 32 };

// ---- messages ---------------------------------------------------------------------------------

struct message {
    const unsigned char *at, *end;
};

static inline uint64_t take_varint(struct message *message)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        assert_true(message->at < message->end && shift < 64);
        value |= (uint64_t)(*message->at & 127) << shift;
        if (*message->at++ < 128)
            return value;
    }
}

// The next field; false at the end. Numbers are in *value, bytes in *bytes, where the four of a
// float are too.
static inline bool take_field(struct message *message, uint64_t *field, int64_t *value,
                              struct message *bytes)
{
    *bytes = (struct message){NULL, NULL};
    if (message->at == message->end)
        return false;
    uint64_t head = take_varint(message);
    *field = head >> 3;
    *value = (head & 7) == 5 ? 4 : (int64_t)take_varint(message);
    if ((head & 7) == 0)
        return true;
    assert_true((head & 7) == 2 || (head & 7) == 5);
    assert_true(*value <= message->end - message->at);
    *bytes = (struct message){message->at, message->at + *value};
    message->at += *value;
    return true;
}

// Little-endian.
static inline uint64_t bits_of(const unsigned char *at, size_t size)
{
    uint64_t bits = 0;
    for (size_t j = 0; j < size; j++)
        bits |= (uint64_t)at[j] << 8 * j;
    return bits;
}

static inline double float_of(const unsigned char *at)
{
    uint32_t bits = (uint32_t)bits_of(at, 4);
    float number;
    memcpy(&number, &bits, sizeof number);
    return (double)number;
}

static inline void copy_text(struct message bytes, char text[MOST_NAME])
{
    size_t length = (size_t)(bytes.end - bytes.at);
    assert_true(length > 0 && length < MOST_NAME);
    memcpy(text, bytes.at, length);
    text[length] = '\0';
}

// ---- tensors ----------------------------------------------------------------------------------

struct tensor {
    char name[MOST_NAME];
    size_t dimensions, dim[MOST_DIMENSIONS];
    double *value;
    bool used;
};

struct scope {
    struct tensor *tensor;
    size_t count, capacity;
    struct scope *outer;
    bool *out_of_range; // a Gather has been asked for what is not there
};

static inline size_t count_from(const struct tensor *tensor, size_t first, size_t end)
{
    size_t count = 1;
    for (size_t i = first; i < end; i++)
        count *= tensor->dim[i];
    return count;
}

static inline size_t tensor_count(const struct tensor *tensor)
{
    return count_from(tensor, 0, tensor->dimensions);
}

static inline struct tensor new_tensor(size_t dimensions, const size_t *dim)
{
    struct tensor tensor = {.dimensions = dimensions};
    assert_true(dimensions <= MOST_DIMENSIONS);
    for (size_t i = 0; i < dimensions; i++)
        tensor.dim[i] = dim[i];
    tensor.value = calloc(tensor_count(&tensor) + 1, sizeof *tensor.value);
    assert_non_null(tensor.value);
    return tensor;
}

static inline struct tensor copy_tensor(const struct tensor *tensor)
{
    struct tensor copy = new_tensor(tensor->dimensions, tensor->dim);
    memcpy(copy.value, tensor->value, tensor_count(tensor) * sizeof *copy.value);
    return copy;
}

static inline struct tensor *look_up(struct scope *scope, const char *name)
{
    for (; scope != NULL; scope = scope->outer)
        for (size_t i = 0; i < scope->count; i++)
            if (strcmp(scope->tensor[i].name, name) == 0)
                return &scope->tensor[i];
    return NULL;
}

static inline struct tensor *find_tensor(struct scope *scope, const char *name)
{
    struct tensor *found = look_up(scope, name);
    if (found == NULL)
        fail_msg("nothing is called %s", name);
    found->used = true;
    return found;
}

// A name is given once.
static inline void put_tensor(struct scope *scope, const char *name, struct tensor tensor)
{
    if (look_up(scope, name) != NULL)
        fail_msg("%s is there already", name);
    assert_true(strlen(name) < MOST_NAME);
    assert_true(
        memory_grow(&scope->tensor, &scope->capacity, scope->count + 1, sizeof tensor, NULL));
    memcpy(tensor.name, name, strlen(name) + 1);
    tensor.used = false;
    scope->tensor[scope->count++] = tensor; // which moves what has been found here
}

static inline struct scope new_scope(struct scope *outer, bool *out_of_range)
{
    return (struct scope){.outer = outer, .out_of_range = out_of_range};
}

static inline void free_scope(struct scope *scope)
{
    for (size_t i = 0; i < scope->count; i++)
        free(scope->tensor[i].value);
    free(scope->tensor);
}

#endif
