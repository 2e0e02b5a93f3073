// Words taken out of a trained model.
//
// Their rows go, and the others divide what they had: with one softmax in proportion to what each has,
// with classes those of the class. A class that has lost all its words goes too. Counts are given to the
// word for unknown words, where the model has one that stays.
#ifndef MODEL_REMOVE_WORDS_H
#define MODEL_REMOVE_WORDS_H

#include "model/model.h"

// Removes the words for which removed[id] [words] is true, not </s>. Words behind them get other
// numbers, which a hash of direct connections does not allow: there only the last words of the vocabulary
// can be removed. Error: that; a kind of output that loses none; a format of the reference, which would
// make other classes of the counts that are left; nothing is left but </s>; no memory. The model is then
// only to be freed.
bool model_remove_words(struct model *model, const bool *removed, struct error *error);

#endif
