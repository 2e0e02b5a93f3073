// Hypotheses of n-best lists, read line by line. The form of a file is recognised by its first
// lines that are not blank:
//
// HYPOTHESIS_ID      ID WORD WORD ...: what `rnnlm -test FILE -nbest` reads; lines of one ID that
//                    follow each other are the list of one utterance
// HYPOTHESIS_KALDI   UTTERANCE-N WORD WORD ..., N = 1, 2, ...: lines of one utterance are a list
// HYPOTHESIS_SRILM   ACOUSTIC LANGUAGE NWORDS WORD WORD ...: one list a file, as SRILM's
//                    lattice-tool writes it (log10)
// HYPOTHESIS_NBEST1  the header NBestList1.0, then (SCORE) WORD WORD ...
// HYPOTHESIS_NBEST2  the header NBestList2.0, then (SCORE) WORD ( st: .. et: .. g: .. a: .. ) ...,
//                    where units that lie within the times of the word before are its phones, and
//                    are left out
// HYPOTHESIS_TABS    ID TAB SCORE TAB ... TAB WORD WORD ...: at least one score; the first is the
//                    acoustic one, the second that of the language model
// HYPOTHESIS_MOSES   ID ||| WORD WORD ... ||| NAME= VALUE ... ||| TOTAL ||| ...: of Moses; natural
//                    logarithms, given as log10 here
// HYPOTHESIS_MOSES_WORDS, HYPOTHESIS_MOSES_TOTAL  its short forms: ID ||| WORD WORD ..., and
//                    ID ||| WORD WORD ... ||| TOTAL
// HYPOTHESIS_ID_SRILM  ID ACOUSTIC LANGUAGE NWORDS <s> WORD WORD ... </s>: SRILM's lines behind the
//                    number of their file, as the reference's makenbest writes them
//
// First words <s> and last words </s>, or what marks them otherwise, are left out. In SRILM's three forms a blank line, or
// another header, begins another list: so may several lists stand in one file.
#ifndef NBEST_HYPOTHESIS_H
#define NBEST_HYPOTHESIS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum hypothesis_form {
    HYPOTHESIS_ID,
    HYPOTHESIS_KALDI,
    HYPOTHESIS_SRILM,
    HYPOTHESIS_NBEST1,
    HYPOTHESIS_NBEST2,
    HYPOTHESIS_TABS,
    HYPOTHESIS_MOSES,
    HYPOTHESIS_MOSES_WORDS,
    HYPOTHESIS_MOSES_TOTAL,
    HYPOTHESIS_ID_SRILM,
    HYPOTHESIS_FORMS // how many there are
};

struct hypotheses;

struct hypothesis {
    bool begins_list; // the first of its list
    const char *id;   // of the list, not 0-terminated; NULL in SRILM's forms
    size_t id_length;
    const char *name; // HYPOTHESIS_KALDI: the hypothesis' own ID, UTTERANCE-N; else NULL
    size_t name_length;
    double acoustic;   // log10, 0 if there is none; of NBestLists the one score they have (with a
                       // language model's part), of Moses the total
    double language;   // log10, the language model's score; NAN if there is none
    const char *words; // with single blanks between, 0-terminated; id, words and line are valid
                       // until the next is read
    size_t length;     // bytes of `words`
    uint64_t count;    // words
    const char *line;  // as it stands in the file, 0-terminated
    size_t line_length;
};

// Error: cannot be opened, or is empty.
struct hypotheses *hypotheses_open(const char *path, struct error *error);
void hypotheses_close(struct hypotheses *hypotheses);

// The form of a name: "id", "kaldi", "srilm", "nbestlist1", "nbestlist2", "tabs", "moses",
// "moses-words", "moses-total", "id-srilm". Error: there is none; it names all that there are.
bool hypothesis_form_named(const char *name, enum hypothesis_form *form, struct error *error);

// True where the form is a guess that may be wrong, as nothing but names tells it: IDs such as u-1
// and u-2 may be those of hypotheses (HYPOTHESIS_KALDI) or of utterances. The remark says what they
// are taken for.
bool hypotheses_remark(const struct hypotheses *hypotheses, struct error *remark);

// Takes the file for one of this form, whatever it looks like; before the first is read.
void hypotheses_set_form(struct hypotheses *hypotheses, enum hypothesis_form form);

enum hypothesis_form hypotheses_form(const struct hypotheses *hypotheses);
const char *hypotheses_name(const struct hypotheses *hypotheses);
uint64_t hypotheses_line_number(const struct hypotheses *hypotheses); // of the hypothesis read last

// The next hypothesis, which may be without words; blank lines hold none. False at the end and
// after a failure, which hypotheses_ok() tells apart. A line that is not of the file's form is a
// failure, and so is a header with no hypothesis behind it.
bool hypotheses_next(struct hypotheses *hypotheses, struct hypothesis *hypothesis);
bool hypotheses_ok(const struct hypotheses *hypotheses, struct error *error);

enum hypotheses_failure {
    HYPOTHESES_BAD_LINE,  // a line within a list
    HYPOTHESES_BAD_FIRST, // a line that would have begun a list
    HYPOTHESES_BAD_HEADER // a header with no hypothesis behind it
};

// What the last failure was, if hypotheses_resume() says that reading can go on.
enum hypotheses_failure hypotheses_failure(const struct hypotheses *hypotheses);

// After a failure: goes on behind the line that is not of the file's form. False if the file itself
// cannot be read on.
bool hypotheses_resume(struct hypotheses *hypotheses);

#endif
