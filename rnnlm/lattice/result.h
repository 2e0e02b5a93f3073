// What is written of a lattice: the lattice, the best sentences, the best one, its words' posteriors,
// or a confusion network.
#ifndef LATTICE_RESULT_H
#define LATTICE_RESULT_H

#include "base/file.h"
#include "lattice/kaldi.h"
#include "lattice/lattice.h"

enum lattice_writing { WRITE_LATTICE, WRITE_NBEST, WRITE_BEST, WRITE_POSTERIORS, WRITE_SAUSAGE };

struct lattice_result_form {
    enum lattice_writing writing;
    enum lattice_format format;    // of lattices; of sausages Kaldi's or any other, SRILM's
    bool quotes;                   // slf_write()
    const struct symbols *symbols; // kaldi_write(), fst_write()
    bool named;                    // fst_write()
    size_t most;                   // sentences of an n-best list
    bool with_id;                  // n-best lists: ID, scores, words between tabs
    bool least_errors;             // the best sentence is that of the fewest errors to be expected
    double posterior_scale;        // confusions_find()
    double least_posterior;        // of the words of sausages
};

// Writes an arranged lattice. The best one: ID WORD WORD ... N-best lists: lines
// ACOUSTIC LM NWORDS WORD WORD ... as in SRILM's nbest-format(5), log10 and unscaled, or the same
// between tabs behind the ID. Posteriors are of the best one, sausages are aligned to that of the
// fewest errors: sausage.h has their forms.
bool lattice_result_write(const struct lattice *lattice, const struct lattice_result_form *form,
                          struct output *output, struct error *error);

#endif
