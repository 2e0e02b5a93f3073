// Files of sections (base/sections.h) without what a fuzzer cannot make: header, table and the
// bytes of the sections follow each other, and unpacking puts them where they belong, with the right
// checksums. Sizes in the table stay as they are; where they are beyond the bytes that are there,
// so they are in the file.
#ifndef PACKED_H
#define PACKED_H

#include <string.h>

#include "base/sections.h"
#include "fuzz.h"
#include "model/native_v1.h"

enum { PACKED_SECTIONS = 64, UNPACKED_MOST = 1 << 20 };

static inline uint64_t packed_aligned(uint64_t offset)
{
    return (offset + SECTIONS_ALIGNMENT - 1) / SECTIONS_ALIGNMENT * SECTIONS_ALIGNMENT;
}

// Bytes of the section that are there: at most `left`.
static inline size_t packed_bytes(const struct section *section, size_t left)
{
    uint64_t count, bytes;
    if (__builtin_mul_overflow(section->rows, section->stride, &count) ||
        __builtin_mul_overflow(count, section_element(section->type), &bytes))
        return left;
    return bytes < left ? (size_t)bytes : left;
}

// Into memory of UNPACKED_MOST bytes; returns how many, 0 if nothing can be made of it.
static inline size_t unpack(char *to, const uint8_t *data, size_t size)
{
    struct sections_header header;
    struct section table[PACKED_SECTIONS];
    if (size < sizeof header)
        return 0;
    memcpy(&header, data, sizeof header);
    size_t most = (size - sizeof header) / sizeof *table;
    size_t count = header.sections < most ? (size_t)header.sections : most;
    count = count < PACKED_SECTIONS ? count : PACKED_SECTIONS;
    memcpy(table, data + sizeof header, count * sizeof *table);
    size_t at = sizeof header + count * sizeof *table;
    uint64_t end = at;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = packed_bytes(&table[i], size - at);
        table[i].offset = packed_aligned(end);
        if (table[i].offset + bytes > UNPACKED_MOST)
            return 0;
        memset(to + end, 0, table[i].offset - end);
        memcpy(to + table[i].offset, data + at, bytes);
        table[i].checksum = checksum_of(data + at, bytes);
        at += bytes;
        end = table[i].offset + bytes;
    }
    header.file_bytes = end;
    header.sections = count;
    header.checksum = 0;
    memcpy(to, &header, sizeof header);
    memcpy(to + sizeof header, table, count * sizeof *table);
    header.checksum = checksum_of(to, sizeof header + count * sizeof *table);
    memcpy(to, &header, sizeof header);
    return (size_t)end;
}

// The inverse, for seeds: `to` has room for `size` bytes.
static inline size_t pack(char *to, const char *data, size_t size)
{
    const struct sections_header *header = (const struct sections_header *)data;
    const struct section *table = (const struct section *)(data + sizeof *header);
    size_t at = sizeof *header + header->sections * sizeof *table;
    fuzz_check(size >= at, "a file of sections is packed");
    memcpy(to, data, at);
    for (size_t i = 0; i < header->sections; i++) {
        size_t bytes = section_bytes(&table[i]);
        memcpy(to + at, data + table[i].offset, bytes);
        at += bytes;
    }
    return at;
}

// Puts the right checksums into a file of version 1, as far as its sections are there.
static inline void mend_v1(char *data, size_t size)
{
    struct native_v1_header header;
    if (size < sizeof header)
        return;
    memcpy(&header, data, sizeof header);
    for (size_t i = 0; i < NATIVE_V1_SECTIONS; i++) {
        struct native_v1_section *section = &header.section[i];
        const struct section like = {
            .type = section->type, .rows = section->rows, .stride = section->stride};
        if (section->offset <= size)
            section->checksum =
                checksum_of(data + section->offset, packed_bytes(&like, size - section->offset));
    }
    header.file_bytes = size;
    header.checksum = checksum_of(&header, offsetof(struct native_v1_header, checksum));
    memcpy(data, &header, sizeof header);
}

#endif
