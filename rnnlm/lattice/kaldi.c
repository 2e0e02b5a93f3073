// Kaldi's compact lattices in text form.
#include "lattice/kaldi.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

enum { MOST_FIELDS = 5 }; // one more than any line has

struct piece {
    char *text;
    size_t length;
};

static bool complain(const struct input *input, struct error *error, const char *found,
                     size_t length, const char *wanted)
{
    return error_set(error, "%s: line %" PRIu64 ": found \"%.*s\", wanted %s", input_name(input),
                     input_line_number(input), (int)(length < 60 ? length : 60), found, wanted);
}

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\r';
}

// Cuts a line at blanks; returns the number of pieces, MOST_FIELDS if there are as many or more.
// Each has a 0 byte behind it.
static size_t cut(char *line, struct piece *piece)
{
    size_t pieces = 0;
    for (char *at = line; pieces < MOST_FIELDS; pieces++) {
        while (is_blank(*at))
            at++;
        if (*at == '\0')
            break;
        piece[pieces].text = at;
        while (*at != '\0' && !is_blank(*at))
            at++;
        piece[pieces].length = (size_t)(at - piece[pieces].text);
        if (*at != '\0')
            *at++ = '\0';
    }
    return pieces;
}

static bool parse_number(const struct piece *piece, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < piece->length; i++) {
        if (piece->text[i] < '0' || piece->text[i] > '9' || *number > UINT64_MAX / 10 - 1)
            return false;
        *number = *number * 10 + (uint64_t)(piece->text[i] - '0');
    }
    return piece->length > 0;
}

// ---- words and their numbers ------------------------------------------------------------------

static bool take_symbol(struct symbols *symbols, struct input *input, char *line,
                        struct error *error)
{
    struct piece piece[MOST_FIELDS];
    size_t pieces = cut(line, piece), known = symbols->words.size, index;
    uint64_t number;
    if (pieces == 0)
        return true;
    if (pieces != 2 || !parse_number(&piece[1], &number))
        return complain(input, error, piece[pieces > 1].text, piece[pieces > 1].length,
                        "WORD NUMBER");
    int32_t word = vocabulary_add(&symbols->words, piece[0].text, piece[0].length, error);
    bool added = false;
    if (word < 0 || !memory_grow(&symbols->number, &symbols->number_capacity, symbols->words.size,
                                 sizeof *symbols->number, error))
        return false;
    index = (size_t)word;
    if (!pair_map_add(&symbols->by_number, number, 0, &index, &added, error))
        return false;
    bool repeated = index < known && (index != WORD_END || symbols->number[WORD_END] != UINT64_MAX);
    if (!added || repeated)
        return complain(input, error, piece[0].text, piece[0].length,
                        "a word and a number that have not been there before");
    symbols->number[word] = number;
    return true;
}

bool symbols_read(struct symbols *symbols, const char *path, struct error *error)
{
    memset(symbols, 0, sizeof *symbols);
    struct input *input = input_open_text(path, error);
    bool ok =
        input != NULL && vocabulary_init(&symbols->words, error) &&
        memory_grow(&symbols->number, &symbols->number_capacity, 1, sizeof *symbols->number, error);
    if (ok)
        symbols->number[WORD_END] = UINT64_MAX; // until the file has it
    for (char *line; ok && (line = input_line(input, NULL)) != NULL;)
        ok = take_symbol(symbols, input, line, error);
    ok = ok && input_ok(input, error);
    input_close(input);
    return ok;
}

void symbols_free(struct symbols *symbols)
{
    vocabulary_free(&symbols->words);
    pair_map_free(&symbols->by_number);
    free(symbols->number);
    memset(symbols, 0, sizeof *symbols);
}

// ---- reading ----------------------------------------------------------------------------------

struct kaldi {
    struct input *input;
    struct lattice *lattice;
    const struct symbols *symbols;
    struct pair_map index; // of nodes, by the number of the state
    size_t final;          // the node that all final states lead to; NO_NODE before the first
};

// Goes behind the lines of an utterance that cannot be read.
static void skip(struct input *input)
{
    struct piece piece[MOST_FIELDS];
    for (char *line; (line = input_line(input, NULL)) != NULL && cut(line, piece) > 0;)
        ;
}

