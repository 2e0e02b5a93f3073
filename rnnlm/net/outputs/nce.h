// A softmax over all words that is learnt by noise-contrastive estimation (Gutmann & Hyvarinen 2010;
// of language models Mnih & Teh 2012): parameters and probabilities are those of full.h, with
//
//   score(w) = words[w] . x + bias[w]        P(w) = exp(score(w)) / Z,   Z = sum over v of exp(score(v))
//
// but the network learns to tell the word of a text from k words that are drawn as noise, from a
// distribution q, by the odds exp(score(w)) : k q(w). With p(w) = logistic(score(w) - log(k q(w))) what
// it makes larger is, of a word t behind which noise n_1 .. n_k has been drawn,
//
//   J = log p(t) + sum over i of log(1 - p(n_i))
//   dJ/dscore(w) = [w = t] (1 - p(t)) - (times w has been drawn) p(w)
//
// which asks for k + 1 scores where a softmax asks for V. As k grows it becomes the gradient of
// log P(t). The odds have no Z in them: that it is 1 is learnt with the rest, so that exp(score(w)) may
// be taken as the probability. It begins near 1: biases are the logarithms of words' shares of the text.
//
// The noise of a block is drawn once, for all its rows, so that its scores are a product of matrices
// (Chen et al. 2015; Ji et al. 2016); q(w) is in proportion to (count(w) + 1)^power. Only the rows of
// words that are targets or noise move: a block costs the same whatever the vocabulary.
//
// In files: nce.c (the kind), nce_noise.c (what is drawn), nce_blocks.c. Word by word, as -dynamic learns, it
// is full.h's.
#ifndef NET_OUTPUTS_NCE_H
#define NET_OUTPUTS_NCE_H

#include "base/alias.h"
#include "net/outputs/full.h"

// ---- noise ------------------------------------------------------------------------------------

struct nce_noise {
    size_t words; // k, drawn for a block
    uint32_t seed;
    struct alias alias; // over all words
    float *log_share;   // [V] log(k q(w))
};

// Error: no memory; more words, or another power, than makes sense. nce_noise_free() in any case.
bool nce_noise_init(struct nce_noise *noise, size_t vocabulary, const struct output_noise *from,
                    struct error *error);
void nce_noise_free(struct nce_noise *noise);

// word[noise->words]: the noise of the block of this number, a function of it and the seed alone.
void nce_noise_draw(const struct nce_noise *noise, uint64_t block, int32_t *word);

// ---- the rest ---------------------------------------------------------------------------------

extern const struct output_blocks nce_blocks;

#endif
