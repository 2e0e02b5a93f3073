// Rules that make words of a transcript comparable.
#include "wer/glm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "wer/letter_case.h"
#include "wer/transcript_words.h"

struct rule {
    char *text; // input, output, left and right, one behind the other
    size_t input, output, left, right;
    size_t next; // the next rule whose input begins with the same byte
};

#define NO_RULE SIZE_MAX

struct glm {
    struct rule *rule; // [rules], in the file's order
    size_t rules, capacity;
    size_t first[256], last[256]; // rules by the first byte of their input
    bool case_sensitive;
};

// ---- reading ------------------------------------------------------------------------------------

// Where `what` is in a text; its length if it is not.
static size_t find(struct span text, const char *what)
{
    size_t at = 0;
    while (at < text.length && !span_starts((struct span){text.text + at, text.length - at}, what))
        at++;
    return at;
}

static struct span behind(struct span text, size_t at)
{
    return at < text.length ? (struct span){text.text + at, text.length - at}
                            : (struct span){text.text + text.length, 0};
}

// A comment behind a rule.
static struct span without_comment(struct span line)
{
    for (size_t at = 1; at + 1 < line.length; at++)
        if (span_is_blank(line.text[at - 1]) && span_starts(behind(line, at), ";;"))
            return span_strip((struct span){line.text, at});
    return line;
}

// What stands in front of `end`, in brackets, in braces (which stay) or bare. The rest is left in `line`.
static bool take_part(struct span *line, const char *end, struct span *part)
{
    struct span text = span_strip(*line);
    if (text.length > 0 && *text.text == '[') {
        size_t close = find(text, "]");
        if (close == text.length)
            return false;
        *part = (struct span){text.text + 1, close - 1};
        *line = span_strip(behind(text, close + 1));
        return line->length == 0 || span_starts(*line, end);
    }
    size_t at = 0;
    if (text.length > 0 && *text.text == '{' && (at = find(text, "}")) == text.length)
        return false;
    at += find(behind(text, at), end);
    *part = span_strip((struct span){text.text, at});
    *line = behind(text, at);
    return true;
}

// A new rule's text, in lower case where case does not matter (but for the output).
static bool add_rule(struct glm *glm, const struct span part[4], struct error *error)
{
    size_t length = part[0].length + part[1].length + part[2].length + part[3].length;
    char *text = memory_new(length + 1, 1, error);
    if (text == NULL ||
        !memory_grow(&glm->rule, &glm->capacity, glm->rules + 1, sizeof *glm->rule, error)) {
        free(text);
        return false;
    }
    char *to = text;
    for (int i = 0; i < 4; i++) {
        memcpy(to, part[i].text, part[i].length);
        if (i != 1 && !glm->case_sensitive)
            letter_case_lower(to, part[i].length);
        to += part[i].length;
    }
    unsigned char first = (unsigned char)*text;
    if (glm->first[first] == NO_RULE)
        glm->first[first] = glm->rules;
    else
        glm->rule[glm->last[first]].next = glm->rules;
    glm->last[first] = glm->rules;
    glm->rule[glm->rules++] = (struct rule){text,           part[0].length, part[1].length,
                                            part[2].length, part[3].length, NO_RULE};
    return true;
}

static bool bad_rule(struct span line, struct error *error)
{
    return error_set(error, "found \"%.*s\", wanted [INPUT] => [OUTPUT] / [LEFT] __ [RIGHT]",
                     line.length < 60 ? (int)line.length : 60, line.text);
}

static bool read_rule(struct glm *glm, struct span line, struct error *error)
{
    struct span part[4] = {{"", 0}, {"", 0}, {"", 0}, {"", 0}}, rest = line;
    if (!take_part(&rest, "=>", &part[0]) || !span_starts(rest, "=>") || part[0].length == 0)
        return bad_rule(line, error);
    rest = behind(rest, 2);
    if (!take_part(&rest, "/", &part[1]))
        return bad_rule(line, error);
    if (rest.length == 0)
        return add_rule(glm, part, error);
    rest = behind(rest, 1);
    if (!take_part(&rest, "__", &part[2]) || !span_starts(rest, "__"))
        return bad_rule(line, error);
    rest = behind(rest, 2);
    if (!take_part(&rest, "\n", &part[3]) || rest.length > 0)
        return bad_rule(line, error);
    return add_rule(glm, part, error);
}

