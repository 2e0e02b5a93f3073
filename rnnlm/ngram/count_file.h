// Files of n-gram counts as SRILM's ngram-count writes them: an n-gram a line, its words and its count
// with blanks or tabs between. N-grams of all orders stand in any order, and those that come again add
// up.
#ifndef NGRAM_COUNT_FILE_H
#define NGRAM_COUNT_FILE_H

#include "base/error.h"
#include "ngram/record.h"
#include "text/reader.h"

struct count_file;

struct counted {
    struct token word[RECORD_MOST_IDS]; // the first of them; valid until the next line
    size_t length;                      // words there are
    uint64_t count;                     // 1..COUNT_MOST
    uint64_t line;
};

static const uint64_t COUNT_MOST = (uint64_t)1 << 40;

// A file, or a folder in Google's form (ngram/count_folder.h), of which n-grams of up to `order` words are
// read.
struct count_file *count_file_open(const char *path, size_t order, struct error *error);
void count_file_close(struct count_file *file);

// The path of the file that is being read.
const char *count_file_name(const struct count_file *file);

// The next n-gram whose count is not 0. False at the end and after a failure, which *ok tells apart.
// Error: file, line, what is no count; what is wrong with a folder.
bool count_file_next(struct count_file *file, struct counted *ngram, bool *ok, struct error *error);

#endif
