// Units of texts.
#include "text/unit.h"

#include <stdint.h>
#include <string.h>

static const char *const names[] = {
    [UNIT_WORD] = "word", [UNIT_CHAR] = "char", [UNIT_PIECES] = "pieces"};

bool unit_named(const char *name, enum text_unit *unit, struct error *error)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *unit = (enum text_unit)i;
            return true;
        }
    return error_usage(error, "option -unit: found \"%.60s\", wanted word, char or pieces", name);
}

const char *unit_name(enum text_unit unit)
{
    return names[unit];
}

bool unit_begins_word(enum text_unit unit, const char *text, size_t length, bool first)
{
    const size_t space = sizeof UNIT_SPACE - 1;
    return unit == UNIT_WORD || first || (length >= space && memcmp(text, UNIT_SPACE, space) == 0);
}

const char *unit_text(const char *text, size_t *length, bool *space)
{
    const size_t bytes = sizeof UNIT_SPACE - 1;
    *space = *length >= bytes && memcmp(text, UNIT_SPACE, bytes) == 0;
    *length -= *space ? bytes : 0;
    return *space ? text + bytes : text;
}

size_t unit_char_length(const char *text, size_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)text;
    size_t bytes = *byte < 0x80   ? 1
                   : *byte < 0xc2 ? 0
                   : *byte < 0xe0 ? 2
                   : *byte < 0xf0 ? 3
                   : *byte < 0xf5 ? 4
                                  : 0;
    if (bytes <= 1 || bytes > length)
        return bytes <= 1 ? bytes : 0;
    uint32_t code = *byte & (0x7fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (byte[i] & 0x3f);
    }
    bool good = code >= least[bytes] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return good ? bytes : 0;
}
