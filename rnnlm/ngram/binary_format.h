// What the reader and the writer of binary models share.
#ifndef NGRAM_BINARY_FORMAT_H
#define NGRAM_BINARY_FORMAT_H

#include "base/sections.h"
#include "ngram/backoff.h"

#define BINARY_KIND "ngram"

// The section `shape`: numbers, then the counts of n-grams of each order. Version 1 is all there is.
enum { BINARY_VERSION, BINARY_ORDER, BINARY_HAS_END, BINARY_BITS, BINARY_COUNTS };
enum { BINARY_THIS_VERSION = 1 };

// Levels, drifts and two codebooks of each order; shape, offsets, letters, slots.
enum { BINARY_MOST_SECTIONS = 4 * NGRAM_LONGEST + 4 };

#endif
