// Transcripts: utterances with names and words, in one of four forms.
//
// TRANSCRIPT_TRN    WORD WORD ... (UTTERANCE-ID): NIST's; lines that begin with ;; are comments
// TRANSCRIPT_MLF    HTK's master label file: the header #!MLF!#, then "PATTERN/UTTERANCE-ID.EXT",
//                   lines [START [END]] WORD ..., and a line with a full stop; of several
//                   alternatives (///) the first is taken
// TRANSCRIPT_KALDI  UTTERANCE-ID WORD WORD ...
// TRANSCRIPT_PLAIN  WORD WORD ...; an utterance's name is the number of its line
//
// NIST's marks, which are read in trn files unless told otherwise:
//   { A / B C / @ }   any of these; alternatives may hold alternatives
//   @                 no word
//   (WORD)            may be left out
//   WORD- -WORD       a fragment
// Braces that belong together within a word, as in m^{me}, are letters of it.
#ifndef WER_TRANSCRIPT_H
#define WER_TRANSCRIPT_H

#include "wer/alignment.h"

enum transcript_form {
    TRANSCRIPT_ANY, // recognised by content
    TRANSCRIPT_TRN,
    TRANSCRIPT_MLF,
    TRANSCRIPT_KALDI,
    TRANSCRIPT_PLAIN,
};

enum transcript_marks { TRANSCRIPT_MARKS_TRN, TRANSCRIPT_MARKS_ALL, TRANSCRIPT_MARKS_NONE };

struct transcript_rules {
    bool case_sensitive; // else words are put in lower case
    bool optional;       // (WORD) may be left out without an error; else it is just WORD
    bool fragments;      // WORD- and -WORD are fragments
    enum transcript_marks marks;
    const struct vocabulary *ignored; // those of count > 0 are left out (in lower case unless
                                      // case_sensitive); may be NULL
    // Told of an utterance that cannot be read; returns true to go on without it. NULL: reading
    // fails.
    bool (*skip)(void *context, const struct error *problem);
    void *context;
};

// Adds a word to those that are ignored.
bool transcript_ignore(struct vocabulary *ignored, const char *word, bool case_sensitive,
                       struct error *error);

struct utterance {
    uint64_t line;
    struct alignment_text text;
};

struct transcript {
    char *name;
    enum transcript_form form;
    struct utterance *utterance; // [count], in the file's order
    size_t count, capacity;
    struct vocabulary ids; // id of utterance i is word i + 1
};

// Reads a whole file, adding its words to `words`. With TRANSCRIPT_ANY all of its lines tell the
// form: it is trn where each of them ends in brackets, or half of them in what looks like a name
// (holds a digit, "-" or "_"), unless all begin with a name too. Lines that are neither trn nor MLF
// are read as those of `like`: with names if that is a form with names; if it is TRANSCRIPT_ANY
// too, with names if the first words of all lines look like names.
bool transcript_read(struct transcript *transcript, const char *path, enum transcript_form form,
                     enum transcript_form like, const struct transcript_rules *rules,
                     struct vocabulary *words, struct error *error);
void transcript_free(struct transcript *transcript);

// The utterance of this name, NULL if there is none.
const struct utterance *transcript_find(const struct transcript *transcript, const char *id);
const char *transcript_id(const struct transcript *transcript, size_t index);

const char *transcript_form_name(enum transcript_form form);
// False if there is no such form.
bool transcript_form_parse(const char *name, enum transcript_form *form);

#endif
