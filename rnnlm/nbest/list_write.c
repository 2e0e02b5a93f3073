// N-best lists and their scores, written.
#include "nbest/list_write.h"

#include <math.h>
#include <string.h>

#include "nbest/hypothesis_forms.h"

static const double log10_to_ln = 2.30258509299404568402;

void list_write_scores(const struct nbest_list *list, struct output *output)
{
    for (size_t i = 0; i < list->count; i++)
        output_format(output, "%f\n", list->hypothesis[i].mixed);
}

void list_write_kaldi(const struct nbest_list *list, struct output *output)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct list_hypothesis *hypothesis = &list->hypothesis[i];
        const char *name = nbest_list_text(list, hypothesis->name);
        if (*name != '\0')
            output_text(output, name);
        else
            output_format(output, "%s-%zu", nbest_list_text(list, list->name), i + 1);
        output_format(output, " %.6f\n", -hypothesis->mixed * log10_to_ln);
    }
}

static void write_words(const struct nbest_list *list, const struct list_hypothesis *hypothesis,
                        struct output *output)
{
    output_write(output, nbest_list_text(list, hypothesis->words), hypothesis->length);
}

// ---- SRILM ------------------------------------------------------------------------------------

static void write_srilm(const struct nbest_list *list, const struct list_hypothesis *hypothesis,
                        struct output *output)
{
    output_format(output, "%.10g %.10g %llu%s", hypothesis->acoustic, hypothesis->mixed,
                  (unsigned long long)hypothesis->count, hypothesis->count > 0 ? " " : "");
    write_words(list, hypothesis, output);
    output_text(output, "\n");
}

void list_write_srilm(const struct nbest_list *list, struct output *output)
{
    for (size_t i = 0; i < list->count; i++)
        write_srilm(list, &list->hypothesis[i], output);
}

// ---- tabs -------------------------------------------------------------------------------------

// The scores behind the second stay as they are.
static void write_tabs(const struct nbest_list *list, const struct list_hypothesis *hypothesis,
                       struct output *output)
{
    output_format(output, "%s\t%.10g\t%.10g\t", nbest_list_text(list, list->name),
                  hypothesis->acoustic, hypothesis->mixed);
    if (list->form == HYPOTHESIS_TABS) {
        const char *line = nbest_list_text(list, hypothesis->line);
        struct span rest = {line, strlen(line)}, field, next;
        for (size_t i = 0; span_field(&rest, "\t", &field); i++) {
            struct span look = rest;
            if (i > 2 && span_field(&look, "\t", &next)) {
                output_write(output, field.text, field.length);
                output_text(output, "\t");
            }
        }
    }
    write_words(list, hypothesis, output);
    output_text(output, "\n");
}

// ---- Moses ------------------------------------------------------------------------------------

// The features but for a score of ours that is there from before.
static void write_features(struct span features, struct output *output)
{
    struct span word;
    bool ours = false;
    while (span_take(&features, &word)) {
        char last = word.text[word.length - 1];
        if (last == '=' || last == ':')
            ours = span_is(word, "RNNLM=");
        if (ours)
            continue;
        output_write(output, word.text, word.length);
        output_text(output, " ");
    }
}

// `weights` NULL: the total stays as it is.
static void write_moses(const struct nbest_list *list, const struct list_hypothesis *hypothesis,
                        const struct rerank_weights *weights, struct output *output)
{
    const char *line = nbest_list_text(list, hypothesis->line);
    struct span rest = {line, strlen(line)}, field;
    for (size_t i = 0; span_field(&rest, "|||", &field); i++) {
        output_text(output, i > 0 ? " ||| " : "");
        if (i == 2) {
            write_features(field, output);
            output_format(output, "RNNLM= %.10g", hypothesis->mixed * log10_to_ln);
        } else if (i == 3 && weights != NULL) {
            output_format(output, "%.10g", rerank_total(weights, hypothesis) * log10_to_ln);
        } else {
            output_write(output, field.text, field.length);
        }
    }
    output_text(output, "\n");
}

// The short forms become whole.
static void write_short_moses(const struct nbest_list *list,
                              const struct list_hypothesis *hypothesis,
                              const struct rerank_weights *weights, struct output *output)
{
    double total = weights != NULL ? rerank_total(weights, hypothesis) : hypothesis->acoustic;
    output_format(output, "%s ||| ", nbest_list_text(list, list->name));
    write_words(list, hypothesis, output);
    output_format(output, "%s||| RNNLM= %.10g ||| %.10g\n", hypothesis->count > 0 ? " " : "",
                  hypothesis->mixed * log10_to_ln, total * log10_to_ln + 0);
}

// ---- all --------------------------------------------------------------------------------------

void list_write(const struct nbest_list *list, const size_t *order,
                const struct rerank_weights *weights, struct output *output)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct list_hypothesis *hypothesis = &list->hypothesis[order != NULL ? order[i] : i];
        switch (list->form) {
        case HYPOTHESIS_MOSES:
            write_moses(list, hypothesis, order != NULL ? weights : NULL, output);
            break;
        case HYPOTHESIS_MOSES_WORDS:
        case HYPOTHESIS_MOSES_TOTAL:
            write_short_moses(list, hypothesis, order != NULL ? weights : NULL, output);
            break;
        case HYPOTHESIS_ID:
        case HYPOTHESIS_ID_SRILM:
        case HYPOTHESIS_KALDI:
        case HYPOTHESIS_TABS:
            write_tabs(list, hypothesis, output);
            break;
        default:
            write_srilm(list, hypothesis, output);
        }
    }
}

void list_write_best(const struct nbest_list *list, size_t best, struct output *output)
{
    const struct list_hypothesis *hypothesis = &list->hypothesis[best];
    output_format(output, "%s%s", nbest_list_text(list, list->name),
                  hypothesis->count > 0 ? " " : "");
    write_words(list, hypothesis, output);
    output_text(output, "\n");
}
