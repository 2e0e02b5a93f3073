// Scores of a text in the form that SRILM's `ngram -ppl TEXT -debug N` prints, which its scripts
// (compute-best-mix, add-ppls, compare-ppls) and ours read.
//
//   no it was
//           p( no | <s> )   = [2gram] 0.002139661 [ -2.669655 ]
//           p( it | no ...)         = [1gram] 0.002971267 [ -2.527058 ]
//   ...
//   1 sentences, 3 words, 0 OOVs
//   0 zeroprobs, logprob= -7.5 ppl= 75.0 ppl1= 316.2
#ifndef SCORE_SRILM_REPORT_H
#define SCORE_SRILM_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

struct srilm_totals {
    uint64_t sentences, words; // words without </s>
    uint64_t oovs, zeroprobs;  // words that count in no probability
    double log10_prob;
};

// A perplexity of -log10_prob over the tokens that have a probability; </s> counts where `with_end`
// is set. NaN if there is no such token.
double srilm_perplexity(const struct srilm_totals *totals, bool with_end);

struct srilm_report {
    struct output *output;
    int debug;                    // 0: the text's totals; 1: sentences too; 2: words too
    struct srilm_totals sentence; // of the sentence that is being told
    struct srilm_totals total;    // of the sentences that have ended
    char *text, *table;           // the sentence and its words' lines
    size_t text_used, text_capacity, table_used, table_capacity;
    char *context; // the word before, with a 0 byte behind it
    size_t context_capacity;
    bool inside; // a word of the sentence has been told
};

void srilm_report_init(struct srilm_report *report, struct output *output, int debug);
void srilm_report_free(struct srilm_report *report);

// Puts a word into the line that shows the sentence as it stands in the text.
bool srilm_report_text(struct srilm_report *report, const char *word, size_t length,
                       struct error *error);

struct srilm_word {
    const char *word;  // what the model takes it as: "<unk>" for an unknown one
    const char *field; // in square brackets: "3gram", "OOV", "rnn"
    double log10_prob; // of no account for an OOV; -inf makes a zeroprob
    bool oov;
};

// Tells the next word of the sentence; the one before it, or <s>, is shown as its context.
bool srilm_report_word(struct srilm_report *report, const struct srilm_word *word,
                       struct error *error);

// Tells </s>, and with it the sentence.
bool srilm_report_end(struct srilm_report *report, const char *field, double log10_prob,
                      struct error *error);

// Tells the totals of the text.
void srilm_report_file(struct srilm_report *report, const char *name);

#endif
