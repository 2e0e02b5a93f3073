// Models in files of any format.
#ifndef MODEL_MODEL_FILE_H
#define MODEL_MODEL_FILE_H

#include "base/file.h"
#include "model/model.h"

// text, binary, native, native-bf16
const char *model_format_name(enum model_format format);

// Error: what was found and which names there are.
bool model_format_named(const char *name, enum model_format *format, struct error *error);

// Reads a model in any format known, recognised by its content; gzip-compressed and "-" too. All
// that can be verified is, and its memory is its own, so that it may be trained. On failure the
// model is empty. Error: what is wrong with the file, and where.
bool model_load(struct model *model, const char *path, struct error *error);

// The same for a model that is only to be read: a native file is used where it lies, at once and
// shared with other processes, and its weights are not verified (model/native.h says what is).
// Writing to such a model ends the process. One in bfloat16 is for the forward pass of
// net/forward.h alone.
bool model_open(struct model *model, const char *path, struct error *error);

// The same of an input that input_open() has opened by `path`, of which nothing has been taken.
bool model_open_input(struct model *model, struct input *input, const char *path,
                      struct error *error);

// Whether model->format can hold the model. Error: for `path`, what it holds and which format is
// wanted.
bool model_can_be_saved(const struct model *model, const char *path, struct error *error);

// For who takes what stands between blanks for the model's words, as those of pieces are. Error: its words are
// characters.
bool model_is_of_words(const struct model *model, const char *path, struct error *error);

// Writes a model in model->format; the old file stays until the new one is complete. Not for a
// model in bfloat16 that is used in place.
bool model_save(const struct model *model, const char *path, struct error *error);

// The name of a file that belongs to a model: its path with a suffix; free() it. Error: no memory.
char *model_file_beside(const char *model_path, const char *suffix, struct error *error);

#endif
