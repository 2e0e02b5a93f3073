// The manual page. It stands above the help and below parsing, which prints it for --manual=NAME.
#ifndef OPTIONS_MANUAL_H
#define OPTIONS_MANUAL_H

#include "options.h"

// Prints the manual page, in man(7) macros, to standard output. `name`: the one under which the
// program is installed.
void options_manual(const struct options *options, const char *name);

#endif
