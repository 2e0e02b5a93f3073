// The tree of words: depths by Huffman's algorithm (1952), and whether depths make a tree.
#include <stdlib.h>
#include <string.h>

#include "base/huffman.h"
#include "base/memory.h"
#include "net/outputs/tree.h"

// Nodes as base/huffman.h has them: the words from the rarest on, then inner nodes.
struct huffman {
    double *weight;  // [2 V - 1]
    uint32_t *above; // [2 V - 1] the parent; of words later on: the depth
};

static int compare_weights(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Parents become depths.
static void join(struct huffman *huffman, size_t words)
{
    huffman_join(huffman->weight, huffman->above, words);
    huffman->above[2 * words - 2] = 0; // the root, at depth 0
    for (size_t i = 2 * words - 2; i-- > 0;)
        huffman->above[i] = huffman->above[huffman->above[i]] + 1;
}

// of_word[i] = the i-th lowest depth.
static size_t sort_depths(const struct huffman *huffman, size_t words, int32_t *of_word)
{
    size_t number[TREE_MOST_DEPTH + 1] = {0}, word = 0, deepest = 0;
    for (size_t i = 0; i < words; i++)
        number[huffman->above[i]]++;
    for (size_t d = 0; d <= TREE_MOST_DEPTH; d++)
        for (size_t i = 0; i < number[d]; i++) {
            of_word[word++] = (int32_t)d;
            deepest = d;
        }
    return deepest;
}

bool tree_divide(struct network_shape *shape, const uint64_t *count, struct classes *classes,
                 struct error *error)
{
    size_t words = shape->words;
    struct huffman huffman = {memory_new(2 * words, sizeof(double), error),
                              memory_new(2 * words, sizeof(uint32_t), error)};
    int32_t *of_word = memory_new(words, sizeof *of_word, error);
    bool ok = huffman.weight != NULL && huffman.above != NULL && of_word != NULL;
    for (size_t i = 0; ok && i < words; i++)
        huffman.weight[i] = (double)count[i] + 1;
    if (ok) {
        qsort(huffman.weight, words, sizeof(double), compare_weights);
        join(&huffman, words);
        shape->classes = sort_depths(&huffman, words, of_word) + 1;
        ok = classes_from_words(classes, of_word, words, shape->classes, error);
    }
    free(huffman.weight);
    free(huffman.above);
    free(of_word);
    return ok;
}

bool tree_divided_ok(const struct classes *classes, struct error *error)
{
    size_t places = 1;
    if (classes->count > TREE_MOST_DEPTH + 1)
        return error_set(error, "tree: found depths up to %zu, wanted at most %d",
                         classes->count - 1, TREE_MOST_DEPTH);
    for (size_t d = 0; d < classes->count; d++) {
        size_t words = (size_t)(classes->begin[d + 1] - classes->begin[d]);
        if (words > places || (d + 1 == classes->count && words < places))
            return error_set(error, "tree: found %zu words at depth %zu, wanted %s%zu", words, d,
                             words > places ? "at most " : "", places);
        places = 2 * (places - words);
        if (places > 2 * classes->words)
            return error_set(error,
                             "tree: found %zu places at depth %zu, wanted at most %zu for the "
                             "vocabulary's %zu words",
                             places, d + 1, 2 * classes->words, classes->words);
    }
    return true;
}
