// Files on their way: their names, what is left of dead processes, and a list for signal handlers.
#include "base/beside.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/memory.h"

// File systems have names of 143 bytes at least.
enum { MOST_NAME = 40, MOST_HOST = 32, MARK = 64, SLOTS = 64, FOLDERS = 4, TRIES = 100 };

// ---- the list for signal handlers -------------------------------------------------------------

// Who takes a path out of its slot owns it: beside_free(), or a handler, which removes the file and
// cannot free the path.
static _Atomic(char *) slots[SLOTS], removed[SLOTS];

static void list(struct beside *beside)
{
    for (beside->slot = 0; beside->slot < SLOTS; beside->slot++) {
        char *none = NULL;
        if (atomic_compare_exchange_strong(&slots[beside->slot], &none, beside->path))
            return;
    }
    beside->slot = -1;
}

static void beside_free(struct beside *beside)
{
    char *path = beside->path;
    if (beside->slot < 0 || atomic_compare_exchange_strong(&slots[beside->slot], &path, NULL))
        free(beside->path);
    beside->path = NULL;
}

void beside_remove_all(void)
{
    for (int i = 0; i < SLOTS; i++) {
        char *path = atomic_exchange(&slots[i], NULL);
        if (path == NULL)
            continue;
        unlink(path);
        atomic_store(&removed[i], path);
    }
}

// ---- what is left of dead processes -----------------------------------------------------------

// ".rnnlm-HOST-", of this host.
static void make_mark(char mark[MARK])
{
    char host[MOST_HOST + 1] = "";
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
        strcpy(host, "localhost");
    for (char *at = host; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at) && *at != '.' && *at != '-')
            *at = '_';
    snprintf(mark, MARK, ".rnnlm-%s-", host);
}

// Whether a name is that of such a file, and of which process.
static bool is_beside(const char *name, const char *mark, pid_t *process)
{
    const char *found = NULL;
    char *end;
    for (const char *at = name; name[0] == '.' && (at = strstr(at, mark)) != NULL; at++)
        found = at + strlen(mark);
    if (found == NULL || !isdigit((unsigned char)*found))
        return false;
    long number = strtol(found, &end, 10);
    *process = (pid_t)number;
    return number > 0 && *end == '-' && end[1] != '\0' &&
           end[1 + strspn(end + 1, "0123456789")] == '\0';
}

// The process is gone, or had the number that this one has: then nobody holds the file's lock. One
// in another namespace of process numbers may be unknown here, but holds it.
static bool is_dead(int folder, const char *name, pid_t process)
{
    struct stat status;
    bool ours = process == getpid();
    if (!ours && (kill(process, 0) == 0 || errno != ESRCH))
        return false;
    int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return false;
    bool dead = fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
                (flock(file, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && !ours));
    close(file);
    return dead;
}

static void sweep(DIR *folder, const char *mark)
{
    pid_t process;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (is_beside(entry->d_name, mark, &process) &&
            is_dead(dirfd(folder), entry->d_name, process))
            unlinkat(dirfd(folder), entry->d_name, 0);
}

// Once a folder, as far as the latest are remembered.
static void sweep_once(const char *path, const char *mark)
{
    static struct {
        dev_t device;
        ino_t inode;
    } done[FOLDERS];
    static unsigned next;
    struct stat status;
    bool known = stat(path, &status) != 0;
    for (int i = 0; i < FOLDERS && !known; i++)
        known = done[i].device == status.st_dev && done[i].inode == status.st_ino;
    DIR *folder = known ? NULL : opendir(path);
    if (folder == NULL)
        return;
    done[next].device = status.st_dev;
    done[next].inode = status.st_ino;
    next = (next + 1) % FOLDERS;
    sweep(folder, mark);
    closedir(folder);
}

// ---- names ------------------------------------------------------------------------------------

// A path for a file beside the target; *name where its last part begins.
static char *new_path(const char *target, const char *mark, size_t *name, struct error *error)
{
    static atomic_uint serial;
    const char *slash = strrchr(target, '/'), *base = slash != NULL ? slash + 1 : target;
    *name = (size_t)(base - target);
    size_t size = *name + MOST_NAME + MARK + 48;
    char *path = memory_new(size, 1, error);
    if (path != NULL)
        snprintf(path, size, "%.*s.%.*s%s%ld-%u", (int)*name, target, MOST_NAME, base, mark,
                 (long)getpid(), atomic_fetch_add(&serial, 1));
    return path;
}

// Listed before it is made, so that no signal comes in between. Whatever has its name already is not
// ours to write into.
static int make_file(struct beside *beside)
{
    list(beside);
    int descriptor = descriptor_open(beside->path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    int reason = errno;
    if (descriptor < 0)
        beside_free(beside);
    else
        flock(descriptor, LOCK_EX | LOCK_NB);
    errno = reason;
    return descriptor;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int beside_open(struct beside *beside, const char *target, const char *called, struct error *error)
{
    char mark[MARK];
    int descriptor = -1;
    make_mark(mark);
    pthread_mutex_lock(&lock);
    for (int tries = 0; tries < TRIES && descriptor < 0; tries++) {
        size_t name;
        beside->path = new_path(target, mark, &name, error);
        if (beside->path == NULL)
            break;
        if (tries == 0) {
            char first = beside->path[name];
            beside->path[name] = '\0';
            sweep_once(name > 0 ? beside->path : ".", mark);
            beside->path[name] = first;
        }
        descriptor = make_file(beside);
        if (descriptor < 0 && (errno != EEXIST || tries + 1 == TRIES)) {
            error_set(error, "cannot write %s: %s", called, strerror(errno));
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return descriptor;
}

void beside_renamed(struct beside *beside)
{
    if (beside->path != NULL)
        beside_free(beside);
}

void beside_remove(struct beside *beside)
{
    if (beside->path == NULL)
        return;
    unlink(beside->path);
    beside_free(beside);
}
