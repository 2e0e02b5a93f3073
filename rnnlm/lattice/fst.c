// Finite-state acceptors and transducers in OpenFst's text form.
#include "lattice/fst.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lattice/states.h"

// ---- reading ----------------------------------------------------------------------------------

enum { ARC_FIELDS = 3, MOST_FIELDS = 5 };

// A line of an arc or, with fewer fields, of a final state; labels wait for the end.
struct arc {
    struct lattice_link link;
    size_t fields;
    size_t field[2]; // where the third and the fourth begin in `texts`
};

struct fst {
    struct states states;
    struct lattice *lattice;
    const struct symbols *symbols;
    bool as_lm;
    struct arc *arc; // [arcs]
    size_t arcs, arc_capacity;
    char *texts; // fields, a 0 byte behind each
    size_t used, text_capacity;
    size_t with[MOST_FIELDS + 1]; // arcs with so many fields
};

static struct piece text_at(const struct fst *fst, size_t offset)
{
    return (struct piece){fst->texts + offset, strlen(fst->texts + offset)};
}

static bool keep(struct fst *fst, const struct piece *piece, size_t *offset, struct error *error)
{
    if (!memory_grow(&fst->texts, &fst->text_capacity, fst->used + piece->length + 1, 1, error))
        return false;
    *offset = fst->used;
    memcpy(fst->texts + fst->used, piece->text, piece->length + 1);
    fst->used += piece->length + 1;
    return true;
}

// COST, or GRAPH,ACOUSTIC.
static bool take_cost(const struct fst *fst, struct piece *piece, struct lattice_link *link,
                      struct error *error)
{
    char *comma = strchr(piece->text, ',');
    bool ok;
    if (comma != NULL) {
        *comma = '\0';
        const struct piece graph = {piece->text, (size_t)(comma - piece->text)};
        const struct piece acoustic = {comma + 1, strlen(comma + 1)};
        ok = piece_cost(&graph, &link->lm) && piece_cost(&acoustic, &link->acoustic);
        *comma = ',';
    } else {
        ok = piece_cost(piece, fst->as_lm ? &link->lm : &link->acoustic);
    }
    return ok || piece_complain(fst->states.input, link->line, piece, "a cost", error);
}

static bool take_arc(struct fst *fst, struct piece *piece, size_t fields, struct error *error)
{
    struct arc arc = {.link = {.word = WORD_OOV, .line = input_line_number(fst->states.input)},
                      .fields = fields};
    bool final = fields < ARC_FIELDS;
    if (!states_take(&fst->states, &piece[0], &arc.link.from, error) ||
        (!final && !states_take(&fst->states, &piece[1], &arc.link.to, error)) ||
        (!final && !keep(fst, &piece[2], &arc.field[0], error)) ||
        (fields > 3 && !keep(fst, &piece[3], &arc.field[1], error)) ||
        (fields == 2 && !take_cost(fst, &piece[1], &arc.link, error)) ||
        (fields == 5 && !take_cost(fst, &piece[4], &arc.link, error)) ||
        !memory_grow(&fst->arc, &fst->arc_capacity, fst->arcs + 1, sizeof arc, error))
        return false;
    fst->arc[fst->arcs++] = arc;
    fst->with[fields]++;
    return true;
}

static bool take_line(struct fst *fst, char *line, bool *end, struct error *error)
{
    struct piece piece[MOST_PIECES];
    size_t fields = pieces_cut(line, piece);
    *end = fields == 0;
    if (fields > MOST_FIELDS)
        return piece_complain(fst->states.input, input_line_number(fst->states.input), &piece[5],
                              "the arc's end: FROM TO INPUT OUTPUT COST", error);
    return *end || take_arc(fst, piece, fields, error);
}

static bool is_number(const struct fst *fst, size_t offset)
{
    uint64_t number;
    struct piece piece = text_at(fst, offset);
    return piece_number(&piece, &number);
}

// Whether field k of all arcs that have one is a number of digits alone.
static bool all_numbers(const struct fst *fst, size_t k)
{
    for (size_t i = 0; i < fst->arcs; i++)
        if (fst->arc[i].fields > ARC_FIELDS - 1 + k && !is_number(fst, fst->arc[i].field[k]))
            return false;
    return true;
}

// Whether the fourth fields are costs.
static bool is_acceptor(const struct fst *fst)
{
    bool signs = false;
    if (fst->with[3] > 0 || fst->with[5] > 0)
        return fst->with[5] == 0;
    for (size_t i = 0; i < fst->arcs; i++) {
        double cost;
        if (fst->arc[i].fields < ARC_FIELDS)
            continue;
        struct piece piece = text_at(fst, fst->arc[i].field[1]);
        if (!piece_cost(&piece, &cost))
            return false;
        signs = signs || !is_number(fst, fst->arc[i].field[1]);
    }
    return signs || !all_numbers(fst, 0);
}

