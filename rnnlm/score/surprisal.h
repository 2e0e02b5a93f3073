// What each word of a text tells, as a table for psycholinguists and for R and Python: surprisal
// (Hale 2001; Levy 2008), entropy and its reduction (Hale 2006).
#ifndef SCORE_SURPRISAL_H
#define SCORE_SURPRISAL_H

#include "base/file.h"
#include "score/blend.h"
#include "text/coverage.h"

// Writes a heading and a row for each token, </s> included, of tab-separated columns:
//
//   sentence   the text's lines, from 1
//   position   in the sentence, from 1
//   word       as the text has it; </s>
//   surprisal  - log2 P(word | all before), bits; NA where no model gives the word a probability
//   entropy    of what comes behind the word, H = - sum over w of P(w) log2 P(w), bits
//   reduction  max(0, H before the word - H behind it), bits
//   unknown    1 if no model has the word itself, else 0
//   frequency  how often the first network's training text had it
//
// Where tokens are pieces of words (blend->unit) a row is of a word: its pieces joined, their surprisals summed,
// the entropy of the piece behind it, and no frequency (NA).
//
// Entropies are NA in all rows where a source cannot tell its distribution, frequencies where there is no
// network. Sources that learn as they go are not for this. *unscored counts words without a surprisal.
// Error: an unreadable text, or an empty one.
bool surprisal_score(struct blend *blend, struct reader *text, struct output *output,
                     struct coverage *coverage, uint64_t *unscored, struct error *error);

#endif