bool kaldi_next(struct input *input, struct lattice *lattice, bool *failed, struct error *error)
{
    struct piece piece[MOST_FIELDS];
    size_t pieces = 0;
    char *line;
    *failed = false;
    while (pieces == 0 && (line = input_line(input, NULL)) != NULL)
        pieces = cut(line, piece);
    if (pieces == 1 && !(*failed = !lattice_init(lattice, input_name(input), piece[0].text, error)))
        return true;
    if (pieces > 1)
        *failed = !complain(input, error, piece[0].text, piece[0].length,
                            "a line with only an utterance's name");
    if (pieces > 1)
        skip(input);
    if (pieces == 0 && !input_ok(input, error)) {
        *failed = true;
        error_prefix(error, "%s: line %" PRIu64 ": ", input_name(input), input_line_number(input));
    }
    return false;
}

static bool take_state(struct kaldi *kaldi, const struct piece *piece, size_t *node,
                       struct error *error)
{
    uint64_t number;
    bool added = false;
    *node = kaldi->lattice->nodes;
    if (!parse_number(piece, &number))
        return complain(kaldi->input, error, piece->text, piece->length, "the number of a state");
    if (!pair_map_add(&kaldi->index, number, 0, node, &added, error))
        return false;
    return !added ||
           lattice_add_node(kaldi->lattice, NAN, number, input_line_number(kaldi->input), error);
}

static bool parse_cost(const struct piece *piece, double *score)
{
    double cost;
    bool infinite = piece->length == 8 && memcmp(piece->text, "Infinity", 8) == 0;
    if (!infinite &&
        !(number_parse(piece->text, piece->length, &cost) && fabs(cost) < -LATTICE_ZERO))
        return false;
    *score = infinite ? LATTICE_ZERO : -cost * log10(exp(1));
    *score = *score < LATTICE_ZERO ? LATTICE_ZERO : *score;
    return true;
}

// graph,acoustic,alignment; the alignment may be empty.
static bool take_weight(struct kaldi *kaldi, const struct piece *piece, struct lattice_link *link,
                        struct error *error)
{
    char *comma = strchr(piece->text, ',');
    char *second = comma != NULL ? strchr(comma + 1, ',') : NULL;
    bool ok = second != NULL;
    if (ok) {
        *comma = *second = '\0';
        const struct piece graph = {piece->text, (size_t)(comma - piece->text)};
        const struct piece acoustic = {comma + 1, (size_t)(second - comma - 1)};
        ok = parse_cost(&graph, &link->lm) && parse_cost(&acoustic, &link->acoustic);
        *comma = *second = ',';
    }
    if (!ok)
        return complain(kaldi->input, error, piece->text, piece->length,
                        "a weight of a compact lattice: GRAPH,ACOUSTIC,ALIGNMENT");
    return second[1] == '\0' ||
           lattice_note(kaldi->lattice, second + 1, strlen(second + 1), &link->note, error);
}

static bool take_word(struct kaldi *kaldi, const struct piece *piece, struct lattice_link *link,
                      struct error *error)
{
    if (kaldi->symbols == NULL)
        return lattice_set_word(kaldi->lattice, link, piece->text, piece->length, error);
    uint64_t number;
    const size_t *index = NULL;
    if (parse_number(piece, &number))
        index = pair_map_find(&kaldi->symbols->by_number, number, 0);
    if (index == NULL)
        return complain(kaldi->input, error, piece->text, piece->length,
                        "the number of a word in the table of words");
    const char *word = vocabulary_word(&kaldi->symbols->words, (int32_t)*index);
    return lattice_set_word(kaldi->lattice, link, word, strlen(word), error);
}

static bool take_arc(struct kaldi *kaldi, struct piece *piece, size_t pieces, struct error *error)
{
    struct lattice_link link = {.word = WORD_OOV, .line = input_line_number(kaldi->input)};
    return take_state(kaldi, &piece[0], &link.from, error) &&
           take_state(kaldi, &piece[1], &link.to, error) &&
           take_word(kaldi, &piece[2], &link, error) &&
           (pieces < 4 || take_weight(kaldi, &piece[3], &link, error)) &&
           lattice_add_link(kaldi->lattice, &link, error);
}

