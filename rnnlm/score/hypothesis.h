// Hypotheses of n-best lists, read line by line. The form of a file is recognised by its first line
// that is not blank:
//
// HYPOTHESIS_ID      ID WORD WORD ...: what `rnnlm -test FILE -nbest` reads; lines of one ID that
// follow each other are the
//                    list of one utterance
// HYPOTHESIS_SRILM   ACOUSTIC LANGUAGE NWORDS WORD WORD ...: one list a file, as SRILM's
// lattice-tool writes it (log10) HYPOTHESIS_NBEST1  the header NBestList1.0, then (SCORE) WORD WORD
// ... HYPOTHESIS_NBEST2  the header NBestList2.0, then (SCORE) WORD ( st: .. et: .. g: .. a: .. )
// ..., where units that lie
//                    within the times of the word before are its phones, and are left out
//
// A first word <s> and a last word </s> are left out. In the last three forms a blank line, or
// another header, begins another list: so may several lists stand in one file.
#ifndef SCORE_HYPOTHESIS_H
#define SCORE_HYPOTHESIS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum hypothesis_form { HYPOTHESIS_ID, HYPOTHESIS_SRILM, HYPOTHESIS_NBEST1, HYPOTHESIS_NBEST2 };

struct hypotheses;

struct hypothesis {
    bool begins_list; // the first of its list
    const char *id;   // HYPOTHESIS_ID: not 0-terminated; NULL in other forms
    size_t id_length;
    double acoustic;   // log10, 0 for HYPOTHESIS_ID; of NBestLists the one score they have (with a
                       // language model's part)
    const char *words; // with single blanks between, 0-terminated; id and words are valid until the
                       // next is read
    size_t length;     // bytes of `words`
    uint64_t count;    // words
};

// Error: cannot be opened, or is empty.
struct hypotheses *hypotheses_open(const char *path, struct error *error);
void hypotheses_close(struct hypotheses *hypotheses);

enum hypothesis_form hypotheses_form(const struct hypotheses *hypotheses);
const char *hypotheses_name(const struct hypotheses *hypotheses);
uint64_t hypotheses_line_number(const struct hypotheses *hypotheses); // of the hypothesis read last

// The next hypothesis, which may be without words; blank lines hold none. False at the end and
// after a failure, which hypotheses_ok() tells apart. A line that is not of the file's form is a
// failure.
bool hypotheses_next(struct hypotheses *hypotheses, struct hypothesis *hypothesis);
bool hypotheses_ok(const struct hypotheses *hypotheses, struct error *error);

#endif
