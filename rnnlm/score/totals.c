// Log probabilities added up over a text.
#include "score/totals.h"

#include <math.h>

static double perplexity(double log10_prob, uint64_t words)
{
    return pow(10, -log10_prob / (double)words);
}

void totals_write(const struct totals *totals, bool has_other, double lambda, struct output *output)
{
    const char *what = totals->unnormalised ? "score" : "probability";
    const char *condition = totals->unnormalised ? " if sums were 1" : "";
    output_format(output, "\ntest log %s: %f\n", what, totals->log10_net);
    if (has_other) {
        output_format(output, "test log probability given by other lm: %f\n", totals->log10_other);
        output_format(output, "test log %s %f*rnn + %f*other_lm: %f\n", what, lambda, 1 - lambda,
                      totals->log10_mix);
    }
    output_format(output, "\nPPL net%s: %f\n", condition,
                  perplexity(totals->log10_net, totals->words));
    if (has_other) {
        output_format(output, "PPL other: %f\n",
                      perplexity(totals->log10_other, totals->words - totals->zeros));
        output_format(output, "PPL combine%s: %f\n", condition,
                      perplexity(totals->log10_mix, totals->words));
    }
}

void totals_write_units(const struct totals *totals, enum text_unit unit, bool has_other,
                        struct output *output)
{
    double bits = -(has_other ? totals->log10_mix : totals->log10_net) / log10(2);
    double a_word = bits / (double)totals->text_words;
    output_format(output, "bits a %s: %.4f\nbits a word: %.4f\nperplexity a word: %f\n",
                  unit == UNIT_CHAR ? "character" : "piece", bits / (double)totals->words, a_word,
                  pow(2, a_word));
}
