// Perplexity of a text.
#include "score/perplexity.h"

#include <math.h>

static const double OOV_LOG10 =
    -8; // what the network alone is charged for a word that only the other model knows

static void write_row(const struct perplexity *perplexity, struct output *output,
                      const struct token *token, int32_t id, double net, double other)
{
    if (id < 0)
        output_text(output, perplexity->other != NULL ? "-1\t0\t\t0\t\tOOV\n" : "-1\t0\t\tOOV\n");
    else if (perplexity->other != NULL)
        output_format(output, "%d\t%.10f\t%.10f\t%.*s\n", id, net, other, (int)token->length,
                      token->text);
    else
        output_format(output, "%d\t%.10f\t%.*s\n", id, net, (int)token->length, token->text);
}

static void count_word(struct perplexity *perplexity, int32_t id, double net, double other)
{
    if (id < 0 && !(other > 0)) {
        perplexity->totals.oovs++;
        return;
    }
    perplexity->totals.words++;
    perplexity->totals.log10_net += id < 0 ? OOV_LOG10 : log10(net);
    if (perplexity->other == NULL)
        return;
    perplexity->totals.log10_other += log10(other);
    perplexity->totals.log10_mix +=
        log10(perplexity->lambda * net + (1 - perplexity->lambda) * other);
}

bool perplexity_score(struct perplexity *perplexity, struct scorer *scorer, struct reader *text,
                      struct output *output, struct error *error)
{
    struct token token;
    if (perplexity->table)
        output_text(output, perplexity->other != NULL
                                ? "Index   P(NET)          P(LM)           Word\n"
                                  "--------------------------------------------------\n"
                                : "Index   P(NET)          Word\n"
                                  "----------------------------------\n");
    while (reader_next(text, &token)) {
        double other = 0;
        if (perplexity->other != NULL && !other_next(perplexity->other, &token, &other, error))
            return false;
        int32_t id = vocabulary_find(&scorer->model->vocabulary, token.text, token.length);
        double net = scorer_word(scorer, id);
        if (id >= 0 && !(net > 0))
            return error_set(error, "%s: line %llu: the network's probability of \"%.*s\" is %g",
                             reader_name(text), (unsigned long long)reader_line_number(text),
                             (int)token.length, token.text, net);
        if (perplexity->table)
            write_row(perplexity, output, &token, id, net, other);
        count_word(perplexity, id, net, other);
    }
    if (!reader_ok(text, error) ||
        (perplexity->other != NULL && !other_end(perplexity->other, error)))
        return false;
    if (perplexity->totals.words == 0)
        return error_set(error, "%s: %s", reader_name(text),
                         perplexity->totals.oovs > 0 ? "the model knows none of the words"
                                                     : "the text is empty");
    return true;
}
