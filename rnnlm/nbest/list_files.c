// Files, folders and lists of files.
#include "nbest/list_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

// What Kaldi's scripts call the parts of a folder of n-best lists.
static const char words_name[] = "words_text";
static const char *const acoustic_names[] = {"acwt", "ac_cost", NULL};
static const char *const graph_names[] = {"lmwt.nolm", "graph_cost", NULL};
static const char *const language_names[] = {"lmwt.lmonly", "lm_cost", NULL};

static char *join(const char *folder, const char *name, struct error *error)
{
    size_t length = strlen(folder), slash = length > 0 && folder[length - 1] != '/';
    char *path = memory_new(length + slash + strlen(name) + 1, 1, error);
    if (path == NULL)
        return NULL;
    memcpy(path, folder, length);
    memcpy(path + length, "/", slash);
    memcpy(path + length + slash, name, strlen(name));
    return path;
}

// Takes over `path`, which may be NULL after a failure.
static bool add(struct list_files *files, char *path, const struct list_costs *costs,
                struct error *error)
{
    if (path == NULL ||
        !memory_grow(&files->path, &files->path_capacity, files->count + 1, sizeof *files->path,
                     error) ||
        !memory_grow(&files->costs, &files->costs_capacity, files->count + 1, sizeof *files->costs,
                     error)) {
        free(path);
        return false;
    }
    files->path[files->count] = path;
    files->costs[files->count++] = costs;
    return true;
}

// ---- folders ----------------------------------------------------------------------------------

// The first of the names that is there; *path stays NULL if none is.
static bool find_part(const char *folder, const char *const *names, const char **path,
                      struct error *error)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        char *part = join(folder, names[i], error);
        if (part == NULL)
            return false;
        if (access(part, F_OK) == 0) {
            *path = part;
            return true;
        }
        free(part);
    }
    return true;
}

static bool add_kaldi_folder(struct list_files *files, const char *folder, char *words,
                             struct error *error)
{
    struct list_costs *costs = memory_new(1, sizeof *costs, error);
    if (costs == NULL || !memory_grow(&files->folder, &files->folder_capacity, files->folders + 1,
                                      sizeof *files->folder, error)) {
        free(costs);
        free(words);
        return false;
    }
    files->folder[files->folders++] = costs;
    return find_part(folder, acoustic_names, &costs->acoustic, error) &&
                   find_part(folder, graph_names, &costs->graph, error) &&
                   find_part(folder, language_names, &costs->language, error)
               ? add(files, words, costs, error)
               : (free(words), false);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool add_folder(struct list_files *files, const char *folder, struct error *error)
{
    char *words = join(folder, words_name, error);
    if (words == NULL)
        return false;
    if (access(words, F_OK) == 0)
        return add_kaldi_folder(files, folder, words, error);
    free(words);
    struct dirent **entry;
    int entries = scandir(folder, &entry, is_visible, compare_names);
    if (entries < 0)
        return error_set(error, "cannot read the folder %s: %s", folder, strerror(errno));
    bool ok = entries > 0 ||
              error_set(error, "%s: the folder has no files, n-best lists are wanted", folder);
    for (int i = 0; i < entries; i++) {
        ok = ok && add(files, join(folder, entry[i]->d_name, error), &files->given, error);
        free(entry[i]);
    }
    free(entry);
    return ok;
}

// ---- lists of files ---------------------------------------------------------------------------

// The path that a line holds, without blanks around it; NULL if it is not one of a file that is
// there.
static char *path_of(char *line)
{
    char *path = line + strspn(line, " \t\r");
    size_t length = strlen(path);
    while (length > 0 && strchr(" \t\r", path[length - 1]) != NULL)
        path[--length] = '\0';
    struct stat status;
    return length > 0 && stat(path, &status) == 0 && !S_ISDIR(status.st_mode) ? path : NULL;
}

// Whether the first line that is not blank is the path of a file. One that cannot be read is none: that
// is said when it is its turn. Error: no memory.
static bool look_for_list(const char *path, bool *found, struct error *error)
{
    struct error failure = {.text = ""};
    struct input *input = input_open_text(path, &failure);
    char *line = NULL;
    do {
        line = input != NULL ? input_line(input, NULL) : NULL;
    } while (line != NULL && line[strspn(line, " \t\r")] == '\0');
    *found = line != NULL && path_of(line) != NULL;
    bool ok = input != NULL && input_ok(input, &failure);
    input_close(input);
    return ok || !error_is_of_memory(&failure) || error_set(error, "%s", failure.text);
}

static bool add_list(struct list_files *files, const char *list, struct error *error)
{
    struct input *input = input_open_text(list, error);
    bool ok = input != NULL;
    char *line;
    while (ok && (line = input_line(input, NULL)) != NULL) {
        if (line[strspn(line, " \t\r")] == '\0')
            continue;
        const char *path = path_of(line);
        ok = path != NULL
                 ? add(files, memory_text(path, strlen(path), error), &files->given, error)
                 : error_set(error,
                             "%s: line %llu: found \"%.80s\", wanted the path of a file, as in the "
                             "lines before",
                             list, (unsigned long long)input_line_number(input), line);
    }
    ok = ok && input_ok(input, error);
    input_close(input);
    return ok;
}

// ---- all --------------------------------------------------------------------------------------

static bool add_path(struct list_files *files, const char *path, bool lists_of_files,
                     struct error *error)
{
    struct stat status;
    bool is_pipe = strcmp(path, "-") == 0;
    if (!is_pipe && stat(path, &status) != 0)
        return error_set(error, "cannot open %s: %s", path, strerror(errno));
    if (!is_pipe && S_ISDIR(status.st_mode))
        return add_folder(files, path, error);
    bool is_list = false;
    if (lists_of_files && !is_pipe && S_ISREG(status.st_mode) &&
        !look_for_list(path, &is_list, error))
        return false;
    if (is_list)
        return add_list(files, path, error);
    return add(files, memory_text(path, strlen(path), error), &files->given, error);
}

bool list_files_find(struct list_files *files, const char *const *path, size_t paths,
                     bool lists_of_files, const struct list_costs *costs, struct error *error)
{
    *files = (struct list_files){.count = 0};
    if (costs != NULL)
        files->given = *costs;
    for (size_t i = 0; i < paths; i++)
        if (!add_path(files, path[i], lists_of_files, error))
            return false;
    return true;
}

void list_files_free(struct list_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->path[i]);
    for (size_t i = 0; i < files->folders; i++) {
        free((char *)files->folder[i]->acoustic);
        free((char *)files->folder[i]->graph);
        free((char *)files->folder[i]->language);
        free(files->folder[i]);
    }
    free(files->path);
    free(files->costs);
    free(files->folder);
    *files = (struct list_files){.count = 0};
}
