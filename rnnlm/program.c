// What all programs begin with.
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/terminal.h"

static const char *name;

// The lowest free number is the one that is closed. What it gets can be read where it would be
// written, or the other way round.
static void fill_closed_streams(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        if (fcntl(stream, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            _exit(1);
}

// In a handler there is write() and not much else.
static void say(const char *text)
{
    size_t size = strlen(text);
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, text, size);
        if (written <= 0)
            return;
        text += written;
        size -= (size_t)written;
    }
}

// Sent by another process (which a code above 0 is not), or from elsewhere than a mapped file, the
// signal means what it always does: it comes again when the handler, which is gone, has returned.
static void cut(int signal, siginfo_t *information, void *context)
{
    (void)context;
    const char *file = information->si_code > 0 ? map_name_at(information->si_addr) : NULL;
    if (file == NULL) {
        raise(signal);
        return;
    }
    say(name);
    say(": ");
    say(file);
    say(": the file has been cut or overwritten while it was in use, or cannot be read: a model in "
        "the native format is used in place, and wants to be replaced by another file of its name "
        "(rnnlm-model -o and mv do that, cp does not)\n");
    _exit(1);
}

void program_begin(const char *program)
{
    struct sigaction action = {.sa_sigaction = cut, .sa_flags = SA_SIGINFO | (int)SA_RESETHAND};
    name = program;
    fill_closed_streams();
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
    signal(SIGXFSZ, SIG_IGN);
}

void program_draw(const char *line)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%.*s", terminal_columns(STDERR_FILENO) - 1, line);
}
