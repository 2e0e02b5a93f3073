// What the public interface opens: networks and back-off n-gram models, each alone or as a part of a
// mixture.
#ifndef PART_H
#define PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"
#include "ngram/backoff.h"
#include "text/unit.h"
#include "text/vocabulary.h"

enum { PART_BATCH = 128 }; // pairs that are computed together

struct part_network;

// Any number of threads may use one at the same time.
struct part {
    const struct vocabulary *words;
    int32_t unknown;              // its word for unknown ones; WORD_OOV if it has none
    size_t state_size;            // bytes, a multiple of 4
    enum text_unit unit; // what its words are; UNIT_WORD of n-gram models, which do not tell
    struct part_network *network; // one of the two is NULL
    struct ngram_model *ngram;
};

// Opens a file whose kind is known by its content; `owned`: a network whose weights are nobody else's, in floats,
// to be written. part_close() in any case; `part` is empty before.
bool part_open(struct part *part, const char *path, bool owned, struct error *error);
void part_close(struct part *part);

// The state at the start of a sentence, or that of which nothing is known.
void part_start(const struct part *part, bool sentence, void *state);

// Whether bytes that come from elsewhere can be a state.
bool part_state_ok(const struct part *part, const void *state);

// Words of the longest history that tells anything, and one; INT_MAX for all.
int part_order(const struct part *part);

// Length of the n-gram that gives a word its probability, part_order() in networks; 0 if there is none.
int part_matched(const struct part *part, const void *before, int32_t word);

// n <= PART_BATCH pairs, as rnnlm_score_batch() has them; words are the part's own, or WORD_OOV. False
// if memory ran out.
bool part_score(const struct part *part, size_t n, const void *const *before, const int32_t *word,
                void *const *after, double *log10_prob);

// The probabilities of all words [words->size] in a state. False if memory ran out.
bool part_distribution(const struct part *part, const void *state, double *prob);

// Words and states are those of the one part; or, in a mixture, the words of all parts, and a state is
// the parts' states one behind the other.
struct rnnlm_model {
    struct part *part;
    double *weight; // [parts]
    size_t parts;
    const struct vocabulary *words;
    int32_t unknown;
    enum text_unit unit;
    size_t state_size;
    // Of mixtures.
    struct vocabulary all;
    int32_t **id; // [parts][words] of a part; WORD_OOV for words that it does not know
};

// As rnnlm_open_mixture(); `owned` as above.
struct rnnlm_model *parts_open(const char *const *path, const double *weight, size_t count,
                               bool owned, struct error *error);

// ---- networks (part_network.c) ------------------------------------------------------------------

// `input` has been opened by `path`; NULL: a network that is owned, of that file. part_network_close() in any
// case, NULL too.
struct part_network *part_network_open(struct part *part, struct input *input, const char *path,
                                       struct error *error);
// The model of one that is owned, and what is to be done when its weights have been written, while nobody uses
// it. Error: no memory.
struct model *part_network_model(struct part_network *network);
bool part_network_refresh(struct part_network *network, struct error *error);
void part_network_close(struct part_network *network);
void part_network_start(const struct part_network *network, bool sentence, void *state);
bool part_network_state_ok(const struct part_network *network, const void *state);
bool part_network_score(const struct part_network *network, size_t n, const void *const *before,
                        const int32_t *word, void *const *after, double *log10_prob);
bool part_network_distribution(const struct part_network *network, const void *state, double *prob);

#endif
