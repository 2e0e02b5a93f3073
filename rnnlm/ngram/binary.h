// Binary n-gram models: made to be mapped, so that a process that scores starts at once and shares the
// n-grams with all others that use the file.
//
// A file of sections (base/sections.h) of the kind "ngram": `shape`, the vocabulary (`offsets`,
// `letters`, and the hash table `slots`), a packed level (ngram/packed.h) `ngramsK` for each order K,
// its drifts `driftsK` for each but the first (files of before these were had none, and are searched
// more slowly), and, of a quantised model, the codebooks `probsK` and `backoffsK`. Words are in packed_order().
// Unless a model is quantised its probabilities and back-off weights are the floats that reading the
// ARPA file gives, bit by bit, and so are its scores.
//
// What is verified when:
// - always: header, table, shape, vocabulary and codebooks, by checksum, and every id, offset and size in
//   them against its bounds.
// - when a model is read into memory (from a pipe or a compressed file): the levels' checksums as well;
//   and by ngram_load(), that successors follow one another in the order of their keys.
// - not when a file is mapped: the levels, for that would read all of them. A damaged level can give
//   wrong scores, and no access outside of the file: ngram/packed.h bounds what it reads.
//
// A mapped file must not be written to or cut in place: replace it by renaming another over it, as
// binary_write() does.
#ifndef NGRAM_BINARY_H
#define NGRAM_BINARY_H

#include "base/file.h"
#include "ngram/backoff.h"

// Whether the file begins as a binary model does; takes nothing from it.
bool binary_recognise(struct input *input);

// Fills the packed levels, words, `order` and `has_end` of an empty model, from an input that
// input_open() has opened by `path`. Where `in_place` and the file allow it they lie in its map, or else
// in model->memory. What has been filled is there after a failure too. Error: file, section, what was
// found and what was wanted.
bool binary_read(struct ngram_model *model, struct input *input, const char *path, bool in_place,
                 struct error *error);

// From packed levels to level[], words as they were before packing. Error: n-grams that are out of
// order; no memory.
bool binary_unpack(struct ngram_model *model, struct error *error);

// Bits of a quantised value: at most.
enum { BINARY_MOST_BITS = PACKED_MOST_CODE };

// Writes a model that ngram_load() has read. `bits` 0: exactly; else probabilities and back-off weights
// of n-grams of two words and more as one of 2^bits values each, chosen for every order to lose little:
// ngram/codebook.h.
bool binary_write(const struct ngram_model *model, const char *path, unsigned bits,
                  struct error *error);

#endif
