// Units of texts.
#include "text/unit.h"

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
