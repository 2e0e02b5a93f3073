// The order of the hypotheses of a list, and the weights that make it:
//
//   total = ac_scale acoustic + lm_scale (language model + graph) + word_penalty words
//
// Of equal totals the first hypothesis goes first.
#ifndef NBEST_RERANK_H
#define NBEST_RERANK_H

#include "base/file.h"
#include "nbest/lists.h"

struct rerank_weights {
    double ac_scale, lm_scale, word_penalty, lambda;
    bool has_lambda; // a file of weights said so
};

double rerank_total(const struct rerank_weights *weights, const struct list_hypothesis *hypothesis);

// The best hypothesis.
size_t rerank_best(const struct rerank_weights *weights, const struct nbest_list *list);

// All hypotheses, the best first: order[list->count].
bool rerank_order(const struct rerank_weights *weights, const struct nbest_list *list,
                  size_t *order, struct error *error);

// Lines NAME VALUE: ac-scale, lm-scale, word-penalty, lambda; # begins a comment. What the file
// does not name stays as it is. Error: another name, a value that is no number.
bool rerank_weights_read(struct rerank_weights *weights, const char *path, struct error *error);
void rerank_weights_write(const struct rerank_weights *weights, struct output *output);

#endif
