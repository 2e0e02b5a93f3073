// How far a training run has come, and the lines that tell it.
#ifndef TRAIN_PROGRESS_H
#define TRAIN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROGRESS_LINE = 256 };

struct progress {
    int64_t epoch;           // the current one, from 0
    double alpha;            // its learning rate
    uint64_t words;          // of the training text done in this epoch
    uint64_t total_words;    // of the epoch, 0 if not known
    double seconds;          // since the epoch began (or was resumed)
    uint64_t words_this_run; // done in these seconds
    int64_t epochs_left;     // behind this one; -1 if that is not known
    double between;          // seconds that validation and saving took after the last epoch
    double train_log10_prob; // of the words done
    bool epoch_done;         // the epoch is over, validation included
    bool has_validation;     // the next two are there
    double valid_log10_prob;
    uint64_t valid_words; // of the validation text, without OOVs
    bool has_scores;      // so are these: of the logarithms of sums of scores, before its words
    double valid_log_z, valid_log_z_deviation;
};

// Bits a word; 0 for no words.
double entropy_bits(double log10_prob, uint64_t words);

// Perplexity 10^(-log10_prob / words).
double perplexity_of(double log10_prob, uint64_t words);

// The epoch so far, for a terminal: per cent, words a second, train entropy; and the time left, of
// all epochs and what is between them, or of this epoch, which is then said.
void progress_line(const struct progress *progress, char line[PROGRESS_LINE]);

// The finished epoch as scripts parse it (without newline).
void progress_epoch_line(const struct progress *progress, char line[PROGRESS_LINE]);

#endif
