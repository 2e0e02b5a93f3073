// Finite-state acceptors and transducers in OpenFst's text form, as fstprint, k2 (openfst=True) and
// Kaldi's lattice-to-fst write them:
//
//   FROM TO LABEL [COST]            acceptors
//   FROM TO INPUT OUTPUT [COST]     transducers, whose output labels are the words
//   STATE [COST]                    final states
//
// The first line's state is the start. Costs are natural logarithms with the sign turned; they do not
// say what part of them the language model has. Several in a file have a line with the utterance's
// name before each and an empty line behind it, as Kaldi's archives do.
//
// Lines with 4 fields may be either. What they are is seen from others with 3 or 5; where all have
// 4, they are acceptors if a last field is a number with a point or a sign, or if all are numbers and
// a third field is none; else transducers.
//
// Labels are words, or numbers, of which 0 is no word.
#ifndef LATTICE_FST_H
#define LATTICE_FST_H

#include "base/file.h"
#include "lattice/symbols.h"

// Reads arcs up to an empty line, or the end of the file, into an empty lattice; after a failure too
// the file stands behind them. Costs become language model scores if `as_lm`, acoustic ones
// otherwise; those of Kaldi's full lattices, GRAPH,ACOUSTIC, become both. `symbols` may be NULL: then
// labels are words, or numbers without a table if all are numbers. Error: file, line, what was found
// and wanted.
bool fst_read(struct input *input, struct lattice *lattice, bool as_lm,
              const struct symbols *symbols, struct error *error);

// Writes an arranged lattice; each arc's cost is that of its total. `acceptor`: one label an arc;
// `named`: with a name before it. Input labels that were read are written again, if words are as they
// were. Error: a word that is not in `symbols`.
bool fst_write(const struct lattice *lattice, bool acceptor, bool named,
               const struct symbols *symbols, struct output *output, struct error *error);

#endif
