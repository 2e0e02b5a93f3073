// Estimation of n-gram models: text to an ARPA file, the models that SRILM's ngram-count makes. Unless
// told otherwise, by interpolated modified Kneser-Ney smoothing (`-kndiscount -interpolate`).
//
// In one thing it is deliberately another: where less than about 3e-6 of a context's probability is
// left for backing off, SRILM gives up interpolation for that context; here the equations hold
// everywhere. That touches a few contexts of a large model (6 n-grams of a million), and, with -unk
// and no unknown word in a text of millions of words, the unigrams, where SRILM gives <unk> all
// that the discounts leave.
#ifndef NGRAM_ESTIMATE_H
#define NGRAM_ESTIMATE_H

#include "base/error.h"
#include "ngram/counts.h"

enum { ESTIMATE_MEMORY_LEAST = 1 << 20 };

// Memory for options->vocabulary comes on top; so does what 26 bytes for each different word, and some 10
// MB for program and threads, take beyond options->memory, and the model if it is to be pruned.
struct estimate_options {
    size_t order;            // 1..NGRAM_MOST_ORDER
    const char *const *text; // [texts] paths, "-" standard input
    size_t texts;
    const char *const *counts; // [count_files] paths of files of n-gram counts, instead of texts
    size_t count_files;
    const struct vocabulary
        *vocabulary;     // the only words of the model; NULL: all words of the texts
    bool unk;            // unknown words are a word of the model
    const char *unknown; // what that word is called; NULL: <unk>
    uint64_t cutoff[NGRAM_MOST_ORDER + 1]; // [1..]: n-grams seen at most so often are dropped
    enum discount_method discount;
    bool
        backoff; // no interpolation with shorter n-grams; with methods that have none it is always so
    double constant[NGRAM_MOST_ORDER + 1];     // [1..] D of absolute and additive discounting
    uint64_t gt_largest[NGRAM_MOST_ORDER + 1]; // [1..] largest counts that Good-Turing discounts
    bool discount_fallback; // 0.5, 1, 1.5 where discounts cannot be computed, instead of an error
    size_t memory;          // bytes, about, for all; what goes beyond is sorted on disk
    const char *temporary; // folder for that; NULL: TMPDIR or /tmp
    struct watch *watch;   // who is told how far it has come, may be NULL
    size_t threads;        // 0: one for each processor; the model does not depend on it
    double prune; // drop n-grams whose loss changes the perplexity by less than this share; 0: none
    const char *output; // path of the ARPA file, compressed if it ends in .gz; "-" standard output
};

struct estimate_report {
    uint64_t tokens, sentences, words;
    uint64_t ngrams[NGRAM_MOST_ORDER + 1]; // [1..] written
    uint64_t pruned[NGRAM_MOST_ORDER + 1];
    struct discount discount[NGRAM_MOST_ORDER + 1];
    bool on_disk; // not all fitted in memory
};

// SRILM's defaults: order 3, cut-offs 0, 0, 1, 1, 1..., Good-Turing up to counts of 1, 7, 7, 7...
void estimate_defaults(struct estimate_options *options);

// Parse command line values: "c1,c2,..." into cutoff[1..] (or gt_largest), at most `order` of them, the
// others as they are; the same with numbers from 0 on, the last one for all higher orders too; and bytes
// such as 500000000, 800M or 2G (powers of 1024).
bool estimate_parse_cutoffs(const char *text, size_t order, uint64_t *cutoff, struct error *error);
bool estimate_parse_constants(const char *text, size_t order, double *constant,
                              struct error *error);
bool estimate_parse_memory(const char *text, size_t *memory, struct error *error);

// `report` is filled as far as the estimation comes.
bool estimate(const struct estimate_options *options, struct estimate_report *report,
              struct error *error);

#endif
