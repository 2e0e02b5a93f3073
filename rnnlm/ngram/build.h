// Making of back-off models in memory: words first, then the n-grams of one order after the other.
//
//   model = ngram_new(order, error);
//   ngram_add_word(...) for each word; then for k = 2..order
//       ngram_add(model, k, ...) in any order of n-grams; ngram_end_order(model, k)
//   ngram_ready(model);
#ifndef NGRAM_BUILD_H
#define NGRAM_BUILD_H

#include "ngram/backoff.h"

// A model that has no n-gram yet; ngram_close() it.
struct ngram_model *ngram_new(int order, struct error *error);

// A 1-gram, whose word is not there yet. Its id goes to *id (may be NULL).
bool ngram_add_word(struct ngram_model *model, const char *word, float log10_prob,
                    float log10_backoff, int32_t *id, struct error *error);

// An n-gram of `order` words, 2 or more, none twice. `context` is the node of all words but the last.
bool ngram_add(struct ngram_model *model, int order, uint32_t context, int32_t word,
               float log10_prob, float log10_backoff, struct error *error);

// Ends the n-grams of an order: they may be looked up now, and be contexts.
bool ngram_end_order(struct ngram_model *model, int order, struct error *error);

// Ends the making. Orders without n-grams at the upper end are dropped.
void ngram_ready(struct ngram_model *model);

// The node of an n-gram in its level, TRIE_NONE if it is not there or holds a word without id.
uint32_t ngram_find(const struct ngram_model *model, const int32_t *word, int order);

enum { NGRAM_GONE = 1 }; // a bit of a node's state

// Drops the n-grams whose state[order][node] has NGRAM_GONE, of orders 2 and up: where one goes, all
// that begin with it do. The states move with their nodes.
void ngram_drop(struct ngram_model *model, unsigned char *const state[NGRAM_LONGEST + 1]);

#endif
