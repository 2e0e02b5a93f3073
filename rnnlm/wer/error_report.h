// Errors as text: tables, the lines that scripts look for, and alignments.
#ifndef WER_ERROR_REPORT_H
#define WER_ERROR_REPORT_H

#include "base/file.h"
#include "wer/error_rate.h"
#include "wer/significance.h"

// Counts and percentages; then, as Kaldi's compute-wer has them, "%WER 12.34 [ ... ]", "%SER ..."
// and "Scored ...". With `characters` they are what words consist of, here and below: %CER.
void error_report_totals(const struct error_counts *counts, uint64_t missing, bool characters,
                         struct output *output);

// One row a speaker, in percent, then the totals, and mean, standard deviation and median over
// speakers, as sclite's summary has them.
bool error_report_speakers(const struct error_table *table, struct output *output,
                           struct error *error);

void error_report_interval(const struct error_interval *interval, uint64_t samples, bool characters,
                           struct output *output);

// Of two systems; `interval` may be NULL.
void error_report_comparison(const struct comparison *comparison, const struct error_counts *first,
                             const struct error_counts *second,
                             const struct error_interval *interval, uint64_t samples,
                             bool characters, struct output *output);

// REF, HYP and Eval lines as in sclite's pralign report; with fold_case wrong words in upper case.
bool error_report_alignment(const struct alignment *alignment, const char *id,
                            const struct vocabulary *words, bool fold_case, struct output *output,
                            struct error *error);

#endif
