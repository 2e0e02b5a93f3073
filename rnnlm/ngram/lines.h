// Lines of a file that several threads make and one writes in their order.
#ifndef NGRAM_LINES_H
#define NGRAM_LINES_H

#include "base/file.h"
#include "ngram/spill.h"

// What lines are made from: elements of `size` bytes, one a line.
// `next` writes into what `ahead` and `format` read elsewhere at the same time: what it writes stands behind
// LINES_APART, so that no processor has to fetch it from another again and again.
enum { LINES_CACHE_LINE = 128 };
#define LINES_APART _Alignas(LINES_CACHE_LINE)

struct lines {
    void *context;
    size_t size;
    // Gets the next element, and how many bytes its line has at most; never called by two threads at
    // once. False at the end and after a failure, which *ok tells apart; it is true at first.
    bool (*next)(void *context, void *element, size_t *most, bool *ok, struct error *error);
    // What format() will need of an element is called for here, so that it need not wait: `last` false some
    // elements before, true a few before. May be NULL.
    void (*ahead)(const void *context, const void *element, bool last);
    // Writes the line, newline included, and returns where it ends; called by several threads at
    // once.
    char *(*format)(const void *context, const void *element, char *to);
};

// On the threads of an allowance, in about an eighth of its memory; its `watch` is told of each line.
// Failures of the output are kept in it.
bool lines_write(const struct lines *lines, struct output *output,
                 const struct allowance *allowance, struct error *error);

#endif
