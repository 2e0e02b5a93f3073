// A look at what a network does with a piece of text, while it is trained: nothing of the training is
// changed by it.
//
// Through a piece of PROBE_STREAMS times PROBE_STEPS words go: the errors of all of them, for the
// gradients; and, apart from these, the error of the last word of each stream alone, to be seen at
// every step back through time (Bengio et al. 1994; Pascanu et al. 2013).
#ifndef TRAIN_PROBE_H
#define TRAIN_PROBE_H

#include "learn/batch.h"
#include "model/model.h"
#include "report/log.h"
#include "text/corpus.h"

enum { PROBE_STREAMS = 4, PROBE_STEPS = 32, PROBE_TEXT = PROBE_STREAMS * (PROBE_STEPS + 1) };

struct probe {
    const struct model *model; // not owned
    struct batch batch;
    struct pool *pool;        // of one thread
    int32_t text[PROBE_TEXT]; // [PROBE_STREAMS][PROBE_STEPS + 1]
    double *power;            // [parameters] squares of the lengths of gradients
};

// A piece of the corpus' first text, from places that are evenly spaced, once corpus_start() has been
// called; WORD_OOV where the text is too short.
void probe_text(const struct corpus *corpus, int32_t text[PROBE_TEXT]);

// It holds copies of the network's matrices. Error: no memory; probe_free() in any case.
bool probe_init(struct probe *probe, struct model *model, const int32_t text[PROBE_TEXT],
                const struct output_noise *noise, struct error *error);
void probe_free(struct probe *probe);

// Adds gradient, error and activation rows (report/log.h). Error: no memory.
bool probe_take(struct probe *probe, struct log *log, uint64_t words, double seconds,
                struct error *error);

#endif
