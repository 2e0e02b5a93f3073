// Completion for shells. It stands beside the manual page, and is printed for --completion=SHELL:NAME.
#ifndef OPTIONS_COMPLETION_H
#define OPTIONS_COMPLETION_H

#include "options.h"

// Prints what bash or zsh want to complete options and files of a program that is installed as NAME. Of a
// command of a program ("rnnlm-ngram train") that is a function for the program's own, which has `commands`.
// Error: another shell, or no name.
bool options_completion(const struct options *options, const char *shell_and_name,
                        struct error *error);

#endif
