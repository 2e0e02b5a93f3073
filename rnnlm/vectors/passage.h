// A text as word vectors are learnt from it: the words that are kept of a passage, and what stands around each.
//
// Of a word w that is the share f of the text each occurrence is kept with the probability
//
//   min(1, (sqrt(f / sample) + 1) sample / f)                (word2vec's, after Mikolov et al. 2013)
//
// Words that are not kept, and those that the vocabulary does not have, are taken out of the text. The
// context of a word that is kept are the b words before and the b words behind it in its line, b drawn from 1 to
// `window` each time. What is drawn is a function of a key and the place in the text alone, so that passages
// can be looked at in any order, each with its surroundings.
#ifndef VECTORS_PASSAGE_H
#define VECTORS_PASSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    PASSAGE_TOKENS = 64, // of the text, at most
    PASSAGE_LOOK = 1024  // so far beyond a passage its surroundings are looked for
};

struct passage_text {
    const int32_t *id;   // [tokens]; WORD_END ends a line
    const int32_t *word; // of each id that in the vocabulary, or below 0
    uint64_t tokens;
    const uint32_t *keep; // [words] of 2^32, how often an occurrence is kept
    size_t window;
};

// keep[words]. sample 0: all are kept.
void passage_keep(uint32_t *keep, const uint64_t *count, size_t words, double sample);

struct passage {
    int32_t *word;         // [count]
    uint32_t *begin, *end; // [count] the context of centre i: words begin[i] to end[i] - 1, but i
    size_t count;          // at most PASSAGE_TOKENS + 2 window
    size_t first, last;    // the centres: words first to last - 1
    uint64_t *random;      // [count] of each place
};

bool passage_init(struct passage *passage, size_t window, struct error *error);
void passage_free(struct passage *passage);

// Tokens from to to - 1, at most PASSAGE_TOKENS.
void passage_take(struct passage *passage, const struct passage_text *text, uint64_t from,
                  uint64_t to, uint64_t key);

#endif
