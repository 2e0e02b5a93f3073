// What each word of a text tells, as a table.
#include "score/surprisal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "score/distribution.h"

// A word of several tokens, as far as they have come.
struct joined {
    char *text;
    size_t length, capacity, pieces;
    double bits, before, behind; // of all of them; entropies
    bool zero, unknown;          // one has no probability; no model has one itself
};

struct table {
    struct blend *blend;
    struct output *output;
    struct distribution distribution;
    bool entropies;
    double entropy; // at this place
    uint64_t sentence, position;
    struct joined joined; // of pieces
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

// ---- words of pieces ---------------------------------------------------------------------------

static void write_joined(struct table *table)
{
    struct joined *joined = &table->joined;
    if (joined->pieces == 0)
        return;
    output_format(table->output, "%" PRIu64 "\t%" PRIu64 "\t%.*s", table->sentence,
                  ++table->position, (int)joined->length, joined->text);
    write_bits(table->output, joined->bits, !joined->zero);
    write_bits(table->output, joined->behind, table->entropies);
    write_bits(table->output, fmax(0, joined->before - joined->behind), table->entropies);
    output_format(table->output, "\t%d\tNA\n", joined->unknown);
    joined->pieces = joined->length = 0;
}

static bool add_letters(struct joined *joined, const struct token *token, struct error *error)
{
    bool space = false;
    size_t length = token->length;
    const char *text = token->sentence_end ? token->text : unit_text(token->text, &length, &space);
    if (!memory_grow(&joined->text, &joined->capacity, joined->length + length + 1, 1, error))
        return false;
    memcpy(joined->text + joined->length, text, length);
    joined->length += length;
    return true;
}

static bool join_piece(struct table *table, const struct token *token,
                       const struct blend_word *word, bool listed, struct error *error)
{
    struct joined *joined = &table->joined;
    bool begins =
        token->sentence_end || unit_begins_word(UNIT_PIECES, token->text, token->length, false);
    if (begins)
        write_joined(table);
    if (joined->pieces++ == 0) {
        joined->bits = 0;
        joined->zero = joined->unknown = false;
        joined->before = table->entropy;
    }
    if (!add_letters(joined, token, error) || !find_entropy(table, &joined->behind, error))
        return false;
    joined->zero = joined->zero || !(word->mixed > 0);
    joined->bits += word->mixed > 0 ? -log2(word->mixed) : 0;
    joined->unknown = joined->unknown || !listed;
    table->entropy = joined->behind;
    if (token->sentence_end)
        write_joined(table);
    return true;
}

static bool score_words(struct table *table, struct reader *text, struct coverage *coverage,
                        uint64_t *unscored, struct error *error)
{
    struct token token;
    struct blend_word word;
    while (reader_next(text, &token)) {
        bool pieces = table->blend->unit == UNIT_PIECES;
        table->position += !pieces;
        if (!blend_next(table->blend, &token, &word, error))
            return error_prefix(error, "%s: line %" PRIu64 ": ", reader_name(text),
                                reader_line_number(text));
        bool is_word = blend_word_is(&word, &token);
        if (!(pieces ? join_piece : write_row)(table, &token, &word, is_word, error))
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
    free(table.joined.text);
    return ok;
}
