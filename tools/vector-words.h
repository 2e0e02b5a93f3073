// What rnnlm-model and rnnlm-vectors print of words' vectors: neighbours and analogies.
#ifndef TOOLS_VECTOR_WORDS_H
#define TOOLS_VECTOR_WORDS_H

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tool.h"
#include "vectors/neighbours.h"

// Vectors, where they are from, and what is wanted of them.
struct vector_words {
    const struct vectors *vectors;
    const char *path;
    struct option_list neighbours, analogies;
    int64_t nearest;
};

static inline bool vector_words_find(const struct vector_words *of, const char *text, size_t length,
                                     int32_t *word, struct error *error)
{
    *word = vocabulary_find(of->vectors->words, text, length);
    return *word >= 0 || error_set(error, "%s has no word \"%.*s\"", of->path,
                                   (int)(length < 60 ? length : 60), text);
}

static inline void vector_words_nearest(const struct vector_words *of, const char *name,
                                        const double *place, const int32_t *left_out, size_t left,
                                        struct neighbour *found, struct output *output)
{
    size_t count = vectors_nearest(of->vectors, place, left_out, left, found, (size_t)of->nearest);
    for (size_t i = 0; i < count; i++)
        output_format(output, "%s\t%s\t%.4f\n", name,
                      vocabulary_word(of->vectors->words, found[i].word), found[i].cosine);
}

// "A B C"
static inline bool vector_words_parse(const struct vector_words *of, const char *text,
                                      int32_t *word, struct error *error)
{
    size_t count = 0;
    for (const char *at = text + strspn(text, " "); *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (count < 3 && !vector_words_find(of, at, length, &word[count], error))
            return false;
        count++;
        at += length;
    }
    return count == 3 || error_usage(error,
                                     "analogy: found \"%.60s\", wanted three words with blanks "
                                     "between, 'A B C'",
                                     text);
}

static inline bool vector_words_print(struct vector_words of, struct output *output,
                                      struct error *error)
{
    const struct vectors *vectors = of.vectors;
    size_t words = vectors->words->size;
    double *place = memory_new(vectors->width, sizeof *place, error);
    if ((size_t)of.nearest > words)
        of.nearest = (int64_t)words;
    struct neighbour *found = memory_new((size_t)of.nearest, sizeof *found, error);
    int32_t word[3];
    bool ok = place != NULL && found != NULL;
    for (size_t i = 0; ok && i < of.neighbours.count; i++) {
        const char *text = of.neighbours.item[i];
        ok = vector_words_find(&of, text, strlen(text), word, error);
        if (!ok)
            break;
        vectors_place(vectors, *word, place);
        vector_words_nearest(&of, text, place, word, 1, found, output);
    }
    for (size_t i = 0; ok && i < of.analogies.count; i++) {
        ok = vector_words_parse(&of, of.analogies.item[i], word, error);
        if (!ok)
            break;
        vectors_analogy(vectors, word[0], word[1], word[2], place);
        vector_words_nearest(&of, of.analogies.item[i], place, word, 3, found, output);
    }
    free(place);
    free(found);
    return ok;
}

#endif
