// Perplexity of a text under a mixture of models.
#ifndef SCORE_PERPLEXITY_H
#define SCORE_PERPLEXITY_H

#include "base/file.h"
#include "score/blend.h"
#include "score/srilm_report.h"
#include "score/totals.h"

// Scores the text in the reference's way, and writes a table of its words to `table` as it goes
// unless that is NULL. Words unknown to the networks count only where the other model gives them a
// probability; the networks alone are charged log10 = -8 for them. Error: an unreadable text, or
// one without a word to count.
bool perplexity_score(struct blend *blend, struct reader *text, struct output *table,
                      struct totals *totals, struct error *error);

// Writes the log10 probability of each line, its </s> included, one a line: the mixture's where there
// is another model. Words without a probability count nowhere; totals->oovs says how many they are.
// Errors as above.
bool perplexity_lines(struct blend *blend, struct reader *text, struct output *output,
                      struct totals *totals, struct error *error);

// Scores the text in SRILM's way: empty lines are no sentences, and what `ngram -ppl` prints is
// printed through the report.
bool perplexity_report(struct blend *blend, struct reader *text, struct srilm_report *report,
                       struct error *error);

#endif
