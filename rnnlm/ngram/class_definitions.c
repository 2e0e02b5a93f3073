// Word classes as SRILM has them.
#include "ngram/class_definitions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"

static const char blanks[] = " \t\r";

// The next field of a line; false at its end.
static bool next_field(const char **at, const char **field, size_t *length)
{
    *at += strspn(*at, blanks);
    *field = *at;
    *length = strcspn(*at, blanks);
    *at += *length;
    return *length > 0;
}

static bool add_word(struct class_definitions *definitions, const char *word, size_t length,
                     struct error *error)
{
    int32_t id = vocabulary_add(&definitions->words, word, length, error);
    if (id == WORD_OOV || !memory_grow(&definitions->word, &definitions->word_capacity,
                                       definitions->words_used + 1, sizeof(int32_t), error))
        return false;
    definitions->word[definitions->words_used++] = id;
    return true;
}

// A number behind the class is its probability, unless nothing follows.
static bool take_probability(const char **at, double *probability, struct error *error)
{
    const char *behind = *at, *field, *rest;
    size_t length;
    *probability = 1;
    if (!next_field(&behind, &field, &length) || !number_parse(field, length, probability)) {
        *probability = 1;
        return true;
    }
    rest = behind + strspn(behind, blanks);
    if (*rest == '\0') {
        *probability = 1;
        return true;
    }
    *at = behind;
    return (*probability >= 0 && *probability <= 1) ||
           error_set(error, "found \"%.*s\", wanted a probability, 0 to 1",
                     (int)(length < 60 ? length : 60), field);
}

static bool take_line(struct class_definitions *definitions, const char *line, struct error *error)
{
    const char *field;
    size_t length;
    if (!next_field(&line, &field, &length))
        return true;
    struct class_expansion expansion = {.first = definitions->words_used};
    expansion.class = vocabulary_add(&definitions->classes, field, length, error);
    if (expansion.class == WORD_OOV || !take_probability(&line, &expansion.probability, error))
        return false;
    if (expansion.class == WORD_END)
        return error_set(error, "</s> cannot be a class");
    for (; next_field(&line, &field, &length); expansion.length++)
        if (!add_word(definitions, field, length, error))
            return false;
    if (expansion.length == 0)
        return error_set(error, "found \"%.60s\" alone, wanted words behind the class",
                         vocabulary_word(&definitions->classes, expansion.class));
    if (!memory_grow(&definitions->expansion, &definitions->expansion_capacity,
                     definitions->expansions + 1, sizeof expansion, error))
        return false;
    definitions->expansion[definitions->expansions++] = expansion;
    return true;
}

static int compare(const void *left, const void *right)
{
    const struct class_expansion *a = left, *b = right;
    return a->class != b->class   ? (a->class < b->class ? -1 : 1)
           : a->first != b->first ? (a->first < b->first ? -1 : 1)
                                  : 0;
}

static bool index_classes(struct class_definitions *definitions, struct error *error)
{
    size_t classes = definitions->classes.size, at = 0;
    definitions->begin = memory_new(classes + 1, sizeof *definitions->begin, error);
    if (definitions->begin == NULL)
        return false;
    qsort(definitions->expansion, definitions->expansions, sizeof *definitions->expansion, compare);
    for (size_t i = 0; i <= classes; i++) {
        while (at < definitions->expansions && (size_t)definitions->expansion[at].class < i)
            at++;
        definitions->begin[i] = at;
    }
    return true;
}

bool class_definitions_read(struct class_definitions *definitions, const char *path,
                            struct error *error)
{
    memset(definitions, 0, sizeof *definitions);
    if (!vocabulary_init(&definitions->classes, error) ||
        !vocabulary_init(&definitions->words, error))
        return false;
    struct input *input = input_open_text(path, error);
    bool ok = input != NULL;
    for (char *line; ok && (line = input_line(input, NULL)) != NULL;) {
        ok = take_line(definitions, line, error);
        if (!ok)
            error_prefix(error, "%s: line %llu: ", input_name(input),
                         (unsigned long long)input_line_number(input));
    }
    ok = ok && input_ok(input, error);
    if (ok && definitions->expansions == 0)
        ok = error_set(error, "%s: the file defines no class", input_name(input));
    input_close(input);
    return ok && index_classes(definitions, error);
}

void class_definitions_free(struct class_definitions *definitions)
{
    vocabulary_free(&definitions->classes);
    vocabulary_free(&definitions->words);
    free(definitions->expansion);
    free(definitions->word);
    free(definitions->begin);
}

bool class_definitions_remark(const struct class_definitions *definitions, const char *path,
                              struct error *remark)
{
    for (size_t i = WORD_END + 1; i < definitions->classes.size; i++) {
        double sum = 0;
        for (size_t j = definitions->begin[i]; j < definitions->begin[i + 1]; j++)
            sum += definitions->expansion[j].probability;
        if (!(fabs(sum - 1) > 1e-3))
            continue;
        error_set(remark, "%s: the probabilities of the class %.60s sum to %g instead of 1", path,
                  vocabulary_word(&definitions->classes, (int32_t)i), sum);
        return true;
    }
    return false;
}
