// Kaldi's compact lattices in text form.
#include "lattice/kaldi.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "lattice/states.h"

// ---- reading ----------------------------------------------------------------------------------

struct kaldi {
    struct states states;
    struct lattice *lattice;
    const struct symbols *symbols;
};

bool kaldi_next(struct input *input, struct lattice *lattice, bool *failed, struct error *error)
{
    struct piece piece[MOST_PIECES];
    size_t pieces = 0;
    char *line;
    *failed = false;
    while (pieces == 0 && (line = input_line(input, NULL)) != NULL)
        pieces = pieces_cut(line, piece);
    if (pieces == 1 && !(*failed = !lattice_init(lattice, input_name(input), piece[0].text, error)))
        return true;
    if (pieces > 1)
        *failed = !piece_complain(input, input_line_number(input), &piece[0],
                                  "a line with only an utterance's name", error);
    if (pieces > 1)
        pieces_skip(input);
    if (pieces == 0 && !input_ok(input, error)) {
        *failed = true;
        error_prefix(error, "%s: line %" PRIu64 ": ", input_name(input), input_line_number(input));
    }
    return false;
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
        ok = piece_cost(&graph, &link->lm) && piece_cost(&acoustic, &link->acoustic);
        *comma = *second = ',';
    }
    if (!ok)
        return piece_complain(kaldi->states.input, input_line_number(kaldi->states.input), piece,
                              "a weight of a compact lattice: GRAPH,ACOUSTIC,ALIGNMENT", error);
    return second[1] == '\0' ||
           lattice_note(kaldi->lattice, second + 1, strlen(second + 1), &link->note, error);
}

static bool take_arc(struct kaldi *kaldi, struct piece *piece, size_t pieces, struct error *error)
{
    struct lattice_link link = {.word = WORD_OOV, .line = input_line_number(kaldi->states.input)};
    return states_take(&kaldi->states, &piece[0], &link.from, error) &&
           states_take(&kaldi->states, &piece[1], &link.to, error) &&
           symbols_set_word(kaldi->symbols, kaldi->lattice, &link, &piece[2], kaldi->states.input,
                            error) &&
           (pieces < 4 || take_weight(kaldi, &piece[3], &link, error)) &&
           lattice_add_link(kaldi->lattice, &link, error);
}

static bool take_final(struct kaldi *kaldi, struct piece *piece, size_t pieces, struct error *error)
{
    struct lattice_link link = {.word = WORD_OOV, .line = input_line_number(kaldi->states.input)};
    if (!states_take(&kaldi->states, &piece[0], &link.from, error) ||
        (pieces > 1 && !take_weight(kaldi, &piece[1], &link, error)))
        return false;
    return states_end(&kaldi->states, &link, error);
}

static bool take_line(struct kaldi *kaldi, char *line, bool *end, struct error *error)
{
    struct piece piece[MOST_PIECES];
    size_t pieces = pieces_cut(line, piece);
    *end = pieces == 0;
    if (pieces == 0)
        return true;
    if (pieces > 4)
        return piece_complain(kaldi->states.input, input_line_number(kaldi->states.input),
                              &piece[4], "the arc's end: compact lattices have FROM TO WORD WEIGHT",
                              error);
    return pieces > 2 ? take_arc(kaldi, piece, pieces, error)
                      : take_final(kaldi, piece, pieces, error);
}

bool kaldi_read(struct input *input, struct lattice *lattice, const struct symbols *symbols,
                struct error *error)
{
    struct kaldi kaldi = {.lattice = lattice, .symbols = symbols};
    bool ok = true, end = false;
    lattice->format = LATTICE_KALDI;
    states_init(&kaldi.states, input, lattice);
    for (char *line; ok && !end && (line = input_line(input, NULL)) != NULL;)
        ok = take_line(&kaldi, line, &end, error);
    if (!ok && !end)
        pieces_skip(input);
    if (ok && !input_ok(input, error))
        ok = error_prefix(error, "%s: line %" PRIu64 ": ", input_name(input),
                          input_line_number(input));
    ok = ok && states_have_end(&kaldi.states, error);
    states_free(&kaldi.states);
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

bool kaldi_write(const struct lattice *lattice, const struct symbols *symbols,
                 struct output *output, struct error *error)
{
    bool implied = lattice_end_is_implied(lattice), ok = true;
    output_format(output, "%s \n", lattice->id);
    for (size_t i = 0; ok && i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        if (implied && link->to == lattice->end) {
            output_format(output, "%zu ", link->from);
        } else {
            output_format(output, "%zu %zu ", link->from, link->to);
            ok = symbols_write(symbols, lattice, lattice_word(lattice, link), output, error);
            output_text(output, " ");
        }
        write_weight(lattice, link, output);
    }
    if (!implied)
        output_format(output, "%zu 0,0,\n", lattice->end);
    output_text(output, "\n");
    return ok;
}
