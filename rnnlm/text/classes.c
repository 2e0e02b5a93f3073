// Assignment of words to classes.
#include "text/classes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static bool allocate(struct classes *classes, size_t words, size_t wanted, struct error *error)
{
    memset(classes, 0, sizeof *classes);
    classes->count = wanted;
    classes->words = words;
    classes->of_word = memory_new(words, sizeof *classes->of_word, error);
    classes->begin = memory_new(wanted + 1, sizeof *classes->begin, error);
    if (classes->of_word != NULL && classes->begin != NULL)
        return true;
    classes_free(classes);
    return false;
}

void classes_free(struct classes *classes)
{
    free(classes->of_word);
    free(classes->begin);
    memset(classes, 0, sizeof *classes);
}

// begin[] and the largest class, from of_word[], which must not fall.
static void find_runs(struct classes *classes)
{
    size_t word = 0;
    for (size_t k = 0; k < classes->count; k++) {
        size_t begin = word;
        classes->begin[k] = (int32_t)begin;
        while (word < classes->words && (size_t)classes->of_word[word] == k)
            word++;
        if (word - begin > classes->largest)
            classes->largest = word - begin;
    }
    classes->begin[classes->count] = (int32_t)word;
}

static double share(uint64_t count, double total, enum class_method method)
{
    double frequency = (double)count / total;
    return method == CLASSES_SQRT ? sqrt(frequency) : frequency;
}

bool classes_assign(struct classes *classes, const uint64_t *count, size_t words, size_t wanted,
                    enum class_method method, struct error *error)
{
    if (!allocate(classes, words, wanted, error))
        return false;
    double total = 0, shares = 0, sum = 0;
    for (size_t word = 0; word < words; word++)
        total += (double)count[word];
    if (total <= 0)
        total = 1;
    // Frequencies sum to 1 and are not divided again: where a boundary falls on a sum exactly,
    // rounding decides.
    for (size_t word = 0; word < words; word++)
        shares += method == CLASSES_SQRT ? share(count[word], total, method) : 0;
    if (shares <= 0)
        shares = 1;
    size_t k = 0;
    for (size_t word = 0; word < words; word++) {
        sum += share(count[word], total, method) / shares;
        if (sum > 1)
            sum = 1;
        classes->of_word[word] = (int32_t)k;
        if (sum > (double)(k + 1) / (double)wanted && k + 1 < wanted)
            k++;
    }
    find_runs(classes);
    return true;
}

bool classes_from_words(struct classes *classes, const int32_t *of_word, size_t words,
                        size_t wanted, struct error *error)
{
    int32_t last = 0;
    for (size_t word = 0; word < words; word++) {
        int32_t k = of_word[word];
        if (k < last || (size_t)k >= wanted)
            return error_set(error,
                             "word %zu has class %d, wanted %d to %zu (classes are runs of words)",
                             word, k, last, wanted - 1);
        last = k;
    }
    if (!allocate(classes, words, wanted, error))
        return false;
    memcpy(classes->of_word, of_word, words * sizeof *of_word);
    find_runs(classes);
    return true;
}

size_t classes_sort(const struct classes *classes, const int32_t *word, size_t n, size_t *begin,
                    size_t *order)
{
    memset(begin, 0, (classes->count + 2) * sizeof *begin);
    for (size_t i = 0; i < n; i++)
        if (word[i] >= 0)
            begin[classes->of_word[word[i]] + 2]++;
    for (size_t k = 2; k < classes->count + 2; k++)
        begin[k] += begin[k - 1];
    for (size_t i = 0; i < n; i++)
        if (word[i] >= 0)
            order[begin[classes->of_word[word[i]] + 1]++] = i;
    return begin[classes->count];
}
