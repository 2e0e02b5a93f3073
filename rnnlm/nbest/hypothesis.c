// Hypotheses of n-best lists: what all forms have in common.
#include "nbest/hypothesis.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "nbest/hypothesis_forms.h"
#include "text/marks.h"

enum { SHOWN = 80 }; // bytes of a bad line that a message quotes

// In the order of enum hypothesis_form.
static const struct hypothesis_type *const types[HYPOTHESIS_FORMS] = {
    &hypothesis_id,          &hypothesis_kaldi,   &hypothesis_srilm, &hypothesis_nbest1,
    &hypothesis_nbest2,      &hypothesis_tabs,    &hypothesis_moses, &hypothesis_moses_words,
    &hypothesis_moses_total, &hypothesis_id_srilm};

// The order in which they are tried: any line is one of an ID and words.
static const enum hypothesis_form trial[HYPOTHESIS_FORMS] = {
    HYPOTHESIS_NBEST1, HYPOTHESIS_NBEST2, HYPOTHESIS_MOSES_WORDS, HYPOTHESIS_MOSES_TOTAL,
    HYPOTHESIS_MOSES,  HYPOTHESIS_TABS,   HYPOTHESIS_ID_SRILM,    HYPOTHESIS_SRILM,
    HYPOTHESIS_KALDI,  HYPOTHESIS_ID};

enum { HELD = 2 }; // lines read for recognising the form

struct held_line {
    char *text;
    size_t length;
    uint64_t number;
};

struct hypotheses {
    struct input *input;
    enum hypothesis_form form;
    bool told; // the form, by hypotheses_set_form()
    struct held_line held[HELD];
    size_t held_count, held_used;
    uint64_t line_number;
    char *words; // of the hypothesis read last
    size_t used, capacity;
    uint64_t count;
    char *id; // of the list read last; NULL if none
    size_t id_length, id_capacity;
    bool gap;             // a list has ended before the next hypothesis
    uint64_t header_line; // of a header that no hypothesis has followed yet, 0 for none
    bool failed, can_go_on;
    enum hypotheses_failure kind;
    struct error failure;
};

bool span_field(struct span *rest, const char *separator, struct span *field)
{
    size_t length = strlen(separator);
    if (rest->text == NULL)
        return false;
    const char *end = memmem(rest->text, rest->length, separator, length);
    *field = *rest;
    if (end == NULL) {
        *rest = (struct span){NULL, 0};
    } else {
        field->length = (size_t)(end - rest->text);
        *rest = (struct span){end + length, rest->length - field->length - length};
    }
    *field = span_strip(*field);
    return true;
}

bool span_score(struct span word, double *value)
{
    return word.length > 0 && number_parse(word.text, word.length, value) && *value < INFINITY;
}

size_t span_stem(struct span id, double *n)
{
    size_t stem = id.length;
    while (stem > 0 && id.text[stem - 1] >= '0' && id.text[stem - 1] <= '9')
        stem--;
    if (stem < 2 || stem == id.length || id.length - stem > 15 || id.text[stem - 1] != '-')
        return 0;
    double number = 0;
    for (size_t i = stem; i < id.length; i++)
        number = number * 10 + (id.text[i] - '0');
    if (n != NULL)
        *n = number;
    return stem - 1;
}

// ---- opening ----------------------------------------------------------------------------------

// Reads the next line that is not blank and keeps it; blank ones are forgotten only before the
// first.
static bool hold(struct hypotheses *hypotheses, struct error *error)
{
    struct span rest, word;
    char *line;
    size_t length;
    do {
        line = input_line(hypotheses->input, &length);
        if (line == NULL)
            return input_ok(hypotheses->input, error);
        rest = (struct span){line, length};
    } while (!span_take(&rest, &word) && hypotheses->held_count == 0);
    struct held_line *held = &hypotheses->held[hypotheses->held_count];
    held->text = memory_text(line, length, error);
    held->length = length;
    held->number = input_line_number(hypotheses->input);
    hypotheses->held_count += held->text != NULL;
    return held->text != NULL;
}

static bool recognise(struct hypotheses *hypotheses, struct error *error)
{
    struct span line[HELD] = {{"", 0}, {"", 0}};
    if (!hold(hypotheses, error))
        return false;
    if (hypotheses->held_count == 0)
        return error_set(error, "%s: the file is empty, an n-best list is wanted",
                         hypotheses_name(hypotheses));
    // What is wrong with the second line is said when it is its turn; without memory it would be lost.
    if (!hold(hypotheses, error) && input_ok(hypotheses->input, NULL))
        return false;
    for (size_t i = 0; i < hypotheses->held_count; i++)
        line[i] = (struct span){hypotheses->held[i].text, hypotheses->held[i].length};
    size_t i = 0;
    while (!types[trial[i]]->recognise(line[0], line[1]))
        i++;
    hypotheses->form = trial[i];
    return true;
}

