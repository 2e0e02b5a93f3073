// Our own model files: made to be mapped, so that a scoring process starts at once and shares the
// weights with all others that use the file.
//
// A file of sections (base/sections.h): the texts `architecture` and `record`
// (model/native_text.h), the vocabulary with its hash table (`counts`, `offsets`, `letters`,
// `slots`), `classes`, `state`, and each parameter of the network under its own name, exactly as it
// lies in memory, rows padded with zeros. Instead of floats, the parameters whose rows belong to
// words, the hash and those of the output may be bfloat16, which halves the file. Rows of one softmax
// are then less their mean: no probability changes by that, and little is lost by rounding what is
// left. Files of version 1 (model/native_v1.h) are read as well.
//
// What is verified when:
// - always: header and table, texts, vocabulary and classes, by checksum, and every id, offset and
//   size in them against its bounds. No file content can lead a reader outside of its arrays.
// - when a model is read into memory of its own (to train, to convert, to check, from a pipe or a
//   compressed file): besides, the checksums of all parameters, that weights are finite and padding
//   is zero, and that the hash table finds every word. bfloat16 is expanded.
// - not when a file is mapped: the parameters, for that would read all of them. `rnnlm-model -check`
//   does it.
//
// No file makes a reader take more memory than it has bytes, by more than a little, or than twice what
// has arrived of it where its size is not known (pipes, compressed files); bfloat16 takes twice that
// when it is expanded.
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
// only.
bool native_map(struct model *model, const char *path, struct error *error);

// Writes floats, or bfloat16, as model->format says. Error: no memory; failures of writing show in
// output_commit().
bool native_write(const struct model *model, struct output *output, struct error *error);

#endif
