// Command lines: one table drives parsing, --help and the manual page.
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define RNNLM_VERSION "1.0"

enum option_type {
    OPTION_GROUP,  // no option: `help` is the title of the group that begins here
    OPTION_FLAG,   // bool, no value
    OPTION_TEXT,   // const char *, NULL if not given
    OPTION_LIST,   // struct option_list: may be given several times
    OPTION_COUNT,  // int64_t within least..most
    OPTION_NUMBER, // double within least..most
};

struct option_list {
    const char **item; // [count]
    size_t count, capacity;
};

// One row. What *target holds before parsing is the default, and --help prints it from there.
struct option {
    enum option_type type;
    const char *name;  // without dashes
    const char *value; // what --help calls the value: FILE, N, X; NULL for flags
    void *target;
    bool *given; // set when the option is on the command line; may be NULL
    double least, most;
    const char *help; // one or more lines; no newline needed inside, --help wraps
};

struct options {
    const char *program; // as in messages
    const char *summary; // a few words: what whatis(1) says
    const char *usage;   // what follows the program's name, one form a line
    const char *about;   // one paragraph
    const struct option *table;
    size_t count;
    const char *commands; // names of a program's commands, with blanks between; NULL if it has none
    const char *operands; // what operands are called ("FILE..."); NULL if the program takes none
};

enum options_result {
    OPTIONS_RUN,       // go on
    OPTIONS_DONE,      // --help, --version or --manual has been printed: exit 0
    OPTIONS_FAILED,    // a message is on standard error: exit 1
    OPTIONS_BAD_USAGE, // likewise: the command line is wrong: exit 2
};

// An option of another program for the same thing is taken where the table has this program's: an
// n-gram model is -lm, -ngram or -ngrams.
//
// Sets the targets from the command line. -name value, --name value and --name=value are the same;
// Options with a value are given once, but for
// those of OPTION_LIST: of two values one would be lost. `--` ends the options. Operands are gathered in `operands` (may be NULL if the program takes
// none). A value that starts with a dash is a value.
enum options_result options_parse(const struct options *options, int argc, char **argv,
                                  struct option_list *operands);

// Sets the target of one option from its value; of a flag that is 0 or 1. Prints nothing. Error: the
// option, what was found and what was wanted.
bool options_value(const struct option *option, const char *value, struct error *error);

// Sets those of a library's caller: option[2 i] is a name, option[2 i + 1] its value as in options_value(). A list
// is the caller's to free, also on failure. Error: as there, or an unknown name.
bool options_take(const struct options *options, const char *const *option, size_t count,
                  struct error *error);

// The name in the table that is most like this one; NULL if none is.
const char *options_nearest(const struct options *options, const char *name);

// Prints --help; OPTIONS_DONE, or OPTIONS_FAILED with a message.
enum options_result options_show_help(const struct options *options);

// The exit status for a result other than OPTIONS_RUN.
int options_status(enum options_result result);

// Prints "PROGRAM: warning: message" on standard error: of something that results do not say.
void options_warn(const char *program, const char *message);

// Prints an error likewise and returns the exit status: 2 where the command line is wrong, else 1.
int options_error(const char *program, const struct error *error);

// Prints "PROGRAM: message" on standard error and returns 1, so that main() can end with
// `return options_fail(...)`.
int options_fail(const char *program, const char *message);

#endif
