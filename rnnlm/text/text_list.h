// Texts as a command line names them: FILE, FILE:WEIGHT, or a pattern of either form.
#ifndef TEXT_TEXT_LIST_H
#define TEXT_TEXT_LIST_H

#include <stddef.h>

#include "base/error.h"

struct listed_text {
    char *path;
    double weight;
};

struct text_list {
    struct listed_text *text; // [count]
    size_t count, capacity;
};

enum { TEXT_LIST_HEAVIEST = 1000000 };

// Appends what `name` names. A file that has the whole name is that file, with weight 1; "-" is standard
// input. Otherwise a number behind the last colon is a weight, above 0 and at most TEXT_LIST_HEAVIEST; and
// what is no file and has one of *?[ is a pattern of glob(7), which stands for all files that it fits, in
// the order of their bytes, each with the weight. Error: a weight that is none; a pattern that fits no
// file; standard input for a second time. text_list_free() in any case.
bool text_list_add(struct text_list *list, const char *name, struct error *error);
void text_list_free(struct text_list *list);

#endif
