// For those who read one form of hypotheses: words of a line, and what a line gives.
#ifndef NBEST_HYPOTHESIS_FORMS_H
#define NBEST_HYPOTHESIS_FORMS_H

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "nbest/hypothesis.h"
#include "text/span.h"

// A part of a line.
struct hypothesis_type {
    const char *name;
    const char *header; // the line that begins a list, NULL if there is none
    // The file's first two lines that are not blank may begin a file of this form; the second is
    // empty where the file ends before it.
    bool (*recognise)(struct span first, struct span second);
    // Fills what the line says; words through hypothesis_words(). False after a failure.
    bool (*read)(struct hypotheses *hypotheses, struct span line, struct hypothesis *hypothesis);
};

extern const struct hypothesis_type hypothesis_id, hypothesis_kaldi, hypothesis_srilm,
    hypothesis_nbest1, hypothesis_nbest2, hypothesis_tabs, hypothesis_moses, hypothesis_moses_words,
    hypothesis_moses_total, hypothesis_id_srilm;

// Takes what stands before the next `separator`, blanks around it left out, and the separator.
// False at the end of the line.
bool span_field(struct span *rest, const char *separator, struct span *field);

// A finite number, or -inf.
bool span_score(struct span word, double *value);

// UTTERANCE-N: the length of UTTERANCE, 0 if there is no "-N"; *n may be NULL.
size_t span_stem(struct span id, double *n);

// Three numbers begin a line of SRILM's form. The first words of an ID line may be numbers too, but
// they are hardly negative, and the third is hardly the number of words that follow.
bool hypothesis_is_srilm(struct span line);

// Fails with "FILE: line N: found "...", wanted ...". Returns false.
bool hypothesis_wrong(struct hypotheses *hypotheses, struct span line, const char *wanted);

// The list's ID, which is kept to see where it changes.
bool hypothesis_set_id(struct hypotheses *hypotheses, struct span id);

bool hypothesis_add_word(struct hypotheses *hypotheses, struct span word);

// All words of the rest of a line but the marks (text/marks.h) of its beginning and its end.
bool hypothesis_add_words(struct hypotheses *hypotheses, struct span rest);

#endif
