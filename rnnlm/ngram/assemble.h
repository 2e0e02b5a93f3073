// The n-grams of an interpolated model as they stand in its file: probabilities joined with
// back-off weights, those that a cut-off has dropped left out unless a longer n-gram needs them.
#ifndef NGRAM_ASSEMBLE_H
#define NGRAM_ASSEMBLE_H

#include "base/error.h"
#include "ngram/backoff.h"
#include "ngram/interpolate.h"

struct assembled {
    uint32_t ids[RECORD_MOST_IDS]; // context, nearest word first, then the word
    float log10_prob;
    float log10_backoff;
    bool backoff; // whether there is a back-off weight
};

// Reads the n-grams of one order above 1.
struct assembly {
    struct interpolated_order *order;
    bool highest;
    const uint64_t *weight; // the back-off record read next, NULL at the end
};

// Ends the model: finds what must be there for longer n-grams' sake and counts the n-grams,
// count[2..orders].
bool assemble(struct interpolated *model, uint64_t *count, struct error *error);

bool assembly_start(struct assembly *assembly, struct interpolated *model, size_t order,
                    struct error *error);

// False at the end, *ok tells whether it was one.
bool assembly_next(struct assembly *assembly, struct assembled *ngram, bool *ok,
                   struct error *error);

// All of it in memory, as a back-off model; the n-grams are taken out of `model`. The words are open. NULL
// on failure.
struct ngram_model *assemble_model(struct interpolated *model, const struct counts *counts,
                                   struct error *error);

#endif
