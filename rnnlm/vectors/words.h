// The words that get vectors: those that a text has often enough, or those of a list with counts.
#ifndef VECTORS_WORDS_H
#define VECTORS_WORDS_H

#include "text/corpus.h"

// Fills `words` with </s> and the words of a text that occur `least` times at least, by falling counts. Error: that of
// the text; fewer than two words. vocabulary_free() in any case.
bool vector_words_learn(struct vocabulary *words, struct corpus *text, uint64_t least,
                        struct error *error);

// The same from a file with lines WORD COUNT, as word2vec's -save-vocab has them; </s> may be there. Error: the line,
// what was found and what was wanted; a word for the second time; fewer than two words.
bool vector_words_read(struct vocabulary *words, const char *path, uint64_t least,
                       struct error *error);

// Writes such a file, </s> first.
bool vector_words_write(const struct vocabulary *words, const char *path, struct error *error);

#endif
