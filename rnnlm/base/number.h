// Decimal numbers as text, without the locale and at the speed of the files that hold them.
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

enum { NUMBER_SIZE = 24 }; // bytes that number_format() may write, the 0 byte included

// Reads one number (digits, point, exponent; inf and nan too) that is the whole of
// text[0..length-1]. False if it is not one. The result is the nearest double for up to 15 digits,
// and as strtod() has it beyond. text[length] must be readable.
bool number_parse(const char *text, size_t length, double *value);

// The shortest of the forms with nine significant digits, which give back the same float when read;
// returns its length.
size_t number_format(char text[NUMBER_SIZE], float value);

#endif
