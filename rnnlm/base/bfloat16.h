// bfloat16: the upper half of a float, 8 bits of exponent and 8 of significand (one implied).
#ifndef BASE_BFLOAT16_H
#define BASE_BFLOAT16_H

#include <stdint.h>
#include <string.h>

// The nearest, ties to even: off by at most 2^-8 of a normal number. Finite numbers stay finite,
// NaN stays NaN.
static inline uint16_t bfloat16_from(float number)
{
    uint32_t bits, sign, magnitude;
    memcpy(&bits, &number, sizeof bits);
    sign = bits & 0x80000000u;
    magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)((sign | magnitude) >> 16 | 0x40); // NaN, and not by chance infinity
    if (magnitude < 0x7f800000u) {
        magnitude += 0x7fff + (magnitude >> 16 & 1);
        if (magnitude >= 0x7f800000u)
            magnitude = 0x7f7f0000u; // the largest finite one
    }
    return (uint16_t)((sign | magnitude) >> 16);
}

static inline float bfloat16_to(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

#endif
