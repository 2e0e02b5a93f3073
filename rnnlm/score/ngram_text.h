// Scores of a text by a back-off n-gram model, as SRILM's `ngram -ppl` tells them.
#ifndef SCORE_NGRAM_TEXT_H
#define SCORE_NGRAM_TEXT_H

#include "base/file.h"
#include "ngram/backoff.h"
#include "score/srilm_report.h"
#include "score/unknown_shares.h"
#include "text/coverage.h"

// Scores the sentences of the text, one a line, empty lines skipped, and writes the report. <s> and
// </s> that the text itself has at the ends of a line are those of the sentence. `shares` are those of
// unknown words, NULL for none. Error: a text without sentences.
bool ngram_text_score(const struct ngram_model *model, const struct unknown_shares *shares,
                      const char *path, int debug, struct output *output,
                      struct srilm_totals *totals, struct coverage *coverage, struct error *error);

#endif
