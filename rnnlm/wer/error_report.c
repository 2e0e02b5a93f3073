// Errors as text.
#include "wer/error_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "wer/letter_case.h"

typedef unsigned long long count;

// ---- totals -----------------------------------------------------------------------------------

static void write_row(const char *name, uint64_t part, uint64_t whole, struct output *output)
{
    output_format(output, "%-22s %10llu  %7.2f %%\n", name, (count)part,
                  error_counts_percent(part, whole));
}

static const char *rate_name(bool characters)
{
    return characters ? "CER" : "WER";
}

void error_report_totals(const struct error_counts *counts, uint64_t missing, bool characters,
                         struct output *output)
{
    uint64_t words = error_counts_words(counts), errors = error_counts_errors(counts);
    output_format(output, "%-22s %10llu\n", characters ? "characters" : "words", (count)words);
    write_row("correct", counts->correct, words, output);
    write_row("substitutions", counts->substitutions, words, output);
    write_row("deletions", counts->deletions, words, output);
    write_row("insertions", counts->insertions, words, output);
    write_row(characters ? "character errors" : "word errors", errors, words, output);
    output_format(output, "%-22s %10llu\n", "sentences", (count)counts->sentences);
    write_row("sentences with errors", counts->wrong_sentences, counts->sentences, output);
    output_format(output, "\n%%%s %.2f [ %llu / %llu, %llu ins, %llu del, %llu sub ]\n",
                  rate_name(characters), error_counts_percent(errors, words), (count)errors,
                  (count)words, (count)counts->insertions, (count)counts->deletions,
                  (count)counts->substitutions);
    output_format(output, "%%SER %.2f [ %llu / %llu ]\n",
                  error_counts_percent(counts->wrong_sentences, counts->sentences),
                  (count)counts->wrong_sentences, (count)counts->sentences);
    output_format(output, "Scored %llu sentences, %llu not present in hyp.\n",
                  (count)counts->sentences, (count)missing);
}

// ---- speakers ---------------------------------------------------------------------------------

enum { FIGURES = 8 }; // sentences, words, and six percentages

static void set_figures(const struct error_counts *counts, double figure[FIGURES])
{
    uint64_t words = error_counts_words(counts);
    figure[0] = (double)counts->sentences;
    figure[1] = (double)words;
    figure[2] = error_counts_percent(counts->correct, words);
    figure[3] = error_counts_percent(counts->substitutions, words);
    figure[4] = error_counts_percent(counts->deletions, words);
    figure[5] = error_counts_percent(counts->insertions, words);
    figure[6] = error_counts_percent(error_counts_errors(counts), words);
    figure[7] = error_counts_percent(counts->wrong_sentences, counts->sentences);
}

static void write_padded(const char *text, size_t width, char fill, struct output *output)
{
    output_text(output, text);
    for (size_t used = letter_case_width(text, strlen(text)); used < width; used++)
        output_write(output, &fill, 1);
}

static void write_figures(const char *name, size_t width, const double figure[FIGURES], bool whole,
                          struct output *output)
{
    write_padded(name, width, ' ', output);
    output_format(output, " %8.*f %8.*f |", whole ? 0 : 1, figure[0], whole ? 0 : 1, figure[1]);
    for (int i = 2; i < FIGURES; i++)
        output_format(output, " %6.1f", figure[i]);
    output_text(output, "\n");
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

struct spread {
    double mean[FIGURES], deviation[FIGURES], median[FIGURES];
};

// One figure over all speakers.
static void measure(double *value, size_t speakers, struct spread *spread, int which)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < speakers; i++)
        sum += value[i];
    double mean = sum / (double)speakers;
    for (size_t i = 0; i < speakers; i++)
        squares += (value[i] - mean) * (value[i] - mean);
    qsort(value, speakers, sizeof *value, compare);
    spread->mean[which] = mean;
    spread->deviation[which] = speakers > 1 ? sqrt(squares / (double)(speakers - 1)) : 0;
    spread->median[which] = (value[(speakers - 1) / 2] + value[speakers / 2]) / 2;
}

static bool measure_all(const struct error_table *table, struct spread *spread, struct error *error)
{
    double *value = memory_new(table->count, sizeof *value, error), figure[FIGURES];
    if (value == NULL)
        return false;
    for (int which = 0; which < FIGURES; which++) {
        for (size_t i = 0; i < table->count; i++) {
            set_figures(&table->speaker[i], figure);
            value[i] = figure[which];
        }
        measure(value, table->count, spread, which);
    }
    free(value);
    return true;
}

bool error_report_speakers(const struct error_table *table, struct output *output,
                           struct error *error)
{
    struct spread spread;
    struct error_counts sum = {0};
    double figure[FIGURES];
    size_t width = strlen("Sum/Avg");
    if (table->count == 0)
        return true;
    if (!measure_all(table, &spread, error))
        return false;
    for (size_t i = 0; i < table->count; i++) {
        const char *name = vocabulary_word(&table->names, (int32_t)(i + 1));
        size_t needed = letter_case_width(name, strlen(name));
        width = needed > width ? needed : width;
    }
    write_padded("speaker", width, ' ', output);
    output_text(output, "    # Snt    # Wrd |   Corr    Sub    Del    Ins    Err  S.Err\n");
    for (size_t i = 0; i < table->count; i++) {
        set_figures(&table->speaker[i], figure);
        error_counts_add(&sum, &table->speaker[i]);
        write_figures(vocabulary_word(&table->names, (int32_t)(i + 1)), width, figure, true,
                      output);
    }
    set_figures(&sum, figure);
    write_figures("Sum/Avg", width, figure, true, output);
    write_figures("Mean", width, spread.mean, false, output);
    write_figures("S.D.", width, spread.deviation, false, output);
    write_figures("Median", width, spread.median, false, output);
    output_text(output, "\n");
    return true;
}

