// Hypotheses of n-best lists.
#include "score/hypothesis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"

enum { SHOWN = 80 }; // bytes of a bad line that a message quotes

// A bytelog is a logarithm to base 1.0001, divided by 1024; this is 1024 log10(1.0001).
static const double bytelog_to_log10 = 1024 * 4.342727686266485e-05;

struct span {
    const char *text;
    size_t length;
};

struct hypotheses {
    struct input *input;
    enum hypothesis_form form;
    const char *held; // the first line, read for recognising the form; NULL when used up
    size_t held_length;
    char *words; // of the hypothesis read last
    size_t used, capacity;
    uint64_t count;
    char *id; // likewise
    size_t id_length, id_capacity;
    bool gap; // a list has ended before the next hypothesis
    bool failed;
    struct error failure;
};

// ---- words of a line --------------------------------------------------------------------------

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

// Takes the next word; false at the end of the line.
static bool take(struct span *rest, struct span *word)
{
    while (rest->length > 0 && is_blank(*rest->text))
        *rest = (struct span){rest->text + 1, rest->length - 1};
    word->text = rest->text;
    word->length = 0;
    while (word->length < rest->length && !is_blank(word->text[word->length]))
        word->length++;
    *rest = (struct span){rest->text + word->length, rest->length - word->length};
    return word->length > 0;
}

static bool is(struct span word, const char *text)
{
    return word.length == strlen(text) && memcmp(word.text, text, word.length) == 0;
}

// A finite number, or -inf.
static bool read_score(struct span word, double *value)
{
    return number_parse(word.text, word.length, value) && *value < INFINITY;
}

static bool read_count(struct span word, double *value)
{
    return read_score(word, value) && *value >= 0 && *value == floor(*value);
}

// Word count without <s> and </s>.
static double count_words(struct span rest)
{
    struct span word;
    double count = 0;
    while (take(&rest, &word))
        count += !is(word, "<s>") && !is(word, "</s>");
    return count;
}

// Three numbers begin a line of SRILM's form. The first words of an ID line may be numbers too, but
// they are hardly negative, and the third is hardly the number of words that follow.
static bool is_srilm(struct span rest)
{
    struct span first, second, third;
    double acoustic, language, count;
    if (!take(&rest, &first) || !take(&rest, &second) || !take(&rest, &third) ||
        !read_score(first, &acoustic) || !read_score(second, &language) ||
        !read_count(third, &count))
        return false;
    return *first.text == '-' || *second.text == '-' || count == count_words(rest);
}

// ---- opening ----------------------------------------------------------------------------------

static bool recognise(struct hypotheses *hypotheses, struct error *error)
{
    const char *line;
    size_t length;
    struct span rest, word;
    do {
        line = input_line(hypotheses->input, &length);
        if (line == NULL)
            return input_ok(hypotheses->input, error) &&
                   error_set(error, "%s: the file is empty, an n-best list is wanted",
                             hypotheses_name(hypotheses));
        rest = (struct span){line, length};
    } while (!take(&rest, &word));
    bool first = is(word, "NBestList1.0"), second = is(word, "NBestList2.0");
    hypotheses->form = first                                   ? HYPOTHESIS_NBEST1
                       : second                                ? HYPOTHESIS_NBEST2
                       : is_srilm((struct span){line, length}) ? HYPOTHESIS_SRILM
                                                               : HYPOTHESIS_ID;
    hypotheses->held = first || second ? NULL : line;
    hypotheses->held_length = length;
    return true;
}

struct hypotheses *hypotheses_open(const char *path, struct error *error)
{
    struct hypotheses *hypotheses = memory_new(1, sizeof *hypotheses, error);
    if (hypotheses == NULL)
        return NULL;
    hypotheses->input = input_open(path, error);
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
    free(hypotheses->words);
    free(hypotheses->id);
    free(hypotheses);
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
    return input_line_number(hypotheses->input);
}

bool hypotheses_ok(const struct hypotheses *hypotheses, struct error *error)
{
    if (hypotheses->failed && error != NULL)
        *error = hypotheses->failure;
    return !hypotheses->failed && input_ok(hypotheses->input, error);
}

// ---- reading ----------------------------------------------------------------------------------

static bool wrong_line(struct hypotheses *hypotheses, struct span line, const char *wanted)
{
    hypotheses->failed = true;
    return error_set(&hypotheses->failure, "%s: line %llu: found \"%.*s\", wanted %s",
                     hypotheses_name(hypotheses),
                     (unsigned long long)hypotheses_line_number(hypotheses),
                     line.length < SHOWN ? (int)line.length : SHOWN, line.text, wanted);
}

static bool add_word(struct hypotheses *hypotheses, struct span word)
{
    size_t used = hypotheses->used, blank = used > 0;
    if (!memory_grow(&hypotheses->words, &hypotheses->capacity, used + blank + word.length + 1, 1,
                     &hypotheses->failure)) {
        hypotheses->failed = true;
        return false;
    }
    if (blank)
        hypotheses->words[used++] = ' ';
    memcpy(hypotheses->words + used, word.text, word.length);
    hypotheses->used = used + word.length;
    hypotheses->words[hypotheses->used] = '\0';
    hypotheses->count++;
    return true;
}

// All words of the rest of a line but a first <s> and a last </s>.
static bool add_words(struct hypotheses *hypotheses, struct span rest)
{
    struct span word, after;
    for (bool first = true; take(&rest, &word); first = false) {
        struct span look = rest;
        bool last = !take(&look, &after);
        if ((first && is(word, "<s>")) || (last && is(word, "</s>")))
            continue;
        if (!add_word(hypotheses, word))
            return false;
    }
    return true;
}

