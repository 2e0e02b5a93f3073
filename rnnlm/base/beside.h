// Files on their way: each is written beside the one that it will replace, under a name that no
// reader of folders takes for data: ".NAME.rnnlm-HOST-PID-N".
#ifndef BASE_BESIDE_H
#define BASE_BESIDE_H

#include <stdbool.h>

#include "base/error.h"

struct beside {
    char *path; // NULL: none
    int slot;   // of the list that beside_remove_all() goes through; -1: the list was full
};

// Opens a new file beside `target`, for writing; messages call it `called`. Files that processes of
// this host have left in that folder, and that are dead now, are removed the first time. Returns the
// descriptor, or -1 and a message.
int beside_open(struct beside *beside, const char *target, const char *called, struct error *error);

// The file has been renamed, or is to be removed; in both cases `beside` is none again.
void beside_renamed(struct beside *beside);
void beside_remove(struct beside *beside);

// Removes all such files of this process, which is about to end: what a signal handler may do.
void beside_remove_all(void);

#endif
