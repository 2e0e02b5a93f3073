// Words that look alike: by the n-grams of letters that they share.
//
// G(w) are the different sequences of 2 to 5 letters of ^w$, where ^ and $ mark beginning and end
// (after Bojanowski et al. 2017), and
//
//   likeness(v, w) = |G(v) and G(w)| / sqrt(|G(v)| |G(w)|)
#ifndef TEXT_LIKENESS_H
#define TEXT_LIKENESS_H

#include "text/vocabulary.h"

enum { LIKENESS_MOST = 10 };

// The words most like one, the nearest first; words equally like it by rising id.
struct alike {
    size_t count; // fewer, or 0, where no others share an n-gram
    int32_t id[LIKENESS_MOST];
    float likeness[LIKENESS_MOST];
};

// The words of `known` that are most like each of the words 1.. of `wanted`: alike[wanted->size]. </s>,
// marks of sentences and words for unknown words are like none. Takes one pass over `known`. Error: no
// memory.
bool likeness_find(const struct vocabulary *known, const struct vocabulary *wanted,
                   struct alike *alike, struct error *error);

#endif
