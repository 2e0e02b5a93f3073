// Processes that MPI has started: the one file that knows MPI. Without it (make MPI=1) there is nothing here.
#include "base/peers_mpi.h"

#ifdef RNNLM_MPI

#include <errno.h>
#include <mpi.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

// A message has at most so many bytes (MPI counts in int); how often one looks whether all is there before
// one sleeps between two looks, and how long.
enum { MOST_BYTES = 1 << 30, LOOKS = 2000, NAP_NANOSECONDS = 100000 };

// A process that has been asked to end and waits for others tells after so many seconds, and gives them up
// after so many. (MPI ends the processes of a job of which one has died as a user would: by SIGTERM.)
static const double TELLS = 0.25, PATIENCE = 30;

// Where a process is: whether it lives can be seen from the same place.
struct place {
    char machine[64], numbers[64]; // those of its processes
    pid_t process;
};

struct mpi {
    MPI_Request *request;
    size_t count, capacity;
    struct place *place; // [size]
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = NAP_NANOSECONDS}, NULL);
}

static bool same_place(const struct place *a, const struct place *b)
{
    return strcmp(a->machine, b->machine) == 0 && strcmp(a->numbers, b->numbers) == 0 &&
           a->numbers[0] != '\0';
}

// A process on the same machine that is there no more.
static bool any_dead(const struct peers *peers)
{
    const struct mpi *mpi = peers->own;
    for (size_t i = 0; i < peers->size; i++)
        if (same_place(&mpi->place[i], &mpi->place[peers->rank]) &&
            kill(mpi->place[i].process, 0) != 0 && errno == ESRCH)
            return true;
    return false;
}

static bool lost(struct peers *peers, struct error *error)
{
    peers->lost = true;
    return error_set(error, "the other processes do not answer: one of them has ended");
}

// Of a process that has been asked to end `since` seconds ago, and waits.
static bool goes_on(struct peers *peers, double since, struct error *error)
{
    if (since < TELLS)
        return true;
    if (any_dead(peers) || since > PATIENCE)
        return lost(peers, error);
    if (peers->waits != NULL)
        peers->waits(peers->context);
    peers->waits = NULL;
    return true;
}

// Looks for a while, then sleeps between looks: whoever waits long leaves the processor to others.
static bool wait_for(struct peers *peers, struct error *error)
{
    struct mpi *mpi = peers->own;
    int done = 0;
    double asked = 0;
    for (long looks = 0;; looks++) {
        MPI_Testall((int)mpi->count, mpi->request, &done, MPI_STATUSES_IGNORE);
        if (done)
            return true;
        if (looks < LOOKS) {
            sched_yield();
            continue;
        }
        nap();
        if (peers->asked == NULL || atomic_load(peers->asked) == 0)
            continue;
        asked = asked > 0 ? asked : now();
        if (!goes_on(peers, now() - asked, error))
            return false;
    }
}

static MPI_Request *next_request(struct mpi *mpi, struct error *error)
{
    if (!memory_grow(&mpi->request, &mpi->capacity, mpi->count + 1, sizeof *mpi->request, error))
        return NULL;
    return &mpi->request[mpi->count++];
}

static bool begin(struct mpi *mpi, bool sends, struct peers_span span, int peer,
                  struct error *error)
{
    for (size_t at = 0; at < span.size; at += MOST_BYTES) {
        size_t left = span.size - at;
        int bytes = (int)(left < MOST_BYTES ? left : MOST_BYTES);
        MPI_Request *request = next_request(mpi, error);
        if (request == NULL)
            return false;
        if (sends)
            MPI_Isend(span.data + at, bytes, MPI_BYTE, peer, 0, MPI_COMM_WORLD, request);
        else
            MPI_Irecv(span.data + at, bytes, MPI_BYTE, peer, 0, MPI_COMM_WORLD, request);
    }
    return true;
}

// Each begins with its neighbour: not all write to the same one at once.
static bool exchange(struct peers *peers, const struct peers_span *send,
                     const struct peers_span *receive, struct error *error)
{
    struct mpi *mpi = peers->own;
    mpi->count = 0;
    for (size_t i = 1; i < peers->size; i++) {
        size_t from = (peers->rank + peers->size - i) % peers->size;
        if (!begin(mpi, false, receive[from], (int)from, error))
            return false;
    }
    for (size_t i = 1; i < peers->size; i++) {
        size_t to = (peers->rank + i) % peers->size;
        if (!begin(mpi, true, send[to], (int)to, error))
            return false;
    }
    return wait_for(peers, error);
}

static bool broadcast(struct peers *peers, struct peers_span span, struct error *error)
{
    struct mpi *mpi = peers->own;
    for (size_t at = 0; at < span.size; at += MOST_BYTES) {
        size_t left = span.size - at;
        int bytes = (int)(left < MOST_BYTES ? left : MOST_BYTES);
        mpi->count = 0;
        MPI_Request *request = next_request(mpi, error);
        if (request == NULL)
            return false;
        MPI_Ibcast(span.data + at, bytes, MPI_BYTE, 0, MPI_COMM_WORLD, request);
        if (!wait_for(peers, error))
            return false;
    }
    return true;
}

static void free_own(struct peers *peers)
{
    struct mpi *mpi = peers->own;
    free(mpi->request);
    free(mpi->place);
    free(mpi);
    memset(peers, 0, sizeof *peers);
}

static void end_all(struct peers *peers, int status)
{
    (void)peers;
    MPI_Abort(MPI_COMM_WORLD, status);
}

static void finish(struct peers *peers)
{
    MPI_Finalize();
    free_own(peers);
}

static const struct peers_type peers_mpi = {
    .name = "MPI", .exchange = exchange, .broadcast = broadcast, .abort = end_all, .close = finish};

// Tells all where this process is.
static void gather_places(struct mpi *mpi, int rank)
{
    struct place *own = &mpi->place[rank];
    own->process = getpid();
    if (gethostname(own->machine, sizeof own->machine - 1) != 0 ||
        readlink("/proc/self/ns/pid", own->numbers, sizeof own->numbers - 1) < 0)
        own->numbers[0] = '\0';
    MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, mpi->place, sizeof *own, MPI_BYTE,
                  MPI_COMM_WORLD);
}

bool peers_mpi_open(struct peers *peers, const atomic_int *asked, struct error *error)
{
    int provided, rank, size;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    struct mpi *mpi = memory_new(1, sizeof *mpi, error);
    if (mpi != NULL)
        mpi->place = memory_new((size_t)size, sizeof *mpi->place, error);
    if (mpi == NULL || mpi->place == NULL) {
        free(mpi);
        return false;
    }
    gather_places(mpi, rank);
    *peers = (struct peers){
        .type = &peers_mpi, .own = mpi, .rank = (size_t)rank, .size = (size_t)size, .asked = asked};
    return true;
}

#endif
