// Kaldi's compact lattices in text form: a line with the utterance's name, then arcs and final
// states, then an empty line:
//
//   FROM TO WORD GRAPH,ACOUSTIC,ALIGNMENT
//   STATE GRAPH,ACOUSTIC,ALIGNMENT
//
// Weights are costs, natural logarithms with the sign turned; the graph's cost is taken for that of
// the language model.
#ifndef LATTICE_KALDI_H
#define LATTICE_KALDI_H

#include "base/file.h"
#include "lattice/lattice.h"
#include "lattice/symbols.h"

// Goes to the next utterance and reads its name into an empty lattice (lattice_init() is called);
// false at the end of the file, and with `error` filled and *failed set if that cannot be.
bool kaldi_next(struct input *input, struct lattice *lattice, bool *failed, struct error *error);

// Reads the utterance's arcs; after a failure too, the file stands behind them. `symbols` may be
// NULL: then the arcs have words.
bool kaldi_read(struct input *input, struct lattice *lattice, const struct symbols *symbols,
                struct error *error);

// Writes an arranged lattice. Error: a word that is not in `symbols`.
bool kaldi_write(const struct lattice *lattice, const struct symbols *symbols,
                 struct output *output, struct error *error);

#endif
