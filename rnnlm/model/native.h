// Our own model files: made to be mapped, so that a scoring process starts at once and shares the
// weights with all others that use the file.
//
// A file is a header with a table of sections, then the sections, each at a multiple of
// NATIVE_ALIGNMENT (native_format.h has every field): file names, vocabulary with its hash table,
// classes, hidden activation, and the arrays of struct network exactly as they lie in memory, rows
// padded to 16 floats with zeros. Numbers are in the byte order of the machine that wrote the file,
// and a mark tells another machine to refuse it. Instead of floats, the three large arrays (input
// weights, output weights, direct connections) may hold bfloat16, which halves the file. Output
// weights are then less the mean of those in the same softmax: no probability changes by that, and
// little is lost by rounding what is left.
//
// What is verified when:
// - always: header and section table, vocabulary and classes, by checksum, and every id, offset and
//   size in them against its bounds. No file content can lead a reader outside of its arrays.
// - when a model is read into memory of its own (to train, to convert, to check, from a pipe or a
//   compressed file): besides, the checksums of all arrays, that weights are finite and padding is
//   zero, and that the hash table finds every word. bfloat16 is expanded.
// - not when a file is mapped: the arrays, for that would read all of them. `rnnlm-model -check`
//   does it.
//
// A mapped file must not be written to or cut in place: replace it by renaming another over it, as
// model_save() does; whoever has it mapped keeps the old one.
#ifndef MODEL_NATIVE_H
#define MODEL_NATIVE_H

#include "base/file.h"
#include "model/model.h"

// Whether the file begins as a native model does; takes nothing from it.
bool native_recognise(struct input *input);

// Fills an empty model whose arrays are its own, everything verified. Error: file, section, what
// was found and what was wanted; the model is then to be freed.
bool native_read(struct model *model, struct input *input, struct error *error);

// Fills an empty model whose vocabulary and weights lie in the map of a regular file, for reading
// only. A file that cannot be used in place (some arrays bfloat16, others not) is read as by
// native_read().
bool native_map(struct model *model, const char *path, struct error *error);

// Writes floats, or bfloat16, as model->format says. Error: no memory; failures of writing show in
// output_commit().
bool native_write(const struct model *model, struct output *output, struct error *error);

#endif
