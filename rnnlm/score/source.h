// A source gives each token of a running text a probability: a network, a back-off n-gram model, or
// a file of probabilities. Whatever scores text mixes sources and does not ask what they are.
#ifndef SCORE_SOURCE_H
#define SCORE_SOURCE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/random.h"
#include "base/threads.h"
#include "learn/dynamic.h"
#include "model/model.h"
#include "ngram/backoff.h"
#include "score/neural_cache.h"
#include "score/unknown_shares.h"
#include "text/reader.h"

struct source;

// What a source says of one token.
struct source_word {
    double prob;      // 0 for a word that the source does not know
    int32_t id;       // in the source's vocabulary; WORD_OOV if unknown, or if the source has none
    const char *name; // what the source takes it as, 0-terminated; NULL where id is WORD_OOV
    bool listed;      // an unknown word with a share of its own (score/unknown_shares.h)
    // Of networks with a cache, where nothing has been computed ahead: the parts of `prob`, which are
    // equal where the cache is empty.
    double own, cached;
};

// How a network is used.
struct network_use {
    bool independent;  // sentences are
    bool per_sentence; // each line begins in the start state; else the text goes on from where the
                       // model file stands, or independent sentences begin anew by themselves
    bool unnormalised; // scores stand for probabilities (model_has_scores()); not with dynamic
    int32_t unknown;   // what words unknown to it are taken as; may be WORD_OOV
    const struct unknown_shares *shares; // how they share its probability; NULL: each has all of it
    struct dynamic *dynamic; // for dynamic evaluation one of the model's network, else NULL; not
                             // with per_sentence
    struct neural_cache_rule
        cache; // of the network's own states; not with per_sentence, nor for lists
    struct pool *pool;
};

// Where a network that is used so begins a text, and what it takes a token as.
enum state_start network_use_start(const struct network_use *use);
int32_t network_use_id(const struct network_use *use, const struct vocabulary *words,
                       const struct token *token);

// A network. The start state of a line is that of rnnlm_start() (rnnlm.h): STATE_SENTENCE where
// sentences are independent, else STATE_TEXT (net/state.h). Model, dynamic and pool stay the caller's
// and must outlive the source.
struct source *source_network(const struct model *model, const struct network_use *use,
                              struct error *error);

// A back-off model from the start of a sentence; it starts again after each </s>. Words unknown to
// it are <unk> or what it calls that, where it has a probability for it, which is shared if `shares` is
// not NULL.
struct source *source_ngram(const struct ngram_model *model, const struct unknown_shares *shares,
                            struct error *error);

// A file of probabilities, in step with the text; any form that score/stream.h reads.
struct source *source_stream(const char *path, struct error *error);

void source_free(struct source *source);

// The probability of the next token; the source then stands behind it. Error: a stream that does
// not match the text, or a probability that is no number.
bool source_next(struct source *source, const struct token *token, struct source_word *word,
                 struct error *error);

// The same without the probability: the source moves behind the token. Not for streams.
void source_advance(struct source *source, const struct token *token);

// To be called when the text has ended: false if a stream has probabilities left over.
bool source_end(struct source *source, struct error *error);

// Tells the source which tokens will come next, so that it can compute them together; their letters
// stay until they have come through source_next(). Error: no memory.
bool source_look_ahead(struct source *source, const struct token *token, size_t count,
                       struct error *error);

// Begins n-best lists, whose hypotheses (each ended by its </s>) will come next through
// source_next(); list[i] tells of hypothesis i which list it belongs to, 0, 0, 1, 1, 1, ... A
// network takes each from the state after the first hypothesis of the list before (the best so
// far), or from its reset state where sentences are independent; other sources stay where they are.
bool source_begin_lists(struct source *source, const struct token *token, size_t count,
                        const size_t *list, struct error *error);

// Draws a word from the distribution at this place, which stays the source's (0-terminated, valid
// until it is freed); the source does not move. NULL if it cannot: streams.
const char *source_draw(struct source *source, struct random *random);

// All words that may come next, with their ids in the source; NULL if it cannot tell: streams.
const struct vocabulary *source_words(const struct source *source);

// What the source takes a token as, of these words; WORD_OOV, also where source_words() is NULL.
int32_t source_id(const struct source *source, const struct token *token);

// Their probabilities at this place [source_words(source)->size]; <s>, which comes nowhere, has 0 in
// n-gram models. Where source_words() is NULL, nothing. Error: no memory.
bool source_distribution(struct source *source, double *prob, struct error *error);

// ---- for those who make sources ---------------------------------------------------------------

// Shares the probability of a token that is not in the vocabulary, if `word` says that it is taken as the
// word `unknown`.
void source_share(const struct unknown_shares *shares, int32_t unknown, const struct token *token,
                  struct source_word *word);

struct source_type {
    bool (*next)(struct source *source, const struct token *token, struct source_word *word,
                 struct error *error);
    void (*advance)(struct source *source, const struct token *token); // NULL: cannot
    bool (*end)(struct source *source, struct error *error);           // NULL: nothing to check
    // NULL: nothing to compute together
    bool (*look_ahead)(struct source *source, const struct token *token, size_t count,
                       struct error *error);
    bool (*begin_lists)(struct source *source, const struct token *token, size_t count,
                        const size_t *list, struct error *error);
    const char *(*draw)(struct source *source, struct random *random); // NULL: cannot
    const struct vocabulary *(*words)(const struct source *source);    // NULL: cannot tell
    int32_t (*id)(const struct source *source, const struct token *token);          // with `words`
    bool (*distribution)(struct source *source, double *prob, struct error *error); // with `words`
    void (*free)(struct source *source);
};

struct source {
    const struct source_type *type; // first member of every kind of source
};

#endif
