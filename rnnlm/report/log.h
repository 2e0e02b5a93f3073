// Logs of trainings: MODEL.log beside a model, for people's own programs and for pages
// (report/learning_page.h).
//
// Four columns with tabs between, and a first line that names them: `words` of the training text
// learnt until then, in all epochs together; `seconds` since the training began, breaks left out;
// `name` and `value` of a figure. Names:
//
//   log                 the format's version: the first row
//   command, started    what began or went on: the command line, as a shell takes it; date and time (UTC)
//   setting.NAME        of the training: model, layers, text, ...
//   train.bits          entropy of the training text since the row of this name before (or since the
//                       epoch began), bits a word
//   alpha, speed        learning rate; words a second since the row before
//   epoch.train.bits, epoch.valid.bits      of an epoch, when it has ended
//   gradient.PARAMETER  length of the gradient of a parameter, summed over a piece of the text
//   error.LAYER         lengths of the error of a layer's units, d log P(word) / d unit: at the last word
//                       of a piece, which it is the error of, and at each word before it, as it goes back
//                       through time; blanks between
//   activation.LAYER    of the outputs of a layer's units in a piece of the text: the least, the largest,
//                       and the shares of LOG_BINS equal parts of what lies between
//   sample              text drawn from the model
//   map.WORD            the two largest principal components of a frequent word's vector
//   end                 how the training ended
//
// Of figures that come again and again a long training keeps some hundreds, evenly spaced.
#ifndef REPORT_LOG_H
#define REPORT_LOG_H

#include <stdint.h>

#include "base/file.h"

enum { LOG_VERSION = 1, LOG_BINS = 24 };

struct log_row {
    uint64_t words;
    double seconds;
    char *name, *value;
};

struct log {
    struct log_row *row; // [count]
    size_t count, capacity;
};

void log_free(struct log *log);

// Adds a row; seconds are rounded to thousandths, as they are written; tabs and newlines of the value
// become blanks. Error: no memory.
bool log_add(struct log *log, uint64_t words, double seconds, const char *name, const char *format,
             ...) __attribute__((format(printf, 5, 6)));

// Takes out the rows of which `drop` is true.
void log_drop(struct log *log, bool (*drop)(const void *context, const struct log_row *row),
              const void *context);

// The last row of a name, or NULL.
const struct log_row *log_last(const struct log *log, const char *name);

// What stands behind `prefix` in the row's name; NULL if the name does not begin so.
const char *log_name_behind(const struct log_row *row, const char *prefix);

// The numbers of a row's value, at most `most`; returns how many there are.
size_t log_numbers(const struct log_row *row, double *number, size_t most);

// Reads a log into an empty one. Error: file and line, what was found and what was wanted; log_free() in any case.
bool log_read(struct log *log, const char *path, struct error *error);

// Writes it in the place of what is there.
bool log_write(const struct log *log, const char *path, struct error *error);

// Whether a training may have its log there: there is nothing, or a log. Error: what is there.
bool log_may_be(const char *path, struct error *error);

#endif
