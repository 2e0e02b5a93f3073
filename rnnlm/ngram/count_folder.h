// Folders of n-gram counts in the form of Google's Web 1T 5-gram collection (LDC2006T13), which SRILM's
// ngram-count -read-google reads:
//
//   1gms/vocab.gz     lines "WORD<tab>COUNT"; 1gms/total: how many tokens there are, may be missing
//   2gms/2gm.idx      lines "FILE<tab>FIRST N-GRAM", one for each of the files
//   2gms/2gm-0000.gz  lines "WORD WORD<tab>COUNT", then 2gms/2gm-0001.gz...
//   3gms/...
//
// All are in the order of their words' bytes; files may be plain, without the .gz.
#ifndef NGRAM_COUNT_FOLDER_H
#define NGRAM_COUNT_FOLDER_H

#include "base/error.h"
#include "ngram/count_file.h"

struct count_folder;

bool count_folder_is(const char *path);

// For n-grams of up to `order` words. NULL: no memory.
struct count_folder *count_folder_open(const char *path, size_t order, struct error *error);
void count_folder_close(struct count_folder *folder);

// The path of the next file, valid until the next call; NULL at the end and after a failure, which *ok
// tells apart. Error: a folder, file or index that is missing, files out of order, more words than there
// are tokens.
const char *count_folder_next(struct count_folder *folder, bool *ok, struct error *error);

// Sees to the n-gram that has been read next in that file: <S> and </S> become <s> and </s>. Error: a wrong
// number of words, an n-gram out of order or twice, the first not that of the index.
bool count_folder_take(struct count_folder *folder, struct counted *ngram, struct error *error);

#endif
