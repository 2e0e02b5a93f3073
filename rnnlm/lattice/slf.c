// HTK's standard lattice format: reading.
#include "lattice/slf.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "lattice/pair_map.h"

// A field KEY=VALUE of a line.
struct field {
    const char *key;
    char *value;
    size_t key_length, length;
};

struct slf {
    struct input *input;
    struct lattice *lattice;
    bool quotes;
    struct pair_map index;          // of nodes, by their number
    struct lattice_link *node_word; // [nodes] what links that end there have from their end node
    size_t node_word_capacity;
    double node_count, link_count; // as promised; NAN if they are not
    double start, end;             // node numbers, NAN if not given
    double penalty;                // as in the header
    bool words_on_links;
    char *note; // of the current line
    size_t note_used, note_capacity;
};

static bool complain(const struct slf *slf, struct error *error, const char *found, size_t length,
                     const char *wanted)
{
    return error_set(error, "%s: line %" PRIu64 ": found \"%.*s\", wanted %s",
                     input_name(slf->input), input_line_number(slf->input),
                     (int)(length < 60 ? length : 60), found, wanted);
}

// ---- fields -----------------------------------------------------------------------------------

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\r';
}

// Takes a quoted value that begins at *at, in place: backslashes and octal numbers are undone.
static size_t unquote(char *text, char **at)
{
    char *from = *at, *to = text, quote = '\0';
    if (*from == '"' || *from == '\'')
        quote = *from++;
    while (*from != '\0' && (quote != '\0' ? *from != quote : !is_blank(*from))) {
        if (from[0] != '\\' || from[1] == '\0') {
            *to++ = *from++;
            continue;
        }
        from++;
        int value = 0, digits = 0;
        for (; digits < 3 && *from >= '0' && *from <= '7'; digits++)
            value = value * 8 + (*from++ - '0');
        *to++ = digits > 0 ? (char)value : *from++;
    }
    *at = from + (quote != '\0' && *from == quote);
    return (size_t)(to - text);
}

// The next field of a line; false at its end (*at is then the 0 byte) and if it is none.
static bool next_field(const struct slf *slf, char **at, struct field *field)
{
    while (is_blank(**at))
        ++*at;
    field->key = *at;
    size_t length = strcspn(*at, "= \t\r");
    if (length == 0 || (*at)[length] != '=')
        return false;
    field->key_length = length;
    field->value = *at += length + 1;
    if (slf->quotes) {
        field->length = unquote(field->value, at);
    } else {
        field->length = strcspn(*at, " \t\r");
        *at += field->length;
    }
    return true;
}

static bool named(const struct field *field, const char *shorter, const char *longer)
{
    return (strlen(shorter) == field->key_length &&
            memcmp(shorter, field->key, field->key_length) == 0) ||
           (longer != NULL && strlen(longer) == field->key_length &&
            memcmp(longer, field->key, field->key_length) == 0);
}

static bool parse(const struct slf *slf, const struct field *field, double *value,
                  const char *wanted, struct error *error)
{
    char last = field->value[field->length];
    field->value[field->length] = '\0';
    bool ok = number_parse(field->value, field->length, value) && isfinite(*value);
    field->value[field->length] = last;
    return ok || complain(slf, error, field->key,
                          (size_t)(field->value - field->key) + field->length, wanted);
}

static bool parse_count(const struct slf *slf, const struct field *field, double *value,
                        struct error *error)
{
    const char *wanted = "a number of nodes or links, 0 or more";
    if (!parse(slf, field, value, wanted, error))
        return false;
    return (*value >= 0 && *value <= 9e15 && *value == floor(*value)) ||
           complain(slf, error, field->key, (size_t)(field->value - field->key) + field->length,
                    wanted);
}

// A score as log10.
static bool parse_score(const struct slf *slf, const struct field *field, double *score,
                        struct error *error)
{
    const char *wanted = slf->lattice->base > 0
                             ? "a score: a finite logarithm, or -inf for probability 0"
                             : "a score: a probability, as base=0 says";
    if (field->length == 4 && memcmp(field->value, "-inf", 4) == 0 && slf->lattice->base > 0) {
        *score = LATTICE_ZERO;
        return true;
    }
    if (!parse(slf, field, score, wanted, error))
        return false;
    if (slf->lattice->base > 0)
        *score *= log10(slf->lattice->base);
    else if (*score >= 0)
        *score = *score > 0 ? log10(*score) : LATTICE_ZERO;
    else
        return complain(slf, error, field->key, (size_t)(field->value - field->key) + field->length,
                        wanted);
    *score = *score < LATTICE_ZERO ? LATTICE_ZERO : *score;
    return *score < -LATTICE_ZERO ||
           complain(slf, error, field->key, (size_t)(field->value - field->key) + field->length,
                    wanted);
}