// ---- samples and comparisons ------------------------------------------------------------------

void error_report_interval(const struct error_interval *interval, uint64_t samples, bool characters,
                           struct output *output)
{
    output_format(output, "%%%s 95%% interval %.2f ... %.2f, standard error %.2f (%llu samples)\n",
                  rate_name(characters), interval->low, interval->high, interval->deviation,
                  (count)samples);
}

static void write_probability(double probability, struct output *output)
{
    if (isnan(probability))
        output_text(output, "p undefined\n");
    else
        output_format(output, "p = %.4g%s\n", probability,
                      probability < 0.05 ? " (significant at 0.05)" : "");
}

void error_report_comparison(const struct comparison *comparison, const struct error_counts *first,
                             const struct error_counts *second,
                             const struct error_interval *interval, uint64_t samples,
                             bool characters, struct output *output)
{
    double statistic, probability = comparison_matched_pairs(comparison, &statistic);
    double difference =
        error_counts_percent(error_counts_errors(second), error_counts_words(second)) -
        error_counts_percent(error_counts_errors(first), error_counts_words(first));
    output_format(output, "difference of %%%s      %+.2f (second - first)\n", rate_name(characters),
                  difference);
    if (interval != NULL)
        output_format(output,
                      "bootstrap               95%% interval %+.2f ... %+.2f, second better in "
                      "%.2f %% of %llu samples\n",
                      interval->low, interval->high, 100 * interval->improved, (count)samples);
    output_format(output, "matched pairs           %llu segments, W = %.3f, ",
                  (count)comparison->segments, statistic);
    write_probability(probability, output);
    output_format(output, "sign test               %llu better, %llu worse, %llu equal, ",
                  (count)comparison->second_better, (count)comparison->first_better,
                  (count)comparison->equal);
    write_probability(comparison_sign(comparison), output);
}

// ---- alignments -------------------------------------------------------------------------------

static const char letters[] = {' ', 'S', 'D', 'I', ' ', ' '};

struct column {
    char *text[2]; // reference, hypothesis; NULL for none
    size_t width;
    enum alignment_kind kind;
};

static bool set_column(struct column *column, const struct alignment_step *step,
                       const struct vocabulary *words, bool fold_case, struct error *error)
{
    const int32_t word[2] = {step->reference, step->hypothesis};
    *column = (struct column){.width = 1, .kind = step->kind};
    for (int side = 0; side < 2; side++) {
        if (word[side] == ALIGNMENT_NULL)
            continue;
        const char *text = vocabulary_word(words, word[side]);
        bool optional = side == 0 ? step->reference_optional : step->hypothesis_optional;
        size_t length = strlen(text);
        char *copy = column->text[side] = memory_new(length + 3, 1, error);
        if (copy == NULL)
            return false;
        memcpy(copy + optional, text, length);
        if (optional)
            copy[0] = '(', copy[length + 1] = ')';
        if (fold_case && letters[step->kind] != ' ')
            letter_case_upper(copy, length);
        size_t width = letter_case_width(copy, strlen(copy));
        column->width = width > column->width ? width : column->width;
    }
    return true;
}

static void write_line(const char *name, const struct column *column, size_t columns, int side,
                       struct output *output)
{
    output_text(output, name);
    for (size_t i = 0; i < columns; i++) {
        const char letter[2] = {letters[column[i].kind], '\0'};
        if (side == 2)
            write_padded(letter, column[i].width, ' ', output);
        else if (column[i].text[side] != NULL)
            write_padded(column[i].text[side], column[i].width, ' ', output);
        else
            write_padded("", column[i].width, letter[0] == ' ' ? ' ' : '*', output);
        output_text(output, " ");
    }
    output_text(output, "\n");
}

bool error_report_alignment(const struct alignment *alignment, const char *id,
                            const struct vocabulary *words, bool fold_case, struct output *output,
                            struct error *error)
{
    struct column *column = memory_new(alignment->steps, sizeof *column, error);
    bool ok = column != NULL;
    for (size_t i = 0; ok && i < alignment->steps; i++)
        ok = set_column(&column[i], &alignment->step[i], words, fold_case, error);
    if (ok) {
        output_format(output, "id: (%s)\nScores: (#C #S #D #I) %llu %llu %llu %llu\n", id,
                      (count)alignment->correct, (count)alignment->substitutions,
                      (count)alignment->deletions, (count)alignment->insertions);
        write_line("REF:  ", column, alignment->steps, 0, output);
        write_line("HYP:  ", column, alignment->steps, 1, output);
        write_line("Eval: ", column, alignment->steps, 2, output);
        output_text(output, "\n");
    }
    for (size_t i = 0; column != NULL && i < alignment->steps; i++) {
        free(column[i].text[0]);
        free(column[i].text[1]);
    }
    free(column);
    return ok;
}