static bool take_final(struct kaldi *kaldi, struct piece *piece, size_t pieces, struct error *error)
{
    struct lattice_link link = {.word = WORD_OOV, .line = input_line_number(kaldi->input)};
    if (!take_state(kaldi, &piece[0], &link.from, error) ||
        (pieces > 1 && !take_weight(kaldi, &piece[1], &link, error)))
        return false;
    if (kaldi->final == NO_NODE) {
        kaldi->final = kaldi->lattice->end = kaldi->lattice->nodes;
        if (!lattice_add_node(kaldi->lattice, NAN, kaldi->lattice->node[link.from].number,
                              link.line, error))
            return false;
    }
    link.to = kaldi->final;
    return lattice_add_link(kaldi->lattice, &link, error);
}

static bool take_line(struct kaldi *kaldi, char *line, bool *end, struct error *error)
{
    struct piece piece[MOST_FIELDS];
    size_t pieces = cut(line, piece);
    *end = pieces == 0;
    if (pieces == 0)
        return true;
    if (pieces == MOST_FIELDS)
        return complain(kaldi->input, error, piece[4].text, piece[4].length,
                        "the arc's end: compact lattices have FROM TO WORD WEIGHT");
    return pieces > 2 ? take_arc(kaldi, piece, pieces, error)
                      : take_final(kaldi, piece, pieces, error);
}

bool kaldi_read(struct input *input, struct lattice *lattice, const struct symbols *symbols,
                struct error *error)
{
    struct kaldi kaldi = {.input = input, .lattice = lattice, .symbols = symbols, .final = NO_NODE};
    bool ok = true, end = false;
    lattice->format = LATTICE_KALDI;
    for (char *line; ok && !end && (line = input_line(input, NULL)) != NULL;)
        ok = take_line(&kaldi, line, &end, error);
    if (!ok && !end)
        skip(input);
    if (ok && !input_ok(input, error))
        ok = error_prefix(error, "%s: line %" PRIu64 ": ", input_name(input),
                          input_line_number(input));
    if (ok && kaldi.final == NO_NODE)
        ok = error_set(error, "%s: line %" PRIu64 ": %s ends without a final state",
                       input_name(input), input_line_number(input), lattice->id);
    lattice->start = 0;
    pair_map_free(&kaldi.index);
    return ok;
}

// ---- writing ----------------------------------------------------------------------------------

static void write_weight(const struct lattice *lattice, const struct lattice_link *link,
                         struct output *output)
{
    const double cost = -1 / log10(exp(1)); // + 0: no minus sign before 0
    output_format(output, "%.9g,%.9g,", link->lm * cost + 0, link->acoustic * cost + 0);
    if (lattice->format == LATTICE_KALDI)
        output_text(output, lattice->notes + link->note);
    output_text(output, "\n");
}

static bool write_word(const struct lattice *lattice, const struct lattice_link *link,
                       const struct symbols *symbols, struct output *output, struct error *error)
{
    const char *word = lattice_word(lattice, link);
    if (symbols == NULL) {
        output_format(output, "%s ", word != NULL ? word : "<eps>");
        return true;
    }
    int32_t index = word != NULL ? vocabulary_find(&symbols->words, word, strlen(word)) : WORD_OOV;
    if (word != NULL && (index < 0 || symbols->number[index] == UINT64_MAX))
        return error_set(error, "%s: %s: the table of words does not have \"%.60s\"", lattice->file,
                         lattice->id, word);
    output_format(output, "%" PRIu64 " ", word != NULL ? symbols->number[index] : 0);
    return true;
}

// The end is not written as a state if only links without words lead there, one from a node.
static bool end_is_implied(const struct lattice *lattice)
{
    size_t from = NO_NODE;
    for (size_t i = 0; i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        if (link->to != lattice->end)
            continue;
        if (link->kind != LINK_NULL || link->from == from)
            return false;
        from = link->from; // links are in order of it
    }
    return true;
}

bool kaldi_write(const struct lattice *lattice, const struct symbols *symbols,
                 struct output *output, struct error *error)
{
    bool implied = end_is_implied(lattice), ok = true;
    output_format(output, "%s \n", lattice->id);
    for (size_t i = 0; ok && i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        if (implied && link->to == lattice->end) {
            output_format(output, "%zu ", link->from);
        } else {
            output_format(output, "%zu %zu ", link->from, link->to);
            ok = write_word(lattice, link, symbols, output, error);
        }
        write_weight(lattice, link, output);
    }
    if (!implied)
        output_format(output, "%zu 0,0,\n", lattice->end);
    output_text(output, "\n");
    return ok;
}