struct hypotheses *hypotheses_open(const char *path, struct error *error)
{
    struct hypotheses *hypotheses = memory_new(1, sizeof *hypotheses, error);
    if (hypotheses == NULL)
        return NULL;
    hypotheses->input = input_open_text(path, error);
    hypotheses->gap = true;
    if (hypotheses->input != NULL && recognise(hypotheses, error))
        return hypotheses;
    hypotheses_close(hypotheses);
    return NULL;
}

void hypotheses_close(struct hypotheses *hypotheses)
{
    if (hypotheses == NULL)
        return;
    input_close(hypotheses->input);
    for (size_t i = 0; i < hypotheses->held_count; i++)
        free(hypotheses->held[i].text);
    free(hypotheses->words);
    free(hypotheses->id);
    free(hypotheses);
}

bool hypothesis_form_named(const char *name, enum hypothesis_form *form, struct error *error)
{
    char names[200] = "";
    for (int i = 0; i < HYPOTHESIS_FORMS; i++) {
        *form = (enum hypothesis_form)i;
        if (strcmp(name, types[i]->name) == 0)
            return true;
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i > 0 ? ", " : "",
                 types[i]->name);
    }
    return error_set(error, "found \"%.60s\", wanted one of %s", name, names);
}

bool hypotheses_remark(const struct hypotheses *hypotheses, struct error *remark)
{
    struct span line = {hypotheses->held[0].text, hypotheses->held[0].length}, id;
    if (hypotheses->told || hypotheses->form != HYPOTHESIS_KALDI || !span_take(&line, &id))
        return false;
    error_set(
        remark,
        "%s: names such as %.*s are taken for UTTERANCE-N, hypothesis N of an utterance: -form "
        "kaldi says so, -form id takes each for an utterance",
        hypotheses_name(hypotheses), id.length < SHOWN ? (int)id.length : SHOWN, id.text);
    return true;
}

void hypotheses_set_form(struct hypotheses *hypotheses, enum hypothesis_form form)
{
    hypotheses->form = form;
    hypotheses->told = true;
}

enum hypothesis_form hypotheses_form(const struct hypotheses *hypotheses)
{
    return hypotheses->form;
}

const char *hypotheses_name(const struct hypotheses *hypotheses)
{
    return input_name(hypotheses->input);
}

uint64_t hypotheses_line_number(const struct hypotheses *hypotheses)
{
    return hypotheses->line_number;
}

bool hypotheses_ok(const struct hypotheses *hypotheses, struct error *error)
{
    if (hypotheses->failed && error != NULL)
        *error = hypotheses->failure;
    return !hypotheses->failed && input_ok(hypotheses->input, error);
}

enum hypotheses_failure hypotheses_failure(const struct hypotheses *hypotheses)
{
    return hypotheses->kind;
}

bool hypotheses_resume(struct hypotheses *hypotheses)
{
    if (!input_ok(hypotheses->input, NULL) || (hypotheses->failed && !hypotheses->can_go_on))
        return false;
    hypotheses->failed = false;
    return true;
}

// ---- what a line gives ------------------------------------------------------------------------

bool hypothesis_wrong(struct hypotheses *hypotheses, struct span line, const char *wanted)
{
    hypotheses->failed = hypotheses->can_go_on = true;
    hypotheses->kind = hypotheses->gap ? HYPOTHESES_BAD_FIRST : HYPOTHESES_BAD_LINE;
    return error_set(&hypotheses->failure, "%s: line %llu: found \"%.*s\", wanted %s",
                     hypotheses_name(hypotheses),
                     (unsigned long long)hypotheses_line_number(hypotheses),
                     line.length < SHOWN ? (int)line.length : SHOWN, line.text, wanted);
}

static bool out_of_memory(struct hypotheses *hypotheses)
{
    hypotheses->failed = true;
    hypotheses->can_go_on = false;
    return false;
}

bool hypothesis_add_word(struct hypotheses *hypotheses, struct span word)
{
    size_t used = hypotheses->used, blank = used > 0;
    if (!memory_grow(&hypotheses->words, &hypotheses->capacity, used + blank + word.length + 1, 1,
                     &hypotheses->failure))
        return out_of_memory(hypotheses);
    if (blank)
        hypotheses->words[used++] = ' ';
    memcpy(hypotheses->words + used, word.text, word.length);
    hypotheses->used = used + word.length;
    hypotheses->words[hypotheses->used] = '\0';
    hypotheses->count++;
    return true;
}

