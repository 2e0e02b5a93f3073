// Language model scores of n-best lists. What hypotheses have in common is computed once, and many
// places at once (score/prefix_tree.h).
//
//   word mixture      log P = sum over words of log(lambda P_net + (1 - lambda) P_other)
//   sentence mixture  log P = lambda log P_net + (1 - lambda) log P_other
//
// with P_net = sum over networks of weight[i] P_i; without networks P = P_other. A word that no
// network knows costs what the other model gives it, or, where that is nothing, `unknown_log10`; in
// a sentence mixture each side charges `unknown_log10` for what it does not know. With shares
// (score/unknown_shares.h) a word outside a model's vocabulary has its share of the probability of
// the model's word for such words.
#ifndef NBEST_LIST_SCORE_H
#define NBEST_LIST_SCORE_H

#include "base/threads.h"
#include "learn/dynamic.h"
#include "model/model.h"
#include "nbest/lists.h"
#include "ngram/backoff.h"
#include "score/stream.h"
#include "score/unknown_shares.h"
#include "text/coverage.h"

enum list_history {
    LIST_HISTORY_NONE,     // each hypothesis begins as a text does, or, where sentences are
                           // independent, as those do
    LIST_HISTORY_PREVIOUS, // after the first hypothesis of the list before, as the reference
    LIST_HISTORY_BEST      // after that hypothesis of the list before which is called the best
};

// What is scored with. The parts stay the caller's.
struct list_models {
    const struct model *model; // [models], which may be 0
    const double *weight;      // [models], summing to 1
    size_t models;
    const struct ngram_model *ngram; // NULL: none
    bool other_probs;                // the other model's probabilities stand in the lists
    bool other_language;             // the other model is that of the lists' own scores (sentence
                                     // mixture only)
    bool sentence_mix;
    double lambda; // weight of the networks beside the other model; 0 where there are none
    bool unk;      // words unknown to a model are taken as its word for them, if it has one
    double unknown_log10;
    const struct unknown_shares
        *shares; // NULL: none. Networks then take unknown words as their word
                 // for them, n-gram models only with `unk`
    const int32_t
        *unknown_class; // [models] the word for unknown ones; may be NULL where neither `unk`
                        // nor shares want it
    const struct vocabulary *known; // if not NULL, all other words are unknown
    enum list_history history;
    bool independent; // sentences are, whatever the models say
    bool unnormalised; // scores stand for probabilities of networks (model_has_scores()); not with
                       // adaptation
    struct pool *pool;
    struct dynamic *dynamic; // [models] for adaptation; independent where `history` is
                             // LIST_HISTORY_NONE or sentences are. NULL: none
    bool forgets;            // what they have learnt, in list_scorer_restart()
};

struct list_scorer;

struct list_scorer *list_scorer_new(const struct list_models *models, struct error *error);
void list_scorer_free(struct list_scorer *scorer);

// Reads the other model's probabilities of a list's words, in their order.
bool list_take_probs(struct nbest_list *list, struct stream *stream, struct error *error);

// Fills networks, other and mixed of all hypotheses. Several lists at once are for
// LIST_HISTORY_NONE. Error: a network's probability that is none.
bool list_scorer_score(struct list_scorer *scorer, struct nbest_list *const *list, size_t lists,
                       struct error *error);

// Goes on behind a list: its `best` hypothesis is learnt from and becomes the history, as far as
// the models say so. Error: the weights have blown up.
bool list_scorer_go_on(struct list_scorer *scorer, const struct nbest_list *list, size_t best,
                       struct error *error);

// How many words no model has known so far; with a table of unknown words, those that it does not
// have. Where only scores of whole hypotheses count, no words do.
const struct coverage *list_scorer_coverage(const struct list_scorer *scorer);

// Another speaker, or talk: the history is as before the first list, and, if the models say so, the weights
// are. Error: no memory.
bool list_scorer_restart(struct list_scorer *scorer, struct error *error);

// Mixes the sentence scores of a hypothesis anew.
double list_mix_sentence(const struct list_hypothesis *hypothesis, double lambda);

#endif
