// Decimal numbers as text.
#include "base/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double power_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

enum { EXACT_DIGITS = 15, EXACT_POWER = 22, COPY = 64 };

static bool parse_slowly(const char *text, size_t length, double *value)
{
    char copy[COPY], *longer = length < COPY ? copy : malloc(length + 1), *end;
    if (longer == NULL || length == 0)
        return false;
    memcpy(longer, text, length);
    longer[length] = '\0';
    *value = strtod(longer, &end);
    bool whole = end == longer + length && strpbrk(longer, "xXpP \t\n\v\f\r") == NULL;
    if (longer != copy)
        free(longer);
    return whole;
}

// A decimal mantissa of up to 15 digits and a power of ten up to 22 are exact doubles: one
// operation rounds rightly.
bool number_parse(const char *text, size_t length, double *value)
{
    const char *at = text, *end = text + length;
    bool negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    uint64_t mantissa = 0;
    int digits = 0, exponent = 0;
    bool any = false;
    for (; at < end && (unsigned)(*at - '0') < 10; at++, any = true) {
        mantissa = mantissa * 10 + (unsigned)(*at - '0');
        digits += mantissa > 0;
        if (digits > EXACT_DIGITS)
            return parse_slowly(text, length, value);
    }
    if (at < end && *at == '.') {
        for (at++; at < end && (unsigned)(*at - '0') < 10; at++, any = true) {
            mantissa = mantissa * 10 + (unsigned)(*at - '0');
            digits += mantissa > 0;
            exponent--;
            if (digits > EXACT_DIGITS)
                return parse_slowly(text, length, value);
        }
    }
    if (!any || at < end || exponent < -EXACT_POWER)
        return parse_slowly(text, length, value);
    double number = (double)mantissa / power_of_ten[-exponent];
    *value = negative ? -number : number;
    return true;
}

// `digits` decimal digits of `number`, zeros in front.
static void put_digits(char *to, uint64_t number, int digits)
{
    while (digits-- > 0) {
        to[digits] = (char)('0' + number % 10);
        number /= 10;
    }
}

// Nine significant digits behind the point's position, for 1e-5 <= |value| < 1000; other values are
// rare in a model.
size_t number_format(char text[NUMBER_SIZE], float value)
{
    double size = fabs((double)value);
    if (!(size >= 1e-5 && size < 1000))
        return (size_t)snprintf(text, NUMBER_SIZE, "%.9g", (double)value);
    int decimals = size < 1e-4   ? 13
                   : size < 1e-3 ? 12
                   : size < 1e-2 ? 11
                   : size < 1e-1 ? 10
                   : size < 1    ? 9
                   : size < 10   ? 8
                   : size < 100  ? 7
                                 : 6;
    uint64_t scaled = (uint64_t)(size * power_of_ten[decimals] + 0.5);
    uint64_t unit = (uint64_t)power_of_ten[decimals];
    char *to = text;
    if (value < 0)
        *to++ = '-';
    uint64_t whole = scaled / unit;
    int whole_digits = whole >= 100 ? 3 : whole >= 10 ? 2 : 1;
    put_digits(to, whole, whole_digits);
    to += whole_digits;
    *to++ = '.';
    put_digits(to, scaled % unit, decimals);
    to += decimals;
    while (to[-1] == '0')
        to--;
    if (to[-1] == '.')
        to--;
    *to = '\0';
    return (size_t)(to - text);
}
