// From text to n-gram counts.
//
// N-grams have the count of their occurrences; or, as Kneser-Ney smoothing wants it, this is so for those
// of the highest order and those that begin a sentence, and others have the number of different words
// that they follow.
#ifndef NGRAM_COUNTS_H
#define NGRAM_COUNTS_H

#include "base/error.h"
#include "ngram/discount.h"
#include "ngram/record.h"
#include "ngram/sorter.h"
#include "ngram/word_store.h"
#include "text/vocabulary.h"

enum { NGRAM_MOST_ORDER = RECORD_MOST_IDS };

struct counts_options {
    size_t order;            // 1..NGRAM_MOST_ORDER
    const char *const *text; // [texts] paths
    size_t texts;
    const char *const *file; // [files] paths of counts (ngram/count_file.h), instead of texts
    size_t files;
    const struct vocabulary *vocabulary; // the only words there are, NULL for those of the texts
    bool unk;                    // unknown words are a word; if not, n-grams with them are left out
    const char *unknown;         // what that word is called; NULL: <unk>
    bool kinds;                  // count different words, for Kneser-Ney smoothing
    struct allowance *allowance; // memory
    const char *temporary;       // folder, may be NULL
};

union unigram {
    uint64_t count;
    double probability;
};

struct counts {
    size_t order;
    // Ids are 1..words, 0 is "nothing" (before the start of a sentence).
    size_t words;
    struct word_store store;
    uint32_t start, end, unknown; // ids of <s>, </s> and the unknown word
    bool unk;                     // the last is a word
    bool kinds;                   // as in the options
    uint64_t tokens, sentences;   // <s> not counted, </s> counted
    // [words + 1] counts; 0 for <s>, and for the unknown word if it is none. Many words have much memory
    // here: interpolation puts probabilities in the same places.
    union unigram *unigram;
    size_t taken; // of the allowance, for that
    // [order + 1] for orders 2..order: n-grams with their counts as payload, sorted by context,
    // the nearest word first, then by their last word.
    struct sorter ngrams[NGRAM_MOST_ORDER + 1];
    struct discount discount[NGRAM_MOST_ORDER + 1]; // counts of counts only
};

// N-grams in files of counts are those of all orders or of the highest alone: shorter ones have the count
// that is given, or else what the longer ones that end in them, or begin with them, have together. Given
// counts may be larger than that (as where rare n-grams have been left out), but where they are smaller
// they contradict each other: an error that names the n-gram.
//
// counts_free() also after a failure.
bool counts_read(struct counts *counts, const struct counts_options *options, struct error *error);
void counts_free(struct counts *counts);

// Gives back the memory of counts->unigram.
void counts_free_unigrams(struct counts *counts);

#endif
