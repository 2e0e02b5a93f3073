// Lattices one after the other from files of any format, recognised by content.
#ifndef LATTICE_READER_H
#define LATTICE_READER_H

#include "lattice/fst.h"
#include "lattice/kaldi.h"
#include "lattice/lattice.h"
#include "lattice/slf.h"

struct lattice_reading {
    bool quotes;                      // slf_read()
    bool trim;                        // lattice_arrange()
    bool cost_as_lm;                  // fst_read()
    double frame_shift;               // lattice_take_frames(), of Kaldi's lattices; 0: no times
    const struct symbols *symbols;    // kaldi_read(), fst_read(); may be NULL
    const struct vocabulary *ignored; // words that language models do not see; may be NULL
};

struct lattice_reader;

// `reading` stays the caller's. Error: the file cannot be opened or is empty.
struct lattice_reader *lattice_reader_open(const char *path, const struct lattice_reading *reading,
                                           struct error *error);
void lattice_reader_close(struct lattice_reader *reader);

enum lattice_result {
    LATTICE_READ,   // an arranged lattice, to be freed before the reader is closed
    LATTICE_FAILED, // `error` is filled; the next lattice, if there is one, can be read
    LATTICE_NO_MORE
};

enum lattice_result lattice_read(struct lattice_reader *reader, struct lattice *lattice,
                                 struct error *error);

#endif
