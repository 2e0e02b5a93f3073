// Rules that make words of a transcript comparable: NIST's global mapping files, as its filter applies
// them.
//
//   ;; a comment, at the beginning of a line or behind a rule
//   * case_sensitive = 'F'                    properties; only this one has a meaning here
//   [INPUT] => [OUTPUT]                       anywhere, within words too
//   [INPUT] => [OUTPUT] / [LEFT] __ [RIGHT]   only between these; [ ] is a blank or an end
//   [INPUT] => {A / B C} / [ ] __ [ ]         alternatives
//
// Brackets may be left out around what has no blank at an end. At each place of a text the first rule
// that fits counts; what it puts there is not looked at again. Contexts are of the text as it was. An
// optional word, (WORD), is looked at by itself, and what becomes of it is optional.
#ifndef WER_GLM_H
#define WER_GLM_H

#include "text/span.h"

#include "base/error.h"

struct glm;

// Error: where, and what is wrong with the line. glm_close() takes NULL too.
struct glm *glm_open(const char *path, struct error *error);
void glm_close(struct glm *glm);

// The words of a text after the rules (none if glm is NULL), with one blank between them. With
// `optional`, (WORD) is an optional word; with split_hyphens a hyphen between letters of a word, whatever
// they are, is then a blank. *out grows as memory_grow() has it. Error: no memory. Any number of
// threads may share rules.
bool glm_apply(const struct glm *glm, struct span text, bool optional, bool split_hyphens,
               char **out, size_t *capacity, size_t *length, struct error *error);

#endif
