// Back-off n-gram models: opened once, then used by any number of threads at once.
//
//   log10 p(w | h) = log10 p*(w | h)                        if the n-gram "h w" is in the model
//                  = log10 b(h) + log10 p(w | h')           if not; h' is h without its first word,
//                                                           b(h) = 1 for an h that is not there
//
// The history of a hypothesis is a plain value that callers own, as in KenLM: a state goes in, a
// word, and a state comes out.
#ifndef NGRAM_BACKOFF_H
#define NGRAM_BACKOFF_H

#include "base/file.h"
#include "base/map.h"
#include "ngram/packed.h"
#include "ngram/trie.h"
#include "text/vocabulary.h"

enum { NGRAM_LONGEST = 9 }; // words of an n-gram

struct ngram_model {
    int order;               // of the longest n-grams in the model
    int used;                // of the longest that scoring looks at, ngram_order_limit()
    struct vocabulary words; // </s> is word 0, in the model or not
    bool has_end;            // </s> is among the 1-grams
    int32_t start;           // <s>, WORD_OOV if the model has none
    int32_t unknown; // <unk>, whatever it is called, likewise; the caller may choose another
    // The n-grams, in one of two forms, [1..order]; that of order 1 is indexed by word.
    struct trie_level level[NGRAM_LONGEST + 1];
    struct packed_level packed[NGRAM_LONGEST + 1]; // of a binary model; `data` NULL for none
    struct map map;                                // what the packed levels and the words lie in,
    void *memory;                                  // or where they lie if not in a file
};

// Opens a model for scoring: an ARPA file or a binary model (ngram/binary.h), known by its content;
// gzip-compressed and "-", standard input, too. A binary model in a regular file is used where it
// lies, at once and shared with other processes. Error: one line with the file's name, and of an ARPA
// file the line.
struct ngram_model *ngram_open(const char *path, struct error *error);

// Whether a file is one of these: a binary model, or \data\ at the beginning of a line near its own
// beginning. Takes nothing from it.
bool ngram_recognise(struct input *input);

// ngram_open() of an input that input_open() has opened by `path`, of which nothing has been taken.
struct ngram_model *ngram_open_input(struct input *input, const char *path, struct error *error);

// As ngram_open() with all n-grams in level[], in memory of the model's own, everything verified: for
// stepping through them and changing their numbers.
struct ngram_model *ngram_load(const char *path, struct error *error);
void ngram_close(struct ngram_model *model);

// Whether the n-grams lie in packed[].
static inline bool ngram_is_packed(const struct ngram_model *model)
{
    return model->packed[1].data != NULL;
}

// Uses n-grams of up to `order` words only, as if the model had no others; before scoring begins.
void ngram_order_limit(struct ngram_model *model, int order);

// What a user should know of a model, in one line: that sentences cannot end, or only behind some
// words. False if there is nothing.
bool ngram_remark(const struct ngram_model *model, const char *path, struct error *remark);

// Length of the longest n-grams in use.
int ngram_order(const struct ngram_model *model);

// Id of a word; that of `unknown` if the model has one and does not know the word, WORD_OOV if it has
// none. </s> is WORD_END in every model.
int32_t ngram_word(const struct ngram_model *model, const char *text, size_t length);

// ---- scoring ----------------------------------------------------------------------------------

// What a model remembers of a history: the suffixes of it that matter for any word to come. Two
// states with the same bytes score alike.
struct ngram_state {
    int32_t length;                   // words of the longest suffix
    uint32_t node[NGRAM_LONGEST - 1]; // [i]: the last i + 1 words, as a node of level i + 1;
                                      // TRIE_NONE if that one does not matter; 0 behind `length`
};

// The empty history, or that of the beginning of a sentence.
void ngram_start(const struct ngram_model *model, struct ngram_state *state, bool sentence_start);

// Whether a value that comes from elsewhere can be one, and so be used.
bool ngram_state_ok(const struct ngram_model *model, const struct ngram_state *state);

// log10 p(word | in); the history that follows goes to `out`, which may be `in`. A word that is
// not in the model has probability 0, and so has a </s> that is not among the 1-grams where no
// longer n-gram has it. *matched (may be NULL): length of the n-gram that gave the probability, 0 if
// there is none.
double ngram_score(const struct ngram_model *model, const struct ngram_state *in, int32_t word,
                   struct ngram_state *out, int *matched);

// Whether a score is one: that of a word in a model whose back-off weights are too large may be above
// 0 (rounding aside). Error: the word and its probability.
bool ngram_check(const struct ngram_model *model, int32_t word, double log10_prob,
                 struct error *error);

// *prob = p(word | in) of a score that is one; otherwise as ngram_score().
bool ngram_prob(const struct ngram_model *model, const struct ngram_state *in, int32_t word,
                struct ngram_state *out, double *prob, struct error *error);

// Many scores at once, which wait for memory together: for sentences or hypotheses side by side.
// An `out` may be its own query's `in`, and no other's.
struct ngram_query {
    const struct ngram_state *in;
    struct ngram_state *out;
    int32_t word;
    int matched;       // result
    double log10_prob; // result
};

void ngram_score_all(const struct ngram_model *model, struct ngram_query *query, size_t count);

// ---- n-grams one by one -----------------------------------------------------------------------

// Steps through the n-grams of one order of a model that ngram_load() has read; one that
// ngram_open() has mapped has none. Those of a context follow one another.
//
//   ngram_walk_start(&walk, model, 3);
//   while (ngram_walk_next(&walk)) {
//       walk.word[0..2], walk.index, model->level[3].node[walk.index]
//   }
//
// The successors of the n-gram walk.index of an order are the nodes first..(next node).first-1 of
// the next order. Their probabilities and back-off weights may be set by whoever owns the model and
// scores nothing meanwhile; arpa_write() writes them out.
struct ngram_walk {
    const struct ngram_model *model;
    int order;
    uint32_t index;               // of the n-gram in its level
    uint32_t path[NGRAM_LONGEST]; // [k]: index of its first k + 1 words in level k + 1
    int32_t word[NGRAM_LONGEST];  // [order]
    bool started;
};

void ngram_walk_start(struct ngram_walk *walk, const struct ngram_model *model, int order);
bool ngram_walk_next(struct ngram_walk *walk);

// N-grams of an order in the model.
size_t ngram_count(const struct ngram_model *model, int order);

#endif
