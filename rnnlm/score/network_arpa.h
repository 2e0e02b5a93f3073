// A network's probabilities in a back-off model, for decoders that read ARPA files.
//
// The model's n-grams stay as they are, and so do its words. Of every n-gram "h w" the probability
// becomes
//
//   P(w | h) = lambda (1 - U(h)) P_net(w | h) + (1 - lambda) P_base(w | h)
//
// where U(h) is the base's probability of those words with an n-gram "h w" that the network does
// not know; these words keep their probabilities. The unigrams are then scaled to sum to one, and
// every context's back-off weight is what makes its distribution sum to one:
//
//   b(h) = (1 - sum P(w | h)) / (1 - sum P(w | h'))      over the words with an n-gram "h w"
#ifndef SCORE_NETWORK_ARPA_H
#define SCORE_NETWORK_ARPA_H

#include "model/model.h"
#include "ngram/backoff.h"

// What a context leaves at least to the words that have no n-gram in it: where less would be left,
// the probabilities of its n-grams are scaled down.
#define NETWORK_ARPA_LEAST 1e-6

struct network_arpa_options {
    double lambda;       // weight of the network, 0 to 1
    const char *text;    // states are averaged on it, see below; NULL: none
    const char *unknown; // what the network may call unknown words; NULL: the usual names
};

// Contexts that begin with <s> begin with the state in which the network starts a sentence. What
// stands before other contexts is not known. With a text they begin with the mean of the network's
// states behind their first word, over the whole text (and <s> with that behind </s>), the empty
// context with the mean of all states; without, with the activation that training begins with,
// which costs much perplexity. Memory for the means: as much as the network's input weights.
//
// Changes the probabilities and back-off weights of `base`, of which all orders are in use. Error:
// no word in common, no memory, the text.
bool network_arpa(struct ngram_model *base, const struct model *model,
                  const struct network_arpa_options *options, struct error *error);

#endif
