// The processes that a training runs on.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/peers_mpi.h"
#include "main.h"

struct peers main_peers = {.size = 1};

#ifdef RNNLM_MPI

bool main_peers_open(struct error *error)
{
    return peers_mpi_open(&main_peers, main_asked, error);
}

#else

// What those who start programs for MPI tell them; Slurm's srun does so for any program, and has a number
// of processes that is above 1 only where it starts several.
static const char *const variables[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_SIZE",
                                        "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS"};

// All would train the same model, and write the same file.
bool main_peers_open(struct error *error)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        if (value != NULL && strtol(value, NULL, 10) > 1)
            return error_set(error,
                             "started as one of %.20s processes (%s), but built without MPI: each "
                             "would train the same model by itself; `make MPI=1` builds a program "
                             "that divides the work",
                             value, variables[i]);
    }
    return true;
}

#endif

static int kept_error = -1; // standard error while the process is quiet

void main_peers_quiet(bool quiet)
{
    if (main_peers.rank == 0 || quiet == (kept_error >= 0))
        return;
    if (!quiet) {
        fflush(stderr);
        dup2(kept_error, STDERR_FILENO);
        close(kept_error);
        kept_error = -1;
        return;
    }
    int nothing = open("/dev/null", O_WRONLY);
    kept_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (nothing < 0 || kept_error < 0)
        return;
    dup2(nothing, STDERR_FILENO);
    close(nothing);
}

// Where all fail alike, the first one is heard before the others; where it is lost, the second.
int main_peers_fail(const struct error *error)
{
    struct error text = *error;
    char name[PEERS_NAME];
    int status;
    main_peers_quiet(false);
    if (main_peers.size <= 1)
        return options_error(PROGRAM, error);
    if (main_peers.ended) {
        status = main_peers.rank == 0 ? options_error(PROGRAM, error) : 1;
        main_peers_close();
        return status;
    }
    if (main_peers.rank > (main_peers.lost ? 1 : 0))
        nanosleep(&(struct timespec){.tv_nsec = 600000000}, NULL);
    peers_name(&main_peers, name);
    error_prefix(&text, "%s: ", name);
    status = options_error(PROGRAM, &text);
    fflush(stderr);
    if (!main_peers.lost) // else whoever has started them ends them
        main_peers.type->abort(&main_peers, status);
    return status;
}

void main_peers_close(void)
{
    if (main_peers.type != NULL)
        main_peers.type->close(&main_peers);
}
