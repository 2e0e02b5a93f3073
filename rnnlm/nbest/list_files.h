// The files behind the paths that a program is given: folders and lists of files opened up, Kaldi's
// costs found beside the words.
#ifndef NBEST_LIST_FILES_H
#define NBEST_LIST_FILES_H

#include <stddef.h>

#include "nbest/lists.h"

struct list_files {
    char **path;                     // [count]
    const struct list_costs **costs; // [count] what belongs to each; the same pointer for the same
    size_t count, path_capacity, costs_capacity;
    struct list_costs **folder; // costs found in folders, their paths owned
    size_t folders, folder_capacity;
    struct list_costs given; // those of files outside such folders
};

// As list_reader_open() says; without `lists_of_files` every file is an n-best list.
// list_files_free() also after a failure.
bool list_files_find(struct list_files *files, const char *const *path, size_t paths,
                     bool lists_of_files, const struct list_costs *costs, struct error *error);
void list_files_free(struct list_files *files);

#endif