// Adds a score of a node to that of a link, either of which may be NAN: not given.
static double add_scores(double link, double node)
{
    return isnan(link) ? node : isnan(node) ? link : link + node;
}

// ---- lines ------------------------------------------------------------------------------------

static bool take_base(struct slf *slf, const struct field *field, struct error *error)
{
    struct lattice *lattice = slf->lattice;
    const char *wanted = "a base of logarithms above 1, or 0, before the first node";
    if (!parse(slf, field, &lattice->base, wanted, error))
        return false;
    return ((lattice->base > 1 || lattice->base == 0) && lattice->nodes == 0) ||
           complain(slf, error, field->key, (size_t)(field->value - field->key) + field->length,
                    wanted);
}

// The utterance's name is that of its file, without folders.
static bool take_utterance(struct slf *slf, const struct field *field, struct error *error)
{
    size_t begin = field->length;
    while (begin > 0 && field->value[begin - 1] != '/')
        begin--;
    if (begin == field->length)
        return true;
    char *id = memory_text(field->value + begin, field->length - begin, error);
    if (id == NULL)
        return false;
    free(slf->lattice->id);
    slf->lattice->id = id;
    return true;
}

static bool header_field(struct slf *slf, const struct field *field, struct error *error)
{
    struct lattice_scales *scales = &slf->lattice->scales;
    if (named(field, "base", NULL))
        return take_base(slf, field, error);
    if (named(field, "U", "UTTERANCE"))
        return take_utterance(slf, field, error);
    if (named(field, "S", "SUBLAT"))
        return complain(slf, error, field->key, (size_t)(field->value - field->key) + field->length,
                        "a lattice without sublattices");
    if (named(field, "N", "NODES"))
        return parse_count(slf, field, &slf->node_count, error);
    if (named(field, "L", "LINKS"))
        return parse_count(slf, field, &slf->link_count, error);
    if (named(field, "start", NULL))
        return parse_count(slf, field, &slf->start, error);
    if (named(field, "end", NULL))
        return parse_count(slf, field, &slf->end, error);
    double *target = named(field, "acscale", NULL)     ? &scales->acoustic
                     : named(field, "lmscale", NULL)   ? &scales->lm
                     : named(field, "prscale", NULL)   ? &scales->pronunciation
                     : named(field, "wdpenalty", NULL) ? &slf->penalty
                                                       : NULL;
    return target == NULL || parse(slf, field, target, "a number", error);
}

// Keeps a field for writing.
static bool note_field(struct slf *slf, const struct field *field, struct error *error)
{
    size_t length = (size_t)(field->value - field->key) + field->length;
    if (!memory_grow(&slf->note, &slf->note_capacity, slf->note_used + length + 1, 1, error))
        return false;
    if (slf->note_used > 0)
        slf->note[slf->note_used++] = '\t';
    memcpy(slf->note + slf->note_used, field->key, length);
    slf->note_used += length;
    return true;
}

// A field that nodes and links have alike.
static bool word_field(struct slf *slf, const struct field *field, struct lattice_link *link,
                       struct error *error)
{
    if (named(field, "W", "WORD")) {
        if (field->length == 0)
            return complain(slf, error, field->key, field->key_length + 1, "a word behind it");
        return lattice_set_word(slf->lattice, link, field->value, field->length, error);
    }
    if (named(field, "a", "acoustic"))
        return parse_score(slf, field, &link->acoustic, error);
    if (named(field, "l", "language"))
        return parse_score(slf, field, &link->lm, error);
    if (named(field, "r", NULL))
        return parse_score(slf, field, &link->pronunciation, error);
    return named(field, "p", "posterior") || note_field(slf, field, error);
}

static bool keep_note(struct slf *slf, struct lattice_link *link, struct error *error)
{
    return slf->note_used == 0 ||
           lattice_note(slf->lattice, slf->note, slf->note_used, &link->note, error);
}

static const struct lattice_link no_word = {
    .word = WORD_OOV, .acoustic = NAN, .lm = NAN, .pronunciation = NAN};

