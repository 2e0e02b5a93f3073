// Lists of words that a model is to get, and of words that it is to lose: files that people write.
#ifndef TEXT_CHANGED_WORDS_H
#define TEXT_CHANGED_WORDS_H

#include "text/vocabulary.h"

struct added_word {
    uint64_t count;     // 0: not given
    uint64_t line;      // of the file
    size_t like, likes; // its similar words: like[like] and on
};

// Words to add: a word a line, behind it in any order a count and any number of fields
// like:WORD[,WORD...], words of the model that it is similar to (what stands behind like: is one word
// if the model has that, commas included). Empty lines are passed over.
struct added_words {
    struct vocabulary list;  // </s>, which is not meant, and the words from id 1 on
    struct added_word *word; // [list.size]
    int32_t *like;           // ids in the model
    size_t likes, word_capacity, like_capacity;
};

// Words for a model that has `known`. Error: file, line, and what is wrong: a word that is there twice,
// or in the model; a mark of sentences; a field that is none of these; a similar word that is not in the
// model, or no word; no word at all. added_words_free() in any case.
bool added_words_read(struct added_words *added, const char *path, const struct vocabulary *known,
                      struct error *error);
void added_words_free(struct added_words *added);

// Words to remove, one a line: removed[id] [known->size] is true for them. Error as above; </s> cannot
// be removed.
bool removed_words_read(bool *removed, const char *path, const struct vocabulary *known,
                        struct error *error);

#endif
