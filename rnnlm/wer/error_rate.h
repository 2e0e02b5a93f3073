// Word and sentence errors: added up over a test set, by speaker, and sampled anew for a confidence
// interval (Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR performance
// evaluation", ICASSP 2004).
#ifndef WER_ERROR_RATE_H
#define WER_ERROR_RATE_H

#include "wer/alignment.h"

struct error_counts {
    uint64_t correct, substitutions, deletions, insertions;
    uint64_t sentences, wrong_sentences;
};

void error_counts_add(struct error_counts *counts, const struct error_counts *more);
uint64_t error_counts_words(const struct error_counts *counts);  // of the reference
uint64_t error_counts_errors(const struct error_counts *counts); // words
double error_counts_percent(uint64_t part, uint64_t whole);      // 0 of 0 is 0, else infinite

// The counts of one aligned utterance.
struct error_counts error_counts_of(const struct alignment *alignment);

// ---- speakers ---------------------------------------------------------------------------------

struct error_table {
    struct error_counts *speaker; // [count], in the order in which they came
    size_t count, capacity;
    struct vocabulary names; // of speaker i is word i + 1
};

bool error_table_init(struct error_table *table, struct error *error);
bool error_table_add(struct error_table *table, const char *name, size_t length,
                     const struct error_counts *counts, struct error *error);
void error_table_free(struct error_table *table);

// ---- samples ----------------------------------------------------------------------------------

// Words and errors of each utterance: what is sampled.
struct error_list {
    uint64_t *words, *errors; // [count]
    size_t count, words_capacity, errors_capacity;
};

bool error_list_add(struct error_list *list, const struct error_counts *counts,
                    struct error *error);
void error_list_free(struct error_list *list);

struct error_interval {
    double deviation; // standard error
    double low, high; // 95 % lie between
    double improved;  // of a difference: share of samples in which the second is better
};

// The word error rate in percent, in `samples` test sets of as many utterances drawn with
// replacement; with `other` (errors of a second system on the same utterances) the difference
// second - first, both on the same draws. Samples without words are drawn again.
bool error_list_bootstrap(const struct error_list *list, const struct error_list *other,
                          uint64_t samples, uint32_t seed, struct error_interval *interval,
                          struct error *error);

#endif
