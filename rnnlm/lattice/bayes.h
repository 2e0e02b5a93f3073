// Minimum Bayes risk: the sentence with the fewest word errors to be expected of a lattice, and the
// lattice's words aligned to a sentence, slot by slot (a confusion network).
//
// Xu, Povey, Mangu and Zhu, "Minimum Bayes Risk decoding and system combination based on a recursion
// for edit distance" (Computer Speech and Language, 2011): the expected edit distance between a
// sentence and the ways of a lattice, each of which has its posterior probability, by dynamic
// programming over pairs of a link and a place in the sentence. As all ways into a node share one
// alignment there, the result is an upper bound; it is exact where only one way leads to each node.
#ifndef LATTICE_BAYES_H
#define LATTICE_BAYES_H

#include "lattice/lattice.h"
#include "lattice/paths.h"

// A word of a slot. Times and scores are averages over its links in this slot.
struct slot_word {
    int32_t word; // in the lattice's words; WORD_OOV for no word
    double posterior;
    double begin, end;   // seconds; NAN unless all nodes have times
    double acoustic, lm; // log10, unscaled; pronunciations are in `lm`
};

// Slots 1, 3, ... are the words of the sentence; those before, between and behind are for words that
// the sentence does not have. In each the posteriors of its words sum up to 1.
struct confusions {
    int32_t *sentence; // [words]
    double *centre;    // [words] where they are, for alignments of equal cost
    size_t words;
    struct slot_word *word; // of slot i: word[first[i]..first[i + 1] - 1], by falling posterior
    size_t *first;          // [slots + 1]
    size_t slots;           // 2 words + 1
    double errors;          // words wrong that are to be expected of the sentence, an upper bound
};

// Aligns an arranged lattice's ways, each with a probability of 10^(total / scale), to a sentence
// [words], which is copied; where each word is (`centre`), in seconds or, unless all nodes have times,
// in levels, decides between slots of the same cost; NULL: evenly spread. If `decode`, the sentence
// is only where the search for the one of the fewest errors begins: as long as that makes errors
// fewer, each slot's likeliest word, or none, takes the place of what was there. Noises and the like
// (LINK_IGNORED) are words, marks of sentence ends are not. What has a share of less than 1e-15 of all
// ways is left out. Takes time in links times words, and half a byte of memory. Error: a scale that
// makes scores infinite; no memory. confusions_free() in any case.
bool confusions_find(const struct lattice *lattice, double scale, const int32_t *sentence,
                     const double *centre, size_t words, bool decode, struct confusions *confusions,
                     struct error *error);

// The same from the words of a path on.
bool confusions_find_from(const struct lattice *lattice, double scale,
                          const struct lattice_path *path, bool decode,
                          struct confusions *confusions, struct error *error);
void confusions_free(struct confusions *confusions);

// The word of a slot that the sentence has there; NULL if its links are aligned elsewhere.
const struct slot_word *confusions_own(const struct confusions *confusions, size_t slot);

#endif
