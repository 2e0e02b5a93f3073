// A fast 64-bit checksum against damaged files. It is no protection against an author who wants
// to deceive: what a file says is checked besides.
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

enum { CHECKSUM_LANES = 8, CHECKSUM_BLOCK = CHECKSUM_LANES * 8 }; // bytes

// Eight lanes, so that eight multiplications are under way at a time; each takes every eighth
// 64-bit word w (in the machine's byte order):
//   lane = rotate((lane ^ w) M, 31),   M odd
// A step is a bijection of the lane and of w: damage within one word is always found.
struct checksum {
    uint64_t lane[CHECKSUM_LANES];
    uint64_t bytes;
};

void checksum_start(struct checksum *checksum);

// Takes in `size` bytes; in all calls but the last a multiple of CHECKSUM_BLOCK.
void checksum_add(struct checksum *checksum, const void *data, size_t size);

uint64_t checksum_end(struct checksum *checksum);

// All at once.
uint64_t checksum_of(const void *data, size_t size);

#endif
