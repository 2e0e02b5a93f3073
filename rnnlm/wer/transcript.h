// Transcripts: utterances with names and words, in one of six forms.
//
// TRANSCRIPT_TRN    WORD WORD ... (UTTERANCE-ID): NIST's; lines that begin with ;; are comments
// TRANSCRIPT_STM    FILE CHANNEL SPEAKER BEGIN END [<LABEL,...>] WORD WORD ...: NIST's segments with
//                   times in seconds, those of a channel sorted by where they begin. The name of an
//                   utterance is SPEAKER-NUMBER, from 000. IGNORE_TIME_SEGMENT_IN_SCORING in place
//                   of words: what is said there is not scored
// TRANSCRIPT_CTM    FILE CHANNEL BEGIN DURATION WORD [CONFIDENCE ...]: NIST's hypotheses, words with
//                   times, between <ALT_BEGIN>, <ALT> and <ALT_END> alternatives. Each belongs to
//                   the first of the reference's segments that ends behind its middle, or to the
//                   last of its channel, but to none before that of the word before: so sclite
//                   divides them
// TRANSCRIPT_MLF    HTK's master label file: the header #!MLF!#, then "PATTERN/UTTERANCE-ID.EXT",
//                   lines [START [END]] WORD ..., and a line with a full stop; of several
//                   alternatives (///) the first is taken
// TRANSCRIPT_KALDI  UTTERANCE-ID WORD WORD ...
// TRANSCRIPT_PLAIN  WORD WORD ...; an utterance's name is the number of its line
//
// NIST's marks, which are read in NIST's forms unless told otherwise:
//   { A / B C / @ }   any of these; alternatives may hold alternatives
//   @                 no word
//   (WORD)            may be left out
//   WORD- -WORD       a fragment
// Braces that belong together within a word, as in m^{me}, are letters of it.
#ifndef WER_TRANSCRIPT_H
#define WER_TRANSCRIPT_H

#include "wer/alignment.h"
#include "wer/glm.h"

enum transcript_form {
    TRANSCRIPT_ANY, // recognised by content
    TRANSCRIPT_TRN,
    TRANSCRIPT_STM,
    TRANSCRIPT_CTM,
    TRANSCRIPT_MLF,
    TRANSCRIPT_KALDI,
    TRANSCRIPT_PLAIN,
};

enum transcript_marks { TRANSCRIPT_MARKS_TRN, TRANSCRIPT_MARKS_ALL, TRANSCRIPT_MARKS_NONE };

struct transcript;

struct transcript_rules {
    bool case_sensitive;   // else words are put in lower case
    bool optional;         // (WORD) may be left out without an error; else it is just a word
    bool fragments;        // WORD- and -WORD are fragments
    bool characters;       // each character of UTF-8 is a word of its own
    bool split_hyphens;    // a hyphen within a word is a blank
    const struct glm *glm; // rules that words go through first; may be NULL
    enum transcript_marks marks;
    const struct vocabulary *ignored;  // those of count > 0 are left out (in lower case unless
                                       // case_sensitive); may be NULL
    const struct transcript *segments; // the STM whose segments a CTM is divided by; NULL if none
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
    int32_t speaker; // of an STM, in transcript.speakers; else WORD_END
    struct alignment_text text;
};

// A stretch of a channel that an utterance, or what is not to be scored, takes.
struct transcript_segment {
    size_t utterance; // TRANSCRIPT_IGNORED: what is said there is not scored
    double begin;     // seconds
    float end; // the last end of all segments up to here; a float, as sclite has it, so that what
               // lies on an end falls on the same side
};

#define TRANSCRIPT_IGNORED SIZE_MAX

struct transcript_channel {
    struct transcript_segment *segment; // [segments], by begin
    size_t segments, capacity;
};

struct transcript {
    char *name;
    enum transcript_form form;
    struct utterance *utterance; // [count], in the file's order
    size_t count, capacity;
    struct vocabulary ids; // id of utterance i is word i + 1

    // Of an STM: "FILE CHANNEL" of channel i is word i + 1.
    struct vocabulary channels, speakers;
    struct transcript_channel *channel; // [channel_count]
    size_t channel_count, channel_capacity;
};

// Reads a whole file, adding its words to `words`. With TRANSCRIPT_ANY all of its lines tell the
// form: STM or CTM where each has times, of which some have a point; trn where each of them ends in
// brackets, or half of them in what looks like a name (holds a digit, "-" or "_"), unless all begin
// with a name too. Other lines, but those of an MLF, are read as those of `like`: with names if that
// is a form with names; if it is TRANSCRIPT_ANY too, with names if the first words of all lines look
// like names.
bool transcript_read(struct transcript *transcript, const char *path, enum transcript_form form,
                     enum transcript_form like, const struct transcript_rules *rules,
                     struct vocabulary *words, struct error *error);
void transcript_free(struct transcript *transcript);

// The utterance of this name, NULL if there is none.
const struct utterance *transcript_find(const struct transcript *transcript, const char *id);
const char *transcript_id(const struct transcript *transcript, size_t index);

// The speaker that the file names; NULL if it does not.
const char *transcript_speaker(const struct transcript *transcript,
                               const struct utterance *utterance);

const char *transcript_form_name(enum transcript_form form);
// False if there is no such form.
bool transcript_form_parse(const char *name, enum transcript_form *form);

#endif
