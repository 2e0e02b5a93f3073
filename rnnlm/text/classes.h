// Word classes of the factorised output layer: contiguous runs of word ids with about equal share
// of the training text.
#ifndef TEXT_CLASSES_H
#define TEXT_CLASSES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct classes {
    size_t count;     // number of classes
    size_t words;     // number of words
    size_t largest;   // words of the largest class
    int32_t *of_word; // [words] class of a word
    int32_t *begin;   // [count + 1] class k has the words begin[k]..begin[k+1]-1, in the last
                      // classes perhaps none
};

// The first word of class k, and how many it has.
static inline size_t classes_first(const struct classes *classes, size_t k)
{
    return (size_t)classes->begin[k];
}

static inline size_t classes_words(const struct classes *classes, size_t k)
{
    return (size_t)(classes->begin[k + 1] - classes->begin[k]);
}

enum class_method {
    CLASSES_SQRT,     // shares of sqrt(count), the reference's default
    CLASSES_FREQUENCY // shares of count: -old-classes
};

// Divides words with the given counts (in order of id) into `wanted` classes. Later classes may
// stay empty.
bool classes_assign(struct classes *classes, const uint64_t *count, size_t words, size_t wanted,
                    enum class_method method, struct error *error);

// Takes the class of each word as read from a model file; the numbers must not fall and must be
// below `wanted`, or the error names the word's id.
bool classes_from_words(struct classes *classes, const int32_t *of_word, size_t words,
                        size_t wanted, struct error *error);

void classes_free(struct classes *classes);

// Sorts the places of known words by class, otherwise as they come: those of words of class k are
// order[begin[k]] to order[begin[k + 1] - 1]. `begin` has room for count + 2, `order` for n.
// Returns how many words are known.
size_t classes_sort(const struct classes *classes, const int32_t *word, size_t n, size_t *begin,
                    size_t *order);

#endif
