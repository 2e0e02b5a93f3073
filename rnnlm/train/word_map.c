// Maps of words, from the products of all pairs of centred vectors: their first two eigenvectors, by
// power iteration, times the roots of the eigenvalues are the components.
#include "train/word_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "net/layer.h"

enum { ITERATIONS = 100, NAME = 256 };

// Whether word a is rarer than b, or as frequent and behind it.
static bool is_behind(const struct vocabulary *words, int32_t a, int32_t b)
{
    uint64_t x = words->count[a], y = words->count[b];
    return x != y ? x < y : a > b;
}

// word[count]: the most frequent ones but </s>, in this order.
static void choose_words(const struct vocabulary *words, int32_t *word, size_t count)
{
    size_t chosen = 0;
    for (int32_t next = 1; (size_t)next < words->size; next++) {
        size_t at = chosen < count ? chosen++ : count;
        if (at == count && is_behind(words, next, word[--at]))
            continue;
        for (; at > 0 && is_behind(words, word[at - 1], next); at--)
            word[at] = word[at - 1];
        word[at] = next;
    }
}

// Row i: the vector of word[i], less the mean of all.
static double *centred(const struct parameter *table, const int32_t *word, size_t count,
                       struct error *error)
{
    const size_t width = table->width;
    double *row = memory_new(count * width, sizeof *row, error);
    for (size_t j = 0; row != NULL && j < width; j++) {
        double mean = 0;
        for (size_t i = 0; i < count; i++)
            mean += (double)parameter_row(table, (size_t)word[i])[j] / (double)count;
        for (size_t i = 0; i < count; i++)
            row[i * width + j] = (double)parameter_row(table, (size_t)word[i])[j] - mean;
    }
    return row;
}

static double *products(const double *row, size_t count, size_t width, struct error *error)
{
    double *product = memory_new(count * count, sizeof *product, error);
    for (size_t i = 0; product != NULL && i < count; i++)
        for (size_t k = 0; k <= i; k++) {
            double sum = 0;
            for (size_t j = 0; j < width; j++)
                sum += row[i * width + j] * row[k * width + j];
            product[i * count + k] = product[k * count + i] = sum;
        }
    return product;
}

static double length(const double *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return sqrt(sum);
}

// x becomes a component, and its share is taken out of the products. The first word has a positive
// one, or pages would be mirrored now and then.
static void take_component(double *product, size_t count, double *x, double *scratch)
{
    double value = 0;
    for (size_t i = 0; i < count; i++)
        x[i] = 1 + (double)(i * 7919 % 101) / 101; // any that is not at right angles to it
    for (int n = 0; n < ITERATIONS; n++) {
        double unit = length(x, count);
        for (size_t i = 0; i < count; i++) {
            scratch[i] = 0;
            for (size_t k = 0; k < count; k++)
                scratch[i] += product[i * count + k] * x[k] / (unit > 0 ? unit : 1);
        }
        for (size_t i = 0; i < count; i++)
            x[i] = scratch[i];
        value = length(x, count);
    }
    double unit = value > 0 ? (x[0] < 0 ? -1 : 1) / value : 0;
    for (size_t i = 0; i < count; i++)
        x[i] *= unit;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            product[i * count + k] -= value * x[i] * x[k];
    for (size_t i = 0; i < count; i++)
        x[i] *= sqrt(value);
}

static bool log_places(const struct model *model, const int32_t *word, const double *x,
                       const double *y, size_t count, struct log *log, uint64_t words,
                       double seconds)
{
    for (size_t i = 0; i < count; i++) {
        char name[NAME];
        int used = snprintf(name, NAME, "map.%s", vocabulary_word(&model->vocabulary, word[i]));
        if (used < NAME && !log_add(log, words, seconds, name, "%.4g %.4g", x[i], y[i]))
            return false;
    }
    return true;
}

bool word_map_take(const struct model *model, size_t most, struct log *log, uint64_t words,
                   double seconds, struct error *error)
{
    const struct parameter *table = layer_map(&model->network.layer[0], MAP_INPUT);
    size_t count = model->network.shape.words - 1;
    count = count < most ? count : most;
    if (count < 2)
        return true;
    int32_t *word = memory_new(count, sizeof *word, error);
    if (word == NULL)
        return false;
    choose_words(&model->vocabulary, word, count);
    double *row = centred(table, word, count, error);
    double *product = row != NULL ? products(row, count, table->width, error) : NULL;
    double *place = memory_new(3 * count, sizeof *place, error);
    bool ok = product != NULL && place != NULL;
    if (ok) {
        take_component(product, count, place, place + 2 * count);
        take_component(product, count, place + count, place + 2 * count);
        ok = log_places(model, word, place, place + count, count, log, words, seconds) ||
             error_set(error, "not enough memory");
    }
    free(word);
    free(row);
    free(product);
    free(place);
    return ok;
}