// * NAME = 'VALUE'
static void read_property(struct glm *glm, struct span line)
{
    struct span name = span_strip(behind(line, 1));
    if (span_starts(name, "case_sensitive"))
        glm->case_sensitive = find(name, "'T'") < name.length || find(name, "\"T\"") < name.length;
}

static bool read_rules(struct glm *glm, struct input *input, struct error *error)
{
    size_t length;
    for (const char *text; (text = input_line(input, &length)) != NULL;) {
        struct span line = span_strip((struct span){text, length});
        if (line.length == 0 || span_starts(line, ";;"))
            continue;
        if (*line.text == '*')
            read_property(glm, line);
        else if (!read_rule(glm, without_comment(line), error))
            return error_prefix(error, "%s: line %" PRIu64 ": ", input_name(input),
                                input_line_number(input));
    }
    return input_ok(input, error);
}

struct glm *glm_open(const char *path, struct error *error)
{
    struct glm *glm = memory_new(1, sizeof *glm, error);
    struct input *input = glm != NULL ? input_open_text(path, error) : NULL;
    bool ok = input != NULL;
    for (size_t i = 0; glm != NULL && i < 256; i++)
        glm->first[i] = NO_RULE;
    ok = ok && read_rules(glm, input, error);
    input_close(input);
    if (ok)
        return glm;
    glm_close(glm);
    return NULL;
}

void glm_close(struct glm *glm)
{
    for (size_t i = 0; glm != NULL && i < glm->rules; i++)
        free(glm->rule[i].text);
    if (glm != NULL)
        free(glm->rule);
    free(glm);
}

// ---- applying -----------------------------------------------------------------------------------

// What is written, behind what is read: a text with a blank at each end.
struct filter {
    const struct glm *glm;
    char *text, *folded; // as it is, and as inputs and contexts are
    size_t length, room, folded_room;
    bool split_hyphens;
    char **out;
    size_t *capacity, used;
};

static bool put(struct filter *filter, const char *text, size_t length, struct error *error)
{
    if (!memory_grow(filter->out, filter->capacity, filter->used + length + 1, 1, error))
        return false;
    memcpy(*filter->out + filter->used, text, length);
    filter->used += length;
    (*filter->out)[filter->used] = '\0';
    return true;
}

static bool fits(const struct filter *filter, const struct rule *rule, size_t at)
{
    const char *text = filter->folded, *left = rule->text + rule->input + rule->output;
    size_t end = at + rule->input;
    return end + rule->right <= filter->length && at >= rule->left &&
           memcmp(text + at, rule->text, rule->input) == 0 &&
           memcmp(text + at - rule->left, left, rule->left) == 0 &&
           memcmp(text + end, left + rule->left, rule->right) == 0;
}

static const struct rule *rule_at(const struct filter *filter, size_t at)
{
    const struct glm *glm = filter->glm;
    size_t i = glm != NULL ? glm->first[(unsigned char)filter->folded[at]] : NO_RULE;
    while (i != NO_RULE && !fits(filter, &glm->rule[i], at))
        i = glm->rule[i].next;
    return i != NO_RULE ? &glm->rule[i] : NULL;
}

// A run of words: with a blank at each end to filter->text, a single one between words.
static bool take_text(struct filter *filter, struct span text, struct error *error)
{
    if (!memory_grow(&filter->text, &filter->room, text.length + 3, 1, error) ||
        !memory_grow(&filter->folded, &filter->folded_room, text.length + 3, 1, error))
        return false;
    char *to = filter->text;
    *to++ = ' ';
    for (struct span word; span_take(&text, &word);) {
        memcpy(to, word.text, word.length);
        to += word.length;
        *to++ = ' ';
    }
    filter->length = (size_t)(to - filter->text);
    memcpy(filter->folded, filter->text, filter->length);
    if (filter->glm == NULL || !filter->glm->case_sensitive)
        letter_case_lower(filter->folded, filter->length);
    return true;
}

