// Lists of texts.
#include "text/text_list.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"

static bool exists(const char *path)
{
    return strcmp(path, "-") == 0 || access(path, F_OK) == 0;
}

static bool is_pattern(const char *path)
{
    return strpbrk(path, "*?[") != NULL;
}

static bool add(struct text_list *list, const char *path, double weight, struct error *error)
{
    for (size_t i = 0; strcmp(path, "-") == 0 && i < list->count; i++)
        if (strcmp(list->text[i].path, "-") == 0)
            return error_usage(error, "found standard input (-) twice, wanted once: a weight, as "
                                      "in -:2, reads it more often");
    if (!memory_grow(&list->text, &list->capacity, list->count + 1, sizeof *list->text, error))
        return false;
    char *copy = memory_text(path, strlen(path), error);
    if (copy != NULL)
        list->text[list->count++] = (struct listed_text){copy, weight};
    return copy != NULL;
}

static bool add_pattern(struct text_list *list, const char *pattern, double weight,
                        struct error *error)
{
    glob_t found;
    int result = glob(pattern, GLOB_ERR, NULL, &found);
    if (result == GLOB_NOMATCH)
        return error_set(error, "%s: found no file that fits the pattern, wanted one or more",
                         pattern);
    if (result != 0)
        return error_set(error, "%s: %s", pattern,
                         result == GLOB_NOSPACE ? "not enough memory"
                                                : "cannot read a folder of the pattern");
    bool ok = true;
    for (size_t i = 0; ok && i < found.gl_pathc; i++)
        ok = add(list, found.gl_pathv[i], weight, error);
    globfree(&found);
    return ok;
}

// What stands behind the last colon; where that is no number, but a file or pattern stands before it, a
// weight is what was meant.
static bool split(const char *name, char **path, double *weight, struct error *error)
{
    const char *colon = strrchr(name, ':');
    *weight = 1;
    *path = memory_text(name, colon != NULL ? (size_t)(colon - name) : strlen(name), error);
    if (*path == NULL || colon == NULL)
        return *path != NULL;
    bool number = number_parse(colon + 1, strlen(colon + 1), weight);
    if (number && *weight > 0 && *weight <= TEXT_LIST_HEAVIEST)
        return true;
    if (number || exists(*path) || is_pattern(*path))
        return error_usage(
            error,
            "%s: found weight \"%s\", wanted a number above 0, at most %d, or a file "
            "of the whole name",
            name, colon + 1, TEXT_LIST_HEAVIEST);
    free(*path);
    *weight = 1;
    *path = memory_text(name, strlen(name), error);
    return *path != NULL;
}

bool text_list_add(struct text_list *list, const char *name, struct error *error)
{
    char *path = NULL;
    double weight;
    if (exists(name))
        return add(list, name, 1, error);
    bool ok = split(name, &path, &weight, error);
    if (ok)
        ok = is_pattern(path) && !exists(path) ? add_pattern(list, path, weight, error)
                                               : add(list, path, weight, error);
    free(path);
    return ok;
}

void text_list_free(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->text[i].path);
    free(list->text);
    *list = (struct text_list){.text = NULL};
}
