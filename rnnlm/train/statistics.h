// Statistics of a model's gradients over a text, for dynamic evaluation (learn/adapter.h): collecting them, and
// files of them.
//
// A file of sections (base/sections.h), "statistics": `model`, two numbers that tell which it is of, those of its
// vocabulary and of its weights; and for each parameter the roots of the mean squares, under its name.
#ifndef TRAIN_STATISTICS_H
#define TRAIN_STATISTICS_H

#include "learn/adapter.h"
#include "model/model.h"
#include "text/corpus.h"

// What is behind the model's path in that of its statistics, where no other is named (model_file_beside()).
#define STATISTICS_SUFFIX ".statistics"

// Reads the text once, as training in batches does. `roots` have been made for the network. Error: that of the
// text, no memory, or that of adapter_fits().
bool statistics_collect(struct gradient_roots *roots, struct model *model, struct corpus *text,
                        struct error *error);

bool statistics_write(const struct gradient_roots *roots, const struct model *model,
                      const char *path, struct error *error);

// Error: no such file, damage, or statistics of another model; gradient_roots_free() in any case.
bool statistics_read(struct gradient_roots *roots, const struct model *model, const char *path,
                     struct error *error);

// The same for the model in the file `model_path`: what `path` names, or, where that is NULL, the file beside
// it. Error: what makes that one, too, if it is missing.
bool statistics_open(struct gradient_roots *roots, const struct model *model,
                     const char *model_path, const char *path, struct error *error);

// Whether there is one beside it.
bool statistics_exist(const char *model_path);

#endif
