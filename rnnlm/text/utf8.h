// UTF-8.
#ifndef TEXT_UTF8_H
#define TEXT_UTF8_H

#include <stddef.h>

// Bytes of the code point that begins text[0..length-1], of at least one byte; 0 where that is no UTF-8: cut,
// too long, a surrogate, or beyond U+10FFFF.
size_t utf8_length(const char *text, size_t length);

#endif
