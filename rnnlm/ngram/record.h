// N-grams as packed records: word ids of a fixed number of bits, the first the most significant,
// and a payload (a count or a float) in the low bits of the last 64-bit word. Comparing records as
// numbers compares the ids in their order.
#ifndef NGRAM_RECORD_H
#define NGRAM_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/threads.h"

enum { RECORD_MOST_IDS = 9, RECORD_MOST_WORDS = 6 };

struct record_shape {
    unsigned ids;     // word ids in a record, 1..RECORD_MOST_IDS
    unsigned bits;    // of an id, 1..31
    unsigned payload; // bits of the payload, 1..64
    unsigned words;   // 64-bit words in a record
};

static inline struct record_shape record_shape(unsigned ids, unsigned bits, unsigned payload)
{
    return (struct record_shape){ids, bits, payload, (ids * bits + payload + 63) / 64};
}

static inline uint64_t record_payload_mask(const struct record_shape *shape)
{
    return UINT64_MAX >> (64 - shape->payload);
}

static inline uint64_t record_payload(const struct record_shape *shape, const uint64_t *record)
{
    return record[shape->words - 1] & record_payload_mask(shape);
}

static inline void record_set_payload(const struct record_shape *shape, uint64_t *record,
                                      uint64_t payload)
{
    uint64_t *last = record + shape->words - 1;
    *last = (*last & ~record_payload_mask(shape)) | payload;
}

static inline void record_encode(const struct record_shape *shape, const uint32_t *ids,
                                 uint64_t payload, uint64_t *record)
{
    unsigned bits = shape->bits, at = 0;
    memset(record, 0, shape->words * sizeof *record);
    for (unsigned i = 0; i < shape->ids; i++, at += bits) {
        unsigned word = at / 64, shift = at % 64;
        record[word] |= (uint64_t)ids[i] << (64 - bits) >> shift;
        if (shift + bits > 64)
            record[word + 1] |= (uint64_t)ids[i] << (128 - shift - bits);
    }
    record[shape->words - 1] |= payload;
}

static inline void record_decode(const struct record_shape *shape, const uint64_t *record,
                                 uint32_t *ids)
{
    unsigned bits = shape->bits, at = 0;
    for (unsigned i = 0; i < shape->ids; i++, at += bits) {
        unsigned word = at / 64, shift = at % 64;
        uint64_t value = record[word] << shift;
        if (shift + bits > 64)
            value |= record[word + 1] >> (64 - shift);
        ids[i] = (uint32_t)(value >> (64 - bits));
    }
}

static inline uint32_t record_first_id(const struct record_shape *shape, const uint64_t *record)
{
    return (uint32_t)(record[0] >> (64 - shape->bits));
}

// Whether two records hold the same ids.
static inline int record_same_ids(const struct record_shape *shape, const uint64_t *a,
                                  const uint64_t *b)
{
    unsigned last = shape->words - 1;
    for (unsigned i = 0; i < last; i++)
        if (a[i] != b[i])
            return 0;
    return ((a[last] ^ b[last]) & ~record_payload_mask(shape)) == 0;
}

static inline int record_less(unsigned words, const uint64_t *a, const uint64_t *b)
{
    for (unsigned i = 0; i < words; i++)
        if (a[i] != b[i])
            return a[i] < b[i];
    return 0;
}

// A payload that is a float, in the low 32 bits.
static inline uint64_t record_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float record_to_float(uint64_t payload)
{
    uint32_t bits = (uint32_t)payload;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// Sorts `count` records of `words` 64-bit words each in place, payload included, on the threads of a
// pool; NULL: on the caller's alone.
void record_sort(uint64_t *records, size_t count, unsigned words, struct pool *pool);

#endif
