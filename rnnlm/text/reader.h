// Text as tokens.
//
// A token is a maximal run of bytes other than space, tab, carriage return and newline, as in SRILM
// and KenLM, at most READER_LONGEST of them. Every newline yields the token </s>, that of an empty
// line too; a last line without newline is a sentence like any other.
#ifndef TEXT_READER_H
#define TEXT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "text/unit.h"

struct reader;

enum { READER_LONGEST = 1 << 24 };

struct token {
    const char *text; // not 0-terminated; valid until the next token is read
    size_t length;
    bool sentence_end; // made by a newline (text is then "</s>")
};

struct reader *reader_open(const char *path, struct error *error);

// Has tokens of another unit read (text/unit.h), instead of words; before the first one. Bytes that are no UTF-8
// are then a failure, which tells where they are.
void reader_set_unit(struct reader *reader, enum text_unit unit);

void reader_close(struct reader *reader);

// False at the end of the text and after a failure, which reader_ok() tells apart.
bool reader_next(struct reader *reader, struct token *token);
bool reader_ok(const struct reader *reader, struct error *error);

// Where the token read last stands, for messages.
const char *reader_name(const struct reader *reader);
uint64_t reader_line_number(const struct reader *reader);

#endif