// "( st: 0.1 et: 0.2 g: -3 a: -20 )": start and end time.
static bool take_times(struct span *rest, double *start, double *end)
{
    struct span word;
    *start = *end = NAN;
    if (!take(rest, &word) || !is(word, "("))
        return false;
    while (take(rest, &word) && !is(word, ")")) {
        struct span value;
        if (!take(rest, &value))
            return false;
        if ((is(word, "st:") && !read_score(value, start)) ||
            (is(word, "et:") && !read_score(value, end)))
            return false;
    }
    return is(word, ")") && *start <= *end;
}

// WORD ( st: .. et: .. ) and its phones and states, again and again.
static bool add_timed_words(struct hypotheses *hypotheses, struct span line, struct span rest)
{
    struct span word;
    double word_start = INFINITY, word_end = -INFINITY, start, end;
    while (take(&rest, &word)) {
        if (!take_times(&rest, &start, &end))
            return wrong_line(
                hypotheses, line,
                "(SCORE) and WORD ( st: START et: END g: SCORE a: SCORE ) for each word");
        if (start >= word_start && end <= word_end)
            continue;
        word_start = start;
        word_end = end;
        if (!is(word, "<s>") && !is(word, "</s>") && !add_word(hypotheses, word))
            return false;
    }
    return true;
}

// "(SCORE)"; there may be blanks within.
static bool take_bytelog(struct span *rest, double *log10_score)
{
    struct span word;
    const char *end = memchr(rest->text, ')', rest->length);
    if (!take(rest, &word) || *word.text != '(' || end == NULL)
        return false;
    struct span inside = {word.text + 1, (size_t)(end - word.text - 1)}, number;
    rest->length -= (size_t)(end + 1 - rest->text);
    rest->text = end + 1;
    if (!take(&inside, &number) || !read_score(number, log10_score))
        return false;
    *log10_score *= bytelog_to_log10;
    return true;
}

static bool read_srilm(struct hypotheses *hypotheses, struct span line,
                       struct hypothesis *hypothesis)
{
    struct span rest = line, acoustic, language, number;
    double value;
    if (!take(&rest, &acoustic) || !take(&rest, &language) || !take(&rest, &number) ||
        !read_score(acoustic, &hypothesis->acoustic) || !read_score(language, &value) ||
        !read_count(number, &value))
        return wrong_line(hypotheses, line, "ACOUSTIC LANGUAGE NWORDS WORD ...");
    return add_words(hypotheses, rest);
}

// Keeps the ID for the caller, and to see where it changes.
static bool keep_id(struct hypotheses *hypotheses, struct span id)
{
    struct span old = {hypotheses->id, hypotheses->id_length};
    hypotheses->gap =
        old.text == NULL || old.length != id.length || memcmp(old.text, id.text, id.length) != 0;
    if (!memory_grow(&hypotheses->id, &hypotheses->id_capacity, id.length, 1,
                     &hypotheses->failure)) {
        hypotheses->failed = true;
        return false;
    }
    memcpy(hypotheses->id, id.text, id.length);
    hypotheses->id_length = id.length;
    return true;
}

static bool read_line(struct hypotheses *hypotheses, struct span line,
                      struct hypothesis *hypothesis)
{
    struct span rest = line, id;
    switch (hypotheses->form) {
    case HYPOTHESIS_ID:
        take(&rest, &id);
        return keep_id(hypotheses, id) && add_words(hypotheses, rest);
    case HYPOTHESIS_SRILM:
        return read_srilm(hypotheses, line, hypothesis);
    case HYPOTHESIS_NBEST1:
    case HYPOTHESIS_NBEST2:
        if (!take_bytelog(&rest, &hypothesis->acoustic))
            return wrong_line(hypotheses, line, "(SCORE) WORD ...");
        return hypotheses->form == HYPOTHESIS_NBEST1 ? add_words(hypotheses, rest)
                                                     : add_timed_words(hypotheses, line, rest);
    }
    return false;
}

// A line that holds a hypothesis; the text is NULL at the end.
static struct span next_line(struct hypotheses *hypotheses)
{
    const char *header = hypotheses->form == HYPOTHESIS_NBEST1   ? "NBestList1.0"
                         : hypotheses->form == HYPOTHESIS_NBEST2 ? "NBestList2.0"
                                                                 : NULL;
    for (;;) {
        struct span line = {hypotheses->held, hypotheses->held_length}, rest, word;
        hypotheses->held = NULL;
        if (line.text == NULL)
            line.text = input_line(hypotheses->input, &line.length);
        rest = line;
        if (line.text == NULL || (take(&rest, &word) && (header == NULL || !is(word, header))))
            return line;
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
    *hypothesis = (struct hypothesis){0};
    hypotheses->used = 0;
    hypotheses->count = 0;
    if (!read_line(hypotheses, line, hypothesis))
        return false;
    hypothesis->begins_list = hypotheses->gap;
    hypotheses->gap = false;
    if (hypotheses->form == HYPOTHESIS_ID) {
        hypothesis->id = hypotheses->id;
        hypothesis->id_length = hypotheses->id_length;
    }
    hypothesis->words = hypotheses->used > 0 ? hypotheses->words : "";
    hypothesis->length = hypotheses->used;
    hypothesis->count = hypotheses->count;
    return true;
}
