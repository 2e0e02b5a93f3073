// Text as tokens and as word ids.
//
// A token is a maximal run of bytes other than space, tab, carriage return and newline, as in SRILM
// and KenLM, at most READER_LONGEST of them. Every newline yields the token </s>, that of an empty
// line too; a last line without newline is a sentence like any other.
#ifndef TEXT_READER_H
#define TEXT_READER_H

#include <stddef.h>
#include <stdint.h>

#include "text/vocabulary.h"
#include "text/word_cut.h"

// ---- tokens -----------------------------------------------------------------------------------

struct reader;

enum { READER_LONGEST = 1 << 24 };

struct token {
    const char *text; // not 0-terminated; valid until the next token is read
    size_t length;
    bool sentence_end; // made by a newline (text is then "</s>")
};

struct reader *reader_open(const char *path, struct error *error);
void reader_close(struct reader *reader);

// False at the end of the text and after a failure, which reader_ok() tells apart.
bool reader_next(struct reader *reader, struct token *token);
bool reader_ok(const struct reader *reader, struct error *error);

// Where the token read last stands, for messages.
const char *reader_name(const struct reader *reader);
uint64_t reader_line_number(const struct reader *reader);

// ---- ids --------------------------------------------------------------------------------------

// A text that is read as ids, once or many times. Files are streamed anew each time; what cannot be
// read twice (standard input, pipes) is held as ids, four bytes a token.
struct corpus;

struct corpus *corpus_open(const char *path, struct error *error);
void corpus_close(struct corpus *corpus);

// Words that are not in a vocabulary become this word of it, if it has it. To be called before the text
// is read; the word stays the caller's. NULL, as without: they are WORD_OOV.
void corpus_take_unknown(struct corpus *corpus, const char *word);

// Reads the whole text once, adds its words to an empty vocabulary with their counts, cuts it (unless
// `cut` is NULL) and sorts it. An empty text is an error. *tokens counts every token, </s> included.
bool corpus_learn_vocabulary(struct corpus *corpus, struct vocabulary *vocabulary,
                             struct word_cut *cut, uint64_t *tokens, struct error *error);

// Puts the words of that vocabulary into the order of these ids [size], each of which is there once.
// Error: no memory; nothing has been done then.
bool corpus_reorder_vocabulary(struct corpus *corpus, struct vocabulary *vocabulary,
                               const int32_t *order, struct error *error);

// Goes to the beginning; ids are then those of `vocabulary` (kept by reference, the same at each
// call).
bool corpus_start(struct corpus *corpus, const struct vocabulary *vocabulary, struct error *error);

// Next id, WORD_OOV for an unknown word; false at the end and after a failure, which corpus_ok()
// tells apart.
bool corpus_next(struct corpus *corpus, int32_t *id);
bool corpus_ok(const struct corpus *corpus, struct error *error);

// The line of the token read last, 0 if the text is held as ids.
uint64_t corpus_line_number(const struct corpus *corpus);

// The name it was opened by, for messages.
const char *corpus_name(const struct corpus *corpus);

#endif
