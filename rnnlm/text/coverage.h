// How many words of what is scored the models do not know: many, if texts and models do not belong
// together, and results do not say so.
#ifndef TEXT_COVERAGE_H
#define TEXT_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct coverage {
    uint64_t words, unknown; // </s> counts nowhere
    uint64_t numbers;        // of the unknown ones: digits alone, as where words are numbered
};

void coverage_add(struct coverage *coverage, const char *word, size_t length, bool known);

// True if more than one word in five is unknown; the remark says how many.
bool coverage_remark(const struct coverage *coverage, struct error *remark);

#endif
