// One line of a probability stream, in each of its forms.
#ifndef SCORE_STREAM_LINE_H
#define SCORE_STREAM_LINE_H

#include "score/stream.h"

// Each reads a whole line (line[length] is 0) into an item. On failure `error` says what was found
// and what was wanted, without file and line.
bool stream_line_number_alone(const char *line, size_t length, struct stream_item *item,
                              struct error *error);
bool stream_line_srilm(const char *line, size_t length, struct stream_item *item,
                       struct error *error);
bool stream_line_table(const char *line, size_t length, size_t columns, enum stream_column column,
                       struct stream_item *item, struct error *error);

// What a line is, for recognising the form.
bool stream_line_is_blank(const char *line, size_t length);
bool stream_line_is_numeric(const char *line, size_t length); // any number, a bad one too
bool stream_line_is_srilm(const char *line, size_t length);
bool stream_line_is_header(const char *line, size_t length, size_t *columns); // of a table
bool stream_line_is_total(const char *line, size_t length,
                          uint64_t *words); // of SRILM, "... N words, N OOVs"

#endif
