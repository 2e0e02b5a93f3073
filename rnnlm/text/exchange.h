// Classes of words that follow the same words, for outputs that predict a class and then a word of
// it: what comes before says much about such a class, and little about which of its words it is.
#ifndef TEXT_EXCHANGE_H
#define TEXT_EXCHANGE_H

#include "text/corpus.h"

// What is taken into account: tokens, from the beginning of the text, and counts, of words before x
// classes. Words before whose ids are too high for that count as one.
struct exchange_limits {
    size_t tokens, counts;
};

// For some 800 MB of memory at most.
static const struct exchange_limits exchange_limits = {1 << 25, 1 << 27};

// Moves words between classes, from the given ones on, as long as that makes the text more probable
// under P(w | v) = P(class of w | v) P(w | class of w), v the word before: the exchange algorithm
// (Kneser & Ney 1993) with classes of what is predicted alone (Uszkoreit & Brants 2008). Reads the
// texts from their beginning, each once, whatever its weight. No class loses its last word. Takes time in proportion to pairs of words
// that follow each other x classes. Error: no memory, or the text cannot be read.
bool exchange_classes(struct corpus *corpus, const struct vocabulary *vocabulary, size_t classes,
                      const struct exchange_limits *limits, int32_t *of_word, struct error *error);

// Numbers classes and words anew, so that a class is a run of ids: </s> and its class first, else
// classes, and words within each, by falling count, ties by their number before. `of_word` [words] is
// as before, `order` [words] becomes the old id of each new one, and of_word the classes of the new
// ones. Error: no memory.
bool exchange_order(const uint64_t *count, size_t words, size_t classes, int32_t *of_word,
                    int32_t *order, struct error *error);

#endif
