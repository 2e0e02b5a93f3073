// Scores of a text in SRILM's form. Numbers have seven significant digits there.
#include "score/srilm_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

double srilm_perplexity(const struct srilm_totals *totals, bool with_end)
{
    double tokens = (double)totals->words - (double)totals->oovs - (double)totals->zeroprobs;
    if (with_end)
        tokens += (double)totals->sentences;
    return tokens > 0 ? pow(10, -totals->log10_prob / tokens) : NAN;
}

void srilm_report_init(struct srilm_report *report, struct output *output, int debug)
{
    *report = (struct srilm_report){.output = output, .debug = debug};
}

void srilm_report_free(struct srilm_report *report)
{
    free(report->text);
    free(report->table);
    free(report->context);
}

bool srilm_report_text(struct srilm_report *report, const char *word, size_t length,
                       struct error *error)
{
    if (report->debug < 1)
        return true;
    if (!memory_grow(&report->text, &report->text_capacity, report->text_used + length + 1, 1,
                     error))
        return false;
    if (report->text_used > 0)
        report->text[report->text_used++] = ' ';
    memcpy(report->text + report->text_used, word, length);
    report->text_used += length;
    return true;
}

// A line of the table.
static bool add_line(struct srilm_report *report, const struct srilm_word *word,
                     struct error *error)
{
    enum { NUMBERS = 128 };
    bool zero = word->oov || word->log10_prob == -INFINITY;
    const char *context = report->inside ? report->context : "<s>";
    size_t most = strlen(word->word) + strlen(context) + strlen(word->field) + NUMBERS;
    if (!memory_grow(&report->table, &report->table_capacity, report->table_used + most, 1, error))
        return false;
    int wrote = snprintf(report->table + report->table_used, most,
                         "\tp( %s | %s %s) \t= [%s] %.7g [ %.7g ]\n", word->word, context,
                         report->inside ? "..." : "", word->field,
                         zero ? 0 : pow(10, word->log10_prob), zero ? -INFINITY : word->log10_prob);
    report->table_used += wrote > 0 ? (size_t)wrote : 0;
    return true;
}

static bool remember_context(struct srilm_report *report, const char *word, struct error *error)
{
    size_t size = strlen(word) + 1;
    if (!memory_grow(&report->context, &report->context_capacity, size, 1, error))
        return false;
    memcpy(report->context, word, size);
    report->inside = true;
    return true;
}

static void add_score(struct srilm_totals *totals, const struct srilm_word *word)
{
    if (word->oov)
        totals->oovs++;
    else if (word->log10_prob == -INFINITY)
        totals->zeroprobs++;
    else
        totals->log10_prob += word->log10_prob;
}

bool srilm_report_word(struct srilm_report *report, const struct srilm_word *word,
                       struct error *error)
{
    if (report->debug >= 2 &&
        (!add_line(report, word, error) || !remember_context(report, word->word, error)))
        return false;
    add_score(&report->sentence, word);
    report->sentence.words++;
    return true;
}

static void write_perplexity(struct srilm_report *report, const char *name, double perplexity)
{
    if (isnan(perplexity))
        output_format(report->output, " %s= undefined", name);
    else
        output_format(report->output, " %s= %.7g", name, perplexity);
}

static void write_totals(struct srilm_report *report, const struct srilm_totals *totals)
{
    output_format(report->output, "%llu sentences, %llu words, %llu OOVs\n",
                  (unsigned long long)totals->sentences, (unsigned long long)totals->words,
                  (unsigned long long)totals->oovs);
    if (totals->sentences == 0)
        return;
    output_format(report->output, "%llu zeroprobs, logprob= %.7g",
                  (unsigned long long)totals->zeroprobs, totals->log10_prob);
    write_perplexity(report, "ppl", srilm_perplexity(totals, true));
    write_perplexity(report, "ppl1", srilm_perplexity(totals, false));
    output_text(report->output, "\n");
}

bool srilm_report_end(struct srilm_report *report, const char *field, double log10_prob,
                      struct error *error)
{
    const struct srilm_word end = {"</s>", field, log10_prob, false};
    if (report->debug >= 2 && !add_line(report, &end, error))
        return false;
    struct srilm_totals *sentence = &report->sentence, *total = &report->total;
    add_score(sentence, &end);
    sentence->sentences = 1;
    if (report->debug >= 1) {
        if (report->text_used > 0)
            output_write(report->output, report->text, report->text_used);
        output_text(report->output, "\n");
        if (report->table_used > 0)
            output_write(report->output, report->table, report->table_used);
        write_totals(report, sentence);
        output_text(report->output, "\n");
    }
    total->sentences++;
    total->words += sentence->words;
    total->oovs += sentence->oovs;
    total->zeroprobs += sentence->zeroprobs;
    total->log10_prob += sentence->log10_prob;
    *sentence = (struct srilm_totals){0};
    report->text_used = report->table_used = 0;
    report->inside = false;
    return true;
}

void srilm_report_file(struct srilm_report *report, const char *name)
{
    output_format(report->output, "file %s: ", name);
    write_totals(report, &report->total);
}
