// What each word of a text tells, as a table.
#include "score/surprisal.h"

#include <inttypes.h>
#include <math.h>

#include "score/distribution.h"

struct table {
    struct blend *blend;
    struct output *output;
    struct distribution distribution;
    bool entropies;
    double entropy; // at this place
    uint64_t sentence, position;
};

static void write_bits(struct output *output, double bits, bool known)
{
    if (known)
        output_format(output, "\t%.6f", bits + 0.0); // no -0
    else
        output_text(output, "\tNA");
}

static void write_frequency(const struct table *table, const struct token *token)
{
    if (table->blend->networks == 0) {
        output_text(table->output, "\tNA\n");
        return;
    }
    const struct vocabulary *words = source_words(table->blend->network[0]);
    int32_t id = vocabulary_find(words, token->text, token->length);
    output_format(table->output, "\t%" PRIu64 "\n", id >= 0 ? words->count[id] : 0);
}

static bool find_entropy(struct table *table, double *entropy, struct error *error)
{
    *entropy = 0;
    if (!table->entropies)
        return true;
    if (!distribution_fill(&table->distribution, error))
        return false;
    *entropy = distribution_entropy(&table->distribution);
    return true;
}

static bool write_row(struct table *table, const struct token *token, const struct blend_word *word,
                      bool listed, struct error *error)
{
    double behind;
    if (!find_entropy(table, &behind, error))
        return false;
    output_format(table->output, "%" PRIu64 "\t%" PRIu64 "\t%.*s", table->sentence, table->position,
                  (int)token->length, token->text);
    write_bits(table->output, -log2(word->mixed), word->mixed > 0);
    write_bits(table->output, behind, table->entropies);
    write_bits(table->output, fmax(0, table->entropy - behind), table->entropies);
    output_format(table->output, "\t%d", !listed);
    write_frequency(table, token);
    table->entropy = behind;
    return true;
}

static bool score_words(struct table *table, struct reader *text, struct coverage *coverage,
                        uint64_t *unscored, struct error *error)
{
    struct token token;
    struct blend_word word;
    while (reader_next(text, &token)) {
        table->position++;
        if (!blend_next(table->blend, &token, &word, error))
            return error_prefix(error, "%s: line %" PRIu64 ": ", reader_name(text),
                                reader_line_number(text));
        bool is_word = blend_word_is(&word, &token);
        if (!write_row(table, &token, &word, is_word, error))
            return false;
        *unscored += !(word.mixed > 0);
        if (!token.sentence_end) {
            coverage_add(coverage, token.text, token.length, is_word);
            continue;
        }
        table->sentence++;
        table->position = 0;
    }
    return reader_ok(text, error) && blend_end(table->blend, error) &&
           (table->sentence > 1 || error_set(error, "%s: the text is empty", reader_name(text)));
}

bool surprisal_score(struct blend *blend, struct reader *text, struct output *output,
                     struct coverage *coverage, uint64_t *unscored, struct error *error)
{
    struct table table = {
        .blend = blend, .output = output, .entropies = distribution_known(blend), .sentence = 1};
    *coverage = (struct coverage){.words = 0};
    *unscored = 0;
    output_text(output, "sentence\tposition\tword\tsurprisal\tentropy\treduction\tunknown\t"
                        "frequency\n");
    bool ok = (!table.entropies || distribution_init(&table.distribution, blend, error)) &&
              find_entropy(&table, &table.entropy, error) &&
              score_words(&table, text, coverage, unscored, error);
    distribution_free(&table.distribution);
    return ok;
}
