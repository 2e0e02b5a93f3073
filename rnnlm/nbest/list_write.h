// N-best lists and their scores, written in the forms of those who read them.
#ifndef NBEST_LIST_WRITE_H
#define NBEST_LIST_WRITE_H

#include "base/file.h"
#include "nbest/rerank.h"

// The language model's log10 scores, one a line, in the order of the hypotheses.
void list_write_scores(const struct nbest_list *list, struct output *output);

// Kaldi's archive: UTTERANCE-N and the negative natural logarithm of the language model's score.
void list_write_kaldi(const struct nbest_list *list, struct output *output);

// SRILM's third form, with the new score of the language model.
void list_write_srilm(const struct nbest_list *list, struct output *output);

// The list in its own form, with the new score of the language model. `order` (NULL: as they were)
// has the hypotheses to write; re-ranked lists of Moses have the new total too. ID and Kaldi's
// form, which have no place for scores, become tab-separated (ID, acoustic score, language model's
// score, words), NBestLists SRILM's third form, as rescore-decipher does it.
void list_write(const struct nbest_list *list, const size_t *order,
                const struct rerank_weights *weights, struct output *output);

// UTTERANCE WORD WORD ...
void list_write_best(const struct nbest_list *list, size_t best, struct output *output);

#endif
