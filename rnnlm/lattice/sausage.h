// Confusion networks and word posteriors as files have them. Words of confusion networks whose
// posteriors are below `least` are left out.
#ifndef LATTICE_SAUSAGE_H
#define LATTICE_SAUSAGE_H

#include "base/file.h"
#include "lattice/bayes.h"
#include "lattice/kaldi.h"
#include "lattice/paths.h"

// SRILM's word mesh, wlat-format(5): name, numaligns, posterior, then for each slot `align`, and an
// `info` line for each word if nodes have times (start, duration, scores in log10; no phones). No
// word is *DELETE*. Slots without words are left out.
void sausage_write_mesh(const struct lattice *lattice, const struct confusions *confusions,
                        double least, struct output *output);

// Kaldi's line of sausages: ID [ WORD POSTERIOR WORD POSTERIOR ... ] [ ... ], all slots, words as
// numbers if `symbols` is not NULL; no word is <eps> or 0. Error: a word that is not in `symbols`.
bool sausage_write_kaldi(const struct lattice *lattice, const struct confusions *confusions,
                         double least, const struct symbols *symbols, struct output *output,
                         struct error *error);

// Lines ID 1 START DURATION WORD POSTERIOR for the sentence's words, as NIST's CTM has them; START
// and DURATION are * if nodes have no times. They are those of `path`, whose words the sentence then
// is; of averages, if it is NULL, and where two words overlap they meet in the middle.
bool posteriors_write(const struct lattice *lattice, const struct confusions *confusions,
                      const struct lattice_path *path, struct output *output, struct error *error);

#endif
