// Text drawn from a mixture of models.
#ifndef SCORE_GENERATE_H
#define SCORE_GENERATE_H

#include "base/file.h"
#include "score/blend.h"

// What is drawn: running text, or whole sentences. Words are drawn with rand()'s sequence from
// `seed`.
struct sampling {
    uint64_t words;     // of running text, </s> counted; 0: sentences
    uint64_t sentences; // each from where the sources begin a line: they are to be `per_sentence`
    uint64_t longest;   // words of a sentence at most
    // P(w) becomes P(w)^(1/temperature), divided by the sum of these: 1 leaves it, 0 always takes
    // the most likely word, much takes all that have a probability alike.
    double temperature;
    const char *prefix; // words with blanks between, with which the text or each sentence begins
    bool unk;           // words of the prefix may be unknown to all models
    enum text_unit unit; // words are drawn with blanks between, characters as a text has them
    uint32_t seed;
};

// Writes what is drawn, a sentence a line, the prefix in front; a last line of running text that is
// not complete is ended too. *cut (may be NULL) counts sentences that were longer than `longest`.
// Error: a source that words cannot be drawn from, a prefix with </s> or an unknown word, no memory.
bool generate_text(struct blend *blend, const struct sampling *sampling, struct output *output,
                   uint64_t *cut, struct error *error);

#endif
