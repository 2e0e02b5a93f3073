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

// Whether a span is, or begins with, a 0-terminated text.
bool span_is(struct span span, const char *text);
bool span_starts(struct span span, const char *text);

// A span without blanks at its ends.
struct span span_strip(struct span span);

// Takes the next word, what stands between blanks, off the front of `rest`; false at its end.
bool span_take(struct span *rest, struct span *word);

#endif
