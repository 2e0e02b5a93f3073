// Loaded before a program (LD_PRELOAD): sends it a signal before its KILL_AT-th rename(), and the
// KILL_TIMES - 1 after that: KILL_SIGNAL, else 9, which ends it there.
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int setting(const char *name, int otherwise)
{
    const char *value = getenv(name);
    return value != NULL ? atoi(value) : otherwise;
}

// A shell without job control lets programs behind & ignore SIGINT.
__attribute__((constructor)) static void begin(void)
{
    if (getenv("KILL_SIGNAL") != NULL)
        signal(setting("KILL_SIGNAL", SIGKILL), SIG_DFL);
}

int rename(const char *from, const char *to)
{
    static int renames;
    int at = setting("KILL_AT", 0);
    renames++;
    if (at > 0 && renames >= at && renames < at + setting("KILL_TIMES", 1))
        kill(getpid(), setting("KILL_SIGNAL", SIGKILL));
    return (int)syscall(SYS_rename, from, to);
}
