// Messages of protocol buffers, for writing (protobuf.dev/programming-guides/encoding): fields
// one behind the other, each its number with how it is written, and then a whole number, a float,
// or a length and so many bytes, which may be a message again.
#ifndef BASE_PROTOBUF_H
#define BASE_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { PROTOBUF_MOST = INT32_MAX }; // bytes of a message that its readers take

// All zeros is an empty message; protobuf_free() in any case.
struct protobuf {
    unsigned char *bytes; // [size]
    size_t size, capacity;
    bool failed; // memory ran out: what was put in after that is not there
};

void protobuf_free(struct protobuf *message);

void protobuf_number(struct protobuf *message, uint32_t field, int64_t value);
void protobuf_float(struct protobuf *message, uint32_t field, float value);
void protobuf_bytes(struct protobuf *message, uint32_t field, const void *bytes, size_t size);
void protobuf_text(struct protobuf *message, uint32_t field, const char *text);

// Frees `inner`, whose failure becomes that of the message.
void protobuf_message(struct protobuf *message, uint32_t field, struct protobuf *inner);

// What stands before a field of `size` bytes that are written by somebody else, behind this
// message.
void protobuf_head(struct protobuf *message, uint32_t field, size_t size);

// The bytes of a message in place of a field: fields of the same message.
void protobuf_add(struct protobuf *message, const struct protobuf *fields);

// False, with `error` filled, if memory has run out.
bool protobuf_ok(const struct protobuf *message, struct error *error);

#endif
