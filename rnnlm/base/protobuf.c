// Messages of protocol buffers.
#include "base/protobuf.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { WIRE_VARINT = 0, WIRE_LENGTH = 2, WIRE_FLOAT = 5, MOST_VARINT = 10 };

void protobuf_free(struct protobuf *message)
{
    free(message->bytes);
    memset(message, 0, sizeof *message);
}

static void put(struct protobuf *message, const void *bytes, size_t size)
{
    if (message->failed || size == 0)
        return;
    message->failed =
        !memory_grow(&message->bytes, &message->capacity, message->size + size, 1, NULL);
    if (message->failed)
        return;
    memcpy(message->bytes + message->size, bytes, size);
    message->size += size;
}

// Seven bits a byte, the lowest first; the eighth says that more follow.
static void put_varint(struct protobuf *message, uint64_t value)
{
    unsigned char bytes[MOST_VARINT];
    size_t count = 0;
    for (; value >= 128; value >>= 7)
        bytes[count++] = (unsigned char)(value | 128);
    bytes[count++] = (unsigned char)value;
    put(message, bytes, count);
}

void protobuf_number(struct protobuf *message, uint32_t field, int64_t value)
{
    put_varint(message, (uint64_t)field << 3 | WIRE_VARINT);
    put_varint(message, (uint64_t)value);
}

void protobuf_float(struct protobuf *message, uint32_t field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const unsigned char bytes[] = {(unsigned char)bits, (unsigned char)(bits >> 8),
                                   (unsigned char)(bits >> 16), (unsigned char)(bits >> 24)};
    put_varint(message, (uint64_t)field << 3 | WIRE_FLOAT);
    put(message, bytes, sizeof bytes);
}

void protobuf_head(struct protobuf *message, uint32_t field, size_t size)
{
    put_varint(message, (uint64_t)field << 3 | WIRE_LENGTH);
    put_varint(message, size);
}

void protobuf_bytes(struct protobuf *message, uint32_t field, const void *bytes, size_t size)
{
    protobuf_head(message, field, size);
    put(message, bytes, size);
}

void protobuf_text(struct protobuf *message, uint32_t field, const char *text)
{
    protobuf_bytes(message, field, text, strlen(text));
}

void protobuf_add(struct protobuf *message, const struct protobuf *fields)
{
    put(message, fields->bytes, fields->size);
    message->failed |= fields->failed;
}

void protobuf_message(struct protobuf *message, uint32_t field, struct protobuf *inner)
{
    protobuf_head(message, field, inner->size);
    protobuf_add(message, inner);
    protobuf_free(inner);
}

bool protobuf_ok(const struct protobuf *message, struct error *error)
{
    return !message->failed ||
           error_set(error, "not enough memory for a message of %zu bytes", message->size);
}
