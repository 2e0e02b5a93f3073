// What a network keeps of a text, word by word, as an array of NumPy: for clustering words by what they do
// (Elman 1990), and for probing.
#ifndef SCORE_HIDDEN_STATES_H
#define SCORE_HIDDEN_STATES_H

#include "base/file.h"
#include "model/model.h"
#include "score/source.h"

// Counts the tokens of a text, </s> included. Error: an unreadable text, or an empty one.
bool hidden_states_count(struct reader *text, uint64_t *tokens, struct error *error);

// Writes float [tokens][width of the network], version 1.0 of the .npy format: for each token what the output
// takes in behind it: the state of the uppermost layer. Where lines are taken
// each by itself (use->independent, use->per_sentence) the row of </s> is the start state. Words that the
// network does not know go in as its word for them, or as a gap. The text is the one that was counted.
// Not for networks that learn as they go. Error: an unreadable text, one of another length, no memory.
bool hidden_states_write(const struct model *model, const struct network_use *use,
                         struct reader *text, uint64_t tokens, struct output *output,
                         struct error *error);

#endif