static bool node_line(struct slf *slf, const struct field *number, char *at, struct error *error)
{
    struct lattice *lattice = slf->lattice;
    struct lattice_link word = no_word;
    struct field field;
    double id, time = NAN;
    if (!parse_count(slf, number, &id, error))
        return false;
    slf->note_used = 0;
    while (next_field(slf, &at, &field)) {
        if (named(&field, "L", NULL))
            return complain(slf, error, field.key, 2 + field.length,
                            "a lattice without sublattices");
        bool ok = named(&field, "t", "time") ? parse(slf, &field, &time, "a time", error)
                                             : word_field(slf, &field, &word, error);
        if (!ok)
            return false;
    }
    if (*at != '\0')
        return complain(slf, error, at, strlen(at), "KEY=VALUE");
    size_t index = lattice->nodes;
    bool added = false;
    if (!pair_map_add(&slf->index, (uint64_t)id, 0, &index, &added, error))
        return false;
    if (!added)
        return complain(slf, error, number->key, 2 + number->length,
                        "another number than that of a node before");
    return keep_note(slf, &word, error) &&
           memory_grow(&slf->node_word, &slf->node_word_capacity, lattice->nodes + 1, sizeof word,
                       error) &&
           (slf->node_word[lattice->nodes] = word,
            lattice_add_node(lattice, time, (uint64_t)id, input_line_number(slf->input), error));
}

static bool find_node(const struct slf *slf, const struct field *field, size_t *node,
                      struct error *error)
{
    double number;
    if (!parse_count(slf, field, &number, error))
        return false;
    const size_t *index = pair_map_find(&slf->index, (uint64_t)number, 0);
    if (index == NULL)
        return complain(slf, error, field->key, (size_t)(field->value - field->key) + field->length,
                        "a node that is in the lattice, on a line before");
    *node = *index;
    return true;
}

static bool link_line(struct slf *slf, const char *line, char *at, struct error *error)
{
    struct lattice_link link = no_word;
    struct field field;
    link.from = link.to = NO_NODE;
    link.line = input_line_number(slf->input);
    slf->note_used = 0;
    while (next_field(slf, &at, &field)) {
        bool ok = named(&field, "S", "START") ? find_node(slf, &field, &link.from, error)
                  : named(&field, "E", "END") ? find_node(slf, &field, &link.to, error)
                                              : word_field(slf, &field, &link, error);
        if (!ok)
            return false;
        if (named(&field, "W", "WORD"))
            slf->words_on_links = true;
    }
    if (*at != '\0')
        return complain(slf, error, at, strlen(at), "KEY=VALUE");
    if (link.from == NO_NODE || link.to == NO_NODE)
        return complain(slf, error, line, strlen(line), "J=... S=NODE E=NODE");
    const struct lattice_link *end = &slf->node_word[link.to];
    if (link.word < 0 && !slf->words_on_links) {
        link.word = end->word;
        link.kind = end->kind;
    }
    link.acoustic = add_scores(link.acoustic, end->acoustic);
    link.lm = add_scores(link.lm, end->lm);
    link.pronunciation = add_scores(link.pronunciation, end->pronunciation);
    link.note = end->note;
    return keep_note(slf, &link, error) && lattice_add_link(slf->lattice, &link, error);
}

static bool take_line(struct slf *slf, char *line, struct error *error)
{
    struct field field;
    char *at = line;
    while (is_blank(*at))
        at++;
    if (*at == '\0' || *at == '#')
        return true;
    if (!next_field(slf, &at, &field))
        return complain(slf, error, at, strlen(at), "KEY=VALUE");
    if (named(&field, "I", NULL))
        return node_line(slf, &field, at, error);
    if (named(&field, "J", NULL))
        return link_line(slf, line, at, error);
    if (slf->lattice->links > 0)
        return complain(slf, error, line, strlen(line), "a link (J=...)");
    do
        if (!header_field(slf, &field, error))
            return false;
    while (next_field(slf, &at, &field));
    return *at == '\0' || complain(slf, error, at, strlen(at), "KEY=VALUE");
}

// ---- the whole --------------------------------------------------------------------------------

