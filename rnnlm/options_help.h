// What --help says. Parsing and the manual page stand above it.
#ifndef OPTIONS_HELP_H
#define OPTIONS_HELP_H

#include "options.h"

// Prints --help to standard output.
void options_help(const struct options *options);

// The default of an option in the form of the help, " (100)"; "" where there is none worth saying.
void options_describe_default(const struct option *option, char *text, size_t size);

#endif