// Nothing follows but marks of the end.
static bool has_ended(struct span rest)
{
    struct span word;
    while (span_take(&rest, &word))
        if (mark_of(word.text, word.length) != MARK_END)
            return false;
    return true;
}

bool hypothesis_add_words(struct hypotheses *hypotheses, struct span rest)
{
    struct span word;
    bool begun = false;
    while (span_take(&rest, &word)) {
        enum mark mark = mark_of(word.text, word.length);
        if (mark == MARK_END && has_ended(rest))
            return true;
        if (mark == MARK_START && !begun)
            continue;
        begun = true;
        if (!hypothesis_add_word(hypotheses, word))
            return false;
    }
    return true;
}

bool hypothesis_set_id(struct hypotheses *hypotheses, struct span id)
{
    struct span old = {hypotheses->id, hypotheses->id_length};
    hypotheses->gap =
        old.text == NULL || old.length != id.length || memcmp(old.text, id.text, id.length) != 0;
    if (!memory_grow(&hypotheses->id, &hypotheses->id_capacity, id.length + 1, 1,
                     &hypotheses->failure))
        return out_of_memory(hypotheses);
    memcpy(hypotheses->id, id.text, id.length);
    hypotheses->id_length = id.length;
    return true;
}

// ---- reading ----------------------------------------------------------------------------------

// The next line of the file, those held back first; the text is NULL at the end.
static struct span take_line(struct hypotheses *hypotheses)
{
    struct span line;
    if (hypotheses->held_used < hypotheses->held_count) {
        const struct held_line *held = &hypotheses->held[hypotheses->held_used++];
        hypotheses->line_number = held->number;
        return (struct span){held->text, held->length};
    }
    line.text = input_line(hypotheses->input, &line.length);
    hypotheses->line_number = input_line_number(hypotheses->input);
    return line;
}

// A header must have hypotheses behind it.
static bool check_header(struct hypotheses *hypotheses)
{
    uint64_t line = hypotheses->header_line;
    hypotheses->header_line = 0;
    if (line == 0 || !input_ok(hypotheses->input, NULL))
        return true;
    hypotheses->failed = hypotheses->can_go_on = true;
    hypotheses->kind = HYPOTHESES_BAD_HEADER;
    return error_set(&hypotheses->failure,
                     "%s: line %llu: found the header of a list without hypotheses, wanted (SCORE) "
                     "WORD ... behind it",
                     hypotheses_name(hypotheses), (unsigned long long)line);
}

// A line that holds a hypothesis; the text is NULL at the end, and after a failure.
static struct span next_line(struct hypotheses *hypotheses)
{
    const char *header = types[hypotheses->form]->header;
    for (;;) {
        struct span line = take_line(hypotheses), rest = line, word;
        bool is_header =
            line.text != NULL && span_take(&rest, &word) && header != NULL && span_is(word, header);
        if ((line.text == NULL || is_header) && !check_header(hypotheses)) {
            hypotheses->gap = true;
            hypotheses->header_line = is_header ? hypotheses->line_number : 0;
            return (struct span){NULL, 0};
        }
        rest = line;
        if (line.text == NULL || (span_take(&rest, &word) && !is_header))
            return line;
        if (is_header)
            hypotheses->header_line = hypotheses->line_number;
        hypotheses->gap = true;
    }
}

bool hypotheses_next(struct hypotheses *hypotheses, struct hypothesis *hypothesis)
{
    struct span line = {0};
    if (!hypotheses->failed)
        line = next_line(hypotheses);
    if (line.text == NULL)
        return false;
    hypotheses->header_line = 0;
    *hypothesis = (struct hypothesis){.language = NAN};
    hypotheses->used = 0;
    hypotheses->count = 0;
    if (!types[hypotheses->form]->read(hypotheses, line, hypothesis))
        return false;
    hypothesis->begins_list = hypotheses->gap;
    hypotheses->gap = false;
    if (hypotheses->id != NULL) {
        hypothesis->id = hypotheses->id;
        hypothesis->id_length = hypotheses->id_length;
    }
    hypothesis->words = hypotheses->used > 0 ? hypotheses->words : "";
    hypothesis->length = hypotheses->used;
    hypothesis->count = hypotheses->count;
    hypothesis->line = line.text;
    hypothesis->line_length = line.length;
    return true;
}
