// A transcript that is being read: what its forms share.
#ifndef WER_TRANSCRIPT_READING_H
#define WER_TRANSCRIPT_READING_H

#include "text/span.h"
#include "wer/transcript.h"
#include "wer/transcript_words.h"

enum { TRANSCRIPT_SHOWN = 60 }; // bytes of a bad line that a message quotes

// A file as lines: its form is known only after the last of them.
struct transcript_lines {
    char *text;
    size_t used, capacity;
    size_t *end; // of each line, its newline left out
    size_t count, end_capacity;
};

struct transcript_reading {
    struct transcript *transcript;
    struct transcript_words words;
    struct transcript_lines lines;
    size_t next;      // the line to read next
    struct span line; // the line read last, without blanks at its ends
    char *label;      // a quoted MLF word
    size_t label_capacity;
    char *mapped; // a line as the rules of a GLM have it
    size_t mapped_capacity;
    bool recognised; // the form is a guess
    uint64_t bad;    // the line to name if the utterance is bad: some are read to their end
};

// Takes the next line, blank or not; false at the end.
bool transcript_next_line(struct transcript_reading *reading);

// Whether a line is a comment of NIST's forms.
bool transcript_is_comment(struct span line);

// What was found in the line read last, and what was wanted. Returns false.
bool transcript_fail(const struct transcript_reading *reading, struct error *error,
                     const char *wanted);

// Tells of a bad utterance and returns true to go on, where that is wanted.
bool transcript_skip(const struct transcript_reading *reading, struct error *error);

// Adds an utterance without words, to which words are added next.
bool transcript_begin_utterance(struct transcript_reading *reading, struct span id,
                                struct error *error);

// A part of a line as rules and options have it: `line` itself, or reading->mapped.
bool transcript_map(struct transcript_reading *reading, struct span *line, struct error *error);

// All words of a part of a line, mapped, and the utterance's end.
bool transcript_add_words(struct transcript_reading *reading, struct span line,
                          struct error *error);

// An utterance whose name is known but whose words are bad keeps its name, so that what else is
// said of it is not taken for another's: those from number `count` on have no nodes then.
void transcript_spoil(struct transcript_reading *reading, size_t count);

// ---- forms with times (transcript_times.c) ----------------------------------------------------

// Whether a line looks like one of STM or CTM; *fraction is set where a time has a point.
bool transcript_looks_like_stm(struct span line, bool *fraction);
bool transcript_looks_like_ctm(struct span line, bool *fraction);

// The line read last, of an STM.
bool transcript_read_stm(struct transcript_reading *reading, struct error *error);

// The whole file, as utterances of the reference's segments.
bool transcript_read_ctm(struct transcript_reading *reading, struct error *error);

#endif
