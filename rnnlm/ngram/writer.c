// ARPA files as text. Numbers are made by integer arithmetic: printf would take most of the time
// of an estimation.
#include "ngram/writer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    NUMBERS_SIZE = 96,
    SHORT = 100
}; // bytes: of both numbers, with what stands between; of a word

bool writer_open(struct writer *writer, const char *path, const struct word_store *words,
                 const uint64_t *count, size_t orders, struct error *error)
{
    *writer = (struct writer){.words = words, .output = output_create(path, error)};
    if (writer->output == NULL)
        return false;
    output_text(writer->output, "\n\\data\\\n");
    for (size_t k = 1; k <= orders; k++)
        output_format(writer->output, "ngram %zu=%llu\n", k, (unsigned long long)count[k]);
    return true;
}

void writer_order(struct writer *writer, size_t order)
{
    output_format(writer->output, "\n\\%zu-grams:\n", order);
}

// Digits of `number` in front of `end`, at least `least` of them.
static char *digits_before(char *end, uint64_t number, int least)
{
    for (; number > 0 || least > 0; number /= 10, least--)
        *--end = (char)('0' + number % 10);
    return end;
}

// As printf's %.7g. Returns the end.
static char *write_number(char *to, double value)
{
    static const double scale[] = {1e10, 1e9, 1e8, 1e7, 1e6, 1e5, 1e4};
    static const uint64_t unit[] = {10000000000, 1000000000, 100000000, 10000000,
                                    1000000,     100000,     10000};
    double size = fabs(value);
    if (!(size >= 1e-4 && size < 999)) {
        if (size == 0) {
            *to = '0';
            return to + 1;
        }
        return to + snprintf(to, NUMBERS_SIZE / 3, "%.7g", value);
    }
    int row = 0;
    for (double bound = 1e-3; size >= bound; bound *= 10)
        row++;
    uint64_t number = (uint64_t)(size * scale[row] + 0.5);
    uint64_t whole = number / unit[row], rest = number % unit[row];
    int decimals = 10 - row;
    char digits[32], *end = digits + sizeof digits;
    for (; decimals > 0 && rest % 10 == 0; decimals--)
        rest /= 10;
    if (value < 0)
        *to++ = '-';
    char *begin = digits_before(end, whole, 1);
    memcpy(to, begin, (size_t)(end - begin));
    to += end - begin;
    if (decimals > 0) {
        *to++ = '.';
        digits_before(to + decimals, rest, decimals);
        to += decimals;
    }
    return to;
}

// Where no word is very long, none need be looked at.
size_t writer_most(const struct writer *writer, const uint32_t *ids, size_t order)
{
    size_t most = order + NUMBERS_SIZE, longest = writer->words->longest;
    if (longest <= SHORT)
        return most + order * longest;
    for (size_t i = 0; i < order; i++)
        most += word_length(writer->words, ids[i]);
    return most;
}

char *writer_put(const struct writer *writer, double log10_prob, const uint32_t *ids, size_t order,
                 const float *log10_backoff, char *to)
{
    to = write_number(to, log10_prob);
    char before = '\t';
    for (size_t i = 0; i < order; i++) {
        *to++ = before;
        before = ' ';
        to = word_put(writer->words, ids[i], to);
    }
    if (log10_backoff != NULL) {
        *to++ = '\t';
        to = write_number(to, *log10_backoff);
    }
    *to++ = '\n';
    return to;
}

bool writer_commit(struct writer *writer, struct error *error)
{
    output_text(writer->output, "\n\\end\\\n");
    struct output *output = writer->output;
    writer->output = NULL;
    return output_commit(output, error);
}

void writer_discard(struct writer *writer)
{
    output_discard(writer->output);
    *writer = (struct writer){.output = NULL};
}
