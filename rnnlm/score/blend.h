// A linear mixture of sources, word by word: networks among themselves, and they with another
// model.
//
//   P_net(w) = sum over networks of weight[i] P_i(w)
//   P(w)     = lambda P_net(w) + (1 - lambda) P_other(w)
//
// A word that one side does not know gets only the other side's share.
#ifndef SCORE_BLEND_H
#define SCORE_BLEND_H

#include "score/mixture.h"
#include "score/source.h"

struct blend {
    struct source **network; // [networks]; none only beside another model, with a lambda of 0
    double *weight;          // [networks], summing to 1
    size_t networks;
    struct source *other; // NULL: networks alone; may be a linear mixture (score/source_mixture.h)
    double lambda;        // weight of the networks beside it
    enum text_unit unit;  // what tokens are
    bool per_sentence;    // the sources take each line from its start (struct network_use)
};

struct blend_word {
    int32_t id;               // in the first network's vocabulary
    bool known;               // to one of the networks
    bool listed;              // an unknown word with a share of its own in one of the models
    const char *name;         // what the first model that knows it takes it as, NULL if none does
    double net, other, mixed; // probabilities; without another model `mixed` is `net`
};

// Of sources that it takes over, in the networks' place, also on failure; the weights are copied. Error: no
// memory. blend_free() in any case.
bool blend_init(struct blend *blend, struct source *const *part, const double *weight, size_t parts,
                struct error *error);
void blend_free(struct blend *blend);

// Its sources, the networks first, and what each weighs: these sum to 1.
size_t blend_sources(const struct blend *blend);
struct source *blend_source(const struct blend *blend, size_t i);
double blend_weight(const struct blend *blend, size_t i);

// The next token's probabilities; all sources move behind it.
bool blend_next(struct blend *blend, const struct token *token, struct blend_word *word,
                struct error *error);

// True if a model knows the token, and does not only take it as its word for unknown ones without a share
// of its own.
bool blend_word_is(const struct blend_word *word, const struct token *token);

// Other steps, of all sources together; see score/source.h.
bool blend_end(struct blend *blend, struct error *error);
bool blend_look_ahead(struct blend *blend, const struct token *token, size_t count,
                      struct error *error);
bool blend_begin_lists(struct blend *blend, const struct token *token, size_t count,
                       const size_t *list, struct error *error);

// Reads a text through all sources and finds the weights under which it is most likely, by EM: with `tune_weights`
// blend->weight, and those of blend->other among its parts, where it is a mixture; with `tune_lambda`, if there is
// another model, blend->lambda. The other weights stay in proportion. With `tune_weights`, and not NULL,
// `cache_lambda` [networks] gets what the caches that all networks have then weigh in them; the sources go on with
// what they had. *score is that of the mixture. Error: what sources and text say; an empty text.
bool blend_tune(struct blend *blend, struct reader *text, bool tune_weights, bool tune_lambda,
                double *cache_lambda, struct mixture_score *score, struct error *error);

#endif
