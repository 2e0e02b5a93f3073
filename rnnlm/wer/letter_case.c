// Upper and lower case without a locale.
#include "wer/letter_case.h"

#include <stdbool.h>
#include <stdint.h>

#include "text/utf8.h"

// Upper-case letters first ... last; the lower-case form is `distance` on. With distance 1 they
// alternate: every second letter from `first` on is upper case.
static const struct range {
    uint32_t first, last, distance;
} ranges[] = {
    {'A', 'Z', 32},     {0xC0, 0xD6, 32},   {0xD8, 0xDE, 32},   {0x100, 0x12E, 1},
    {0x132, 0x136, 1},  {0x139, 0x147, 1},  {0x14A, 0x176, 1},  {0x179, 0x17D, 1},
    {0x391, 0x3A1, 32}, {0x3A3, 0x3AB, 32}, {0x400, 0x40F, 80}, {0x410, 0x42F, 32},
    {0x460, 0x480, 1},  {0x48A, 0x4BE, 1},
};

enum { RANGES = sizeof ranges / sizeof ranges[0] };

static uint32_t to_lower(uint32_t letter)
{
    for (size_t i = 0; i < RANGES; i++)
        if (letter >= ranges[i].first && letter <= ranges[i].last)
            return ranges[i].distance > 1 || (letter - ranges[i].first) % 2 == 0
                       ? letter + ranges[i].distance
                       : letter;
    return letter;
}

static uint32_t to_upper(uint32_t letter)
{
    for (size_t i = 0; i < RANGES; i++) {
        uint32_t first = ranges[i].first + ranges[i].distance;
        if (letter >= first && letter <= ranges[i].last + ranges[i].distance &&
            (ranges[i].distance > 1 || (letter - first) % 2 == 0))
            return letter - ranges[i].distance;
    }
    return letter;
}

static bool is_utf8(const char *text, size_t length)
{
    size_t size;
    for (size_t at = 0; at < length; at += size)
        if ((size = utf8_length(text + at, length - at)) == 0)
            return false;
    return true;
}

static void change(char *text, size_t length, uint32_t map(uint32_t letter))
{
    unsigned char *byte = (unsigned char *)text;
    bool utf8 = is_utf8(text, length);
    size_t size = 1;
    for (size_t at = 0; at < length; at += size) {
        if (utf8)
            size = utf8_length(text + at, length - at);
        if (size == 1) {
            uint32_t changed = map(byte[at]);
            if (changed < 0x100) // the upper case of a Latin-1 letter may lie outside
                byte[at] = (unsigned char)changed;
        } else if (size == 2) {
            uint32_t letter = map((byte[at] & 0x1Fu) << 6 | (byte[at + 1] & 0x3Fu));
            byte[at] = (unsigned char)(0xC0 | letter >> 6);
            byte[at + 1] = (unsigned char)(0x80 | (letter & 0x3F));
        }
    }
}

void letter_case_lower(char *text, size_t length)
{
    change(text, length, to_lower);
}

void letter_case_upper(char *text, size_t length)
{
    change(text, length, to_upper);
}

size_t letter_case_character(const char *text, size_t length, size_t at)
{
    size_t size = utf8_length(text + at, length - at);
    return size > 0 ? size : 1;
}

size_t letter_case_width(const char *text, size_t length)
{
    if (!is_utf8(text, length))
        return length;
    size_t width = 0;
    for (size_t at = 0; at < length; at++)
        width += ((unsigned char)text[at] & 0xC0) != 0x80;
    return width;
}
