// Word classes as SRILM has them (classes-format(5)): what a class of a class n-gram model stands
// for, a line each
//
//   CLASS [PROBABILITY] WORD WORD...
//
// with probability 1 if there is none. Several words are a phrase. Lines that come again add up.
#ifndef NGRAM_CLASS_DEFINITIONS_H
#define NGRAM_CLASS_DEFINITIONS_H

#include "text/vocabulary.h"

struct class_expansion {
    int32_t class;
    double probability;
    size_t first, length; // words first..first+length-1 of word[]
};

struct class_definitions {
    struct vocabulary classes; // </s> is one without expansions
    struct vocabulary words;
    struct class_expansion *expansion; // [expansions] those of a class stand together
    size_t expansions, expansion_capacity;
    int32_t *word; // [words_used] ids
    size_t words_used, word_capacity;
    size_t *begin; // [classes.size + 1] the first expansion of each class
};

// class_definitions_free() also after a failure. Error: file, line, what is wrong with it.
bool class_definitions_read(struct class_definitions *definitions, const char *path,
                            struct error *error);
void class_definitions_free(struct class_definitions *definitions);

// What a user should know, in one line: that the probabilities of a class do not sum to 1. False if
// there is nothing.
bool class_definitions_remark(const struct class_definitions *definitions, const char *path,
                              struct error *remark);

#endif
