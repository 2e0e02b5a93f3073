// Files with a key and a number a line: Kaldi's archives of costs, its unk.probs.
#ifndef SCORE_NUMBER_TABLE_H
#define SCORE_NUMBER_TABLE_H

#include "text/vocabulary.h"

struct number_table {
    char *path;
    struct vocabulary keys;
    double *value; // [keys.size]; NAN for </s> unless the file has it
    size_t capacity;
};

// Reads lines KEY NUMBER, with blanks or tabs between; blank lines are skipped. Every number is
// within least..most. Error: a line that is not so, or a key that comes twice.
// number_table_free() also after a failure.
bool number_table_read(struct number_table *table, const char *path, double least, double most,
                       struct error *error);
void number_table_free(struct number_table *table);

// False if the key is not there.
bool number_table_find(const struct number_table *table, const char *key, size_t length,
                       double *value);

#endif
