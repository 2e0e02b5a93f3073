// Upper and lower case without a locale: ASCII, and the letters beyond it whose two forms take as
// many bytes. A text that is UTF-8 is read as such (Latin, Greek, Cyrillic letters of two bytes),
// any other as Latin-1.
#ifndef WER_LETTER_CASE_H
#define WER_LETTER_CASE_H

#include <stddef.h>

void letter_case_lower(char *text, size_t length);
void letter_case_upper(char *text, size_t length);

// Bytes of the character of UTF-8 at text[at]; 1 if there is none.
size_t letter_case_character(const char *text, size_t length, size_t at);

// Places that a text takes on a terminal: characters of UTF-8, else bytes.
size_t letter_case_width(const char *text, size_t length);

#endif
