// The program rnnlm: trains, tests, rescores n-best lists and generates, with the options of the
// reference toolkit.
#include "main.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/kernels.h"
#include "base/matrix.h"
#include "endings.h"
#include "program.h"

atomic_int *const main_asked = &endings_asked;
atomic_bool *const main_waited = &endings_waited;
static struct timespec begun; // the program

void main_time(double minutes)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double left = minutes * 60 - (double)(now.tv_sec - begun.tv_sec) -
                  (double)(now.tv_nsec - begun.tv_nsec) * 1e-9;
    endings_ask_after(minutes > 0 && left < 0.001 ? 0.001 : minutes > 0 ? left : 0);
}

// What has been asked for: an end by a signal, or one that others can tell from a failure (sysexits.h:
// EX_TEMPFAIL, the same again goes on).
static int stopped(int asked)
{
    return asked == SIGALRM ? 75 : 128 + asked;
}

static bool run(struct output *output, struct error *error)
{
    main_peers_quiet(true);
    main_echo(output);
    if (!main_check(error)) {
        error->usage = true;
        return false;
    }
    if (set.train.count > 0 && !main_train(output, error))
        return false;
    bool use = (set.test != NULL || main_generates()) && main_peers.rank == 0;
    return !use || atomic_load(main_asked) != 0 || main_use(output, error);
}

// What is lost is never the training.
static int unwritten(const struct error *error)
{
    char text[ERROR_SIZE + 64];
    snprintf(text, sizeof text, "%s%s%s", error->text,
             set.train.count > 0 ? "; the training is saved in " : "",
             set.train.count > 0 ? first_model() : "");
    return options_fail(PROGRAM, text);
}

int main(int argc, char **argv)
{
    struct error error, late;
    program_begin(PROGRAM);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    if (argc == 1)
        return options_status(options_show_help(&main_options));
    enum options_result result = main_parse(argc, argv);
    if (result != OPTIONS_RUN)
        return options_status(result);
    endings_catch();
    matrix_one_thread();
    if (set.train.count > 0 && !main_peers_open(&error))
        return options_fail(PROGRAM, error.text);
    // Results are those of the first process.
    const char *results = main_peers.rank == 0 ? "-" : "/dev/null";
    struct output *output = kernels_choose(NULL, &error) ? output_open(results, &error) : NULL;
    if (output == NULL)
        return main_peers_fail(&error);
    bool ok = run(output, &error), written = output_commit(output, &late);
    if (!ok)
        return main_peers_fail(&error);
    main_peers_close();
    if (atomic_load(main_asked) != 0)
        return stopped(atomic_load(main_asked));
    if (!written)
        return unwritten(&late);
    if (main_unwritten) {
        error_set(&error, "not all files beside %s could be written, see above", first_model());
        return unwritten(&error);
    }
    return 0;
}
