// Loaded before a program (LD_PRELOAD): ends it as a kill -9 does, instead of its KILL_AT-th rename().
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int rename(const char *from, const char *to)
{
    static int left;
    const char *at = getenv("KILL_AT");
    if (left == 0 && at != NULL)
        left = atoi(at) + 1;
    if (at != NULL && --left == 0)
        kill(getpid(), SIGKILL);
    return (int)syscall(SYS_rename, from, to);
}
