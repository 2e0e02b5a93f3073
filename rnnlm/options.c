// Command lines: parsing, and messages about wrong ones.
#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "options_completion.h"
#include "options_help.h"
#include "options_manual.h"

enum { NAME_SIZE = 64 };

// ---- suggestions ------------------------------------------------------------------------------

// Levenshtein's edit distance between a[0..size-1] and `b`.
static size_t edit_distance(const char *a, size_t size, const char *b)
{
    size_t row[NAME_SIZE], length = strlen(b);
    if (length >= NAME_SIZE)
        return NAME_SIZE;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; i < size; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j + 1] + 1 < best)
                best = row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[length];
}

const char *options_nearest(const struct options *options, const char *name)
{
    const char *nearest = NULL;
    size_t size = strcspn(name, "="), least = size / 3 + 1; // a value may be attached
    for (size_t i = 0; i < options->count; i++) {
        if (options->table[i].type == OPTION_GROUP)
            continue;
        size_t distance = edit_distance(name, size, options->table[i].name);
        if (distance <= least && (nearest == NULL || distance < least)) {
            nearest = options->table[i].name;
            least = distance;
        }
    }
    return nearest;
}

// ---- parsing ----------------------------------------------------------------------------------

static enum options_result unknown_option(const struct options *options, const char *argument,
                                          const char *name)
{
    const char *nearest = options_nearest(options, name);
    fprintf(stderr, "%s: unknown option %s", options->program, argument);
    if (nearest != NULL)
        fprintf(stderr, "; did you mean -%s?\n", nearest);
    else
        fprintf(stderr, "; %s --help lists them all\n", options->program);
    return OPTIONS_BAD_USAGE;
}

static bool bad_value(const struct option *option, const char *value, const char *kind,
                      struct error *error)
{
    if (option->most < 1e15)
        return error_usage(error, "option -%s: found \"%s\", wanted %s from %.15g to %.15g",
                           option->name, value, kind, option->least, option->most);
    return error_usage(error, "option -%s: found \"%s\", wanted %s, at least %.15g", option->name,
                       value, kind, option->least);
}

bool options_value(const struct option *option, const char *value, struct error *error)
{
    char *end;
    errno = 0;
    if (option->type == OPTION_TEXT) {
        *(const char **)option->target = value;
    } else if (option->type == OPTION_LIST) {
        struct option_list *list = option->target;
        if (!memory_grow(&list->item, &list->capacity, list->count + 1, sizeof *list->item, error))
            return false;
        list->item[list->count++] = value;
    } else if (option->type == OPTION_COUNT) {
        long long number = strtoll(value, &end, 10);
        if (errno != 0 || end == value || *end != '\0' || (double)number < option->least ||
            (double)number > option->most)
            return bad_value(option, value, "a whole number", error);
        *(int64_t *)option->target = number;
    } else if (option->type == OPTION_NUMBER) {
        double number = strtod(value, &end);
        if (end == value || *end != '\0' || !isfinite(number) || number < option->least ||
            number > option->most)
            return bad_value(option, value, "a number", error);
        *(double *)option->target = number;
    } else {
        if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
            return error_usage(error, "option -%s: found \"%s\", wanted 0 or 1", option->name,
                               value);
        *(bool *)option->target = *value == '1';
    }
    return true;
}

static enum options_result set_value(const struct options *options, const struct option *option,
                                     const char *value)
{
    struct error error = {.usage = false};
    if (options_value(option, value, &error))
        return OPTIONS_RUN;
    return options_error(options->program, &error) == 2 ? OPTIONS_BAD_USAGE : OPTIONS_FAILED;
}

// Names by which programs know the same thing.
static const char *const synonyms[] = {"lm", "ngram", "ngrams"};

enum { SYNONYMS = sizeof synonyms / sizeof *synonyms };

static bool is_synonym(const char *name, size_t length)
{
    for (size_t i = 0; i < SYNONYMS; i++)
        if (strncmp(synonyms[i], name, length) == 0 && synonyms[i][length] == '\0')
            return true;
    return false;
}

static const struct option *find_named(const struct options *options, const char *name,
                                       size_t length)
{
    for (size_t i = 0; i < options->count; i++) {
        const struct option *option = &options->table[i];
        if (option->type != OPTION_GROUP && strncmp(option->name, name, length) == 0 &&
            option->name[length] == '\0')
            return option;
    }
    return NULL;
}

static const struct option *find_option(const struct options *options, const char *name,
                                        size_t length)
{
    const struct option *option = find_named(options, name, length);
    for (size_t i = 0; i < SYNONYMS && option == NULL && is_synonym(name, length); i++)
        option = find_named(options, synonyms[i], strlen(synonyms[i]));
    return option;
}

