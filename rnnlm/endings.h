// How programs end by signals: nothing unfinished stays behind, and a training is saved first. For
// programs alone, a library leaves signals to its host.
#ifndef ENDINGS_H
#define ENDINGS_H

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/file.h"

static atomic_int endings_asked;   // the signal that has asked for an end; 0: none
static atomic_bool endings_waited; // the first one only asks: somebody looks at it

// Ends by the signal, with the status that it has by default, unless the work is to be saved first;
// a second signal does not wait for that.
static void endings_take(int number)
{
    int saved = errno, none = 0;
    bool asks = number == SIGINT || number == SIGTERM || number == SIGHUP;
    if (asks && atomic_load(&endings_waited) &&
        atomic_compare_exchange_strong(&endings_asked, &none, number)) {
        errno = saved;
        return;
    }
    output_remove_unfinished();
    signal(number, SIG_DFL);
    raise(number);
}

// Signals that are ignored stay so (nohup).
static inline void endings_catch(void)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXCPU};
    struct sigaction action = {.sa_handler = endings_take, .sa_flags = SA_RESTART}, before;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
}

#endif
