// A text as ids of its own words: read once, however often its words are wanted then.
//
// The ids of a long text lie in a file that is mapped (four bytes a token), so that memory does not
// grow with the text, and compressed texts and pipes can be read in any order.
#ifndef TEXT_ID_TEXT_H
#define TEXT_ID_TEXT_H

#include "base/map.h"
#include "text/reader.h"
#include "text/vocabulary.h"

enum { ID_TEXT_SHORT = 1 << 16 }; // tokens of a text that is kept in memory

struct id_text {
    struct vocabulary words; // in the order in which they come, </s> first, with their counts
    uint64_t tokens;         // </s> included
    const int32_t *id;       // [tokens]; the last one is </s>
    uint64_t checksum;       // of the ids
    int32_t *memory;         // where they are, of a short text
    struct map map;          // of a long one
};

// Reads all that a reader has. The file is in `folder`; where that is NULL in $TMPDIR or /tmp; nothing
// is left of it, whatever ends the process. Error: that of the text, which may be empty; the file cannot
// be made or written. id_text_free() in any case.
bool id_text_read(struct id_text *text, struct reader *reader, const char *folder,
                  struct error *error);
void id_text_free(struct id_text *text);

// Lines: each ends with </s>.
static inline uint64_t id_text_lines(const struct id_text *text)
{
    return text->words.count[WORD_END];
}

// Takes what has been touched of the file out of this process's memory. Who goes through a text does so
// now and then, after ID_TEXT_TOUCHED tokens.
enum { ID_TEXT_TOUCHED = 1 << 17 };
void id_text_let_go(const struct id_text *text);

#endif
