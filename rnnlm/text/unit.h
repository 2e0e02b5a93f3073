// Units: what the tokens of a text are.
//
//   word   runs of anything but blanks (text/reader.h)
//   pieces the same: parts of words as SentencePiece writes them, of which those that begin a word begin with
//          UNIT_SPACE
//   char   code points of UTF-8, and UNIT_SPACE between two words of a line: for texts without blanks between
//          words, such as Japanese ones, and for models that know no unknown words
//
// Code points, and not what a reader takes for one character (grapheme clusters): a vowel sign of Hindi, the parts
// of a composed emoji are tokens of their own, whose probabilities multiply to that of the whole. Clusters
// would be the better units for drawing and counting, but there is no end to them, so that texts would again
// have unknown ones; and no tables of Unicode are wanted here, which change every year.
#ifndef TEXT_UNIT_H
#define TEXT_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum text_unit { UNIT_WORD, UNIT_CHAR, UNIT_PIECES };

#define UNIT_SPACE "\xe2\x96\x81" // U+2581, as SentencePiece has it

// Error: the names there are.
bool unit_named(const char *name, enum text_unit *unit, struct error *error);
const char *unit_name(enum text_unit unit);

// Whether a token, `first` in its line or not, which is no sentence's end, is the first of a word: of
// characters, the space before it.
bool unit_begins_word(enum text_unit unit, const char *text, size_t length, bool first);

// Where a text of characters or pieces is written as people read it: what is left of a token when the space that
// it begins with, or is, has been taken off; *space tells whether there was one.
const char *unit_text(const char *text, size_t *length, bool *space);

static inline bool unit_is_space(const char *text, size_t length)
{
    return length == sizeof UNIT_SPACE - 1 && text[0] == UNIT_SPACE[0] &&
           text[1] == UNIT_SPACE[1] && text[2] == UNIT_SPACE[2];
}

#endif