// Sets a link's word. Number 0 is no word, whatever a table calls it.
static bool take_word(struct fst *fst, struct arc *arc, size_t offset, bool numbers,
                      struct error *error)
{
    struct piece piece = text_at(fst, offset);
    uint64_t number;
    if (strcmp(piece.text, "-1") == 0)
        return piece_complain(fst->states.input, arc->link.line, &piece,
                              "a label: k2 writes OpenFst's form with openfst=True", error);
    if (numbers && piece_number(&piece, &number) && number == 0)
        return true;
    return symbols_set_word(fst->symbols, fst->lattice, &arc->link, &piece, fst->states.input,
                            error);
}

// Makes a link of an arc.
static bool take_labels(struct fst *fst, struct arc *arc, bool acceptor, bool numbers,
                        struct error *error)
{
    struct piece first = text_at(fst, arc->field[0]);
    if (!acceptor && arc->fields == 3)
        return piece_complain(fst->states.input, arc->link.line, &first,
                              "two labels, as other arcs have five fields", error);
    struct piece second = arc->fields > 3 ? text_at(fst, arc->field[1]) : first;
    if (acceptor && arc->fields == 4 && !take_cost(fst, &second, &arc->link, error))
        return false;
    return take_word(fst, arc, arc->field[acceptor ? 0 : 1], numbers, error) &&
           (acceptor || strcmp(first.text, second.text) == 0 ||
            lattice_note(fst->lattice, first.text, first.length, &arc->link.note, error)) &&
           lattice_add_link(fst->lattice, &arc->link, error);
}

// Arcs become links once it is known what their fields are.
static bool take_arcs(struct fst *fst, struct error *error)
{
    bool acceptor = is_acceptor(fst);
    bool numbers =
        fst->symbols != NULL || (all_numbers(fst, 0) && (acceptor || all_numbers(fst, 1)));
    fst->lattice->format = acceptor ? LATTICE_FSA : LATTICE_FST;
    for (size_t i = 0; i < fst->arcs; i++) {
        struct arc *arc = &fst->arc[i];
        if (!(arc->fields < ARC_FIELDS ? states_end(&fst->states, &arc->link, error)
                                       : take_labels(fst, arc, acceptor, numbers, error)))
            return false;
    }
    return states_have_end(&fst->states, error);
}

bool fst_read(struct input *input, struct lattice *lattice, bool as_lm,
              const struct symbols *symbols, struct error *error)
{
    struct fst fst = {.lattice = lattice, .symbols = symbols, .as_lm = as_lm};
    bool ok = true, end = false;
    states_init(&fst.states, input, lattice);
    for (char *line; ok && !end && (line = input_line(input, NULL)) != NULL;)
        ok = take_line(&fst, line, &end, error);
    if (!ok && !end)
        pieces_skip(input);
    if (ok && !input_ok(input, error))
        ok = error_prefix(error, "%s: line %" PRIu64 ": ", input_name(input),
                          input_line_number(input));
    ok = ok && take_arcs(&fst, error);
    states_free(&fst.states);
    free(fst.arc);
    free(fst.texts);
    return ok;
}

// ---- writing ----------------------------------------------------------------------------------

// An acceptor's cost never looks like a label: it has a point.
static void write_cost(double score, bool acceptor, struct output *output)
{
    char text[32];
    if (score <= LATTICE_ZERO) {
        output_text(output, " Infinity");
        return;
    }
    // + 0: no minus sign before 0
    snprintf(text, sizeof text, "%.9g", score * (-1 / log10(exp(1))) + 0);
    output_format(output, " %s%s", text, acceptor && strpbrk(text, ".e") == NULL ? ".0" : "");
}

// Whether all words are numbers, so that 0 is no word.
static bool has_numbers(const struct lattice *lattice)
{
    bool any = false;
    for (size_t i = 0; i < lattice->links; i++) {
        const char *word = lattice_word(lattice, &lattice->link[i]);
        any = any || word != NULL;
        if (word != NULL && word[strspn(word, "0123456789")] != '\0')
            return false;
    }
    return any;
}

bool fst_write(const struct lattice *lattice, bool acceptor, bool named,
               const struct symbols *symbols, struct output *output, struct error *error)
{
    bool implied = lattice_end_is_implied(lattice), ok = true;
    bool numbers = symbols == NULL && has_numbers(lattice);
    if (named)
        output_format(output, "%s \n", lattice->id);
    for (size_t i = 0; ok && i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        const char *word = lattice_word(lattice, link);
        bool noted = lattice->format == LATTICE_FST && link->note > 0;
        word = word == NULL && numbers ? "0" : word;
        double total = lattice_total(lattice, link);
        bool final = implied && link->to == lattice->end;
        output_format(output, "%zu", link->from);
        if (!final) {
            output_format(output, " %zu ", link->to);
            if (!acceptor && noted)
                output_text(output, lattice->notes + link->note);
            else if (!acceptor)
                ok = symbols_write(symbols, lattice, word, output, error);
            if (!acceptor)
                output_text(output, " ");
            ok = ok && symbols_write(symbols, lattice, word, output, error);
        }
        if (!final || total != 0)
            write_cost(total, acceptor, output);
        output_text(output, "\n");
    }
    if (!implied)
        output_format(output, "%zu\n", lattice->end);
    if (named)
        output_text(output, "\n");
    return ok;
}
