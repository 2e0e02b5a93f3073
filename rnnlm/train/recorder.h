// What a training leaves to be looked at: its log, MODEL.log (report/log.h), and its learning page
// (report/learning_page.h).
//
// Log and page are written again and again while training runs, the page so that browsers read it
// again. Looks at the network and writing take about a hundredth of the time at most.
#ifndef TRAIN_RECORDER_H
#define TRAIN_RECORDER_H

#include "train/trainer.h"

struct recorder_rule {
    bool log;            // whether it may leave one: else its name is taken
    const char *page;    // its path; NULL: none, and nobody looks at the network
    uint64_t snapshot;   // words between samples of text; 0: after epochs, if there is a page
    const char *command; // what the training was begun with, as a shell takes it
    // Called once for what does not come about; `failed`: it could not be written, or there was no memory
    // for it. Training goes on.
    void (*tell)(void *context, const char *text, bool failed);
    void *context;
};

struct recorder;

// Rule, model and training stay the caller's. Error: no memory.
struct recorder *recorder_new(const struct recorder_rule *rule, struct model *model,
                              const struct training *training, struct error *error);

// To be called with each report of the training (struct training). The first one tells whether a log
// that is there goes on.
void recorder_take(struct recorder *recorder, const struct progress *progress);

// Writes the last of it, with how the training ended, if recorder_take() has been called; and frees the
// recorder (NULL: nothing).
void recorder_end(struct recorder *recorder, const char *how);

#endif