// The rules, from filter->text to the output.
static bool apply_rules(struct filter *filter, struct error *error)
{
    for (size_t at = 0; at < filter->length;) {
        const struct rule *rule = rule_at(filter, at);
        if (rule == NULL) {
            if (!put(filter, filter->text + at, 1, error))
                return false;
            at++;
            continue;
        }
        if (!put(filter, rule->text + rule->input, rule->output, error))
            return false;
        at += rule->input;
    }
    return true;
}

// Hyphens within words, in what has been written from `from` on: behind what is neither a blank nor
// another one, and before what is no blank.
static void split_hyphens(struct filter *filter, size_t from)
{
    char *out = *filter->out, before = ' ';
    for (size_t i = from; i < filter->used; i++) {
        bool within = before != ' ' && before != '-' && i + 1 < filter->used && out[i + 1] != ' ';
        before = out[i];
        if (out[i] == '-' && within)
            out[i] = ' ';
    }
}

static bool filter_words(struct filter *filter, struct span text, struct error *error)
{
    size_t from = filter->used;
    if (!take_text(filter, text, error) || !apply_rules(filter, error))
        return false;
    if (filter->split_hyphens)
        split_hyphens(filter, from);
    return true;
}

static bool is_mark(struct span word)
{
    return word.length == 1 && strchr("{/}@", *word.text) != NULL;
}

// What becomes of an optional word: each word of it in brackets.
static bool filter_optional(struct filter *filter, struct span word, struct error *error)
{
    char *own = NULL;
    size_t room = 0;
    struct filter inner = *filter;
    inner.out = &own, inner.capacity = &room, inner.used = 0;
    bool ok = filter_words(&inner, (struct span){word.text + 1, word.length - 2}, error);
    struct span rest = {own, inner.used};
    filter->text = inner.text, filter->room = inner.room;
    filter->folded = inner.folded, filter->folded_room = inner.folded_room;
    for (struct span one; ok && span_take(&rest, &one);) {
        bool mark = is_mark(one);
        ok = (mark || put(filter, "(", 1, error)) && put(filter, one.text, one.length, error) &&
             put(filter, mark ? " " : ") ", mark ? 1 : 2, error);
    }
    free(own);
    return ok;
}

// Runs of words between optional ones.
static bool filter_text(struct filter *filter, struct span text, bool optional, struct error *error)
{
    struct span run = {text.text, 0}, word;
    while (span_take(&text, &word)) {
        if (!optional || !transcript_word_is_optional(word)) {
            run.length = (size_t)(word.text + word.length - run.text);
            continue;
        }
        if ((run.length > 0 && !filter_words(filter, run, error)) ||
            !filter_optional(filter, word, error))
            return false;
        run = (struct span){word.text + word.length, 0};
    }
    return run.length == 0 || filter_words(filter, run, error);
}

// Single blanks between words, none at the ends.
static void tidy(struct filter *filter)
{
    struct span rest = {*filter->out, filter->used}, word;
    char *to = *filter->out;
    while (span_take(&rest, &word)) {
        if (to != *filter->out)
            *to++ = ' ';
        memmove(to, word.text, word.length);
        to += word.length;
    }
    *to = '\0';
    filter->used = (size_t)(to - *filter->out);
}

bool glm_apply(const struct glm *glm, struct span text, bool optional, bool split_hyphens_too,
               char **out, size_t *capacity, size_t *length, struct error *error)
{
    struct filter filter = {
        .glm = glm, .split_hyphens = split_hyphens_too, .out = out, .capacity = capacity};
    bool ok = put(&filter, "", 0, error) && filter_text(&filter, text, optional, error);
    if (ok)
        tidy(&filter);
    *length = filter.used;
    free(filter.text);
    free(filter.folded);
    return ok;
}
