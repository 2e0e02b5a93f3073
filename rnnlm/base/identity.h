// Which files this process has read, and which results it has written: known by device, inode and
// time of writing, so that no other name hides one, and no later file that gets its inode is taken
// for it.
#ifndef BASE_IDENTITY_H
#define BASE_IDENTITY_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

// Error: no memory.
bool identity_note(const struct stat *status, struct error *error);

bool identity_noted(const struct stat *status);

// Whether it is the regular file that standard output goes to.
bool identity_is_standard_output(const struct stat *status);

#endif
