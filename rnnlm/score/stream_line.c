// Lines of probability streams.
#include "score/stream_line.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "text/span.h"

#define MOST_PROB (1 + 1e-6) // a sum of rounded terms may be that far above 1
#define SIX_DIGITS 5e-6      // relative rounding error of a number with six significant digits

enum { SHOWN = 80 }; // bytes of a bad line that a message quotes

static const char *const srilm_start = "\tp( ";

static int shown(size_t length)
{
    return length < SHOWN ? (int)length : SHOWN;
}

static struct span trimmed(const char *text, size_t length)
{
    while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL && text[length - 1] != '\0')
        length--;
    while (length > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        length--;
    }
    return (struct span){text, length};
}

// The part of *rest before `end`, which is taken too; false if there is none.
static bool cut(struct span *rest, char end, struct span *part)
{
    const char *at = memchr(rest->text, end, rest->length);
    if (at == NULL)
        return false;
    *part = (struct span){rest->text, (size_t)(at - rest->text)};
    *rest = (struct span){at + 1, rest->length - part->length - 1};
    return true;
}

static bool check_prob(double *prob, struct span found, struct error *error)
{
    if (!(*prob >= 0 && *prob <= MOST_PROB))
        return error_set(error, "found \"%.*s\", wanted a probability from 0 to 1",
                         shown(found.length), found.text);
    if (*prob > 1)
        *prob = 1;
    return true;
}

static bool read_prob(struct span found, double *prob, struct error *error)
{
    if (!number_parse(found.text, found.length, prob))
        return error_set(error, "found \"%.*s\", wanted a probability", shown(found.length),
                         found.text);
    return check_prob(prob, found, error);
}

// ---- recognising ------------------------------------------------------------------------------

bool stream_line_is_blank(const char *line, size_t length)
{
    return trimmed(line, length).length == 0;
}

bool stream_line_is_numeric(const char *line, size_t length)
{
    struct span number = trimmed(line, length);
    double value;
    return number_parse(number.text, number.length, &value);
}

bool stream_line_is_srilm(const char *line, size_t length)
{
    return span_starts((struct span){line, length}, srilm_start);
}

bool stream_line_is_header(const char *line, size_t length, size_t *columns)
{
    struct span header = {line, length};
    if (!span_starts(header, "Index ") || strstr(line, " P(NET) ") == NULL ||
        strstr(line, " Word") == NULL)
        return false;
    *columns = strstr(line, " P(LM) ") != NULL ? 2 : 1;
    return true;
}

// "... sentences, N words, N OOVs"
bool stream_line_is_total(const char *line, size_t length, uint64_t *words)
{
    static const char before[] = " sentences, ", after[] = " words, ";
    const char *at = memmem(line, length, before, sizeof before - 1);
    if (at == NULL || !isdigit((unsigned char)at[sizeof before - 1]))
        return false;
    char *end;
    *words = strtoull(at + sizeof before - 1, &end, 10);
    return strncmp(end, after, sizeof after - 1) == 0 && strstr(end, " OOVs") != NULL;
}

// ---- one number a line ------------------------------------------------------------------------

bool stream_line_number_alone(const char *line, size_t length, struct stream_item *item,
                              struct error *error)
{
    *item = (struct stream_item){0};
    return read_prob(trimmed(line, length), &item->prob, error);
}

// ---- SRILM ------------------------------------------------------------------------------------

// The value of a number's last printed digit: 0.001 for -2.669.
static double last_digit(struct span number)
{
    int decimals = 0;
    const char *point = memchr(number.text, '.', number.length);
    const char *exponent = memchr(number.text, 'e', number.length);
    const char *end = exponent != NULL ? exponent : number.text + number.length;
    if (point != NULL && point < end)
        decimals = (int)(end - point) - 1;
    return pow(10, (exponent != NULL ? strtod(exponent + 1, NULL) : 0) - decimals);
}

