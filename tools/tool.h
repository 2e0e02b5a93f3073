// What a companion program does around its work: BLAS is kept to one thread, standard output is
// opened before and checked after, errors are printed; a signal leaves no unfinished file.
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/matrix.h"
#include "endings.h"
#include "ngram/backoff.h"
#include "options.h"
#include "program.h"

typedef bool tool_work(const struct option_list *operands, struct output *output,
                       struct error *error);

// Says what a user should know of a back-off model; it may be NULL.
static inline struct ngram_model *tool_remark(const char *program, const char *path,
                                              struct ngram_model *model)
{
    struct error remark;
    if (model != NULL && ngram_remark(model, path, &remark))
        options_warn(program, remark.text);
    return model;
}

// Opens a back-off model for scoring, and says what a user should know of it.
static inline struct ngram_model *tool_open_ngram(const char *program, const char *path,
                                                  struct error *error)
{
    return tool_remark(program, path, ngram_open(path, error));
}

// The same for stepping through its n-grams and changing them.
static inline struct ngram_model *tool_load_ngram(const char *program, const char *path,
                                                  struct error *error)
{
    return tool_remark(program, path, ngram_load(path, error));
}

// Returns the exit status.
static inline int tool_run(const char *program, tool_work *work, const struct option_list *operands)
{
    struct error error, late;
    endings_catch();
    matrix_one_thread();
    struct output *output = output_open("-", &error);
    if (output == NULL)
        return options_fail(program, error.text);
    bool ok = work(operands, output, &error);
    if (!output_commit(output, &late) && ok)
        return options_fail(program, late.text);
    return ok ? 0 : options_error(program, &error);
}

// ---- commands ---------------------------------------------------------------------------------

// Of a program whose first argument is a command, each with options of its own.
struct tool_command {
    const char *name;
    int (*run)(int argc, char **argv); // argv[0] is the command
};

// Runs the command that is named; `program` has the names of all, and is for --help without one. Returns the exit
// status.
static inline int tool_choose(const struct options *program, const struct tool_command *command,
                              size_t commands, int argc, char **argv)
{
    for (size_t i = 0; i < commands && argc > 1; i++)
        if (strcmp(argv[1], command[i].name) == 0)
            return command[i].run(argc - 1, argv + 1);
    if (argc > 1 && argv[1][0] == '-') {
        enum options_result result = options_parse(program, argc, argv, NULL);
        if (result != OPTIONS_RUN)
            return options_status(result);
    }
    fprintf(stderr, "%s: found %s, wanted a command: %s; %s --help says more\n", program->program,
            argc > 1 ? argv[1] : "no arguments", program->commands, program->program);
    return options_status(OPTIONS_BAD_USAGE);
}

#endif
