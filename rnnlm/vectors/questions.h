// Questions that vectors answer: what is to C as B is to A (Mikolov et al. 2013), in word2vec's files:
//
//   : KIND            begins the questions of a kind
//   A B C D           D is the right answer
#ifndef VECTORS_QUESTIONS_H
#define VECTORS_QUESTIONS_H

#include "vectors/vectors.h"

struct question_counts {
    uint64_t asked, right; // of those whose four words all have vectors
    uint64_t unknown;      // the others
};

// Answers the questions of a file: with the word nearest to B - A + C by angle, of vectors of length 1, that is none of
// the three. `tell` gets the counts of each kind when it ends, and what it is called ("" before any); then those of
// all, as NULL. Error: the line, what was found and what was wanted; no question.
bool questions_answer(const struct vector_table *table, const char *path,
                      void (*tell)(void *context, const char *kind,
                                   const struct question_counts *counts),
                      void *context, struct error *error);

#endif