// A line gives the probability twice: as a number and as its logarithm, each with seven significant
// digits (six in old versions), zeros at the end left out. The number is then the better one: seven
// digits of a number fix it to 5e-7 of its size or better, those of a logarithm between -10 and -1
// to 1.2e-6. (A logarithm nearer to 0 would be the better one, by less than what its computation in
// single precision leaves in doubt.) It is also what other readers of these files take. The
// logarithm is used where the number differs from it by more than six digits explain, and by more
// than the logarithm's own rounding: the number was then printed more coarsely. Where they differ
// by more than the rounding of both, one of them is wrong.
static bool choose_prob(struct span number, struct span logarithm, double *prob,
                        struct error *error)
{
    double log10_prob;
    if (!number_parse(logarithm.text, logarithm.length, &log10_prob) ||
        !(log10_prob <= log10(MOST_PROB)))
        return error_set(error, "found \"%.*s\", wanted the logarithm of a probability",
                         shown(logarithm.length), logarithm.text);
    double other = pow(10, log10_prob), difference = fabs(*prob - other);
    double of_logarithm = other * (pow(10, last_digit(logarithm)) - 1);
    if (difference <= fmax(of_logarithm, SIX_DIGITS * other) || (*prob < 1e-300 && other < 1e-300))
        return true;
    if (!(difference <= of_logarithm + last_digit(number)))
        return error_set(error, "found %.*s with the logarithm %.*s, which is that of %g",
                         shown(number.length), number.text, shown(logarithm.length), logarithm.text,
                         other);
    *prob = other;
    return check_prob(prob, logarithm, error);
}

// "[3gram] " and the like, any number of them, with or without blanks between.
static void take_marks(struct span *rest, bool *unknown)
{
    for (;;) {
        struct span mark;
        while (rest->length > 0 && *rest->text == ' ')
            *rest = (struct span){rest->text + 1, rest->length - 1};
        if (!span_starts(*rest, "[") || !cut(rest, ']', &mark))
            return;
        if (mark.length == 4 && memcmp(mark.text, "[OOV", 4) == 0)
            *unknown = true;
    }
}

// TAB "p( WORD | CONTEXT...) " TAB "= [3gram] 0.5 [ -0.30103 ]". Neither word nor context hold
// blanks or tabs, but anything else.
bool stream_line_srilm(const char *line, size_t length, struct stream_item *item,
                       struct error *error)
{
    struct span rest = trimmed(line, length), word, context, number, logarithm;
    *item = (struct stream_item){0};
    if (!span_starts(rest, srilm_start + 1))
        return error_set(error, "found \"%.*s\", wanted \"p( WORD | ...) = ...\"", shown(length),
                         line);
    rest = (struct span){rest.text + 3, rest.length - 3};
    if (!cut(&rest, ' ', &word) || word.length == 0 || !span_starts(rest, "| ") ||
        !cut(&rest, '\t', &context) || !span_starts(rest, "= "))
        return error_set(
            error, "found \"%.*s\", wanted \"p( WORD | ...) = [Ngram] PROBABILITY [ LOGARITHM ]\"",
            shown(length), line);
    rest = (struct span){rest.text + 2, rest.length - 2};
    take_marks(&rest, &item->unknown);
    if (!cut(&rest, ' ', &number))
        number = rest;
    if (!read_prob(number, &item->prob, error))
        return false;
    if (!span_starts(rest, "[ ") || !cut(&rest, ' ', &logarithm) || !cut(&rest, ' ', &logarithm) ||
        !span_starts(rest, "]"))
        return error_set(error, "found no \"[ LOGARITHM ]\" behind %.*s", shown(number.length),
                         number.text);
    if (!choose_prob(number, logarithm, &item->prob, error))
        return false;
    item->word = word.text;
    item->length = word.length;
    return true;
}

// ---- our own table ----------------------------------------------------------------------------

// ID TAB PROBABILITY TAB [PROBABILITY TAB] WORD, or "-1 TAB 0 TAB TAB [0 TAB TAB] OOV"
bool stream_line_table(const char *line, size_t length, size_t columns, enum stream_column column,
                       struct stream_item *item, struct error *error)
{
    const char *row = columns == 2 ? "ID, P(NET), P(LM), WORD" : "ID, P(NET), WORD";
    struct span rest = {line, length}, id, prob[2], nothing;
    double number;
    bool complete =
        cut(&rest, '\t', &id) && number_parse(id.text, id.length, &number) && number >= -1;
    bool unknown = complete && number == -1;
    for (size_t i = 0; i < columns && complete; i++) {
        complete = cut(&rest, '\t', &prob[i]);
        if (unknown && complete)
            complete = cut(&rest, '\t', &nothing) && nothing.length == 0;
    }
    if (rest.length > 0 && rest.text[rest.length - 1] == '\r')
        rest.length--;
    if (!complete || rest.length == 0 || memchr(rest.text, '\t', rest.length) != NULL)
        return error_set(error, "found \"%.*s\", wanted %s with tabs between", shown(length), line,
                         row);
    *item = (struct stream_item){.unknown = unknown};
    if (!unknown) {
        item->word = rest.text;
        item->length = rest.length;
    }
    return read_prob(prob[column == STREAM_OTHER ? 1 : 0], &item->prob, error);
}
