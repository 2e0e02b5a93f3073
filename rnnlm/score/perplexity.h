// Perplexity of a text: the network alone, or mixed with another model word by word.
#ifndef SCORE_PERPLEXITY_H
#define SCORE_PERPLEXITY_H

#include "base/file.h"
#include "score/other.h"
#include "score/scorer.h"
#include "score/totals.h"

struct perplexity {
    bool table;                // a line a word
    double lambda;             // weight of the network in the mixture
    struct other_model *other; // NULL: the network alone
    struct totals totals;      // the result
};

// Scores the text and writes the table to `output` as it goes. Words unknown to the network count
// only where the other model gives them a probability; the network alone is charged log10 = -8 for
// them. Error: an unreadable text, or one without a word to count.
bool perplexity_score(struct perplexity *perplexity, struct scorer *scorer, struct reader *text,
                      struct output *output, struct error *error);

#endif
