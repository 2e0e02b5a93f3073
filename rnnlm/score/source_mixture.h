// Mixtures of sources that are sources themselves: linear ones, and log-linear ones,
//
//   P(w) = product over sources of P_i(w)^weight[i] / the sum of that over all words w.
//
// The words of a mixture are those of all its sources. A log-linear one takes in each source a word that this one
// does not know as that takes it (<unk>, where unknown words are wanted so); one that some source of a weight
// above 0 gives nothing has no probability, and is unknown where no source but that knows it. Words that no source
// knows have what <unk> has, where all sources take them so.
#ifndef SCORE_SOURCE_MIXTURE_H
#define SCORE_SOURCE_MIXTURE_H

#include "score/source.h"

// Both take over the parts, also on failure; weights are copied. NULL: no memory; for a log-linear one also a part
// that cannot tell the probabilities of all words.

// The weights sum to 1.
struct source *source_linear(struct source *const *part, const double *weight, size_t parts,
                             struct error *error);

// The weights are from 0 on, whatever their sum. At every word the probabilities of all words are computed: a
// network takes as long for each as it has words.
struct source *source_log_linear(struct source *const *part, const double *weight, size_t parts,
                                 struct error *error);

// The parts of a linear mixture, and their weights; of every other source, itself and NULL.
size_t source_parts(const struct source *source);
struct source *source_part(struct source *source, size_t i);
double *source_part_weights(struct source *source);

// ---- weights of log-linear mixtures -----------------------------------------------------------

// The text to find them on.
struct log_linear_text {
    void *context;
    // A log-linear mixture of these weights that stands before the text, and the text; both belong to the caller,
    // NULL with an error.
    struct source *(*mix)(void *context, const double *weight, struct error *error);
    struct reader *(*open)(void *context, struct error *error);
};

// Finds the weights [parts] under which the words of the text that have a probability are most likely, from those
// in `weight` on, which are above 0; *log10_prob is that of the text then, of *words words. The log probability is
// concave, and Newton's method finds its maximum, in some passes over the text. Error: no word has a probability,
// or what mix() and open() say.
bool log_linear_tune(const struct log_linear_text *text, double *weight, size_t parts,
                     double *log10_prob, uint64_t *words, struct error *error);

#endif
