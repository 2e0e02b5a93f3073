// Tables of words and their numbers (words.txt), for files that have numbers for words.
#ifndef LATTICE_SYMBOLS_H
#define LATTICE_SYMBOLS_H

#include "base/file.h"
#include "lattice/lattice.h"
#include "lattice/pair_map.h"
#include "lattice/pieces.h"

struct symbols {
    struct vocabulary words;
    struct pair_map by_number; // index of the word
    uint64_t *number;          // [words.size]
    size_t number_capacity;
};

// Error: file, line, what was found and wanted. symbols_free() in any case.
bool symbols_read(struct symbols *symbols, const char *path, struct error *error);
void symbols_free(struct symbols *symbols);

// Sets word and kind of a link from a word as files have it, or its number; `symbols` may be NULL:
// then it is a word. Error: a number that the table does not have, or no number.
bool symbols_set_word(const struct symbols *symbols, struct lattice *lattice,
                      struct lattice_link *link, const struct piece *piece,
                      const struct input *input, struct error *error);

// Writes a word, or its number if `symbols` is not NULL; NULL, no word, as <eps> or 0. Error: a word
// that the table does not have; `lattice` is for the message.
bool symbols_write(const struct symbols *symbols, const struct lattice *lattice, const char *word,
                   struct output *output, struct error *error);

#endif
