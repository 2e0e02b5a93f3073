// Probability streams: what some model gives to each word of a text in turn, read from a file. The
// form is recognised by content; files may be gzip-compressed, "-" is standard input.
//
// STREAM_NUMBERS  one probability a line, blank lines skipped. Names no words.
// STREAM_SRILM    what `ngram -ppl TEXT -debug 2` prints. The lines that count are those that begin
//                 with a tab and "p( "; sentences, statistics and warnings between them do not. A
//                 word unknown to the model is printed as <unk>, with [OOV] and probability 0 or,
//                 in an open-vocabulary model, with a probability. Empty lines of the text are left
//                 out altogether.
// STREAM_TABLE    what `rnnlm -test TEXT -debug 2` prints: the rows between the header and the
//                 blank line behind the table. With -lm-prob it has two columns of probabilities.
//                 Words unknown to the network are not named and have probability 0 in both.
//
// A probability is a number from 0 to 1; a rounding error above 1 (1e-6) is taken as 1. Everything
// else is an error that names file and line.
#ifndef SCORE_STREAM_H
#define SCORE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "text/reader.h"

enum stream_form { STREAM_NUMBERS, STREAM_SRILM, STREAM_TABLE };
enum stream_column { STREAM_NET, STREAM_OTHER }; // of a table: P(NET), or P(LM)

struct stream;

// The probability of one word.
struct stream_item {
    double prob;
    const char *word; // not 0-terminated, valid until the next item is read; NULL where the file
                      // does not name it
    size_t length;
    bool unknown; // the file says that the model does not know the word: `word` need not be that of
                  // the text
};

// Opens a stream and recognises its form. An empty file, and one that holds no probabilities, are
// errors; SRILM's output for an empty text is a stream without items. The column matters only for
// tables: STREAM_OTHER is an error where a table has one column.
struct stream *stream_open(const char *path, enum stream_column column, struct error *error);
void stream_close(struct stream *stream);

const char *stream_name(const struct stream *stream);
enum stream_form stream_form(const struct stream *stream);

// The line of the item read last.
uint64_t stream_line_number(const struct stream *stream);

// The item is that of a sentence's end; numbers do not say so.
bool stream_is_end(const struct stream_item *item);

// The next item; false at the end of the stream and after a failure, which stream_ok() tells apart.
bool stream_next(struct stream *stream, struct stream_item *item);
bool stream_ok(const struct stream *stream, struct error *error);

// The probability of the next token of a text: every token in turn, each sentence's </s> included.
// Where the file names its words they must be those of the text; the error names file, line,
// sentence and word, what was found and wanted. An empty line of the text has no entry in SRILM's
// output: its </s> gets probability 0, as a word does that the model does not know, and the stream
// stays where it is. Where no words are named the numbers are taken as they come, so a stream that
// was made by SRILM of a text with empty lines is found to be too short at the end.
bool stream_match(struct stream *stream, const struct token *token, double *prob,
                  struct error *error);

// To be called when the text has ended: false if the stream goes on.
bool stream_end(struct stream *stream, struct error *error);

// True if two items can be of the same word: the words are equal, or one of them is unknown, or not
// named.
bool stream_same_word(const struct stream_item *a, const struct stream_item *b);

#endif
