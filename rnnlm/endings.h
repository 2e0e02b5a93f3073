// How programs end by signals: nothing unfinished stays behind, and a training is saved first. For
// programs alone, a library leaves signals to its host.
#ifndef ENDINGS_H
#define ENDINGS_H

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

#include "base/file.h"

static atomic_int endings_asked;   // the signal that has asked for an end; 0: none
static atomic_bool endings_waited; // the first one only asks: somebody looks at it

// Ends by the signal, with the status that it has by default, unless the work is to be saved first;
// a second signal does not wait for that, but for one that comes when time is up.
static void endings_take(int number)
{
    int saved = errno, none = 0, time_up = SIGALRM;
    bool asks = number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGALRM;
    if (asks && atomic_load(&endings_waited) &&
        (atomic_compare_exchange_strong(&endings_asked, &none, number) ||
         atomic_compare_exchange_strong(&endings_asked, &time_up, number))) {
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

// Has SIGALRM ask for an end after so many seconds; 0: no more.
static inline void endings_ask_after(double seconds)
{
    struct sigaction action = {.sa_handler = endings_take, .sa_flags = SA_RESTART};
    struct itimerval timer = {.it_value = {.tv_sec = 0}};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    timer.it_value.tv_sec = (time_t)seconds;
    timer.it_value.tv_usec = (suseconds_t)((seconds - (double)timer.it_value.tv_sec) * 1e6);
    setitimer(ITIMER_REAL, &timer, NULL);
}

#endif
