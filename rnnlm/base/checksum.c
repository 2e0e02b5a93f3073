// The checksum.
#include "base/checksum.h"

#include <string.h>

static const uint64_t MULTIPLIER = 0x9e3779b97f4a7c15u; // 2^64 / golden ratio, odd

static inline uint64_t mix(uint64_t lane, uint64_t word)
{
    uint64_t product = (lane ^ word) * MULTIPLIER;
    return product << 31 | product >> 33;
}

void checksum_start(struct checksum *checksum)
{
    for (uint64_t i = 0; i < CHECKSUM_LANES; i++)
        checksum->lane[i] = (i + 1) * MULTIPLIER;
    checksum->bytes = 0;
}

static void add_blocks(uint64_t lane[CHECKSUM_LANES], const unsigned char *data, size_t blocks)
{
    uint64_t now[CHECKSUM_LANES], word[CHECKSUM_LANES];
    memcpy(now, lane, sizeof now);
    for (; blocks > 0; blocks--, data += CHECKSUM_BLOCK) {
        memcpy(word, data, sizeof word);
        for (int i = 0; i < CHECKSUM_LANES; i++)
            now[i] = mix(now[i], word[i]);
    }
    memcpy(lane, now, sizeof now);
}

void checksum_add(struct checksum *checksum, const void *data, size_t size)
{
    size_t rest = size % CHECKSUM_BLOCK;
    add_blocks(checksum->lane, data, size / CHECKSUM_BLOCK);
    if (rest > 0) {
        unsigned char last[CHECKSUM_BLOCK] = {0};
        memcpy(last, (const unsigned char *)data + (size - rest), rest);
        add_blocks(checksum->lane, last, 1);
    }
    checksum->bytes += size;
}

uint64_t checksum_end(struct checksum *checksum)
{
    uint64_t sum = checksum->bytes;
    for (int i = 0; i < CHECKSUM_LANES; i++)
        sum = mix(sum, checksum->lane[i]);
    return sum ^ sum >> 32;
}

uint64_t checksum_of(const void *data, size_t size)
{
    struct checksum checksum;
    checksum_start(&checksum);
    checksum_add(&checksum, data, size);
    return checksum_end(&checksum);
}
