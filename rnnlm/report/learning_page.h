// The page that shows what a training learns, and the one that compares several: from their logs.
#ifndef REPORT_LEARNING_PAGE_H
#define REPORT_LEARNING_PAGE_H

#include "report/log.h"

struct learning_log {
    const char *name; // what the page calls it
    const struct log *log;
};

// Of one log all that is in it; of several what they have in common, side by side. `reload`: seconds
// after which a browser is to read the page again; 0: it is complete. Error: no memory; nothing of use
// has been written then.
bool learning_page_write(struct output *output, const struct learning_log *log, size_t logs,
                         int reload, struct error *error);

#endif
