// HTK's standard lattice format (SLF), as HTK and SRILM write it.
//
// Read: words and scores on nodes or links, short and long field names, logarithms of any base (0:
// probabilities), all scales of the header. What a link has besides (v=, d=, ...) is kept and
// written again; posteriors (p=), which rescoring makes wrong, are not.
#ifndef LATTICE_SLF_H
#define LATTICE_SLF_H

#include "base/file.h"
#include "lattice/lattice.h"

// Reads the one lattice of a file into an empty lattice, which lattice_arrange() has not seen yet.
// `quotes`: words may be quoted and have escapes, as HTK writes them; otherwise words are what
// stands there, as SRILM writes them. Error: file, line, what was found and wanted.
bool slf_read(struct input *input, struct lattice *lattice, bool quotes, struct error *error);

// Writes an arranged lattice, words on links.
void slf_write(const struct lattice *lattice, bool quotes, struct output *output);

#endif