// Links with words have a score either all or none. NAN, for scores not given, becomes 0.
static bool verify_score(struct slf *slf, size_t member, const char *name, struct error *error)
{
    struct lattice *lattice = slf->lattice;
    const struct lattice_link *with = NULL, *without = NULL;
    for (size_t i = 0; i < lattice->links; i++) {
        struct lattice_link *link = &lattice->link[i];
        double *score = (double *)((char *)link + member);
        if (link->kind == LINK_WORD && isnan(*score))
            without = without != NULL ? without : link;
        else if (link->kind == LINK_WORD)
            with = with != NULL ? with : link;
        if (isnan(*score))
            *score = 0;
    }
    return with == NULL || without == NULL ||
           error_set(error,
                     "%s: line %" PRIu64 ": the link of \"%s\" has no %s, wanted one as on line "
                     "%" PRIu64,
                     input_name(slf->input), without->line, lattice_word(lattice, without), name,
                     with->line);
}

static bool verify_count(const struct slf *slf, const char *what, size_t found, double promised,
                         struct error *error)
{
    return isnan(promised) || promised == (double)found ||
           error_set(error,
                     "%s: line %" PRIu64 ": found %zu %s by the end of the file, wanted %.0f",
                     input_name(slf->input), input_line_number(slf->input), found, what, promised);
}

// A word on the start node, which no link has taken, gets a link of its own.
static bool begin_with_word(struct slf *slf, struct error *error)
{
    struct lattice *lattice = slf->lattice;
    bool *entered = memory_new(lattice->nodes, sizeof *entered, error);
    size_t start = lattice->start;
    if (entered == NULL)
        return false;
    for (size_t i = 0; i < lattice->links; i++)
        entered[lattice->link[i].to] = true;
    for (size_t i = 0; i < lattice->nodes && start == NO_NODE; i++)
        if (!entered[i])
            start = i;
    free(entered);
    if (slf->words_on_links || start == NO_NODE || slf->node_word[start].kind != LINK_WORD)
        return true;
    struct lattice_link link = slf->node_word[start];
    link.from = lattice->nodes;
    link.to = start;
    link.line = lattice->node[start].line;
    link.acoustic = add_scores(link.acoustic, 0); // what is on other links need not be here
    link.lm = add_scores(link.lm, 0);
    link.pronunciation = add_scores(link.pronunciation, 0);
    lattice->start = lattice->nodes;
    return lattice_add_node(lattice, NAN, lattice->node[start].number, link.line, error) &&
           lattice_add_link(lattice, &link, error);
}

static bool verify(struct slf *slf, struct error *error)
{
    struct lattice *lattice = slf->lattice;
    if (!verify_count(slf, "nodes", lattice->nodes, slf->node_count, error) ||
        !verify_count(slf, "links", lattice->links, slf->link_count, error))
        return false;
    const struct {
        double number;
        size_t *index;
        const char *name;
    } ends[] = {{slf->start, &lattice->start, "start"}, {slf->end, &lattice->end, "end"}};
    for (size_t i = 0; i < 2; i++) {
        if (isnan(ends[i].number))
            continue;
        const size_t *index = pair_map_find(&slf->index, (uint64_t)ends[i].number, 0);
        if (index == NULL)
            return error_set(error,
                             "%s: line %" PRIu64 ": found %s=%.0f, wanted a node that is in "
                             "the lattice",
                             input_name(slf->input), input_line_number(slf->input), ends[i].name,
                             ends[i].number);
        *ends[i].index = *index;
    }
    return verify_score(slf, offsetof(struct lattice_link, acoustic), "acoustic score (a=)",
                        error) &&
           verify_score(slf, offsetof(struct lattice_link, lm), "language model score (l=)",
                        error) &&
           verify_score(slf, offsetof(struct lattice_link, pronunciation),
                        "pronunciation score (r=)", error) &&
           begin_with_word(slf, error);
}

bool slf_read(struct input *input, struct lattice *lattice, bool quotes, struct error *error)
{
    struct slf slf = {.input = input,
                      .lattice = lattice,
                      .quotes = quotes,
                      .node_count = NAN,
                      .link_count = NAN,
                      .start = NAN,
                      .end = NAN};
    bool ok = true;
    lattice->format = LATTICE_SLF;
    for (char *line; ok && (line = input_line(input, NULL)) != NULL;)
        ok = take_line(&slf, line, error);
    if (ok && !input_ok(input, error))
        ok = error_prefix(error, "%s: line %" PRIu64 ": ", input_name(input),
                          input_line_number(input));
    ok = ok && verify(&slf, error);
    if (ok)
        lattice->scales.word_penalty =
            slf.penalty * (lattice->base > 0 ? log10(lattice->base) : log10(exp(1)));
    pair_map_free(&slf.index);
    free(slf.node_word);
    free(slf.note);
    return ok;
}
