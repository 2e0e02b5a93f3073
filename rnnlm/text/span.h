// A part of a line, not 0-terminated, and the words it is made of.
#ifndef TEXT_SPAN_H
#define TEXT_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct span {
    const char *text;
    size_t length;
};

// Space, tab or carriage return.
static inline bool span_is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

// Takes the next word, what stands between blanks, off the front of `rest`; false at its end.
bool span_take(struct span *rest, struct span *word);

#endif
