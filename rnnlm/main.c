// The program rnnlm: trains, tests, rescores n-best lists and generates, with the options of the
// reference toolkit.
#include "main.h"

#include <signal.h>

#include "base/kernels.h"
#include "base/matrix.h"
#include "options_help.h"

static bool run(struct output *output, struct error *error)
{
    main_echo(output);
    if (!main_check(error)) {
        error->usage = true;
        return false;
    }
    if (set.train != NULL && !main_train(output, error))
        return false;
    return (set.test == NULL && set.words_to_generate == 0) || main_use(output, error);
}

int main(int argc, char **argv)
{
    struct error error, late;
    if (argc == 1) {
        options_help(&main_options);
        return 0;
    }
    enum options_result result = main_parse(argc, argv);
    if (result != OPTIONS_RUN)
        return options_status(result);
    signal(SIGXFSZ, SIG_IGN); // a file size limit is then a failed write like any other
    matrix_one_thread();
    struct output *output = kernels_choose(NULL, &error) ? output_open("-", &error) : NULL;
    if (output == NULL)
        return options_fail(PROGRAM, error.text);
    bool ok = run(output, &error);
    if (!output_commit(output, &late) && ok)
        return options_fail(PROGRAM, late.text);
    return ok ? 0 : options_error(PROGRAM, &error);
}
