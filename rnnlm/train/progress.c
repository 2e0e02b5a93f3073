// The lines that tell how far a training run has come.
#include "train/progress.h"

#include <math.h>
#include <stdio.h>

double entropy_bits(double log10_prob, uint64_t words)
{
    return words > 0 ? -log10_prob / log10(2) / (double)words : 0;
}

double perplexity_of(double log10_prob, uint64_t words)
{
    return pow(10, -log10_prob / (double)words);
}

static double words_per_second(const struct progress *progress)
{
    return progress->seconds > 0 ? (double)progress->words_this_run / progress->seconds : 0;
}

static double seconds_left(const struct progress *progress, double rate)
{
    double all = (double)progress->total_words, words = all - (double)progress->words;
    if (progress->epochs_left < 0)
        return words / rate;
    double epochs = (double)progress->epochs_left;
    return (words + epochs * all) / rate + (epochs + 1) * progress->between;
}

void progress_line(const struct progress *progress, char line[PROGRESS_LINE])
{
    double rate = words_per_second(progress);
    int length = snprintf(line, PROGRESS_LINE,
                          "Iter: %3lld  Alpha: %f  TRAIN entropy: %.4f  Words/sec: %.0f",
                          (long long)progress->epoch, progress->alpha,
                          entropy_bits(progress->train_log10_prob, progress->words), rate);
    if (progress->total_words == 0 || progress->words > progress->total_words || length < 0)
        return;
    double done = (double)progress->words / (double)progress->total_words;
    long left = rate > 0 ? (long)(seconds_left(progress, rate) + 0.5) : 0;
    snprintf(line + length, PROGRESS_LINE - (size_t)length, "  %5.1f%%  %s%ld:%02ld:%02ld left",
             100 * done, progress->epochs_left < 0 ? "epoch " : "", left / 3600, left / 60 % 60,
             left % 60);
}

void progress_epoch_line(const struct progress *progress, char line[PROGRESS_LINE])
{
    int length = snprintf(
        line, PROGRESS_LINE, "Iter: %3lld\tAlpha: %f\t   TRAIN entropy: %.4f    Words/sec: %.1f   ",
        (long long)progress->epoch, progress->alpha,
        entropy_bits(progress->train_log10_prob, progress->words), words_per_second(progress));
    if (progress->has_validation && length >= 0)
        length += snprintf(line + length, PROGRESS_LINE - (size_t)length, "VALID entropy: %.4f",
                           entropy_bits(progress->valid_log10_prob, progress->valid_words));
    if (progress->has_scores && length >= 0)
        snprintf(line + length, PROGRESS_LINE - (size_t)length, "    log Z: %.3f +- %.3f",
                 progress->valid_log_z, progress->valid_log_z_deviation);
}