// Options that name a text; people who give one twice have several texts.
static bool is_text(const char *name)
{
    static const char *const names[] = {"valid", "test", "tune", "text"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static enum options_result given_twice(const struct options *options, const struct option *option,
                                       const char *before, const char *value)
{
    fprintf(stderr, "%s: option -%s: found twice, with \"%s\" and \"%s\", wanted once%s\n",
            options->program, option->name, before, value,
            is_text(option->name) ? ": it takes one file, cat makes one of several" : "");
    return OPTIONS_BAD_USAGE;
}

// Takes the option at argv[*i] with its value, which may be the next argument. `before` has the
// values that options were given, [options->count].
static enum options_result take_option(const struct options *options, int argc, char **argv, int *i,
                                       const char **before)
{
    const char *argument = argv[*i];
    const char *name = argument + 1 + (argument[1] == '-');
    size_t length = strcspn(name, "=");
    const char *attached = name[length] == '=' ? name + length + 1 : NULL;
    const struct option *option = find_option(options, name, length);
    if (option == NULL)
        return unknown_option(options, argument, name);
    if (option->given != NULL)
        *option->given = true;
    if (option->type == OPTION_FLAG) {
        if (attached != NULL) {
            fprintf(stderr, "%s: option -%s takes no value, found \"%s\"\n", options->program,
                    option->name, attached);
            return OPTIONS_BAD_USAGE;
        }
        *(bool *)option->target = true;
        return OPTIONS_RUN;
    }
    if (attached == NULL && *i + 1 == argc) {
        fprintf(stderr, "%s: option -%s wants a value: %s\n", options->program, option->name,
                option->value);
        return OPTIONS_BAD_USAGE;
    }
    const char *value = attached != NULL ? attached : argv[++*i];
    const char **earlier = &before[option - options->table];
    if (option->type != OPTION_LIST && *earlier != NULL)
        return given_twice(options, option, *earlier, value);
    *earlier = value;
    return set_value(options, option, value);
}

bool options_take(const struct options *options, const char *const *name_value, size_t count,
                  struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = name_value[2 * i];
        const struct option *option = find_named(options, name, strlen(name));
        const char *nearest = option == NULL ? options_nearest(options, name) : NULL;
        if (option == NULL)
            return error_usage(error, "unknown option %.60s%s%s%s", name,
                               nearest != NULL ? "; did you mean " : "",
                               nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
        if (!options_value(option, name_value[2 * i + 1], error))
            return false;
        if (option->given != NULL)
            *option->given = true;
    }
    return true;
}

static bool is_request(const char *argument, const char *name)
{
    return argument[0] == '-' && (strcmp(argument + 1, name) == 0 ||
                                  (argument[1] == '-' && strcmp(argument + 2, name) == 0));
}

static enum options_result take_operand(const struct options *options, const char *operand,
                                        struct option_list *operands)
{
    if (options->operands == NULL || operands == NULL) {
        fprintf(stderr, "%s: unexpected argument \"%s\": options begin with a dash\n",
                options->program, operand);
        return OPTIONS_BAD_USAGE;
    }
    struct option row = {.type = OPTION_LIST, .target = operands};
    return set_value(options, &row, operand);
}

// After --help, --manual and --version: a full disk must not pass unseen.
static enum options_result printed(const struct options *options)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return OPTIONS_DONE;
    options_fail(options->program, "cannot write standard output");
    return OPTIONS_FAILED;
}

enum options_result options_show_help(const struct options *options)
{
    options_help(options);
    return printed(options);
}

static enum options_result parse(const struct options *options, int argc, char **argv,
                                 struct option_list *operands, const char **before)
{
    bool only_operands = false;
    enum options_result result = OPTIONS_RUN;
    for (int i = 1; i < argc && result == OPTIONS_RUN; i++) {
        const char *argument = argv[i];
        if (only_operands || argument[0] != '-' || argument[1] == '\0') {
            result = take_operand(options, argument, operands);
        } else if (strcmp(argument, "--") == 0) {
            only_operands = true;
        } else if (is_request(argument, "h") || is_request(argument, "help")) {
            return options_show_help(options);
        } else if (strncmp(argument, "--manual=", 9) == 0) {
            options_manual(options, argument + 9);
            return printed(options);
        } else if (strncmp(argument, "--completion=", 13) == 0) {
            struct error error;
            if (options_completion(options, argument + 13, &error))
                return printed(options);
            options_fail(options->program, error.text);
            return OPTIONS_BAD_USAGE;
        } else if (is_request(argument, "version")) {
            printf("%s %s\n", options->program, RNNLM_VERSION);
            return printed(options);
        } else {
            result = take_option(options, argc, argv, &i, before);
        }
    }
    return result;
}

enum options_result options_parse(const struct options *options, int argc, char **argv,
                                  struct option_list *operands)
{
    const char **before = memory_new(options->count, sizeof *before, NULL);
    if (before == NULL) {
        options_fail(options->program, "not enough memory");
        return OPTIONS_FAILED;
    }
    enum options_result result = parse(options, argc, argv, operands, before);
    free(before);
    return result;
}

int options_status(enum options_result result)
{
    return result == OPTIONS_BAD_USAGE ? 2 : result == OPTIONS_FAILED ? 1 : 0;
}

void options_warn(const char *program, const char *message)
{
    fprintf(stderr, "%s: warning: %s\n", program, message);
}

int options_error(const char *program, const struct error *error)
{
    options_fail(program, error->text);
    return error->usage ? 2 : 1;
}

int options_fail(const char *program, const char *message)
{
    fprintf(stderr, "%s: %s\n", program, message);
    return 1;
}
