// A level of a back-off model's trie in as few bits as it takes, for reading only: as it lies in a
// binary model's file (ngram/binary.h).
//
// A node is, from the lowest bit on and one behind the other without gaps,
//   key       the last word's id; none in the level of single words, which the id is the index of
//   first     its successors are the nodes first..(next node).first-1 of the next level; there is
//             one more node behind the last for that
//   prob      -log10, a float's bits without the sign, or a place in a codebook
//   backoff   log10, a float's bits, or a place in a codebook
// The level of the longest n-grams has neither `first` nor `backoff`. Byte i of the level holds the bits
// 8i to 8i + 7, whatever the machine's byte order, and PACKED_BEHIND bytes of zeros follow.
//
// Words are numbered so that their ids are scattered over the successors of any context as evenly as
// trie_key() scatters them, packed_order(): the id takes no more than log2(words) bits and is found
// as fast.
//
// Keys are never quite evenly spread: among n successors a word lies up to the square root of n from
// where they would have it. `drift` tells at every PACKED_STEP nodes how far that is, so that a search
// mostly touches one cache line of the level, and begins in an array that is so small as to be cached:
// drift[i] is by how many nodes the first successor whose key is not below the one that node
// PACKED_STEP i would have, were they even, lies behind that node. It is not read where the node is the
// first of a context's successors or none of them, and is only where a search begins: any value does.
//
// Whatever the bits are, no function here leaves the level, returns a node that is none of the next
// level, or a probability above 1: what does not fit is bounded when it is read.
#ifndef NGRAM_PACKED_H
#define NGRAM_PACKED_H

#include <math.h>
#include <string.h>

#include "ngram/trie.h"

enum { PACKED_STEP = 32 };                      // nodes between drifts
enum { PACKED_BEHIND = 8 };                     // bytes
enum { PACKED_MOST_CODE = 16 };                 // bits of a place in a codebook
enum { PACKED_PROB = 31, PACKED_BACKOFF = 32 }; // bits of numbers

struct packed_shape {
    uint8_t key, first, prob, backoff; // bits of each, 32 at most
};

struct packed_level {
    const unsigned char *data; // NULL: no level
    uint32_t count;            // nodes
    uint32_t below;            // nodes of the next level
    uint32_t spread;           // what ids are multiplied by to lie evenly over 32 bits
    struct packed_shape shape;
    uint32_t bits;             // of a node
    const int16_t *drift;      // [packed_steps(count)], or NULL: all 0
    const float *prob_code;    // [2^shape.prob], NULL where the bits are floats
    const float *backoff_code; // [2^shape.backoff], likewise
};

// The shape of a level of n-grams in a model with `words` words; its values are places
// in codebooks of 2^code values, or numbers if `code` is 0 and in the level of single words, which is small and
// which every score goes back to. The level of the longest n-grams is `last`.
struct packed_shape packed_shape_of(int order, bool last, uint64_t words, uint64_t below,
                                    unsigned code);

// Sets `bits` and `spread`.
void packed_level_init(struct packed_level *level, uint64_t words);

// What ids of so many words are multiplied by.
uint32_t packed_spread(uint64_t words);

// How many drifts a level of `count` nodes has.
static inline uint64_t packed_steps(uint64_t count)
{
    return count / PACKED_STEP + 2;
}

// Bytes of a level, those behind it included.
uint64_t packed_bytes_of(const struct packed_shape *shape, uint64_t count);

// order[new id] = id in a model that is not packed [words]. A function of `words` alone. Error: no
// memory.
int32_t *packed_order(size_t words, struct error *error);

static inline unsigned packed_width(const struct packed_shape *shape)
{
    return (unsigned)shape->key + shape->first + shape->prob + shape->backoff;
}

// `bits` bits from bit `at` on: 32 at most.
static inline uint32_t packed_bits(const unsigned char *data, uint64_t at, unsigned bits)
{
    uint64_t word;
    memcpy(&word, data + at / 8, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return (uint32_t)(word >> at % 8 & (((uint64_t)1 << bits) - 1));
}

static inline const void *packed_place(const struct packed_level *level, uint32_t at)
{
    return level->data + (uint64_t)at * level->bits / 8;
}

static inline uint32_t packed_word(const struct packed_level *level, uint32_t at)
{
    return packed_bits(level->data, (uint64_t)at * level->bits, level->shape.key);
}

// The successors of node `at` of a level.
static inline void packed_successors(const struct packed_level *level, uint32_t at, uint32_t *begin,
                                     uint32_t *end)
{
    uint64_t bit = (uint64_t)at * level->bits + level->shape.key;
    uint32_t first = packed_bits(level->data, bit, level->shape.first);
    uint32_t next = packed_bits(level->data, bit + level->bits, level->shape.first);
    *end = next < level->below ? next : level->below;
    *begin = first < *end ? first : *end;
}

static inline float packed_value(uint32_t bits, const float *code)
{
    float number;
    memcpy(&number, &bits, sizeof number);
    return code != NULL ? code[bits] : number;
}

static inline float packed_prob(const struct packed_level *level, uint32_t at)
{
    const struct packed_shape *shape = &level->shape;
    uint32_t bits = packed_bits(level->data, (uint64_t)at * level->bits + shape->key + shape->first,
                                shape->prob);
    float value = packed_value(bits, level->prob_code);
    value = level->prob_code != NULL ? value : 0 - value;
    return value <= 0 ? value : -INFINITY;
}

static inline float packed_backoff(const struct packed_level *level, uint32_t at)
{
    const struct packed_shape *shape = &level->shape;
    uint64_t bit = (uint64_t)at * level->bits + shape->key + shape->first + shape->prob;
    if (shape->backoff == 0)
        return 0;
    float value = packed_value(packed_bits(level->data, bit, shape->backoff), level->backoff_code);
    return value < INFINITY ? value : 0;
}

// What to search for where a word is looked for.
static inline uint32_t packed_key(const struct packed_level *level, int32_t word)
{
    return (uint32_t)word * level->spread;
}

// trie_find_all() where `level` of each search is a packed level.
void packed_find_all(struct trie_search *search, size_t count);

// Sets those of the drifts that are read for one context's successors, `count` nodes from `begin` on.
typedef uint32_t packed_key_of(const void *successors, uint32_t i); // packed_key() of the i-th
void packed_set_drift(int16_t *drift, uint32_t begin, uint32_t count, packed_key_of *key_of,
                      const void *successors);

// ---- writing ----------------------------------------------------------------------------------

// Bits on their way to bytes.
struct packed_writer {
    unsigned char *data; // where the next whole byte goes
    uint64_t held;       // `count` bits that are no whole byte yet, fewer than 8
    unsigned count;
};

static inline void packed_put(struct packed_writer *writer, uint32_t value, unsigned bits)
{
    writer->held |= (uint64_t)value << writer->count;
    for (writer->count += bits; writer->count >= 8; writer->count -= 8) {
        *writer->data++ = (unsigned char)writer->held;
        writer->held >>= 8;
    }
}

#endif
