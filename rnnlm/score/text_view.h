// A text as models see it, word by word: what each word's probability was, what it would have been for
// others, and what they would rather have had.
#ifndef SCORE_TEXT_VIEW_H
#define SCORE_TEXT_VIEW_H

#include "score/blend.h"
#include "text/coverage.h"

enum { TEXT_VIEW_ALTERNATIVES = 5 };

struct text_view_word {
    const struct token *token;
    bool known;          // to one of the models
    double prob;         // of the mixture; 0 where no model gives it any
    double plain;        // of the other blend; 0 likewise, or where there is none
    size_t alternatives; // the most probable words at this place, in this order
    const char *alternative[TEXT_VIEW_ALTERNATIVES];
    double alternative_prob[TEXT_VIEW_ALTERNATIVES];
};

// Takes a text through a blend, and through another one beside it (`plain`, may be NULL), and has each
// token, </s> included, taken. Alternatives are there for the first `detailed` tokens, where
// distribution_known(), unless `learns`: a network that learns from the text tells none. Error: an
// unreadable text, an empty one, no memory; or that of `take`.
bool text_view(struct blend *blend, bool learns, struct blend *plain, struct reader *text,
               uint64_t detailed, struct coverage *coverage,
               void (*take)(void *context, const struct text_view_word *word), void *context,
               struct error *error);

#endif
